import type { ApiErrorCode } from '../../src/core/protocol.js';
import { ImageError, readPicture } from '../../src/image/formats/read-picture.js';
import type { Upload } from '../db/rows.js';
import { ApiError } from '../errors.js';
import type { EncodedPicture } from '../picture-encoder.js';
import { isAvatarObject } from '../storage/avatar-object.js';
import { createRejection, type UploadLimits } from './rejection.js';

/**
 * Checks an uploaded object against what was declared for it.
 * @returns The picture to store, with its smaller copies.
 * @throws ApiError `not_uploaded`, or an `UploadRejection`.
 */
export async function checkUpload(
  object: R2ObjectBody | null,
  upload: Upload,
  limits: UploadLimits,
): Promise<EncodedPicture> {
  const bytes = await readUpload(object, upload, limits);
  if (upload.sha256 !== null && (await computeSha256(bytes)) !== upload.sha256) {
    throw createRejection('mismatch', limits);
  }
  try {
    const { variants } = limits;
    const picture = readPicture(bytes, limits);
    if (picture.type === upload.contentType) return await variants.encodePicture(picture);
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
  }
  throw createRejection('invalid_image', limits);
}

/** The uploaded bytes. Metadata and size are checked before a byte is read. */
async function readUpload(object: R2ObjectBody | null, upload: Upload, limits: UploadLimits): Promise<Uint8Array> {
  if (!object) throw new ApiError('not_uploaded', "The file hasn't been uploaded yet.");
  // The store can be made to copy another user's avatar into an upload.
  const code = isAvatarObject(object) ? 'mismatch' : checkSize(object.size, upload, limits.maxBytes);
  if (code) {
    await object.body.cancel();
    throw createRejection(code, limits);
  }
  return new Uint8Array(await object.arrayBuffer());
}

/** The code to reject an object of this size with, or null. */
function checkSize(size: number, upload: Upload, maxBytes: number): ApiErrorCode | null {
  if (size > maxBytes) return 'too_large';
  if (upload.size !== null && upload.size !== size) return 'mismatch';
  return size === 0 ? 'invalid_image' : null;
}

/** The SHA-256 as base64. */
async function computeSha256(bytes: Uint8Array): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', bytes);
  return btoa(String.fromCharCode(...new Uint8Array(hash)));
}
