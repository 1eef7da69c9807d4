import { type FieldEvent, INITIAL_SNAPSHOT, reduce, type Snapshot } from './snapshot.js';

/** The snapshot of one element. Every change goes through `dispatch`. */
export class FieldStore {
  #snapshot = INITIAL_SNAPSHOT;

  /** @param onChange - called at once after each event; dispatching from inside it is allowed. */
  constructor(private readonly onChange: (snapshot: Snapshot, previous: Snapshot, event: FieldEvent) => void) {}

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  dispatch(event: FieldEvent): void {
    const previous = this.#snapshot;
    this.#snapshot = reduce(previous, event);
    this.onChange(this.#snapshot, previous, event);
  }
}
