import type { ApiErrorCode } from '../../src/core/protocol.js';
import type { PictureLimits } from '../../src/image/formats/read-picture.js';
import { ApiError, describeSizeLimit, UNSUPPORTED_TYPE } from '../errors.js';
import type { PictureEncoder } from '../picture-encoder.js';

/** The limits that an upload has to keep. */
export interface UploadLimits extends PictureLimits {
  /** Maximum size of the file, in bytes. */
  maxBytes: number;
  /** What decodes the picture, with a limit of its own. */
  variants: PictureEncoder;
}

/** A failure that is final for the upload: every later commit fails with the same response. */
export class UploadRejection extends ApiError {}

/** The rejection for a code, with the same message the first time and every later time. */
export const createRejection = (code: ApiErrorCode, limits: UploadLimits): UploadRejection =>
  new UploadRejection(code, describeRejection(code, limits));

function describeRejection(code: ApiErrorCode, { maxBytes, maxPixels, variants }: UploadLimits): string {
  if (code === 'too_large') return describeSizeLimit(maxBytes);
  if (code === 'unsupported_type') return UNSUPPORTED_TYPE;
  if (code === 'mismatch') return "The uploaded file doesn't match its declared size or checksum.";
  if (code === 'moderated') return "This picture isn't allowed here.";
  if (code !== 'invalid_image') return 'The upload was rejected.';
  const megapixels = Math.floor(Math.min(maxPixels, variants.maxDecodedPixels) / 100_000) / 10;
  const isDecoded = Number.isFinite(variants.maxDecodedPixels);
  return `The file isn't a complete picture of its type, ${isDecoded ? 'has CMYK colors, ' : ''}or has more than ${megapixels} megapixels.`;
}
