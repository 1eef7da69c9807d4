import type { Context } from 'hono';
import { type AvatarEnv, required } from '../config.js';
import type { User } from '../create-avatar-api.js';
import { ApiError } from '../errors.js';
import { type OidcOptions, oidc } from './oidc.js';
import { signedCookie } from './signed-cookie.js';

/** What the reference Worker reads beside the API's own settings. */
export interface WorkerEnv extends AvatarEnv {
  /** How users sign in: `oidc` or `cookie`. */
  AUTH?: string;
  OIDC_ISSUER?: string;
  /** One name, or several separated by spaces. */
  OIDC_AUDIENCE?: string;
  OIDC_JWKS_URL?: string;
  /** Separated by spaces. */
  OIDC_ALGORITHMS?: string;
  OIDC_HEADER?: string;
  OIDC_COOKIE?: string;
  /** The secret that signs, and after it, separated by spaces, those that it has replaced. */
  SESSION_SECRET?: string;
  SESSION_COOKIE?: string;
}

type Authenticate = (c: Context) => Promise<User | null>;

/** By settings: an adapter keeps the issuer's keys between requests. */
const made = new Map<string, Authenticate>();

/**
 * Who is asking, by the way that the settings choose.
 * @throws {ApiError} `unavailable`, naming what is missing or wrong: without a
 * complete choice nobody is let in.
 */
export function authenticateBy(env: WorkerEnv): Authenticate {
  const { AUTH, OIDC_ISSUER, OIDC_AUDIENCE, OIDC_JWKS_URL, OIDC_ALGORITHMS, OIDC_HEADER, OIDC_COOKIE } = env;
  const { SESSION_SECRET, SESSION_COOKIE } = env;
  const oidcSettings = [OIDC_ISSUER, OIDC_AUDIENCE, OIDC_JWKS_URL, OIDC_ALGORITHMS, OIDC_HEADER, OIDC_COOKIE];
  const settings = JSON.stringify([AUTH, ...oidcSettings, SESSION_SECRET, SESSION_COOKIE]);
  const adapter = made.get(settings) ?? make(env);
  made.set(settings, adapter);
  return adapter;
}

function make(env: WorkerEnv): Authenticate {
  if (env.AUTH === 'oidc') return checked(() => oidc(oidcOptions(env)));
  if (env.AUTH === 'cookie') return checked(() => signedCookie(cookieOptions(env)).authenticate);
  throw new ApiError('unavailable', 'The server is not set up: AUTH must be oidc or cookie.');
}

function oidcOptions(env: WorkerEnv): OidcOptions {
  const { OIDC_ISSUER, OIDC_AUDIENCE } = required(env, ['OIDC_ISSUER', 'OIDC_AUDIENCE']);
  return {
    issuer: OIDC_ISSUER,
    audience: words(OIDC_AUDIENCE),
    ...(env.OIDC_JWKS_URL && { jwksUrl: env.OIDC_JWKS_URL }),
    ...(env.OIDC_ALGORITHMS && { algorithms: words(env.OIDC_ALGORITHMS) }),
    ...(env.OIDC_HEADER && { header: env.OIDC_HEADER }),
    ...(env.OIDC_COOKIE && { cookie: env.OIDC_COOKIE }),
  };
}

function cookieOptions(env: WorkerEnv): Parameters<typeof signedCookie>[0] {
  const { SESSION_SECRET } = required(env, ['SESSION_SECRET']);
  return { secrets: words(SESSION_SECRET), ...(env.SESSION_COOKIE && { name: env.SESSION_COOKIE }) };
}

/** An adapter that refuses its settings is a server that is not set up. */
function checked(adapter: () => Authenticate): Authenticate {
  try {
    return adapter();
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError('unavailable', `The server is not set up: ${(error as Error).message}`);
  }
}

const words = (text: string): string[] => text.split(/\s+/).filter(Boolean);
