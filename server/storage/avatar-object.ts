import type { Avatar } from '../../src/core/protocol.js';
import type { BucketHttpMetadata, BucketObject, BucketPutOptions } from './bucket.js';
import { type AvatarKeyParts, isStoredType, parseAvatarKey } from './object-keys.js';

/** Marks the objects that a commit has written. A copy that the store makes of one is marked too. */
const KIND = 'avatar';

/** An avatar as its object describes it. */
export interface StoredAvatar extends AvatarKeyParts {
  avatar: Avatar;
  /** Widths of its smaller copies in ascending order, where they are known. */
  sizes: readonly number[];
  /** The encrypted user id; see `openUserId()`. */
  sealedUser: string | null;
}

/** The headers of every avatar. Nothing is ever written to its key again. */
const createHeaders = (contentType: string, isPublic: boolean): BucketHttpMetadata => ({
  contentType,
  contentDisposition: 'inline',
  cacheControl: `${isPublic ? 'public' : 'private'}, max-age=31536000, immutable`,
});

/**
 * The headers and metadata of an avatar's smaller copy.
 * @param isPublic - Whether shared caches may keep it.
 */
export const describeCopyObject = (isPublic: boolean): BucketPutOptions => ({
  httpMetadata: createHeaders('image/webp', isPublic),
  customMetadata: { kind: KIND },
});

/**
 * The headers and metadata of an avatar's object: everything that the database
 * knows about it, so that the bucket is enough to rebuild the database.
 * @param isPublic - Whether shared caches may keep it.
 */
export function describeAvatarObject(avatar: Avatar, sealedUser: string | null, isPublic: boolean): BucketPutOptions {
  const { contentType, width, height, createdAt } = avatar;
  return {
    httpMetadata: createHeaders(contentType, isPublic),
    customMetadata: {
      kind: KIND,
      width: String(width),
      height: String(height),
      'created-at': createdAt,
      ...(sealedUser !== null && { user: sealedUser }),
    },
  };
}

/** Whether a commit has written the object, or the store has copied one that a commit has written. */
export const isAvatarObject = ({ customMetadata }: BucketObject): boolean => customMetadata?.kind === KIND;

/** The avatar in an object listed with its metadata; null if a commit has not written the object. */
export function readAvatarObject(object: BucketObject): StoredAvatar | null {
  const { key, size, httpMetadata, customMetadata = {} } = object;
  const parts = parseAvatarKey(key);
  const contentType = httpMetadata?.contentType;
  const [width, height] = [Number(customMetadata.width), Number(customMetadata.height)];
  const createdAt = customMetadata['created-at'] ?? '';
  const isComplete = isPositive(width) && isPositive(height) && !Number.isNaN(Date.parse(createdAt));
  if (!parts || !isAvatarObject(object) || !isComplete || !isStoredType(contentType)) return null;
  const avatar = { key, contentType, size, width, height, createdAt };
  return { ...parts, avatar, sizes: [], sealedUser: customMetadata.user ?? null };
}

const isPositive = (value: number): boolean => Number.isInteger(value) && value > 0;
