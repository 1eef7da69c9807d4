import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { jwtVerify, SignJWT } from 'jose';
import type { User } from './user.js';

/**
 * Options of `signedCookie()`.
 *
 * @example
 * ```ts
 * const options: SignedCookieOptions = { secrets: [env.SESSION_SECRET, env.FORMER_SESSION_SECRET], seconds: 86_400 };
 * ```
 */
export interface SignedCookieOptions {
  /**
   * Secrets of at least 32 characters each. The first one signs; a cookie
   * signed with any of them is valid.
   */
  secrets: readonly string[];
  /**
   * Name of the cookie.
   * @defaultValue `__Host-session`: with this prefix, browsers accept the cookie only from this host and over HTTPS
   */
  name?: string;
  /**
   * Lifetime of a session, in seconds.
   * @defaultValue `604800` (a week)
   */
  seconds?: number;
}

/**
 * Sign-in with a cookie, as created by `signedCookie()`.
 *
 * @example
 * ```ts
 * app.post('/login', async (c) => {
 *   const user = await checkPassword(c);
 *   await session.issue(c, user.id);
 *   return c.json({ ok: true });
 * });
 * ```
 */
export interface SignedCookie {
  /** The user that the request's cookie names, or null without a valid cookie. Pass it to `createAvatarApi()`. */
  authenticate(c: Context): Promise<User | null>;
  /** Signs a user in: sets the cookie on the response. */
  issue(c: Context, userId: string): Promise<void>;
  /** Signs the user out: deletes the cookie on the response. */
  clear(c: Context): void;
}

/** Characters: at one byte each, as many bits as HMAC-SHA-256 has strength. */
const MIN_SECRET_LENGTH = 32;

/**
 * Signs users in with a signed cookie: a JWT (HS256) with the user (`sub`), the
 * name of the cookie (`aud`) and the end of the session (`exp`). Nothing is
 * stored on the server, so a session ends early only when its cookie is deleted
 * or, for all users, when the secret is replaced.
 *
 * @param options - Only `secrets` is required.
 * @throws Error if there is no secret, or one that is too short.
 *
 * @example
 * ```ts
 * const session = signedCookie({ secrets: [env.SESSION_SECRET] });
 * app.route('/api', createAvatarApi({ authenticate: session.authenticate }));
 * ```
 */
export function signedCookie(options: SignedCookieOptions): SignedCookie {
  const { secrets, name = '__Host-session', seconds = 7 * 24 * 60 * 60 } = options;
  const [current, ...former] = importSecrets(secrets);
  return {
    async authenticate(c) {
      const userId = await readSubject(getCookie(c, name) ?? '', [current, ...former], name);
      return userId ? { id: userId } : null;
    },
    async issue(c, userId) {
      const token = await signToken(userId, current, name, seconds);
      setCookie(c, name, token, { httpOnly: true, secure: true, sameSite: 'Lax', path: '/', maxAge: seconds });
    },
    clear(c) {
      deleteCookie(c, name, { secure: true, path: '/' });
    },
  };
}

function importSecrets(secrets: readonly string[]): [Uint8Array, ...Uint8Array[]] {
  const [current, ...former] = secrets.map((secret) => new TextEncoder().encode(secret));
  if (!current || secrets.some((secret) => secret.length < MIN_SECRET_LENGTH)) {
    throw new Error(`signedCookie: pass at least one secret, each of at least ${MIN_SECRET_LENGTH} characters.`);
  }
  return [current, ...former];
}

/** The subject of a token that one of the secrets has signed, or undefined. */
async function readSubject(token: string, secrets: Uint8Array[], audience: string): Promise<string | undefined> {
  const checks = { algorithms: ['HS256'], audience, requiredClaims: ['exp'] };
  for (const secret of secrets) {
    const result = await jwtVerify(token, secret, checks).catch(() => null);
    if (result?.payload.sub) return result.payload.sub;
  }
  return undefined;
}

function signToken(userId: string, secret: Uint8Array, audience: string, seconds: number): Promise<string> {
  return new SignJWT()
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(userId)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
    .sign(secret);
}
