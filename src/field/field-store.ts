import type { FieldEvent } from './reduce.js';
import { INITIAL_SNAPSHOT, RESTING_CHANGES, type Snapshot } from './snapshot.js';

type Reducer = (snapshot: Snapshot, event: FieldEvent) => Snapshot;

/** Enough until the upload code is loaded: it brings the whole reducer. */
const reduceResting: Reducer = (snapshot, event) => ({
  ...snapshot,
  ...RESTING_CHANGES[event.type as keyof typeof RESTING_CHANGES](snapshot, event as never),
});

/** The snapshot of one element. Every change goes through `dispatch`. */
export class FieldStore {
  snapshot: Snapshot = INITIAL_SNAPSHOT;
  reducer = reduceResting;

  /** @param onChange - called at once after each event; dispatching from inside it is allowed. */
  constructor(private readonly onChange: (snapshot: Snapshot, previous: Snapshot, event: FieldEvent) => void) {}

  dispatch(event: FieldEvent): void {
    const previous = this.snapshot;
    this.snapshot = this.reducer(previous, event);
    this.onChange(this.snapshot, previous, event);
  }

  /** The error on display, if it is this one: a listener may have started something else. */
  shows(error: unknown): boolean {
    const { activity } = this.snapshot;
    return activity.kind === 'error' && activity.error === error;
  }
}
