import type { Context, MiddlewareHandler } from 'hono';

/**
 * Adds the response header `x-request-id`, by which the log entry of a request is found.
 *
 * @example
 * ```ts
 * app.use(requestId());
 * app.get('/', (c) => c.text(getRequestId(c)));
 * ```
 */
export function requestId(): MiddlewareHandler {
  return async function requestId(c, next) {
    await next();
    c.header('x-request-id', getRequestId(c));
  };
}

/** The id as a field of a log entry; none outside of a request. */
export const describeRequest = (c: Context | undefined): { requestId?: string } =>
  c ? { requestId: getRequestId(c) } : {};

/** Ids by request: a request that passes through several apps keeps its id. */
const ids = new WeakMap<Request, string>();

/** The id of a request: Cloudflare's Ray ID if there is one, else a random UUID. */
export function getRequestId({ req }: Context): string {
  const ray = req.header('cf-ray') ?? '';
  const id = ids.get(req.raw) ?? (/^[\w-]{1,64}$/.test(ray) ? ray : crypto.randomUUID());
  ids.set(req.raw, id);
  return id;
}
