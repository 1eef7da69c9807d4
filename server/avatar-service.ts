import type { Avatar } from '../src/core/protocol.js';
import { readUserId } from './auth/user.js';
import { putPicture } from './commit/put-picture.js';
import { type AvatarEnv, type Config, readConfig, requireSetting, resolveS3, type StorageConfig } from './config.js';
import { AvatarStore } from './db/avatar-store.js';
import type { StoredPicture } from './db/rows.js';
import { requireSchema } from './db/schema.js';
import { eraseUser } from './erase-user.js';
import { toApiError, toError } from './errors.js';
import { findPictures } from './find-pictures.js';
import { type AvatarServiceOptions, resolveServiceOptions } from './options.js';
import { removeAvatar } from './remove-avatar.js';
import { chooseKey } from './routes/picture-size.js';
import { MAX_LISTED_IDS } from './routes/user-avatars.js';
import { deriveOwners } from './storage/owner.js';
import { clampUrlSeconds, presignGet, SHARED_URL_SECONDS } from './storage/presign.js';
import { createUserContext, type UserContext } from './user-context.js';
import { integerRule, type OptionRules, readOptions } from './validate-options.js';

/**
 * Where a picture is.
 *
 * @example
 * ```ts
 * const picture: PictureUrl | null = await avatarService(env).url('ada');
 * ```
 */
export interface PictureUrl {
  /** Shows the picture. Keep it secret if it expires: anyone who has it can use it. */
  url: string;
  /** When it expires, as ISO 8601 in UTC. */
  expiresAt?: string;
}

/**
 * How a picture is to be shown.
 *
 * @example
 * ```ts
 * const options: PictureUrlOptions = { size: 80 };
 * ```
 */
export interface PictureUrlOptions {
  /**
   * Width in device pixels at which the picture is shown. With variants, the URL
   * leads to the smallest copy that is at least as wide.
   * @defaultValue the picture itself
   */
  size?: number;
  /**
   * Lifetime of the URL in seconds, clamped to the range from 60 to 3600. With
   * the default, the URL is the one to which `/users/:id/avatar` redirects.
   * @defaultValue `3600`
   */
  expiresIn?: number;
}

/**
 * The avatars of all users, for the host's own code. Nobody is asked for
 * permission: `authenticate`, `canView` and the rate limit are for requests.
 * A user's id is a string, or an integer, which stands for its text.
 *
 * A method that is given something wrong rejects with a `TypeError`. Every other
 * failure is an `ApiError` with the `code` and the `status` of the HTTP API.
 *
 * @example
 * ```ts
 * const service: AvatarService = avatarService(env);
 * const avatar = await service.find('ada');
 * ```
 */
export interface AvatarService {
  /** The user's avatar, or null if there is none. */
  find(id: string | number): Promise<Avatar | null>;
  /** A URL that shows the user's avatar, or null if there is none. */
  url(id: string | number, options?: PictureUrlOptions): Promise<PictureUrl | null>;
  /** The URLs of the avatars of at most 100 users, by id, with one database query; null for a user without an avatar. */
  urls(ids: readonly (string | number)[], options?: PictureUrlOptions): Promise<Record<string, PictureUrl | null>>;
  /**
   * Makes a picture the user's avatar, with the checks, hooks, variants and order
   * of a commit. A picture that is refused rejects with the code that its upload
   * would get: `too_large`, `unsupported_type`, `invalid_image` or `moderated`.
   * @param bytes - The file. They are copied, and can be changed once the method has been called.
   */
  put(id: string | number, bytes: Uint8Array | ArrayBuffer): Promise<Avatar>;
  /** Removes the user's avatar. Succeeds also if there is none. */
  remove(id: string | number): Promise<void>;
  /**
   * Erases everything of the user: avatar, variants, uploads, objects and rows,
   * under every owner secret. Succeeds also if there is nothing. If it fails
   * halfway, repeat it, or leave the rest to the sweep. End the user's sessions
   * first: what a user uploads afterwards is kept.
   */
  erase(id: string | number): Promise<void>;
}

const URL_RULES: OptionRules<PictureUrlOptions> = {
  size: integerRule(1),
  expiresIn: (value) => (typeof value === 'number' && !Number.isNaN(value) ? null : 'a number of seconds'),
};

/**
 * Gives the host's own code access to avatars, without a request: for pages that
 * are rendered on the server, imports, moderation, and users who leave.
 *
 * @param env - The Worker's environment.
 * @param options - The options of `createAvatarApi()` that say what is stored.
 * @throws TypeError that names the option that is wrong or unknown. A setting
 * that is missing or invalid rejects the calls that need it, with `unavailable`.
 *
 * @example
 * ```ts
 * const avatars = avatarService(env);
 * const picture = await avatars.url('ada', { size: 80 });
 * await avatars.erase('bob');
 * ```
 */
export function avatarService(env: AvatarEnv, options?: AvatarServiceOptions): AvatarService {
  const scope = createScope(env, options);
  return {
    async find(id) {
      const userId = readId('find', id);
      return callSafely(async () => (await findPicture(scope, userId))?.avatar ?? null);
    },
    async url(id, given) {
      const userId = readId('url', id);
      const shown = readOptions('url', given, URL_RULES);
      return callSafely(async () => {
        const picture = await findPicture(scope, userId);
        return picture && createUrl(scope, picture, shown);
      });
    },
    async urls(ids, given) {
      const userIds = readIds(ids);
      const shown = readOptions('urls', given, URL_RULES);
      return callSafely(() => createUrls(scope, userIds, shown));
    },
    async put(id, bytes) {
      const userId = readId('put', id);
      const copy = copyBytes(bytes, scope.options.maxBytes);
      return callSafely(async () => putPicture(await openUser(scope, userId), copy));
    },
    async remove(id) {
      const userId = readId('remove', id);
      return callSafely(async () => removeAvatar(await openUser(scope, userId)));
    },
    async erase(id) {
      const userId = readId('erase', id);
      return callSafely(async () => eraseUser(await openUser(scope, userId)));
    },
  };
}

/** What the methods of one service share. */
interface ServiceScope {
  config: Config;
  options: ReturnType<typeof resolveServiceOptions>;
}

function createScope(env: unknown, options: AvatarServiceOptions | undefined): ServiceScope {
  if (typeof env !== 'object' || env === null) {
    throw new TypeError("avatarService: env must be the Worker's environment.");
  }
  return { config: readConfig(env as AvatarEnv), options: resolveServiceOptions(options) };
}

async function openStorage({ config }: ServiceScope): Promise<StorageConfig> {
  const storage = requireSetting(config.storage);
  await requireSchema(storage.database);
  return storage;
}

const openUser = async (scope: ServiceScope, id: string): Promise<UserContext> =>
  createUserContext(await openStorage(scope), { id }, scope.options);

async function findPicture(scope: ServiceScope, id: string): Promise<StoredPicture | null> {
  const { database, ownerSecrets } = await openStorage(scope);
  return new AvatarStore(database).findAvatar(await deriveOwners(ownerSecrets, id));
}

async function createUrl(
  { config, options }: ServiceScope,
  picture: StoredPicture,
  { size, expiresIn = SHARED_URL_SECONDS }: PictureUrlOptions,
): Promise<PictureUrl> {
  const s3 = resolveS3(config, options.origin);
  const { url, expiresAt } = await presignGet(s3, chooseKey(picture, size ?? null), clampUrlSeconds(expiresIn));
  return { url, expiresAt: new Date(expiresAt).toISOString() };
}

async function createUrls(
  scope: ServiceScope,
  ids: readonly string[],
  shown: PictureUrlOptions,
): Promise<Record<string, PictureUrl | null>> {
  const storage = await openStorage(scope);
  const pictures = await findPictures(storage, storage.database, ids);
  const entries = ids.map(async (id) => {
    const picture = pictures.get(id);
    return [id, picture ? await createUrl(scope, picture, shown) : null] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

const readId = (method: string, id: unknown): string => readUserId(id, `${method}() was given`);

/** The ids as text, each once. */
function readIds(ids: unknown): string[] {
  if (!Array.isArray(ids)) throw new TypeError('urls(): the ids must be an array.');
  if (ids.length > MAX_LISTED_IDS) {
    throw new TypeError(`urls() was given ${ids.length} ids. It takes at most ${MAX_LISTED_IDS}.`);
  }
  // Array.from() also visits holes.
  return [...new Set(Array.from(ids, (id) => readId('urls', id)))];
}

/**
 * The host may use its buffer for the next picture before this one is stored.
 * @param maxBytes - Of a larger file, one byte more is copied: enough to refuse it.
 */
function copyBytes(bytes: unknown, maxBytes: number): Uint8Array {
  if (bytes instanceof Uint8Array) return new Uint8Array(bytes.subarray(0, maxBytes + 1));
  if (bytes instanceof ArrayBuffer) return new Uint8Array(bytes.slice(0, maxBytes + 1));
  throw new TypeError('put(): the bytes must be a Uint8Array or an ArrayBuffer.');
}

/** Calls what may fail for reasons of its own: every failure arrives with a code, and with its cause. */
async function callSafely<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (thrown) {
    const error = toError(thrown);
    const failure = toApiError(error);
    if (failure !== error) failure.cause ??= error;
    throw failure;
  }
}
