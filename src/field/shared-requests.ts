/** A request that several callers wait for. */
interface SharedRequest {
  readonly identity: readonly unknown[];
  readonly controller: AbortController;
  readonly result: Promise<unknown>;
  waiting: number;
}

const pending = new Set<SharedRequest>();

/** From now on, no caller joins a request that was made before: its response may be out of date. */
export const expireSharedRequests = (): void => pending.clear();

/**
 * Makes one request for all callers that ask the same at the same time. It is
 * aborted when nobody waits for it any more.
 * @param identity - requests whose parts are all equal are the same request.
 * @param send - makes the request.
 */
export function shareRequest<T>(
  identity: readonly unknown[],
  send: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  let request = [...pending].find((other) => other.identity.every((part, i) => part === identity[i]));
  if (!request) {
    const controller = new AbortController();
    const created = { identity, controller, result: send(controller.signal), waiting: 0 };
    const forget = () => pending.delete(created);
    controller.signal.addEventListener('abort', forget);
    created.result.then(forget, forget);
    pending.add(created);
    request = created;
  }
  const { controller } = request;
  request.waiting++;
  signal.addEventListener('abort', () => --request.waiting || controller.abort());
  return request.result as Promise<T>;
}
