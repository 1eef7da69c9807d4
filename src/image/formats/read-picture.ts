import type { ImageType } from '../../core/protocol.js';
import { ByteReader, ImageError, type ImageStructure, WorkBudget } from './byte-reader.js';
import { readGif } from './gif.js';
import { readJpeg } from './jpeg.js';
import { readPng } from './png.js';
import { readWebp } from './webp.js';

export { ImageError } from './byte-reader.js';

/** A picture that may be stored. */
export interface Picture {
  type: ImageType;
  /** Width in pixels, as displayed (after orientation). */
  width: number;
  /** Height in pixels, as displayed (after orientation). */
  height: number;
  /** EXIF orientation, 1 to 8. From 5 on, it has swapped width and height. */
  orientation: number;
  /** Whether browsers show the given bytes differently. The stored picture looks the same in all of them. */
  isAmbiguous: boolean;
  /** Number of frames; at least 2 for an animation. */
  frames: number;
  /** The picture as it is stored. */
  bytes: Uint8Array;
}

export interface PictureLimits {
  /** Maximum width times height. */
  maxPixels: number;
  /** Keeps metadata instead of removing it. */
  keepMetadata: boolean;
}

/** Maximum number of scans of a JPEG: encoders write at most about 20. Each costs a viewer as much as a picture. */
const MAX_SCANS = 64;

/**
 * Reads the structure of a picture to its end, without decoding a pixel. The
 * returned picture lacks the bytes after its end and, by default, everything
 * that is not needed to show it.
 * @throws ImageError if the bytes are not a picture within the limits.
 */
export function readPicture(bytes: Uint8Array, { maxPixels, keepMetadata }: PictureLimits): Picture {
  const budget = new WorkBudget(maxPixels);
  const structure = readStructure(new ByteReader(bytes, budget));
  const { type, width, height, orientation, isAmbiguous, frames, scans, end } = structure;
  if (width === 0 || height === 0) throw new ImageError('The width or height is zero.');
  if (scans > MAX_SCANS) throw new ImageError('The picture has too many scans.');
  budget.checkPixels(structure);
  const stored = keepMetadata && end > 0 ? bytes.subarray(0, end) : structure.rebuild();
  return { type, width, height, orientation, isAmbiguous, frames, bytes: stored };
}

/** Message of the error for bytes that begin like no picture that may be stored. */
export const UNKNOWN_TYPE = 'Unknown file type.';

function readStructure(file: ByteReader): ImageStructure {
  try {
    if (file.matches(0, '\xff\xd8\xff')) return readJpeg(file);
    if (file.matches(0, '\x89PNG\r\n\x1a\n')) return readPng(file);
    if (file.matches(0, 'GIF87a') || file.matches(0, 'GIF89a')) return readGif(file);
    if (file.matches(0, 'RIFF') && file.matches(8, 'WEBP')) return readWebp(file);
  } catch (error) {
    if (error instanceof RangeError) throw new ImageError('The picture is truncated.');
    throw error;
  }
  throw new ImageError(UNKNOWN_TYPE);
}
