import type { ApiErrorCode, Avatar, ImageType } from '../../src/core/protocol.js';

/** An upload as presigned and declared. Times are milliseconds since 1970. */
export interface NewUpload {
  id: string;
  contentType: ImageType;
  /** Declared size in bytes, or null. */
  size: number | null;
  /** Declared SHA-256 as base64, or null. */
  sha256: string | null;
  /** The first moment at which a commit is too late. */
  commitUntil: number;
}

/** An upload as stored. */
export interface Upload extends NewUpload {
  state: 'pending' | 'committing' | 'committed' | 'rejected' | 'expired';
  /** When a commit claimed it. */
  claimedAt: number | null;
  /** Why it was rejected. */
  code: ApiErrorCode | null;
  /** The avatar that its commit made; null until then. */
  avatar: Avatar | null;
}

/** A row of `flare_avatar_uploads`: the columns that are read. */
export interface UploadRow {
  id: string;
  content_type: ImageType;
  size: number | null;
  sha256: string | null;
  commit_until: number;
  state: Upload['state'];
  claimed_at: number | null;
  avatar_key: string | null;
  sizes: string;
  code: ApiErrorCode | null;
  stored_size: number;
  width: number;
  height: number;
  committed_at: number;
}

/** A row of `flare_avatar_current`. */
export interface AvatarRow {
  key: string;
  content_type: ImageType;
  size: number;
  width: number;
  height: number;
  sizes: string;
  created_at: number;
}

/** An avatar, and the widths of its smaller copies in ascending order. */
export interface StoredPicture {
  avatar: Avatar;
  sizes: readonly number[];
}

export const toStoredPicture = (row: AvatarRow): StoredPicture => ({
  avatar: toAvatar(row),
  sizes: parseSizes(row.sizes),
});

/** Parses a column of sizes. */
export const parseSizes = (json: string): readonly number[] => JSON.parse(json);

export function toUpload(row: UploadRow): Upload {
  const { id, size, sha256, state, code } = row;
  const isCommitted = state === 'committed' && row.avatar_key !== null;
  return {
    id,
    size,
    sha256,
    state,
    code,
    contentType: row.content_type,
    commitUntil: row.commit_until,
    claimedAt: row.claimed_at,
    avatar: isCommitted
      ? toAvatar({ ...row, key: row.avatar_key ?? '', size: row.stored_size, created_at: row.committed_at })
      : null,
  };
}

export function toAvatar(row: AvatarRow): Avatar {
  const { key, size, width, height } = row;
  return {
    key,
    contentType: row.content_type,
    size,
    width,
    height,
    createdAt: new Date(row.created_at).toISOString(),
  };
}
