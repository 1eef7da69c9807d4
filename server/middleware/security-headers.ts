import type { MiddlewareHandler } from 'hono';

const RESOURCE_POLICY = 'cross-origin-resource-policy';

/**
 * Sends `x-content-type-options: nosniff` with every response, and
 * `cross-origin-resource-policy` with every response that doesn't have one:
 * `cross-origin` for another origin that is trusted, else `same-origin`.
 *
 * @example
 * ```ts
 * app.use(securityHeaders());
 * ```
 */
export function securityHeaders(): MiddlewareHandler {
  return async function securityHeaders(c, next) {
    await next();
    c.header('x-content-type-options', 'nosniff');
    if (c.res.headers.has(RESOURCE_POLICY)) return;
    // Only trusted origins get this header.
    const origin = c.res.headers.get('access-control-allow-origin') ?? 'null';
    const isOther = origin !== 'null' && origin !== new URL(c.req.url).origin;
    c.header(RESOURCE_POLICY, isOther ? 'cross-origin' : 'same-origin');
  };
}
