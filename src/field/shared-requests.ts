/** Something that several elements wait for. */
interface Shared<T> {
  of: readonly unknown[];
  result: Promise<T>;
  /** Begun in this very moment. */
  isNew: boolean;
  waiting: number;
  end: AbortController;
}

/** Does the same thing once for all that ask for it at a time. It is aborted when nobody waits for it any more. */
export class SharedRequests<T> {
  readonly #open = new Set<Shared<T>>();

  /**
   * @param of what makes two of them the same.
   * @param isFresh what was begun before this moment is not good enough.
   */
  get(of: readonly unknown[], act: (signal: AbortSignal) => Promise<T>, signal: AbortSignal, isFresh: boolean) {
    const isGood = (it: Shared<T>) => (it.isNew || !isFresh) && it.of.every((part, at) => part === of[at]);
    const shared = [...this.#open].find(isGood) ?? this.#begin(of, act);
    shared.waiting++;
    signal.addEventListener('abort', () => --shared.waiting || shared.end.abort());
    return shared.result;
  }

  #begin(of: readonly unknown[], act: (signal: AbortSignal) => Promise<T>): Shared<T> {
    const end = new AbortController();
    const shared: Shared<T> = { of, result: act(end.signal), isNew: true, waiting: 0, end };
    this.#open.add(shared);
    const forget = () => this.#open.delete(shared);
    end.signal.addEventListener('abort', forget);
    shared.result.then(forget, forget);
    queueMicrotask(() => {
      shared.isNew = false;
    });
    return shared;
  }
}
