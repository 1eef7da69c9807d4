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

/** Smaller copies of pictures, which are always WebP. Among keys, they precede their picture. */
const COPY_KEY = /^avatars\/([0-9a-f]{32})\/[0-9a-f-]{36}\.(\d+)\.webp$/;

/** Length of the part of an avatar's key that its copies share: up to the extension. */
export const PICTURE_LENGTH = 'avatars/'.length + 32 + '/'.length + 36;

/** Key of the uploaded bytes, until the commit. */
export const pendingKey = (owner: string, uploadId: string): string => `pending/${owner}/${uploadId}`;

export const createAvatarKey = (owner: string, type: ImageType): string =>
  `avatars/${owner}/${crypto.randomUUID()}.${EXTENSIONS[type]}`;

/** The part of a key that an avatar and its smaller copies share. */
export const getPictureName = (key: string): string => key.slice(0, PICTURE_LENGTH);

/** Key of an avatar's smaller copy. */
export const createCopyKey = (avatarKey: string, size: number): string => `${getPictureName(avatarKey)}.${size}.webp`;

/** The keys of an avatar and of its smaller copies. */
export const listKeysOfPicture = (avatarKey: string, sizes: readonly number[]): string[] => [
  avatarKey,
  ...sizes.map((size) => createCopyKey(avatarKey, size)),
];

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

/** The parts of a smaller copy's key. */
export interface CopyKeyParts extends AvatarKeyParts {
  /** Its width, in pixels. */
  size: number;
}

/** Null for any string that is not the key of an avatar's smaller copy. */
export function parseCopyKey(key: string): CopyKeyParts | null {
  const [, owner, size] = COPY_KEY.exec(key) ?? [];
  return owner === undefined ? null : { key, owner, size: Number(size) };
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
