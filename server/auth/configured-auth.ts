import type { Context } from 'hono';
import { type AvatarEnv, readValue, requireSetting, requireValues, type Setting, validateSetting } from '../config.js';
import { type OidcOptions, oidc } from './oidc.js';
import { type SignedCookieOptions, signedCookie } from './signed-cookie.js';
import type { User } from './user.js';

/** The environment of the reference Worker: the API's own settings, its variants, and how users sign in. */
export interface WorkerEnv extends AvatarEnv {
  /** Widths of smaller copies in pixels, separated by spaces. Empty: none. */
  VARIANTS?: string;
  /** `oidc` or `cookie`. */
  AUTH?: string;
  /** One or more issuers, separated by spaces. With several, commas separate the values of the other settings for each. */
  OIDC_ISSUER?: string;
  /** One or more audiences, separated by spaces. */
  OIDC_AUDIENCE?: string;
  OIDC_AUDIENCE_CLAIM?: string;
  OIDC_JWKS_URL?: string;
  /** Signature algorithms, separated by spaces. */
  OIDC_ALGORITHMS?: string;
  OIDC_HEADER?: string;
  OIDC_COOKIE?: string;
  /** The current secret, followed by former secrets, separated by spaces. */
  SESSION_SECRET?: string;
  SESSION_COOKIE?: string;
}

/** The settings of `oidc()`, by option. */
const OIDC_SETTINGS = {
  issuer: 'OIDC_ISSUER',
  audience: 'OIDC_AUDIENCE',
  audienceClaim: 'OIDC_AUDIENCE_CLAIM',
  jwksUrl: 'OIDC_JWKS_URL',
  algorithms: 'OIDC_ALGORITHMS',
  header: 'OIDC_HEADER',
  cookie: 'OIDC_COOKIE',
} as const;

type OidcSetting = keyof typeof OIDC_SETTINGS;

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
  const names = ['AUTH', 'SESSION_SECRET', 'SESSION_COOKIE', ...Object.values(OIDC_SETTINGS)] as const;
  const settings = JSON.stringify(names.map((name) => env[name]));
  const adapter = adapters.get(settings) ?? createAdapter(env);
  adapters.set(settings, adapter);
  return adapter;
}

function createAdapter(env: WorkerEnv): Authenticate {
  const kind = readValue(env, 'AUTH');
  if (kind === 'oidc') return createOidcAdapter(env);
  if (kind === 'cookie') return signedCookie(readCookieOptions(env)).authenticate;
  throw new Error('AUTH must be oidc or cookie.');
}

function createOidcAdapter(env: WorkerEnv): Authenticate {
  const options = readOidcOptions(env);
  try {
    return oidc(options);
  } catch (error) {
    const { message } = error as Error;
    // Whoever reads this knows the settings, not the options.
    throw new Error(message.replace(/\boption (\w+)/g, (text, name) => OIDC_SETTINGS[name as OidcSetting] ?? text));
  }
}

/** One object per issuer. Options are validated by `oidc()`. */
function readOidcOptions(env: WorkerEnv): OidcOptions[] {
  const { OIDC_ISSUER } = requireValues(env, ['OIDC_ISSUER', 'OIDC_AUDIENCE']);
  const issuers = splitList(OIDC_ISSUER);
  const { issuer: _, ...others } = OIDC_SETTINGS;
  const columns = Object.entries(others).map(
    ([option, setting]) => [option, splitPerIssuer(setting, readValue(env, setting), issuers.length)] as const,
  );
  return issuers.map((issuer, index) => {
    const values = columns.map(([option, column]) => [option, parseOption(option, column[index] ?? '')]);
    return { issuer, ...Object.fromEntries(values) };
  });
}

/**
 * The values of a setting, one per issuer. They are not shared between issuers:
 * an audience, or a key, that is trusted at one would be trusted at all.
 */
function splitPerIssuer(setting: string, value: string | undefined, count: number): string[] {
  const values = value === undefined ? [] : value.split(',');
  if (values.length > 0 && values.length !== count) {
    throw new Error(
      `${setting} has ${values.length} values separated by commas, but OIDC_ISSUER has ${count} separated by spaces.`,
    );
  }
  return values.map((each) => each.trim());
}

function parseOption(option: string, value: string): string | string[] | undefined {
  if (value === '') return undefined;
  return option === 'audience' || option === 'algorithms' ? splitList(value) : value;
}

function readCookieOptions(env: WorkerEnv): SignedCookieOptions {
  const { SESSION_SECRET } = requireValues(env, ['SESSION_SECRET']);
  const name = readValue(env, 'SESSION_COOKIE');
  return { secrets: splitList(SESSION_SECRET), ...(name !== undefined && { name }) };
}

const splitList = (text: string): string[] => text.split(/\s+/).filter(Boolean);
