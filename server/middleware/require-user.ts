import type { MiddlewareHandler } from 'hono';
import { type ApiHonoEnv, prepareRouteContext, prepareVisitorContext } from '../context.js';
import { unauthorizedError } from '../errors.js';
import { identifyUser } from '../identify-user.js';
import { type AvatarApiOptions, DEFAULT_OPTIONS, type ResolvedOptions } from '../options.js';

/**
 * Authenticates the request and prepares the route context of its user.
 * Responds with 401 if nobody is signed in, unless the route is open to visitors
 * and the host decides by its own `canView` what they may see.
 *
 * @param authenticate - The host's function that identifies the user.
 * @param options - The options that routes read from their context.
 * @param isOpenToVisitors - Whether the route shows pictures to visitors too.
 *
 * @example
 * ```ts
 * api.get('/me/avatar', requireUser(authenticate, options), (c) => c.json(getRouteContext(c).user));
 * ```
 */
export function requireUser(
  authenticate: AvatarApiOptions['authenticate'],
  options: ResolvedOptions,
  isOpenToVisitors = false,
): MiddlewareHandler<ApiHonoEnv> {
  return async function requireUser(c, next) {
    const user = await identifyUser(authenticate, c);
    if (user) await prepareRouteContext(c, user, options);
    else if (isOpenToVisitors && options.canView !== DEFAULT_OPTIONS.canView) prepareVisitorContext(c, options);
    else throw unauthorizedError();
    await next();
  };
}
