import type { Context } from 'hono';
import { decodeJwt, type JWTHeaderParameters, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { DependencyError } from '../errors.js';
import type { IssuerKeys } from './issuer-keys.js';

/** What a token must satisfy. */
export interface TokenRules {
  issuer: string;
  audiences: readonly string[];
  /** The claim that names the audience. */
  audienceClaim: string;
  algorithms: readonly string[];
  keys: IssuerKeys;
}

/** Tolerated difference between the issuer's clock and the server's, in seconds. */
const CLOCK_TOLERANCE = 10;

/** Maximum length of a token, in characters: as much as Node.js accepts in all headers by default. */
const MAX_TOKEN_LENGTH = 16 * 1024;

/** The `typ` of access and ID tokens, in lower case: RFC 7519, section 5.1, and RFC 9068, section 2.1. */
const TOKEN_TYPES: readonly unknown[] = [undefined, 'jwt', 'at+jwt'];

/** Claims by which issuers tell their kinds of tokens apart where the header says only `JWT`. */
const KIND_CLAIMS = ['typ', 'token_use', 'token_type', 'type'];

/** Kinds of tokens that never identify a user, as Keycloak and others name them. */
const OTHER_KINDS = /^(?:refresh|offline|logout|dpop|serialized-id)/i;

/**
 * Claims that no usable token has: those of security events, such as logout
 * tokens (RFC 8417), and of tokens that are bound to a key, whose proof is not
 * checked here (RFC 7800).
 */
const FORBIDDEN_CLAIMS = ['events', 'cnf'];

/**
 * The claims of a valid token that was issued by this issuer, or null.
 * @throws DependencyError if the issuer's keys can't be loaded.
 */
export async function verifyToken(c: Context, token: string, rules: TokenRules): Promise<JWTPayload | null> {
  if (token.length > MAX_TOKEN_LENGTH || readIssuer(token) !== rules.issuer) return null;
  const { issuer, algorithms, keys } = rules;
  const checks = { issuer, algorithms: [...algorithms], clockTolerance: CLOCK_TOLERANCE, requiredClaims: ['exp'] };
  const getKey: JWTVerifyGetKey = (header, jws) => keys.find(c, header, jws);
  try {
    const { protectedHeader, payload } = await jwtVerify(token, getKey, checks);
    return isUserToken(protectedHeader, payload) && hasAudience(payload, rules) ? payload : null;
  } catch (error) {
    if (error instanceof DependencyError) throw error;
    return null;
  }
}

/** The issuer that a token claims to be from. Nothing is verified yet. */
function readIssuer(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

/**
 * Whether a token is an access or ID token that can be presented by whoever has
 * it. Issuers sign other kinds with the same keys (RFC 8725, section 3.11).
 */
function isUserToken({ typ }: JWTHeaderParameters, claims: JWTPayload): boolean {
  const type = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : typ;
  if (!TOKEN_TYPES.includes(type)) return false;
  if (KIND_CLAIMS.some((name) => OTHER_KINDS.test(String(claims[name])))) return false;
  return !FORBIDDEN_CLAIMS.some((name) => Object.hasOwn(claims, name));
}

/** A token whose `aud` names only other audiences is refused whatever its other claims say (RFC 7519, section 4.1.3). */
function hasAudience(claims: JWTPayload, { audienceClaim, audiences }: TokenRules): boolean {
  const isAccepted = (value: unknown) => [value].flat().some((name) => audiences.some((each) => each === name));
  return isAccepted(claims[audienceClaim]) && (claims.aud === undefined || isAccepted(claims.aud));
}
