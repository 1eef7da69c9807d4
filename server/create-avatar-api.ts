import { Hono } from 'hono';
import { type AvatarEnv, requireSetting } from './config.js';
import { type ApiHonoEnv, getRouteContext, getViewContext } from './context.js';
import { requireSchema } from './db/schema.js';
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
import { type AvatarApiOptions, resolveOptions } from './options.js';
import { HEALTH_PATH, handleHealth } from './routes/health.js';
import { ROUTES } from './routes/route-table.js';
import { toHonoPath } from './routes/user-avatar.js';

/**
 * Creates the avatar API, a Hono app to mount in another one. It responds to
 * its own paths only.
 *
 * @param options - Only `authenticate` is required.
 * @returns The app, to mount below any path.
 * @throws TypeError that names the option that is wrong, missing or unknown.
 * An option that is `undefined` has its default.
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
  const { authenticate, ...resolved } = resolveOptions(options as unknown as AvatarApiOptions);
  const api = new Hono<ApiHonoEnv>();
  api.onError(toErrorResponse);
  for (const path of [OPENAPI_PATH, HEALTH_PATH]) addMiddleware(api, path, resolved.log);
  api.get(OPENAPI_PATH, handleOpenApi);
  api.get(HEALTH_PATH, (c) => handleHealth(c, authenticate));
  for (const path of [OPENAPI_PATH, HEALTH_PATH]) api.all(path, () => refuseMethod('GET'));
  for (const [route, routes = []] of Object.entries(Object.groupBy(ROUTES, ({ path }) => path))) {
    const path = toHonoPath(route);
    const isEmbeddable = routes.some((each) => each.isEmbeddable);
    addMiddleware(api, path, resolved.log, { route, isEmbeddable });
    for (const each of routes) {
      const { method } = each;
      api.on(method, path, requireUser(authenticate, resolved, each.isOpenToVisitors));
      if (method !== 'GET') api.on(method, path, rateLimit());
      api.on(method, path, async (c) => {
        await requireSchema(requireSetting(getViewContext(c).config.storage).database);
        return each.isOpenToVisitors ? each.handler(c, getViewContext(c)) : each.handler(c, getRouteContext(c));
      });
    }
    api.all(path, () => refuseMethod(routes.map(({ method }) => method).join(', ')));
  }
  return api as unknown as Hono<{ Bindings: E }>;
}

/** Adds the middleware that runs before authentication. `route` is the path in the log. */
function addMiddleware(
  api: Hono<ApiHonoEnv>,
  path: string,
  log: Log,
  { route = path, isEmbeddable = false }: { route?: string; isEmbeddable?: boolean } = {},
): void {
  api.use(
    path,
    requestLog(route, log),
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
