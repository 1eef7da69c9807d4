import type { Context, MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import { type AvatarEnv, isLocalRequest, notConfiguredError, readConfig } from '../config.js';
import { ApiError } from '../errors.js';

/**
 * Refuses browser requests from origins that are not trusted, and adds CORS
 * headers for those that are. The API's own origin is always trusted. A request
 * with neither `Origin` nor `Sec-Fetch-Site` was not sent by a page in a
 * browser; it passes, and has to bring its own credentials.
 *
 * Requests of `<img>`, `<script>` and the like on other sites are refused before
 * anybody looks at their cookies, so that they are answered alike whether or not
 * the user is signed in. Only `/users/:id/avatar` is meant for `<img>`.
 *
 * @param isEmbeddable - Whether pages of other sites may show the response, in `<img>` for example.
 *
 * @example
 * ```ts
 * app.use('/me/avatar', trustedOrigin());
 * ```
 */
export function trustedOrigin(isEmbeddable = false): MiddlewareHandler<{ Bindings: AvatarEnv }> {
  const addCorsHeaders = cors({
    // Only trusted origins get this far.
    origin: (origin) => origin,
    credentials: true,
    allowMethods: ['GET', 'POST', 'DELETE'],
    exposeHeaders: ['Retry-After', 'X-Request-Id'],
    maxAge: 600,
  });
  return async function trustedOrigin(c, next) {
    const origin = c.req.header('origin');
    if (origin === undefined) {
      c.header('vary', 'Origin', { append: true });
      const site = c.req.header('sec-fetch-site') ?? 'none';
      const isSafeMethod = c.req.method === 'GET' || c.req.method === 'HEAD';
      const isEmbedded = c.req.header('sec-fetch-mode') === 'no-cors';
      const isRefused = isSafeMethod ? isEmbedded && !isEmbeddable : true;
      if (isRefused && site !== 'same-origin' && site !== 'none') throw forbiddenOriginError();
      return next();
    }
    if (!isTrusted(c, origin)) throw forbiddenOriginError();
    return addCorsHeaders(c, next);
  };
}

function isTrusted(c: Context<{ Bindings: AvatarEnv }>, origin: string): boolean {
  const config = readConfig(c.env);
  const { trustedOrigins } = config;
  if ('problem' in trustedOrigins) {
    // The problem quotes the setting, which is not for strangers.
    const isLocal = isLocalRequest(config, c.req.url);
    const { problem } = trustedOrigins;
    throw notConfiguredError(isLocal ? problem : INVALID_ORIGINS, new Error(problem));
  }
  return origin === new URL(c.req.url).origin || trustedOrigins.value.includes(origin);
}

const INVALID_ORIGINS =
  'TRUSTED_ORIGINS is not valid. Write each origin as scheme, host and port only, such as https://app.example.com.';

const forbiddenOriginError = () => new ApiError('forbidden_origin', 'Requests from this site are not allowed.');
