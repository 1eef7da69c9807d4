import type { ApiErrorCode } from '../../src/core/protocol.js';
import type { Upload } from '../db/rows.js';
import { ApiError, tooLarge } from '../errors.js';
import { ImageError, type Picture, type PictureLimits, readPicture } from '../image/index.js';

export type { Picture };

/** Every avatar carries it, and so does a copy of one that the store has made. */
export const AVATAR_MARK = { kind: 'avatar' };

/** What an upload has to keep to. */
export interface UploadLimits extends PictureLimits {
  /** Bytes. */
  maxBytes: number;
}

/**
 * What arrived for an upload, checked against what was announced: the picture
 * that may be stored.
 * @throws {ApiError} `not_uploaded`, or one of those that `rejection` words.
 */
export async function checkUpload(object: R2ObjectBody | null, upload: Upload, limits: UploadLimits): Promise<Picture> {
  const bytes = await readUpload(object, upload, limits);
  if (upload.sha256 !== null && (await digest(bytes)) !== upload.sha256) throw rejection('mismatch', limits);
  try {
    const picture = readPicture(bytes, limits);
    if (picture.type === upload.contentType) return picture;
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
  }
  throw rejection('invalid_image', limits);
}

/** The bytes that arrived, refused by what is written on the outside before any is read. */
async function readUpload(object: R2ObjectBody | null, upload: Upload, limits: UploadLimits): Promise<Uint8Array> {
  if (!object) throw new ApiError('not_uploaded', 'The file has not arrived yet.');
  const code = isCopy(object) ? 'mismatch' : wrongSize(object.size, upload, limits.maxBytes);
  if (code) {
    await object.body.cancel();
    throw rejection(code, limits);
  }
  return new Uint8Array(await object.arrayBuffer());
}

const isCopy = ({ customMetadata }: R2Object): boolean => customMetadata?.kind === AVATAR_MARK.kind;

function wrongSize(size: number, upload: Upload, maxBytes: number): ApiErrorCode | null {
  if (size > maxBytes) return 'too_large';
  if (upload.size !== null && upload.size !== size) return 'mismatch';
  return size === 0 ? 'invalid_image' : null;
}

async function digest(bytes: Uint8Array): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', bytes);
  return btoa(String.fromCharCode(...new Uint8Array(hash)));
}

/** The same sentence for the same code, the first time and every later one. */
export function rejection(code: ApiErrorCode, limits: UploadLimits): ApiError {
  if (code === 'too_large') return tooLarge(limits.maxBytes);
  const megapixels = Math.floor(limits.maxPixels / 1_000_000);
  const sentence: Partial<Record<ApiErrorCode, string>> = {
    mismatch: 'The file that arrived is not the one that was announced.',
    moderated: 'This picture is not allowed here.',
    invalid_image: `The file is not a whole picture of its type, or has more than ${megapixels} megapixels.`,
  };
  return new ApiError(code, sentence[code] ?? 'The upload was refused.');
}
