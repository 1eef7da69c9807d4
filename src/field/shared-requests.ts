/** A request that several elements wait for. */
interface SharedRequest<T> {
  identity: readonly unknown[];
  result: Promise<T>;
  /** Started in the current task. */
  isNew: boolean;
  waiting: number;
  controller: AbortController;
}

/** Makes one request for all that ask the same at the same time. It is aborted when nobody waits for it any more. */
export class SharedRequests<T> {
  readonly #pending = new Set<SharedRequest<T>>();

  /**
   * @param identity - requests whose parts are all equal are the same request.
   * @param send - makes the request.
   * @param isFresh - don't join a request that was made before now.
   */
  get(identity: readonly unknown[], send: (signal: AbortSignal) => Promise<T>, signal: AbortSignal, isFresh: boolean) {
    const canJoin = (request: SharedRequest<T>) =>
      (request.isNew || !isFresh) && request.identity.every((part, i) => part === identity[i]);
    const request = [...this.#pending].find(canJoin) ?? this.#start(identity, send);
    request.waiting++;
    signal.addEventListener('abort', () => --request.waiting || request.controller.abort());
    return request.result;
  }

  #start(identity: readonly unknown[], send: (signal: AbortSignal) => Promise<T>): SharedRequest<T> {
    const controller = new AbortController();
    const request: SharedRequest<T> = {
      identity,
      result: send(controller.signal),
      isNew: true,
      waiting: 0,
      controller,
    };
    this.#pending.add(request);
    const forget = () => this.#pending.delete(request);
    controller.signal.addEventListener('abort', forget);
    request.result.then(forget, forget);
    queueMicrotask(() => {
      request.isNew = false;
    });
    return request;
  }
}
