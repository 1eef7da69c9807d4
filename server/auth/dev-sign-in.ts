import { type Context, Hono } from 'hono';
import { deleteCookie, getSignedCookie, setSignedCookie } from 'hono/cookie';
import * as v from 'valibot';
import { type AvatarEnv, isLocalRequest, readConfig, requireSetting } from '../config.js';
import { ApiError, toErrorResponse } from '../errors.js';
import { logToConsole } from '../log.js';
import { requestLog } from '../middleware/request-log.js';
import { trustedOrigin } from '../middleware/trusted-origin.js';
import { readJson } from '../read-json.js';
import type { User } from './user.js';

/** Cookie of the development session: on the developer's machine, anyone can sign in as anyone. */
const COOKIE = 'flare-local-user';

type DevContext = Context<{ Bindings: AvatarEnv }>;

const signInRequest = v.object({
  user: v.pipe(
    v.string(),
    v.minLength(1, 'must not be empty'),
    v.check((id) => id.isWellFormed(), 'must be well-formed Unicode'),
    // A cookie holds 4,096 bytes.
    v.maxBytes(2400, 'must be at most 2,400 bytes'),
  ),
});

/** `POST /login` and `POST /logout`; both respond with 404 outside of local development. */
export const devSignIn = new Hono<{ Bindings: AvatarEnv }>();
devSignIn.onError(toErrorResponse);

// For these two paths only: mounted in another app, all others are that app's.
for (const path of ['/login', '/logout']) {
  devSignIn.use(
    path,
    requestLog('/dev/*', logToConsole),
    async function localOnly(c, next) {
      if (!isLocalRequest(readConfig(c.env), c.req.url)) throw new ApiError('not_found', 'Not found.');
      await next();
    },
    trustedOrigin(),
  );
}

devSignIn.post('/login', async (c) => {
  const { user } = await readJson(c, signInRequest);
  await setSignedCookie(c, COOKIE, encodeBase64Url(user), getSecret(c), { httpOnly: true, sameSite: 'Lax', path: '/' });
  return c.json({ ok: true });
});

devSignIn.post('/logout', (c) => {
  deleteCookie(c, COOKIE, { path: '/' });
  return c.json({ ok: true });
});

/**
 * The user of the development session, or null; always null outside of local
 * development, whatever cookie a request carries.
 *
 * @example
 * ```ts
 * createAvatarApi({ authenticate: async (c) => (await getDevUser(c)) ?? currentUser(c) });
 * ```
 */
export async function getDevUser(c: DevContext): Promise<User | null> {
  if (!isLocalRequest(readConfig(c.env), c.req.url)) return null;
  const value = await getSignedCookie(c, getSecret(c), COOKIE);
  return value ? { id: decodeBase64Url(value) } : null;
}

const getSecret = (c: DevContext): string => requireSetting(readConfig(c.env).ownerSecrets)[0];

/** Makes any string fit into a cookie, in little more than its own size. */
function encodeBase64Url(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

function decodeBase64Url(text: string): string {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return new TextDecoder().decode(Uint8Array.from(binary, (char) => char.charCodeAt(0)));
}
