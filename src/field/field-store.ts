import type { FieldView, UploadState } from './derive-view.js';
import type { FieldEvent } from './reduce.js';
import { type AnyActivity, INITIAL_SNAPSHOT, type RestingEvent, type Snapshot } from './snapshot.js';

type Reducer = (snapshot: Snapshot, event: FieldEvent) => Snapshot;

/** What the element shows and exposes itself; the rest of the view is rendered by the engine. */
export type RestingView = Pick<FieldView, 'state' | 'customStates' | 'status' | 'error'>;

/** Enough until the engine is loaded: it brings the reducer. */
const applyRestingEvent = (snapshot: Snapshot, event: FieldEvent): Snapshot => ({
  ...snapshot,
  ...(event as RestingEvent).facts,
});

/** Before the engine is loaded, there is only a file that waits for it, or the error that it can't be loaded. */
function deriveRestingView({ activity }: Snapshot): RestingView {
  const { kind, error }: AnyActivity = activity;
  const state = (kind === 'selecting' ? 'idle' : kind) as UploadState;
  return { state, customStates: [state], status: state === kind ? kind : 'preparing', error: error ?? null };
}

/** The snapshot of one element, and what follows from it. Every change goes through `dispatch`. */
export class FieldStore {
  snapshot: Snapshot = INITIAL_SNAPSHOT;
  reducer: Reducer = applyRestingEvent;
  deriveView: (snapshot: Snapshot) => RestingView = deriveRestingView;

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
