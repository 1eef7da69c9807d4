import type { Context } from 'hono';
import { getCookie } from 'hono/cookie';
import type { JWTPayload } from 'jose';
import { isHealthCheck } from '../health-checks.js';
import {
  functionRule,
  listRule,
  type OptionRule,
  type OptionRules,
  oneOfRule,
  readOptions,
  textRule,
} from '../validate-options.js';
import { IssuerKeys, isSecureUrl } from './issuer-keys.js';
import { nameRule } from './rules.js';
import type { User } from './user.js';
import { type TokenRules, verifyToken } from './verify-token.js';

/**
 * Options of `oidc()` for one issuer.
 *
 * @example
 * ```ts
 * // Cloudflare Access
 * const options: OidcOptions = {
 *   issuer: 'https://team.cloudflareaccess.com',
 *   audience: env.ACCESS_AUD,
 *   jwksUrl: 'https://team.cloudflareaccess.com/cdn-cgi/access/certs',
 *   header: 'cf-access-jwt-assertion',
 * };
 * ```
 */
export interface OidcOptions {
  /** The issuer, exactly as in the `iss` claim of its tokens. */
  issuer: string;
  /** The audience that tokens must name: the API's own identifier, or the client id. With several, any of them is accepted. */
  audience: string | readonly string[];
  /**
   * The claim that names the audience, for issuers whose tokens have no `aud`.
   * A token that does have an `aud` must name an accepted audience there too.
   * @defaultValue `aud`
   * @example
   * ```ts
   * // Access tokens of Amazon Cognito
   * oidc({ issuer, audience: clientId, audienceClaim: 'client_id' });
   * ```
   */
  audienceClaim?: string;
  /**
   * URL of the issuer's keys.
   * @defaultValue the `jwks_uri` in the issuer's `/.well-known/openid-configuration`
   */
  jwksUrl?: string;
  /**
   * Accepted signature algorithms: RS256, RS384, RS512, PS256, PS384, PS512,
   * ES256, ES384, ES512, EdDSA or Ed25519.
   * @defaultValue `['RS256', 'ES256']`
   */
  algorithms?: readonly string[];
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
   * Returns the user's id: a string that is not empty, or an integer. Anything else means that nobody is signed in.
   * @param claims - The claims of the validated token.
   * @defaultValue the `sub` claim, which is unique per issuer. With several issuers, that of every issuer but the first
   * is preceded by the issuer: `https://id.example.com|248289761001`
   */
  userId?(claims: JWTPayload): string | number | undefined;
}

/** Algorithms with a public key that the supported runtimes implement. */
const ALGORITHMS = 'RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519'.split(' ');

const httpsRule: OptionRule = (value) => (typeof value === 'string' && isSecureUrl(value) ? null : 'an https URL');

const RULES: OptionRules<OidcOptions> = {
  issuer: textRule,
  audience: (value) => (Array.isArray(value) ? listRule(textRule)(value) : textRule(value)),
  audienceClaim: textRule,
  jwksUrl: httpsRule,
  algorithms: listRule(oneOfRule(...ALGORITHMS)),
  header: nameRule,
  cookie: nameRule,
  userId: functionRule,
};

/** One issuer, as `oidc()` uses it. */
interface Issuer {
  rules: TokenRules;
  readToken(c: Context): string | undefined;
  getUserId(claims: JWTPayload): string | number | undefined;
}

/**
 * Signs users in with the tokens of an OpenID Connect issuer, or of any other
 * issuer that publishes its keys as a JWKS. A request without a valid token is
 * not signed in (401). If the keys can't be loaded, the response is 503.
 *
 * @param options - `issuer` and `audience` are required. With several issuers,
 * an array with the options of each. Append new ones at its end: the position
 * of an issuer decides about the ids of its users (see `userId`).
 * @returns The function to pass as `authenticate`.
 * @throws TypeError that names the option that is wrong, missing or unknown.
 *
 * @example
 * ```ts
 * createAvatarApi({ authenticate: oidc({ issuer: 'https://id.example.com', audience: 'avatars' }) });
 * ```
 *
 * @example
 * ```ts
 * const customers = { issuer: 'https://example.eu.auth0.com/', audience: 'https://avatars.example.com' };
 * const staff = { issuer: 'https://login.microsoftonline.com/<tenant>/v2.0', audience: '<client id>' };
 * createAvatarApi({ authenticate: oidc([customers, staff]) });
 * ```
 */
export function oidc(options: OidcOptions | readonly OidcOptions[]): (c: Context) => Promise<User | null> {
  const issuers = readIssuers(options);
  return async (c) => {
    if (isHealthCheck(c)) await Promise.all(issuers.map(({ rules }) => rules.keys.require(c)));
    for (const { rules, readToken, getUserId } of issuers) {
      const token = readToken(c);
      const claims = token && (await verifyToken(c, token, rules));
      const id: unknown = claims && getUserId(claims);
      if (isText(id) || Number.isSafeInteger(id)) return { id: String(id) };
    }
    return null;
  };
}

function readIssuers(options: OidcOptions | readonly OidcOptions[]): Issuer[] {
  const all = [options].flat().map((each) => readOptions('oidc', each, RULES, ['issuer', 'audience']));
  const names = all.map(({ issuer }) => issuer);
  if (names.length === 0 || new Set(names).size < names.length) {
    throw new TypeError('oidc: pass the options of at least one issuer, and those of each issuer once.');
  }
  return all.map((each, index) => createIssuer(each, index === 0 ? identifyFirst(names) : identifyOther));
}

function createIssuer(options: OidcOptions, identify: Issuer['getUserId']): Issuer {
  const { issuer, audience, audienceClaim = 'aud', jwksUrl, algorithms = ['RS256', 'ES256'] } = options;
  const { header = 'authorization', cookie, userId = identify } = options;
  if (jwksUrl === undefined && !isDiscoverable(issuer)) {
    throw new TypeError(
      'oidc: the option issuer must be an https URL without a query, or the option jwksUrl is required.',
    );
  }
  return {
    rules: { issuer, audiences: [audience].flat(), audienceClaim, algorithms, keys: IssuerKeys.of(issuer, jwksUrl) },
    readToken: (c) => c.req.header(header)?.replace(/^Bearer +/i, '') ?? (cookie && getCookie(c, cookie)),
    getUserId: userId,
  };
}

const isDiscoverable = (issuer: string): boolean => isSecureUrl(issuer) && !/[?#]/.test(issuer);

/**
 * The first issuer's users keep their plain `sub`, so that their avatars are
 * still found when more issuers are added. None may pass for another issuer's.
 */
function identifyFirst([, ...others]: readonly string[]): Issuer['getUserId'] {
  return ({ sub }) => (isText(sub) && !others.some((issuer) => sub.startsWith(`${issuer}|`)) ? sub : undefined);
}

/** A `sub` is unique within its issuer only (OpenID Connect Core 1.0, section 2). */
const identifyOther: Issuer['getUserId'] = ({ iss, sub }) => (isText(sub) ? `${iss}|${sub}` : undefined);

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
