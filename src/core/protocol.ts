/**
 * The wire: what the browser and the back end say to each other, as types.
 * `server/` shares this file, as types only.
 */

import type { ApiErrorCode } from './error-codes.js';

export type { ApiErrorCode };

/** The picture types that are stored, spelled as they travel in `contentType`. */
export type ImageType = 'image/jpeg' | 'image/png' | 'image/webp' | 'image/gif' | 'image/avif';

/** A stored avatar. */
export interface Avatar {
  /** Opaque name of the stored object; what a form submits. */
  key: string;
  contentType: ImageType;
  /** Bytes of the stored object. */
  size: number;
  /** Pixels, as displayed (after orientation). */
  width: number;
  /** Pixels, as displayed (after orientation). */
  height: number;
  /** ISO 8601, UTC. */
  createdAt: string;
}

/** Body of `POST /api/uploads/presign`. */
export interface PresignRequest {
  filename?: string;
  contentType: string;
  /** Bytes that will be sent. Signed, so that the store refuses any other length. */
  size?: number;
  /** Base64 of the SHA-256 of the bytes. Signed, and checked again at commit. */
  sha256?: string;
}

/** Answer of `POST /api/uploads/presign`. */
export interface PresignResponse {
  /** Where to PUT the bytes. A secret: whoever has it may upload. */
  url: string;
  /** The headers to send with the PUT: these, and no others. */
  signedHeaders: Record<string, string>;
  /** Names the upload; sent back at commit. */
  key: string;
  /** ISO 8601, UTC; the moment the URL dies. Other back ends may leave it out. */
  expiresAt?: string;
}

/** Body of `POST /api/uploads/commit`. */
export interface CommitRequest {
  key: string;
}

/** Answer of `POST /api/uploads/commit`. Other back ends may leave `avatar` out. */
export interface CommitResponse {
  ok: true;
  avatar?: Avatar;
}

/** Answer of `GET /api/me/avatar`. */
export interface AvatarResponse {
  /** A presigned GET, or null where there is no avatar. A secret. */
  url: string | null;
  /** ISO 8601, UTC; the moment the URL dies. */
  expiresAt?: string;
  avatar?: Avatar;
}

/** Body of every failure. */
export interface ErrorResponse {
  /** A sentence for a person. */
  error: string;
  code: ApiErrorCode;
}
