import type { ImageType } from '../../src/core/protocol.js';
import type { Owners } from './owner.js';

/**
 * Object keys consist of the server's own parts only, all of them
 * `[a-z0-9./-]`. Nothing that a client sends becomes part of a key, so no key
 * can leave its prefix.
 */
const EXTENSIONS: Record<ImageType, string> = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/webp': 'webp',
  'image/gif': 'gif',
};

const PENDING_KEY = /^pending\/([0-9a-f]{32})\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

const AVATAR_KEY = /^avatars\/([0-9a-f]{32})\/[0-9a-f-]{36}\.[a-z]+$/;

/** Key of the uploaded bytes, until the commit. */
export const pendingKey = (owner: string, uploadId: string): string => `pending/${owner}/${uploadId}`;

export const createAvatarKey = (owner: string, type: ImageType): string =>
  `avatars/${owner}/${crypto.randomUUID()}.${EXTENSIONS[type]}`;

/** Whether avatars are stored with this content type. */
export const isStoredType = (type: string | undefined): type is ImageType =>
  type !== undefined && Object.hasOwn(EXTENSIONS, type);

/** The parts of a pending key of one of these owners, or null for any other string. */
export function parseOwnPendingKey(owners: Owners, key: string): PendingKeyParts | null {
  const parsed = parsePendingKey(key);
  return parsed && owners.includes(parsed.owner) ? parsed : null;
}

/** The parts of an avatar's key. */
export interface AvatarKeyParts {
  key: string;
  owner: string;
}

/** The parts of a pending upload's key. */
export interface PendingKeyParts extends AvatarKeyParts {
  /** Id of the upload. */
  id: string;
}

/** Null for any string that is not the key of an avatar. */
export function parseAvatarKey(key: string): AvatarKeyParts | null {
  const [, owner] = AVATAR_KEY.exec(key) ?? [];
  return owner === undefined ? null : { key, owner };
}

/** Null for any string that is not the key of a pending upload. */
export function parsePendingKey(key: string): PendingKeyParts | null {
  const [, owner, id] = PENDING_KEY.exec(key) ?? [];
  return owner === undefined || id === undefined ? null : { key, owner, id };
}

/**
 * Translates a bound of keys into a bound of owners: the owner of an avatar
 * whose key is at most `key` is at most the result; the same holds for "at least".
 */
export function toOwnerBound(key: string): string {
  if (key.startsWith('avatars/')) return key.slice(8, 40);
  return key < 'avatars/' ? '' : '~';
}
