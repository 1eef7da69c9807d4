import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { jwtVerify, SignJWT } from 'jose';
import type { User } from '../create-avatar-api.js';

export interface SignedCookieOptions {
  /** At least 32 characters each. The first signs; what any of them has signed is believed. */
  secrets: readonly string[];
  /** Default: `__Host-session`, which browsers take from this host alone, over https. */
  name?: string;
  /** Seconds that a session lasts. Default: a week. */
  seconds?: number;
}

export interface SignedCookie {
  /** Who the cookie of a request says that it is, or null. */
  authenticate(c: Context): Promise<User | null>;
  /** Signs a user in: sets the cookie on the answer. */
  issue(c: Context, userId: string): Promise<void>;
  /** Signs the user out: takes the cookie back. */
  clear(c: Context): void;
}

/** Characters; as many as the key has bits of strength to give. */
const SHORTEST_SECRET = 32;

/**
 * Signs users in by a cookie that this server has signed: a JWT (HS256) that
 * names the user (`sub`), the cookie (`aud`) and its end (`exp`). Nothing is
 * stored, so a session can be ended before its time only by the browser, or for
 * everybody by another secret.
 * @throws {Error} at once, if there is no secret, or one that is too short.
 */
export function signedCookie({
  secrets,
  name = '__Host-session',
  seconds = 7 * 24 * 60 * 60,
}: SignedCookieOptions): SignedCookie {
  const [current, ...former] = secrets.map((secret) => new TextEncoder().encode(secret));
  if (!current || secrets.some((secret) => secret.length < SHORTEST_SECRET)) {
    throw new Error(`signedCookie: give at least one secret, each of at least ${SHORTEST_SECRET} characters.`);
  }
  const checks = { algorithms: ['HS256'], audience: name, requiredClaims: ['exp'] };
  return {
    async authenticate(c) {
      const token = getCookie(c, name) ?? '';
      for (const secret of [current, ...former]) {
        const result = await jwtVerify(token, secret, checks).catch(() => null);
        if (result?.payload.sub) return { id: result.payload.sub };
      }
      return null;
    },
    async issue(c, userId) {
      const token = await new SignJWT()
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject(userId)
        .setAudience(name)
        .setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
        .sign(current);
      setCookie(c, name, token, { httpOnly: true, secure: true, sameSite: 'Lax', path: '/', maxAge: seconds });
    },
    clear(c) {
      deleteCookie(c, name, { secure: true, path: '/' });
    },
  };
}
