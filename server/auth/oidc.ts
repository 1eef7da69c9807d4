import type { Context } from 'hono';
import { getCookie } from 'hono/cookie';
import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { User } from '../create-avatar-api.js';
import { ApiError } from '../errors.js';

export interface OidcOptions {
  /** The issuer, exactly as it stands in its tokens (`iss`). */
  issuer: string;
  /** Whom the tokens have to be for (`aud`): the client id, or the API's own name. */
  audience: string | string[];
  /** Where the issuer's keys are. Default: where its `/.well-known/openid-configuration` says. */
  jwksUrl?: string;
  /** Signature algorithms that are accepted, none of them with a shared secret. Default: RS256 and ES256. */
  algorithms?: string[];
  /** The header that carries the token, with or without `Bearer`. Default: `authorization`. */
  header?: string;
  /** A cookie that carries the token where the header is not there. Default: none. */
  cookie?: string;
  /** The user's id. Default: the subject (`sub`), which no two users of an issuer share. */
  userId?(claims: JWTPayload): string | undefined;
}

/** Seconds that the issuer's clock and this one may be apart. */
const CLOCK_TOLERANCE = 10;

/** Milliseconds that the issuer may take to answer. */
const PATIENCE = 5000;

/**
 * Signs users in by the tokens of an OpenID Connect issuer, or of any other
 * that publishes its keys as a JWKS. A token that is not valid is nobody's
 * (401); where the keys cannot be had the answer is 503, never yes.
 * @throws {Error} at once, if an option cannot be right.
 */
export function oidc(options: OidcOptions): (c: Context) => Promise<User | null> {
  const { issuer, audience, algorithms = ['RS256', 'ES256'], userId = (claims) => claims.sub } = options;
  const audiences = [audience].flat();
  if (!issuer || audiences.length === 0 || audiences.includes('')) {
    throw new Error('oidc: issuer and audience must not be empty.');
  }
  if (!isSafe(options.jwksUrl ?? issuer)) throw new Error('oidc: the issuer, or else jwksUrl, has to be an https URL.');
  const shared = algorithms.find((name) => !/^(RS|PS|ES|Ed)/.test(name));
  if (shared !== undefined) throw new Error(`oidc: ${shared} is not an algorithm with a public key.`);
  const checks = { issuer, audience, algorithms, clockTolerance: CLOCK_TOLERANCE, requiredClaims: ['exp'] };
  const keys = issuerKeys(issuer, options.jwksUrl);
  return async (c) => {
    const token = tokenIn(c, options);
    const claims = token && (await verified(token, keys, checks));
    const id = claims && userId(claims);
    return typeof id === 'string' && id !== '' ? { id } : null;
  };
}

function tokenIn(c: Context, { header = 'authorization', cookie }: OidcOptions): string | undefined {
  const given = c.req.header(header)?.replace(/^Bearer +/i, '');
  return given ?? (cookie === undefined ? undefined : getCookie(c, cookie));
}

type Checks = Parameters<typeof jwtVerify>[2];

/** The claims of a token, or null for one that is not valid. */
async function verified(token: string, keys: JWTVerifyGetKey, checks: Checks): Promise<JWTPayload | null> {
  try {
    return (await jwtVerify(token, keys, checks)).payload;
  } catch (error) {
    if (error instanceof ApiError) throw error;
    return null;
  }
}

/** The key of a token's signature, fetched when it is first needed and again when it is not known. */
function issuerKeys(issuer: string, jwksUrl?: string): JWTVerifyGetKey {
  let keys: JWTVerifyGetKey | undefined;
  return async (header, token) => {
    try {
      keys ??= createRemoteJWKSet(new URL(jwksUrl ?? (await discover(issuer))), { timeoutDuration: PATIENCE });
      return await keys(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      throw new ApiError('unavailable', 'Who is asking cannot be found out just now. Please try again.');
    }
  };
}

/** Where an issuer says that its keys are. */
async function discover(issuer: string): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(PATIENCE) });
  const found: { issuer?: unknown; jwks_uri?: unknown } = await response.json();
  if (!response.ok || found.issuer !== issuer || typeof found.jwks_uri !== 'string' || !isSafe(found.jwks_uri)) {
    throw new Error('The issuer does not describe itself.');
  }
  return found.jwks_uri;
}

/** Keys that came over the open net would be anybody's. */
function isSafe(url: string): boolean {
  return URL.canParse(url) && (new URL(url).protocol === 'https:' || new URL(url).hostname === 'localhost');
}
