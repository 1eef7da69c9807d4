import type { FieldEvent } from './reduce.js';
import { INITIAL_SNAPSHOT, type RestingEvent, type Snapshot } from './snapshot.js';

type Reducer = (snapshot: Snapshot, event: FieldEvent) => Snapshot;

/** Enough until the engine is loaded: it brings the reducer. */
const applyRestingEvent = (snapshot: Snapshot, event: FieldEvent): Snapshot => ({
  ...snapshot,
  ...(event as RestingEvent).facts,
});

/** The snapshot of one element. Every change goes through `dispatch`. */
export class FieldStore {
  snapshot: Snapshot = INITIAL_SNAPSHOT;
  reducer: Reducer = applyRestingEvent;

  /** @param onChange - called at once after each event; dispatching from inside it is allowed. */
  constructor(private readonly onChange: (snapshot: Snapshot, previous: Snapshot, event: FieldEvent) => void) {}

  dispatch(event: FieldEvent): void {
    const previous = this.snapshot;
    this.snapshot = this.reducer(previous, event);
    this.onChange(this.snapshot, previous, event);
  }

  setFacts(facts: RestingEvent['facts']): void {
    this.dispatch({ type: 'factsChanged', facts });
  }
}
