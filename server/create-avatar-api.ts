import { Hono } from 'hono';
import type { AvatarEnv } from './config.js';
import { type ApiHonoEnv, getRouteContext } from './context.js';
import { ApiError, toErrorResponse } from './errors.js';
import type { Log } from './log.js';
import { drainBody } from './middleware/drain-body.js';
import { noStore } from './middleware/no-store.js';
import { rateLimit } from './middleware/rate-limit.js';
import { requestId } from './middleware/request-id.js';
import { requestLog } from './middleware/request-log.js';
import { requireUser } from './middleware/require-user.js';
import { securityHeaders } from './middleware/security-headers.js';
import { trustedOrigin } from './middleware/trusted-origin.js';
import { handleOpenApi, OPENAPI_PATH } from './openapi.js';
import { type AvatarApiOptions, DEFAULT_OPTIONS } from './options.js';
import { HEALTH_PATH, handleHealth } from './routes/health.js';
import { ROUTES } from './routes/route-table.js';

/**
 * Creates the avatar API, a Hono app to mount in another one. It responds to
 * its own paths only.
 *
 * @param options - Only `authenticate` is required.
 * @returns The app, to mount below any path.
 *
 * @example
 * ```ts
 * const app = new Hono<{ Bindings: AvatarEnv }>();
 * app.route('/api', createAvatarApi({ authenticate: async (c) => await currentUser(c) }));
 * export default app;
 * ```
 */
export function createAvatarApi<E extends AvatarEnv = AvatarEnv>(options: AvatarApiOptions<E>): Hono<{ Bindings: E }> {
  // The API reads only its own part of the host's environment.
  const { authenticate, ...given } = options as unknown as AvatarApiOptions;
  const resolved = { ...DEFAULT_OPTIONS, ...given };
  const api = new Hono<ApiHonoEnv>();
  api.onError(toErrorResponse);
  for (const path of [OPENAPI_PATH, HEALTH_PATH]) addMiddleware(api, path, resolved.log);
  api.get(OPENAPI_PATH, handleOpenApi);
  api.get(HEALTH_PATH, (c) => handleHealth(c, authenticate));
  for (const path of [OPENAPI_PATH, HEALTH_PATH]) api.all(path, () => refuseMethod('GET'));
  for (const [path, routes = []] of Object.entries(Object.groupBy(ROUTES, (route) => route.path))) {
    addMiddleware(
      api,
      path,
      resolved.log,
      routes.some((route) => route.isEmbeddable),
    );
    for (const { method, handler } of routes) {
      api.on(method, path, requireUser(authenticate, resolved));
      if (method !== 'GET') api.on(method, path, rateLimit());
      api.on(method, path, (c) => handler(c, getRouteContext(c)));
    }
    api.all(path, () => refuseMethod(routes.map(({ method }) => method).join(', ')));
  }
  return api as unknown as Hono<{ Bindings: E }>;
}

/** Adds the middleware that runs before authentication. */
function addMiddleware(api: Hono<ApiHonoEnv>, path: string, log: Log, isEmbeddable = false): void {
  api.use(
    path,
    requestLog(path, log),
    securityHeaders(),
    requestId(),
    noStore(),
    drainBody(),
    trustedOrigin(isEmbeddable),
  );
}

function refuseMethod(allow: string): never {
  throw new ApiError('method_not_allowed', `Method not allowed. Allowed: ${allow}`, { allow });
}
