import type { Context, MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import { type AvatarEnv, isLocal } from '../config.js';
import { ApiError } from '../errors.js';
import { parseOrigins } from '../parse-origins.js';

/**
 * Refuses browser requests from origins that are not trusted, and answers CORS
 * for those that are. The API's own origin is always trusted. A request
 * without `Origin` and `Sec-Fetch-Site` does not come from a browser's page:
 * its credentials are its own business.
 */
export function guardOrigin(): MiddlewareHandler<{ Bindings: AvatarEnv }> {
  const answerCors = cors({
    // Only trusted origins get as far as this.
    origin: (origin) => origin,
    credentials: true,
    allowMethods: ['GET', 'POST', 'DELETE'],
    exposeHeaders: ['Retry-After', 'X-Request-Id'],
    maxAge: 600,
  });
  return async (c, next) => {
    const origin = c.req.header('origin');
    if (origin === undefined) {
      c.header('vary', 'Origin', { append: true });
      const site = c.req.header('sec-fetch-site') ?? 'none';
      const safe = c.req.method === 'GET' || c.req.method === 'HEAD';
      if (!safe && site !== 'same-origin' && site !== 'none') throw forbidden();
      return next();
    }
    if (!trusted(c).includes(origin)) throw forbidden();
    return answerCors(c, next);
  };
}

function trusted(c: Context<{ Bindings: AvatarEnv }>): string[] {
  const own = new URL(c.req.url).origin;
  try {
    return [own, ...parseOrigins(c.env.TRUSTED_ORIGINS)];
  } catch (error) {
    throw new ApiError(
      'unavailable',
      isLocal(c.env, c.req.url) ? String(error) : 'The server is not set up: TRUSTED_ORIGINS is not valid.',
    );
  }
}

const forbidden = () => new ApiError('forbidden_origin', 'Requests from this site are not allowed here.');
