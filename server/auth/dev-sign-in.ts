import { type Context, Hono } from 'hono';
import { deleteCookie, getSignedCookie, setSignedCookie } from 'hono/cookie';
import { type AvatarEnv, isLocal, required } from '../config.js';
import type { User } from '../create-avatar-api.js';
import { ApiError, answerError } from '../errors.js';
import { logAnswers, logToConsole } from '../log.js';
import { guardOrigin } from '../middleware/trusted-origin.js';
import { readJson, signInInput } from '../read-json.js';

/** The session of `npm start`: anybody can be anybody, on this machine only. */
const COOKIE = 'flare-local-user';

type LocalContext = Context<{ Bindings: AvatarEnv }>;

/** `POST /login` and `POST /logout`, both 404 unless the local development flag is set. */
export const localSignIn = new Hono<{ Bindings: AvatarEnv }>();
localSignIn.onError(answerError);

localSignIn.use(logAnswers('/dev/*', logToConsole));
localSignIn.use(async (c, next) => {
  if (!isLocal(c.env, c.req.url)) throw new ApiError('not_found', 'There is nothing here.');
  return guardOrigin()(c, next);
});

localSignIn.post('/login', async (c) => {
  const { user } = await readJson(c, signInInput);
  await setSignedCookie(c, COOKIE, toBase64Url(user), secret(c), { httpOnly: true, sameSite: 'Lax', path: '/' });
  return c.json({ ok: true });
});

localSignIn.post('/logout', (c) => {
  deleteCookie(c, COOKIE, { path: '/' });
  return c.json({ ok: true });
});

/** The local user, or null; never anybody where the local development flag is not set. */
export async function localUser(c: LocalContext): Promise<User | null> {
  if (!isLocal(c.env, c.req.url)) return null;
  const value = await getSignedCookie(c, secret(c), COOKIE);
  return value ? { id: fromBase64Url(value) } : null;
}

const secret = (c: LocalContext): string => required(c.env, ['OWNER_SECRET']).OWNER_SECRET;

/** Any string fits into a cookie this way, in little more than its own bytes. */
function toBase64Url(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

function fromBase64Url(text: string): string {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return new TextDecoder().decode(Uint8Array.from(binary, (char) => char.charCodeAt(0)));
}
