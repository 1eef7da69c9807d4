import type { Context } from 'hono';
import { type AvatarEnv, requireSetting, requireValues, type Setting, validateSetting } from '../config.js';
import { type OidcOptions, oidc } from './oidc.js';
import { type SignedCookieOptions, signedCookie } from './signed-cookie.js';
import type { User } from './user.js';

/** The environment of the reference Worker: the API's own settings, and how users sign in. */
export interface WorkerEnv extends AvatarEnv {
  /** `oidc` or `cookie`. */
  AUTH?: string;
  OIDC_ISSUER?: string;
  /** One or more audiences, separated by spaces. */
  OIDC_AUDIENCE?: string;
  OIDC_JWKS_URL?: string;
  /** Signature algorithms, separated by spaces. */
  OIDC_ALGORITHMS?: string;
  OIDC_HEADER?: string;
  OIDC_COOKIE?: string;
  /** The current secret, followed by former secrets, separated by spaces. */
  SESSION_SECRET?: string;
  SESSION_COOKIE?: string;
}

type Authenticate = (c: Context) => Promise<User | null>;

const authenticators = new WeakMap<WorkerEnv, Setting<Authenticate>>();

/** By settings: equal settings share an adapter, which caches the issuer's keys. */
const adapters = new Map<string, Authenticate>();

/**
 * The `authenticate` function that the settings ask for.
 * @throws ApiError `unavailable` that says what is missing or invalid: without
 * complete settings nobody is signed in.
 */
export function getAuthenticator(env: WorkerEnv): Authenticate {
  const known = authenticators.get(env) ?? validateSetting(() => getAdapter(env));
  authenticators.set(env, known);
  return requireSetting(known);
}

function getAdapter(env: WorkerEnv): Authenticate {
  const { AUTH, OIDC_ISSUER, OIDC_AUDIENCE, OIDC_JWKS_URL, OIDC_ALGORITHMS, OIDC_HEADER, OIDC_COOKIE } = env;
  const { SESSION_SECRET, SESSION_COOKIE } = env;
  const oidcSettings = [OIDC_ISSUER, OIDC_AUDIENCE, OIDC_JWKS_URL, OIDC_ALGORITHMS, OIDC_HEADER, OIDC_COOKIE];
  const settings = JSON.stringify([AUTH, ...oidcSettings, SESSION_SECRET, SESSION_COOKIE]);
  const adapter = adapters.get(settings) ?? createAdapter(env);
  adapters.set(settings, adapter);
  return adapter;
}

function createAdapter(env: WorkerEnv): Authenticate {
  if (env.AUTH === 'oidc') return oidc(readOidcOptions(env));
  if (env.AUTH === 'cookie') return signedCookie(readCookieOptions(env)).authenticate;
  throw new Error('AUTH must be oidc or cookie.');
}

function readOidcOptions(env: WorkerEnv): OidcOptions {
  const { OIDC_ISSUER, OIDC_AUDIENCE } = requireValues(env, ['OIDC_ISSUER', 'OIDC_AUDIENCE']);
  return {
    issuer: OIDC_ISSUER,
    audience: splitList(OIDC_AUDIENCE),
    ...(env.OIDC_JWKS_URL && { jwksUrl: env.OIDC_JWKS_URL }),
    ...(env.OIDC_ALGORITHMS && { algorithms: splitList(env.OIDC_ALGORITHMS) }),
    ...(env.OIDC_HEADER && { header: env.OIDC_HEADER }),
    ...(env.OIDC_COOKIE && { cookie: env.OIDC_COOKIE }),
  };
}

function readCookieOptions(env: WorkerEnv): SignedCookieOptions {
  const { SESSION_SECRET } = requireValues(env, ['SESSION_SECRET']);
  return { secrets: splitList(SESSION_SECRET), ...(env.SESSION_COOKIE && { name: env.SESSION_COOKIE }) };
}

const splitList = (text: string): string[] => text.split(/\s+/).filter(Boolean);
