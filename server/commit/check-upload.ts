import type { ApiErrorCode } from '../../src/core/protocol.js';
import { ImageError, type Picture, readPicture, UNKNOWN_TYPE } from '../../src/image/formats/read-picture.js';
import type { Upload } from '../db/rows.js';
import { ApiError } from '../errors.js';
import { isAvatarObject } from '../storage/avatar-object.js';
import type { BucketObjectBody } from '../storage/bucket.js';
import { createRejection, type UploadLimits } from './rejection.js';

/**
 * Checks an uploaded object against what was declared for it.
 * @throws ApiError `not_uploaded`, or an `UploadRejection`.
 */
export async function checkUpload(
  object: BucketObjectBody | null,
  upload: Upload,
  limits: UploadLimits,
): Promise<Picture> {
  const bytes = await readUpload(object, upload, limits);
  if (upload.sha256 !== null && (await computeSha256(bytes)) !== upload.sha256) {
    throw createRejection('mismatch', limits);
  }
  const picture = readImage(bytes, limits, 'invalid_image');
  if (picture.type !== upload.contentType) throw createRejection('invalid_image', limits);
  return picture;
}

/**
 * Checks a picture that the host application has at hand.
 * @throws UploadRejection as for an upload; `unsupported_type` for bytes that are of no type that is stored.
 */
export function checkPicture(bytes: Uint8Array, limits: UploadLimits): Picture {
  const code = checkSize(bytes.byteLength, null, limits.maxBytes);
  if (code) throw createRejection(code, limits);
  return readImage(bytes, limits, 'unsupported_type');
}

/** @param codeOfUnknown - The code to reject bytes with that are of no type that is stored. */
function readImage(bytes: Uint8Array, limits: UploadLimits, codeOfUnknown: ApiErrorCode): Picture {
  try {
    return readPicture(bytes, limits);
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    throw createRejection(error.message === UNKNOWN_TYPE ? codeOfUnknown : 'invalid_image', limits);
  }
}

/** The uploaded bytes. Metadata and size are checked before a byte is read. */
async function readUpload(object: BucketObjectBody | null, upload: Upload, limits: UploadLimits): Promise<Uint8Array> {
  if (!object) throw new ApiError('not_uploaded', "The file hasn't been uploaded yet.");
  // The store can be made to copy another user's avatar into an upload.
  const code = isAvatarObject(object) ? 'mismatch' : checkSize(object.size, upload.size, limits.maxBytes);
  if (code) {
    await object.body.cancel();
    throw createRejection(code, limits);
  }
  return new Uint8Array(await object.arrayBuffer());
}

/** The code to reject an object of this size with, or null. */
function checkSize(size: number, declared: number | null, maxBytes: number): ApiErrorCode | null {
  if (size > maxBytes) return 'too_large';
  if (declared !== null && declared !== size) return 'mismatch';
  return size === 0 ? 'invalid_image' : null;
}

/** The SHA-256 as base64. */
async function computeSha256(bytes: Uint8Array): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', bytes);
  return btoa(String.fromCharCode(...new Uint8Array(hash)));
}
