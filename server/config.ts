import { ApiError } from './errors.js';

/** The bindings and settings that the API reads from the Worker's environment. */
export interface AvatarEnv {
  /** The bucket that holds avatars and pending uploads, and nothing else. */
  AVATARS: R2Bucket;
  DB: D1Database;
  /** A brake on how often one user may write. Without it there is none. */
  RATE_LIMITER?: RateLimit;
  /** The bucket's S3 endpoint without the bucket: `https://<account>.r2.cloudflarestorage.com`. */
  R2_ENDPOINT?: string;
  R2_BUCKET?: string;
  R2_ACCESS_KEY_ID?: string;
  R2_SECRET_ACCESS_KEY?: string;
  /**
   * Key of the HMAC that turns user ids into the owners named in object keys.
   * Part of the data: with another secret every avatar is forgotten.
   */
  OWNER_SECRET?: string;
  /** Origins, other than the API's own, whose pages may call it; separated by commas or spaces. */
  TRUSTED_ORIGINS?: string;
  /** `on` only under `npm start` and in tests: enables the local sign-in. */
  LOCAL_DEV?: string;
}

/** What signing needs to know of the bucket's S3 side. */
export interface S3Settings {
  /** URL of the bucket, without a trailing slash. */
  bucketUrl: string;
  accessKeyId: string;
  secretAccessKey: string;
}

/** True where the local development flag is set and the request came to this machine's own name. */
export function isLocal(env: Pick<AvatarEnv, 'LOCAL_DEV'>, requestUrl: string): boolean {
  const { hostname } = new URL(requestUrl);
  return env.LOCAL_DEV === 'on' && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname);
}

/**
 * The S3 settings, checked. An endpoint given as a path is resolved against the
 * request's own origin, which only local development allows.
 * @throws {ApiError} `unavailable`, naming the settings that are missing or wrong.
 */
export function s3Settings(env: AvatarEnv, requestUrl: string): S3Settings {
  const { R2_ENDPOINT, R2_BUCKET, R2_ACCESS_KEY_ID, R2_SECRET_ACCESS_KEY } = required(env, [
    'R2_ENDPOINT',
    'R2_BUCKET',
    'R2_ACCESS_KEY_ID',
    'R2_SECRET_ACCESS_KEY',
  ]);
  const base = R2_ENDPOINT.startsWith('/') && isLocal(env, requestUrl) ? requestUrl : undefined;
  if (!URL.canParse(R2_ENDPOINT, base)) {
    throw new ApiError('unavailable', 'The server is not set up: R2_ENDPOINT has to be an https URL.');
  }
  const endpoint = new URL(R2_ENDPOINT, base).href.replace(/\/$/, '');
  return {
    bucketUrl: `${endpoint}/${R2_BUCKET}`,
    accessKeyId: R2_ACCESS_KEY_ID,
    secretAccessKey: R2_SECRET_ACCESS_KEY,
  };
}

/**
 * The named settings, each present and not empty.
 * @throws {ApiError} `unavailable`, naming those that are missing.
 */
export function required<E extends object, K extends keyof E & string>(
  env: E,
  names: readonly K[],
): E & { [N in K]-?: NonNullable<E[N]> } {
  const missing = names.filter((name) => !env[name]);
  if (missing.length > 0) {
    throw new ApiError('unavailable', `The server is not set up: ${missing.join(', ')} must be set.`);
  }
  return env as E & { [N in K]-?: NonNullable<E[N]> };
}
