import type { Context } from 'hono';
import type { User } from './auth/user.js';
import type { AvatarEnv } from './config.js';
import type { Hooks } from './hooks.js';
import { type Log, logToConsole } from './log.js';

/**
 * Options of `createAvatarApi()`.
 *
 * @example
 * ```ts
 * const options: AvatarApiOptions = {
 *   authenticate: oidc({ issuer: 'https://id.example.com', audience: 'avatars' }),
 *   canView: (viewer, ownerId) => areFriends(viewer.id, ownerId),
 *   maxBytes: 2 * 2 ** 20,
 * };
 * ```
 */
export interface AvatarApiOptions<E extends AvatarEnv = AvatarEnv> extends Hooks<E> {
  /**
   * Identifies the user of a request; called once per request. Null means that
   * nobody is signed in, to which the API responds with 401.
   */
  authenticate(c: Context<{ Bindings: E }>): Promise<User | null> | User | null;
  /**
   * Decides whether a user may see another user's avatar.
   * @defaultValue every signed-in user may see every avatar
   */
  canView?(viewer: User, ownerId: string): Promise<boolean> | boolean;
  /**
   * Maximum size of a stored file, in bytes.
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
   * Receives an entry for each response and for each hook that fails.
   * @defaultValue one line of JSON per entry on the console
   */
  log?: Log;
}

/** The options of a route: each with its value or its default. */
export type ResolvedOptions = Required<Omit<AvatarApiOptions, 'authenticate'>>;

export const DEFAULT_OPTIONS = {
  canView: () => true,
  maxBytes: 5 * 2 ** 20,
  maxPixels: 50_000_000,
  maxPending: 20,
  maxPerDay: 200,
  uploadSeconds: 120,
  commitGraceSeconds: 600,
  requireDigest: false,
  requireSize: false,
  keepMetadata: false,
  moderate: () => true,
  onCommitted: () => {},
  onRejected: () => {},
  onRemoved: () => {},
  log: logToConsole,
} satisfies ResolvedOptions;
