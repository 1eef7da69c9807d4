import type { AvatarDatabase } from './db/database.js';
import { type ApiError, DependencyError } from './errors.js';
import { parseOrigins } from './parse-origins.js';
import { parsePublicUrl } from './parse-public-url.js';
import { type AccessKey, checkAccessKey, cleanText, parseBucketName, parseEndpoint } from './parse-s3-settings.js';
import type { AvatarBucket } from './storage/bucket.js';
import { type OwnerSecrets, parseOwnerSecrets } from './storage/owner.js';

/**
 * The bindings and settings that the API reads from the Worker's environment.
 *
 * @example
 * ```ts
 * interface Env extends AvatarEnv {
 *   EVENTS: Queue;
 * }
 * const app = new Hono<{ Bindings: Env }>();
 * app.route('/api', createAvatarApi<Env>({ authenticate }));
 * ```
 */
export interface AvatarEnv {
  /** The bucket that holds avatars, pending uploads unless there is `PENDING`, and nothing else. */
  AVATARS: AvatarBucket;
  /**
   * A bucket of its own for pending uploads, in the jurisdiction of `AVATARS`. Required with `PUBLIC_URL`.
   * @defaultValue pending uploads are in `AVATARS`
   */
  PENDING?: AvatarBucket;
  /** The database with this package's migrations applied. */
  DB: AvatarDatabase;
  /**
   * Rate limit for presigning, committing and removing, counted per user.
   * @defaultValue no limit
   */
  RATE_LIMITER?: RateLimiter;
  /** The S3 endpoint: `https://<account id>.r2.cloudflarestorage.com`, with or without the bucket as its path. */
  R2_ENDPOINT?: string;
  /** Name of the bucket that `AVATARS` is bound to. */
  R2_BUCKET?: string;
  /**
   * Name of the bucket that `PENDING` is bound to: presigned PUTs lead there. Required with `PUBLIC_URL`.
   * @defaultValue the bucket of `R2_BUCKET`
   */
  R2_PENDING_BUCKET?: string;
  /**
   * The custom domain of the bucket `AVATARS`, such as
   * `https://avatars.example.com`: pictures have permanent URLs there, which
   * anybody can open.
   * @defaultValue pictures are private, with presigned URLs
   */
  PUBLIC_URL?: string;
  /** Access key ID of an R2 API token with Object Read & Write for the buckets. */
  R2_ACCESS_KEY_ID?: string;
  /** Secret access key of the same token. */
  R2_SECRET_ACCESS_KEY?: string;
  /**
   * Key of the HMAC that turns user ids into the owners in object keys, at
   * least 32 characters. Part of the data: avatars are only found with the
   * secret they were stored under. To change it, put the new secret first and
   * keep the former ones behind it, separated by spaces.
   */
  OWNER_SECRET?: string;
  /**
   * Origins whose pages may call the API, separated by commas or spaces. The
   * API's own origin is always trusted.
   * @defaultValue none
   */
  TRUSTED_ORIGINS?: string;
  /**
   * `on` only under `npm start` and in tests: enables the development sign-in.
   * @defaultValue off
   */
  LOCAL_DEV?: string;
}

/** A limit on the requests of one user, such as the rate limiting binding of a Worker. */
export interface RateLimiter {
  limit(options: { key: string }): Promise<{ success: boolean }>;
}

/** A validated setting, or what is wrong with it. */
export type Setting<T> = { readonly value: T } | { readonly problem: string };

/** The buckets, and the address of the public one. */
export interface BucketsConfig {
  bucket: AvatarBucket;
  /**
   * The buckets with pending uploads: `PENDING` before `AVATARS`, where those are
   * that were begun before `PENDING` was bound.
   */
  pendingBuckets: readonly AvatarBucket[];
  /** Address of the avatars without a trailing slash; null if they are private. */
  publicUrl: string | null;
}

/** What the API needs for every authenticated request. */
export interface StorageConfig extends BucketsConfig {
  ownerSecrets: OwnerSecrets;
  database: AvatarDatabase;
}

/** Credentials and address of the bucket's S3 API, as configured. */
interface S3Config extends AccessKey {
  /** An absolute URL, or a path that only local development resolves. */
  endpoint: string;
  bucketName: string;
  /** Name of the bucket for new uploads. */
  pendingBucketName: string;
}

/** Credentials and address of the bucket's S3 API. */
export interface S3Settings extends AccessKey {
  /** URL of the bucket, without a trailing slash. */
  bucketUrl: string;
  /** URL of the bucket for new uploads. */
  pendingBucketUrl: string;
}

/**
 * The environment, read and validated. A setting that is missing or invalid
 * fails only the requests that need it.
 */
export interface Config {
  readonly ownerSecrets: Setting<OwnerSecrets>;
  readonly storage: Setting<StorageConfig>;
  readonly s3: Setting<S3Config>;
  readonly trustedOrigins: Setting<readonly string[]>;
  readonly rateLimiter: Setting<RateLimiter | undefined>;
  /** True if the local development flag is set. */
  readonly isLocalDev: boolean;
}

const configs = new WeakMap<AvatarEnv, Config>();

/** The configuration in an environment. Workers pass the same object to every request of an isolate. */
export function readConfig(env: AvatarEnv): Config {
  const known = configs.get(env);
  if (known) return known;
  const config = parseConfig(env);
  configs.set(env, config);
  return config;
}

function parseConfig(env: AvatarEnv): Config {
  return {
    ownerSecrets: validateSetting(() => parseOwnerSecrets(requireValues(env, ['OWNER_SECRET']).OWNER_SECRET)),
    storage: validateSetting(() => {
      const { OWNER_SECRET, DB } = requireValues(env, ['OWNER_SECRET', 'AVATARS', 'DB']);
      return { ownerSecrets: parseOwnerSecrets(OWNER_SECRET), database: DB, ...parseBuckets(env) };
    }),
    s3: validateSetting(() => parseS3Config(env)),
    trustedOrigins: validateSetting(() => parseOrigins(readValue(env, 'TRUSTED_ORIGINS'))),
    rateLimiter: validateSetting(() => readValue(env, 'RATE_LIMITER')),
    isLocalDev: env.LOCAL_DEV === 'on',
  };
}

/** The part of the environment that says where pictures are. */
export type BucketsEnv = Pick<AvatarEnv, 'AVATARS' | 'PENDING' | 'R2_BUCKET' | 'R2_PENDING_BUCKET' | 'PUBLIC_URL'>;

/** @throws Error that names what is missing or wrong. */
export function parseBuckets(env: Pick<BucketsEnv, 'AVATARS'> & Partial<BucketsEnv>): BucketsConfig {
  const { AVATARS: bucket } = requireValues(env, ['AVATARS']);
  const [pending, publicUrl] = [readValue(env, 'PENDING'), readValue(env, 'PUBLIC_URL')];
  checkPendingBucket(env);
  return {
    bucket,
    pendingBuckets: pending ? [pending, bucket] : [bucket],
    publicUrl: publicUrl === undefined ? null : parsePublicUrl(publicUrl),
  };
}

/** @throws Error if uploads would be public before they are checked, or would never be found. */
function checkPendingBucket(env: Partial<BucketsEnv>): void {
  const name = readValue(env, 'R2_PENDING_BUCKET');
  const missing = (['PENDING', 'R2_PENDING_BUCKET'] as const).filter((each) => readValue(env, each) === undefined);
  if (missing.length > 0 && readValue(env, 'PUBLIC_URL') !== undefined) {
    throw new Error(
      `${missing.join(', ')} must be set: with PUBLIC_URL, everything in AVATARS is public, so uploads need a bucket of their own until they are checked.`,
    );
  }
  if (missing.includes('PENDING') && name !== undefined) {
    throw new Error('PENDING must be bound to the bucket that R2_PENDING_BUCKET names, where uploads are stored.');
  }
  if (name !== undefined && name === readValue(env, 'R2_BUCKET')) {
    throw new Error('R2_PENDING_BUCKET must be another bucket than R2_BUCKET: uploads are not checked yet.');
  }
}

function parseS3Config(env: AvatarEnv): S3Config {
  const names = ['R2_ENDPOINT', 'R2_BUCKET', 'R2_ACCESS_KEY_ID', 'R2_SECRET_ACCESS_KEY'] as const;
  const { R2_ENDPOINT, R2_BUCKET, R2_ACCESS_KEY_ID, R2_SECRET_ACCESS_KEY } = requireValues(env, names);
  const bucketName = parseBucketName(R2_BUCKET);
  const endpoint = parseEndpoint(R2_ENDPOINT, bucketName);
  const key = { accessKeyId: R2_ACCESS_KEY_ID, secretAccessKey: R2_SECRET_ACCESS_KEY };
  checkAccessKey(key, endpoint);
  const pendingName = readValue(env, 'R2_PENDING_BUCKET');
  const pendingBucketName = pendingName === undefined ? bucketName : parseBucketName(pendingName, 'R2_PENDING_BUCKET');
  return { endpoint, bucketName, pendingBucketName, ...key };
}

/** Runs a validation, and keeps its value or the message of its error. */
export function validateSetting<T>(parse: () => T): Setting<T> {
  try {
    return { value: parse() };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

const R2_BUCKET_BINDING = { kind: 'an R2 bucket', methods: ['get', 'put', 'head', 'list', 'delete'] };

/** The bindings, each with its kind and the methods by which that is recognized. Everything else is text. */
const BINDINGS: Readonly<Record<string, { kind: string; methods: readonly string[] }>> = {
  AVATARS: R2_BUCKET_BINDING,
  PENDING: R2_BUCKET_BINDING,
  DB: { kind: 'a D1 database', methods: ['prepare', 'batch'] },
  RATE_LIMITER: { kind: 'a rate limit', methods: ['limit'] },
};

/**
 * A value of an environment; text without the white space and quotation marks
 * around it. Undefined if it is missing or empty.
 * @throws Error that names it, if it is of another kind.
 */
export function readValue<E extends object, K extends keyof E & string>(env: E, name: K): E[K] | undefined {
  const value: unknown = env[name];
  const binding = BINDINGS[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (binding ? isBinding(value, binding.methods) : typeof value === 'string') {
    return ((typeof value === 'string' ? cleanText(value) : value) as E[K]) || undefined;
  }
  throw new Error(`${name} must be ${binding ? `a binding of ${binding.kind}` : 'text'}. Check the configuration.`);
}

/** A binding of another Worker, which has `fetch`, seems to have every other method too. */
function isBinding(value: unknown, methods: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null || 'fetch' in value) return false;
  const has = value as Record<string, unknown>;
  return methods.every((method) => typeof has[method] === 'function');
}

/**
 * The named values of an environment, each present and of its kind.
 * @throws Error that names all those that are missing, or the first one of another kind.
 */
export function requireValues<E extends object, K extends keyof E & string>(
  env: E,
  names: readonly K[],
): { [N in K]-?: NonNullable<E[N]> } {
  const values = names.map((name) => [name, readValue(env, name)] as const);
  const missing = values.filter(([, value]) => value === undefined).map(([name]) => name);
  if (missing.length > 0) throw new Error(`${missing.join(', ')} must be set.`);
  return Object.fromEntries(values) as { [N in K]-?: NonNullable<E[N]> };
}

/**
 * The value of a setting.
 * @throws ApiError `unavailable` that says what is missing or invalid.
 */
export function requireSetting<T>(setting: Setting<T>): T {
  if ('problem' in setting) throw notConfiguredError(setting.problem);
  return setting.value;
}

/** @param cause - Details for the log. */
export const notConfiguredError = (problem: string, cause?: unknown): ApiError =>
  new DependencyError(['settings'], `The server is not configured: ${problem}`, cause);

/** True if the local development flag is set and the request was sent to a loopback address. */
export function isLocalRequest({ isLocalDev }: Config, requestUrl: string): boolean {
  return isLocalDev && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(new URL(requestUrl).hostname);
}

/**
 * The S3 settings for a request. An endpoint given as a path is resolved
 * against the request's own origin, in local development only.
 * @param requestUrl - Undefined in `avatarService()` if its host has not given one.
 * @throws ApiError `unavailable` that names the settings that are missing or invalid.
 */
export function resolveS3(config: Config, requestUrl: string | undefined): S3Settings {
  const { endpoint, bucketName, pendingBucketName, ...key } = requireSetting(config.s3);
  const createUrls = (base: string): S3Settings => ({
    bucketUrl: `${base}/${bucketName}`,
    pendingBucketUrl: `${base}/${pendingBucketName}`,
    ...key,
  });
  if (!endpoint.startsWith('/')) return createUrls(endpoint);
  if (requestUrl === undefined && config.isLocalDev)
    throw notConfiguredError(
      'R2_ENDPOINT is a path, as in local development. Say which site it belongs to: avatarService(env, { origin: request.url }).',
    );
  if (requestUrl === undefined || !isLocalRequest(config, requestUrl))
    throw notConfiguredError(
      'R2_ENDPOINT is a path, which only works locally. Set it to the https URL that the settings of the R2 bucket show.',
    );
  return createUrls(new URL(requestUrl).origin + endpoint);
}
