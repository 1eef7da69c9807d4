import type { Context } from 'hono';
import { getCookie } from 'hono/cookie';
import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { ApiError, DependencyError } from '../errors.js';
import type { User } from './user.js';

/**
 * Options of `oidc()`.
 *
 * @example
 * ```ts
 * // Cloudflare Access
 * const options: OidcOptions = {
 *   issuer: 'https://team.cloudflareaccess.com',
 *   audience: env.ACCESS_AUD,
 *   jwksUrl: 'https://team.cloudflareaccess.com/cdn-cgi/access/certs',
 *   header: 'cf-access-jwt-assertion',
 *   algorithms: ['RS256'],
 * };
 * ```
 */
export interface OidcOptions {
  /** The issuer, exactly as in the `iss` claim of its tokens. */
  issuer: string;
  /** The audience in the `aud` claim: the client id, or the API's own identifier. With several, any of them is accepted. */
  audience: string | string[];
  /**
   * URL of the issuer's keys.
   * @defaultValue the `jwks_uri` in the issuer's `/.well-known/openid-configuration`
   */
  jwksUrl?: string;
  /**
   * Accepted signature algorithms. Algorithms with a shared secret are refused.
   * @defaultValue `['RS256', 'ES256']`
   */
  algorithms?: string[];
  /**
   * The request header with the token, with or without `Bearer`.
   * @defaultValue `authorization`
   */
  header?: string;
  /**
   * A cookie with the token, read if the header is missing.
   * @defaultValue none
   */
  cookie?: string;
  /**
   * Returns the user's id.
   * @param claims - The claims of the validated token.
   * @defaultValue the `sub` claim, which is unique per issuer
   */
  userId?(claims: JWTPayload): string | undefined;
}

/** Tolerated difference between the issuer's clock and the server's, in seconds. */
const CLOCK_TOLERANCE = 10;

/** How long the issuer may take to respond, in milliseconds. */
const ISSUER_TIMEOUT_MS = 5000;

/**
 * Signs users in with the tokens of an OpenID Connect issuer, or of any other
 * issuer that publishes its keys as a JWKS. A request without a valid token is
 * not signed in (401). If the keys can't be loaded, the response is 503.
 *
 * @param options - `issuer` and `audience` are required.
 * @returns The function to pass as `authenticate`.
 * @throws Error if an option is invalid.
 *
 * @example
 * ```ts
 * createAvatarApi({ authenticate: oidc({ issuer: 'https://id.example.com', audience: 'avatars' }) });
 * ```
 */
export function oidc(options: OidcOptions): (c: Context) => Promise<User | null> {
  const { issuer, audience, algorithms = ['RS256', 'ES256'], userId = (claims) => claims.sub } = options;
  validateOptions(options, algorithms);
  const checks = { issuer, audience, algorithms, clockTolerance: CLOCK_TOLERANCE, requiredClaims: ['exp'] };
  const getKey = createKeyGetter(issuer, options.jwksUrl);
  return async (c) => {
    const token = readToken(c, options);
    const claims = token && (await verifyToken(token, getKey, checks));
    const id = claims && userId(claims);
    return typeof id === 'string' && id !== '' ? { id } : null;
  };
}

function validateOptions({ issuer, audience, jwksUrl }: OidcOptions, algorithms: readonly string[]): void {
  const audiences = [audience].flat();
  if (!issuer || audiences.length === 0 || audiences.includes('')) {
    throw new Error('oidc: issuer and audience must not be empty.');
  }
  if (!isSecureUrl(jwksUrl ?? issuer)) throw new Error('oidc: jwksUrl, or else the issuer, must be an https URL.');
  const symmetric = algorithms.find((name) => !/^(RS|PS|ES|Ed)/.test(name));
  if (symmetric !== undefined) throw new Error(`oidc: ${symmetric} is not an algorithm with a public key.`);
}

function readToken(c: Context, { header = 'authorization', cookie }: OidcOptions): string | undefined {
  const token = c.req.header(header)?.replace(/^Bearer +/i, '');
  return token ?? (cookie === undefined ? undefined : getCookie(c, cookie));
}

type VerifyOptions = Parameters<typeof jwtVerify>[2];

/** The claims of a token, or null if it is not valid. */
async function verifyToken(token: string, getKey: JWTVerifyGetKey, checks: VerifyOptions): Promise<JWTPayload | null> {
  try {
    return (await jwtVerify(token, getKey, checks)).payload;
  } catch (error) {
    if (error instanceof ApiError) throw error;
    return null;
  }
}

/** Finds the key of a signature. Keys are loaded when first needed, and again when a key is unknown. */
function createKeyGetter(issuer: string, jwksUrl?: string): JWTVerifyGetKey {
  let keys: JWTVerifyGetKey | undefined;
  return async (header, token) => {
    try {
      keys ??= createRemoteJWKSet(new URL(jwksUrl ?? (await discoverJwksUrl(issuer))), {
        timeoutDuration: ISSUER_TIMEOUT_MS,
      });
      return await keys(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      throw new DependencyError(['sign-in'], "Your sign-in can't be checked right now. Please try again.", error);
    }
  };
}

/** OpenID Connect Discovery 1.0, section 4. */
async function discoverJwksUrl(issuer: string): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(ISSUER_TIMEOUT_MS) });
  const { issuer: found, jwks_uri }: { issuer?: unknown; jwks_uri?: unknown } = await response.json();
  if (!response.ok || found !== issuer || typeof jwks_uri !== 'string' || !isSecureUrl(jwks_uri)) {
    throw new Error("The issuer's openid-configuration is not valid.");
  }
  return jwks_uri;
}

/** Keys loaded without TLS could be anyone's. */
function isSecureUrl(url: string): boolean {
  return URL.canParse(url) && (new URL(url).protocol === 'https:' || new URL(url).hostname === 'localhost');
}
