import type { MiddlewareHandler } from 'hono';
import { toApiError } from '../errors.js';
import { describeFailure, type Log } from '../log.js';
import { getRequestId } from './request-id.js';

/**
 * Logs each response of a route. One with a status of 500 or above is an error, and has its cause.
 *
 * @param route - The pattern of the path. The path itself is not logged, because it may hold a user id.
 * @param log - Receives one entry per response.
 *
 * @example
 * ```ts
 * app.use('/users/:id/avatar', requestLog('/users/:id/avatar', logToConsole));
 * ```
 */
export function requestLog(route: string, log: Log): MiddlewareHandler {
  return async function requestLog(c, next) {
    const startedAt = Date.now();
    await next();
    const { status } = c.res;
    log({
      level: status >= 500 ? 'error' : 'info',
      event: 'request',
      requestId: getRequestId(c),
      method: c.req.method,
      route,
      status,
      ...(c.error && { code: toApiError(c.error).code }),
      ms: Date.now() - startedAt,
      ...(c.error && status >= 500 && describeFailure(c.error)),
    });
  };
}
