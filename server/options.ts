import type { Context } from 'hono';
import type { AuthenticatedUser, User } from './auth/user.js';
import type { AvatarEnv } from './config.js';
import type { Hooks } from './hooks.js';
import { guardLog, type Log, logToConsole } from './log.js';
import { type PictureEncoder, WITHOUT_VARIANTS } from './picture-encoder.js';
import {
  booleanRule,
  functionRule,
  integerRule,
  type OptionRules,
  oneOfRule,
  readOptions,
  urlRule,
} from './validate-options.js';

export const RESOURCE_POLICIES = ['same-origin', 'same-site', 'cross-origin'] as const;

/** A value of the header `Cross-Origin-Resource-Policy`. */
export type ResourcePolicy = (typeof RESOURCE_POLICIES)[number];

/**
 * What the host's `fallback` returns: null for 404.
 *
 * @example
 * ```ts
 * const fallback: Fallback = new URL('https://cdn.example.com/person.svg');
 * ```
 */
export type Fallback = Response | URL | string | null;

/**
 * Options of `createAvatarApi()`.
 *
 * @example
 * ```ts
 * const options: AvatarApiOptions = {
 *   authenticate: oidc({ issuer: 'https://id.example.com', audience: 'avatars' }),
 *   canView: (viewer, ownerId) => viewer !== null && areFriends(viewer.id, ownerId),
 *   maxBytes: 2 * 2 ** 20,
 * };
 * ```
 */
export interface AvatarApiOptions<E extends AvatarEnv = AvatarEnv> extends Hooks<E> {
  /**
   * Identifies the user of a request; called once per request. Null means that
   * nobody is signed in, to which the API responds with 401. To refuse a request
   * with another status, throw Hono's `HTTPException`.
   */
  authenticate(c: Context<{ Bindings: E }>): Promise<AuthenticatedUser | null> | AuthenticatedUser | null;
  /**
   * Decides whether a user may see another user's avatar. Any result other than
   * `true` hides it: the response is that for a user without an avatar. Ids are
   * compared as text. `viewer` is null for a visitor who isn't signed in.
   * @defaultValue every signed-in user may see every avatar; visitors get 401
   * @example `canView: (viewer, ownerId) => viewer !== null || isPublicProfile(ownerId)`
   */
  canView?(viewer: User | null, ownerId: string): Promise<boolean> | boolean;
  /**
   * What `/users/:id/avatar` shows where there is no picture, or where the viewer
   * may not see it: a `Response`, or a URL to redirect to.
   * @defaultValue 404 `not_found`
   * @example `fallback: (ownerId) => '/images/person.svg'`
   */
  fallback?(ownerId: string, c: Context<{ Bindings: E }>): Promise<Fallback> | Fallback;
  /**
   * Which pages may show avatars by `<img src=".../users/:id/avatar">`: the
   * `Cross-Origin-Resource-Policy` of the redirect. With `cross-origin`, any site
   * may, and can tell by the loading of a picture that its visitor may see it.
   * @defaultValue `same-site`
   */
  redirectResourcePolicy?: ResourcePolicy;
  /**
   * Maximum size of a stored file, in bytes, at most 64 MiB: a Worker has 128 MB
   * of memory, which hold the file and its copy without metadata.
   * @defaultValue `5242880` (5 MiB)
   */
  maxBytes?: number;
  /**
   * Maximum width times height of a picture, in pixels.
   * @defaultValue `50000000`
   */
  maxPixels?: number;
  /**
   * Maximum number of pending uploads per user. Committed and expired uploads
   * don't count. A rejected one counts until the sweep has deleted its object.
   * @defaultValue `20`
   */
  maxPending?: number;
  /**
   * Maximum number of uploads per user within 24 hours.
   * @defaultValue `200`
   */
  maxPerDay?: number;
  /**
   * Lifetime of a presigned PUT, in seconds.
   * @defaultValue `120`
   */
  uploadSeconds?: number;
  /**
   * Time between the expiry of the presigned PUT and the last commit, in seconds.
   * Together with `uploadSeconds` at most a day, after which the bucket's
   * lifecycle rule deletes pending objects.
   * @defaultValue `600`
   */
  commitGraceSeconds?: number;
  /**
   * Refuses to presign an upload without a SHA-256.
   * @defaultValue `false`
   */
  requireDigest?: boolean;
  /**
   * Refuses to presign an upload without a size. With the size, the store
   * accepts a file of exactly that many bytes. Without it, the store accepts up
   * to 5 GB, which the commit then rejects.
   * @defaultValue `false`
   */
  requireSize?: boolean;
  /**
   * Stores pictures with their metadata, such as EXIF with its GPS position,
   * XMP and comments. Pixels, color profile and orientation are always kept.
   * @defaultValue `false`
   */
  keepMetadata?: boolean;
  /**
   * Decodes every picture at commit, and encodes what is stored, with smaller
   * copies for `?size=`: `variants()` from `flare-avatar-upload/server/variants`.
   * @defaultValue pictures are stored as they were uploaded, without metadata
   */
  variants?: PictureEncoder;
  /**
   * Receives an entry for each response and for each hook that fails.
   * @defaultValue one line of JSON per entry on the console
   */
  log?: Log;
}

/**
 * Options of `avatarService()`: those of `createAvatarApi()` that say what is
 * stored, and who hears of it. Give both the same, or what the service stores
 * differs from what users upload. (Other options of `createAvatarApi()` are
 * accepted and have no effect, so that both can be given one object.)
 *
 * The hooks are those of `createAvatarApi()`, without the second argument: there
 * is no request. The methods of the service wait for its hooks.
 *
 * @example
 * ```ts
 * const options: AvatarServiceOptions = {
 *   variants: variants({ sizes: [64, 128, 256] }),
 *   onRemoved: ({ user }) => console.log(`${user.id} has no picture any more`),
 * };
 * ```
 */
export interface AvatarServiceOptions
  extends Hooks<AvatarEnv, []>,
    Pick<AvatarApiOptions, 'maxBytes' | 'maxPixels' | 'keepMetadata' | 'variants' | 'log'> {
  /**
   * The origin at which browsers reach the site, or any URL below it, such as
   * that of the request. Needed in local development only, for the URLs of
   * pictures, where `R2_ENDPOINT` is a path.
   * @example `avatarService(c.env, { origin: c.req.url })`
   */
  origin?: string;
}

/** The options of a route: each with its value or its default. */
export type ResolvedOptions = Required<Omit<AvatarApiOptions, 'authenticate'>>;

export const DEFAULT_OPTIONS = {
  canView: () => true,
  fallback: () => null,
  redirectResourcePolicy: 'same-site',
  maxBytes: 5 * 2 ** 20,
  maxPixels: 50_000_000,
  maxPending: 20,
  maxPerDay: 200,
  uploadSeconds: 120,
  commitGraceSeconds: 600,
  requireDigest: false,
  requireSize: false,
  keepMetadata: false,
  variants: WITHOUT_VARIANTS,
  moderate: () => true,
  onCommitted: () => {},
  onRejected: () => {},
  onRemoved: () => {},
  log: logToConsole,
} satisfies ResolvedOptions;

const DAY_SECONDS = 86_400;

const RULES: OptionRules<AvatarApiOptions> = {
  authenticate: functionRule,
  canView: functionRule,
  fallback: functionRule,
  maxBytes: integerRule(1, 64 * 2 ** 20),
  maxPixels: integerRule(1),
  maxPending: integerRule(1),
  maxPerDay: integerRule(1),
  uploadSeconds: integerRule(1, DAY_SECONDS),
  commitGraceSeconds: integerRule(0, DAY_SECONDS),
  requireDigest: booleanRule,
  requireSize: booleanRule,
  keepMetadata: booleanRule,
  variants: (value) => (isPictureEncoder(value) ? null : 'the result of variants()'),
  redirectResourcePolicy: oneOfRule(...RESOURCE_POLICIES),
  moderate: functionRule,
  onCommitted: functionRule,
  onRejected: functionRule,
  onRemoved: functionRule,
  log: functionRule,
};

const isPictureEncoder = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'encodePicture' in value && 'sizes' in value;

/**
 * The options of `createAvatarApi()` with the defaults.
 * @throws TypeError that names the option that is wrong, missing or unknown.
 */
export function resolveOptions(given: AvatarApiOptions): ResolvedOptions & Pick<AvatarApiOptions, 'authenticate'> {
  return addDefaults('createAvatarApi', readOptions('createAvatarApi', given, RULES, ['authenticate']));
}

/** What `avatarService()` is given: also the options that only the API uses. */
type GivenServiceOptions = AvatarServiceOptions & Partial<Omit<AvatarApiOptions, keyof Hooks>>;

const SERVICE_RULES: OptionRules<GivenServiceOptions> = { ...RULES, origin: urlRule };

/**
 * The options of `avatarService()` with the defaults.
 * @throws TypeError that names the option that is wrong or unknown.
 */
export const resolveServiceOptions = (given: AvatarServiceOptions | undefined) =>
  addDefaults('avatarService', readOptions<GivenServiceOptions>('avatarService', given, SERVICE_RULES));

/** @param caller - The function that was given the options, for messages. */
function addDefaults<Given extends object>(caller: string, given: Given) {
  const options = { ...DEFAULT_OPTIONS, ...given };
  if (options.uploadSeconds + options.commitGraceSeconds > DAY_SECONDS) {
    throw new TypeError(
      `${caller}: the options uploadSeconds and commitGraceSeconds must add up to at most ${DAY_SECONDS} (one day).`,
    );
  }
  return { ...options, log: guardLog(options.log) };
}
