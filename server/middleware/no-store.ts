import type { MiddlewareHandler } from 'hono';

/**
 * Sends `cache-control: no-store` with every response except a redirect, which
 * has a cache lifetime of its own.
 *
 * @example
 * ```ts
 * app.use(noStore());
 * ```
 */
export function noStore(): MiddlewareHandler {
  return async function noStore(c, next) {
    await next();
    if (c.res.status !== 302) c.header('cache-control', 'no-store');
  };
}
