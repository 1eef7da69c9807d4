/**
 * The HTTP protocol between the browser and the back end, as types.
 * `server/` shares this file, as types only.
 */

import type { ApiErrorCode } from './error-codes.js';

export type { ApiErrorCode };

/** The picture types that can be stored, as they are written in `contentType`. */
export type ImageType = 'image/jpeg' | 'image/png' | 'image/webp' | 'image/gif';

/** A stored avatar. */
export interface Avatar {
  /** Opaque name of the stored object; the value that a form submits. */
  key: string;
  contentType: ImageType;
  /** Size of the stored object, in bytes. */
  size: number;
  /** Width as displayed (EXIF orientation applied), in pixels. */
  width: number;
  /** Height as displayed (EXIF orientation applied), in pixels. */
  height: number;
  /** ISO 8601, UTC. */
  createdAt: string;
}

/** Request body of `POST /api/uploads/presign`. */
export interface PresignRequest {
  filename?: string;
  contentType: string;
  /** Size of the upload, in bytes. It is signed, so that storage refuses any other length. */
  size?: number;
  /** SHA-256 of the bytes, base64. It is signed, and checked again at commit. */
  sha256?: string;
}

/** Response body of `POST /api/uploads/presign`. */
export interface PresignResponse {
  /** The URL to PUT the bytes to. A secret: whoever has it may upload. */
  url: string;
  /** The headers to send with the PUT: these, and no others. */
  signedHeaders: Record<string, string>;
  /** Identifies the upload; sent back at commit. */
  key: string;
  /** When the URL expires: ISO 8601, UTC. Other back ends may leave it out. */
  expiresAt?: string;
}

/** Request body of `POST /api/uploads/commit`. */
export interface CommitRequest {
  /** The `key` of the presign response. */
  key: string;
}

/** Response body of `POST /api/uploads/commit`. Other back ends may leave `avatar` out. */
export interface CommitResponse {
  ok: true;
  avatar?: Avatar;
}

/** Response body of `GET /api/me/avatar`. */
export interface AvatarResponse {
  /** Shows the picture. With `expiresAt` it is a secret. Null if there is no avatar. */
  url: string | null;
  /** When the URL expires: ISO 8601, UTC. Permanent URLs, such as those of public avatars, have none. */
  expiresAt?: string;
  avatar?: Avatar;
}

/** Response body of every failure. */
export interface ErrorResponse {
  /** A sentence for the user. */
  error: string;
  code: ApiErrorCode;
}
