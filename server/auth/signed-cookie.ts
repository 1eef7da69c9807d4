import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { DependencyError, isResponseError } from '../errors.js';
import { functionRule, integerRule, listRule, type OptionRules, readOptions } from '../validate-options.js';
import { nameRule } from './rules.js';
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
  /**
   * Decides whether a session has been ended early. Called for every request
   * with a valid cookie. `true` means that nobody is signed in. If the function
   * throws, or returns anything but `true` or `false`, the response is 503.
   * @param session - The session that the cookie describes.
   * @param c - The Hono context of the request.
   * @defaultValue sessions end with their cookie
   *
   * @example
   * ```ts
   * // Ends all of a user's sessions that are older than a moment in the database.
   * const isRevoked = async (session: Session, c: Context<{ Bindings: Env }>) => {
   *   const query = c.env.DB.prepare('SELECT sessions_valid_after FROM users WHERE id = ?');
   *   const validAfter = await query.bind(session.userId).first<number>('sessions_valid_after');
   *   return validAfter === null || session.issuedAt.getTime() < validAfter;
   * };
   * ```
   */
  isRevoked?(session: Session, c: Context): Promise<boolean> | boolean;
}

/**
 * A session, as its cookie describes it.
 *
 * @example
 * ```ts
 * const isRevoked = async ({ id }: Session) => id === null || (await endedSessions.has(id));
 * ```
 */
export interface Session {
  /** Unique id of the session. Null for a cookie without one: issued by another service, or by an older version. */
  id: string | null;
  userId: string;
  /** When the user signed in; 1970 for a cookie that doesn't say. */
  issuedAt: Date;
  expiresAt: Date;
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
  /**
   * Signs a user in: sets the cookie on the response.
   * @throws TypeError if the user id is not a string, is empty, or doesn't fit into a cookie.
   */
  issue(c: Context, userId: string): Promise<void>;
  /** Signs the user out: deletes the cookie on the response. */
  clear(c: Context): void;
}

/** In characters. At one byte each, as many bits as HMAC-SHA-256 has strength. */
const MIN_SECRET_LENGTH = 32;

/** Browsers ignore a cookie whose name and value are longer, in bytes. */
const MAX_COOKIE_LENGTH = 4096;

/** Tolerated difference between the clocks of the service that issued a cookie and of the server, in seconds. */
const CLOCK_TOLERANCE = 10;

const RULES: OptionRules<SignedCookieOptions> = {
  secrets: listRule((value) =>
    typeof value === 'string' && value.length >= MIN_SECRET_LENGTH
      ? null
      : `a secret of at least ${MIN_SECRET_LENGTH} characters`,
  ),
  name: nameRule,
  seconds: integerRule(1),
  isRevoked: functionRule,
};

/**
 * Signs users in with a signed cookie: a JWT (HS256) with the user (`sub`), the
 * name of the cookie (`aud`), an id of the session (`jti`), and its start
 * (`iat`) and end (`exp`). Nothing is stored on the server. A session ends early
 * when its cookie is deleted, when `isRevoked` says so or, for all users, when
 * the secret is replaced.
 *
 * @param options - Only `secrets` is required.
 * @throws TypeError that names the option that is wrong, missing or unknown.
 *
 * @example
 * ```ts
 * const session = signedCookie({ secrets: [env.SESSION_SECRET] });
 * app.route('/api', createAvatarApi({ authenticate: session.authenticate }));
 * ```
 */
export function signedCookie(options: SignedCookieOptions): SignedCookie {
  const given = readOptions('signedCookie', options, RULES, ['secrets']);
  const { name = '__Host-session', seconds = 7 * 24 * 60 * 60, isRevoked = () => false } = given;
  const secrets = given.secrets.map((secret) => new TextEncoder().encode(secret));
  return {
    async authenticate(c) {
      const session = await readSession(getCookie(c, name) ?? '', secrets, name);
      if (!session || (await askWhetherRevoked(isRevoked, session, c))) return null;
      return { id: session.userId };
    },
    async issue(c, userId) {
      const token = await signToken(userId, secrets[0] as Uint8Array, name, seconds);
      if (name.length + token.length > MAX_COOKIE_LENGTH) {
        throw new TypeError('signedCookie: the user id is too long for a cookie of 4,096 bytes.');
      }
      setCookie(c, name, token, { httpOnly: true, secure: true, sameSite: 'Lax', path: '/', maxAge: seconds });
    },
    clear(c) {
      deleteCookie(c, name, { secure: true, path: '/' });
    },
  };
}

/** The session of a token that one of the secrets has signed, or null. */
async function readSession(token: string, secrets: readonly Uint8Array[], audience: string): Promise<Session | null> {
  if (token.length > MAX_COOKIE_LENGTH) return null;
  const checks = { algorithms: ['HS256'], audience, requiredClaims: ['exp'] };
  for (const secret of secrets) {
    const result = await jwtVerify(token, secret, checks).catch(() => null);
    if (result) return parseSession(result.payload);
  }
  return null;
}

function parseSession({ sub, jti, iat = 0, exp = 0 }: JWTPayload): Session | null {
  if (typeof sub !== 'string' || sub === '') return null;
  // Revocation compares this time, so a session must not be from the future.
  if (iat > Date.now() / 1000 + CLOCK_TOLERANCE) return null;
  const id = typeof jti === 'string' && jti !== '' ? jti : null;
  return { id, userId: sub, issuedAt: new Date(iat * 1000), expiresAt: new Date(exp * 1000) };
}

type IsRevoked = NonNullable<SignedCookieOptions['isRevoked']>;

/** @throws DependencyError if the hook fails: a session that can't be checked doesn't count. */
async function askWhetherRevoked(isRevoked: IsRevoked, session: Session, c: Context): Promise<boolean> {
  try {
    const answer: unknown = await isRevoked(session, c);
    if (typeof answer === 'boolean') return answer;
    throw new TypeError(`signedCookie: isRevoked must return true or false, not this ${typeof answer}.`);
  } catch (cause) {
    if (isResponseError(cause)) throw cause;
    throw new DependencyError(['sign-in'], "Your sign-in can't be checked right now. Please try again.", cause);
  }
}

function signToken(userId: string, secret: Uint8Array, audience: string, seconds: number): Promise<string> {
  if (typeof userId !== 'string' || userId === '') {
    throw new TypeError('signedCookie: the user id must be a string that is not empty.');
  }
  // With milliseconds: a session that starts right after a revocation is newer than it.
  const now = Date.now() / 1000;
  return new SignJWT()
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(userId)
    .setAudience(audience)
    .setJti(crypto.randomUUID())
    .setIssuedAt(now)
    .setExpirationTime(Math.floor(now) + seconds)
    .sign(secret);
}
