import type { MiddlewareHandler } from 'hono';
import { type ApiHonoEnv, prepareRouteContext } from '../context.js';
import { unauthorizedError } from '../errors.js';
import { identifyUser } from '../identify-user.js';
import type { AvatarApiOptions, ResolvedOptions } from '../options.js';

/**
 * Authenticates the request and prepares the route context of its user.
 * Responds with 401 if nobody is signed in.
 *
 * @param authenticate - The host's function that identifies the user.
 * @param options - The options that routes read from their context.
 *
 * @example
 * ```ts
 * api.get('/me/avatar', requireUser(authenticate, options), (c) => c.json(getRouteContext(c).user));
 * ```
 */
export function requireUser(
  authenticate: AvatarApiOptions['authenticate'],
  options: ResolvedOptions,
): MiddlewareHandler<ApiHonoEnv> {
  return async function requireUser(c, next) {
    const user = await identifyUser(authenticate, c);
    if (!user) throw unauthorizedError();
    await prepareRouteContext(c, user, options);
    await next();
  };
}
