import type { MiddlewareHandler } from 'hono';
import { requireSetting } from '../config.js';
import { type ApiHonoEnv, getRouteContext, getViewContext } from '../context.js';
import { ApiError } from '../errors.js';

/**
 * Limits the requests of each user through the `RATE_LIMITER` binding. Requests
 * pass if there is no such binding or if it fails. Requests of visitors who
 * aren't signed in pass: there is nobody to count them for.
 *
 * @example
 * ```ts
 * api.post('/uploads/presign', requireUser(authenticate, options), rateLimit(), handler);
 * ```
 */
export function rateLimit(): MiddlewareHandler<ApiHonoEnv> {
  return async function rateLimit(c, next) {
    if (!getViewContext(c).viewer) return next();
    const { owner, config } = getRouteContext(c);
    const outcome = await requireSetting(config.rateLimiter)
      ?.limit({ key: owner })
      .catch(() => null);
    if (outcome && !outcome.success) {
      throw new ApiError('rate_limited', 'Too many requests. Wait a minute, then try again.', { 'retry-after': '60' });
    }
    await next();
  };
}
