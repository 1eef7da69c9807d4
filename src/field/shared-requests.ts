/** A request that several elements wait for. */
interface SharedRequest<T> {
  identity: readonly unknown[];
  result: Promise<T>;
  /** Started in the current task. */
  isNew: boolean;
  waiting: number;
  controller: AbortController;
}

/**
 * Returns a function that makes one request for all callers that ask the same
 * at the same time. It is aborted when nobody waits for it any more.
 */
export function createSharedRequests<T>() {
  const pending = new Set<SharedRequest<T>>();

  const start = (identity: readonly unknown[], send: (signal: AbortSignal) => Promise<T>): SharedRequest<T> => {
    const controller = new AbortController();
    const { signal } = controller;
    const request = { identity, result: send(signal), isNew: true, waiting: 0, controller };
    pending.add(request);
    const forget = () => pending.delete(request);
    signal.addEventListener('abort', forget);
    request.result.then(forget, forget);
    // A timer may be delayed; a message arrives in the next task.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      request.isNew = false;
      port1.close();
    };
    port2.postMessage(null);
    return request;
  };

  /**
   * @param identity - requests whose parts are all equal are the same request.
   * @param send - makes the request.
   * @param isFresh - don't join a request that was made before now.
   */
  return (
    identity: readonly unknown[],
    send: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
    isFresh: boolean,
  ): Promise<T> => {
    const canJoin = (request: SharedRequest<T>) =>
      (request.isNew || !isFresh) && request.identity.every((part, i) => part === identity[i]);
    const request = [...pending].find(canJoin) ?? start(identity, send);
    request.waiting++;
    signal.addEventListener('abort', () => --request.waiting || request.controller.abort());
    return request.result;
  };
}
