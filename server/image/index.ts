import type { ImageType } from '../../src/core/protocol.js';
import { readAvif } from './avif.js';
import { ImageError, Reader, type Structure } from './byte-reader.js';
import { readGif } from './gif.js';
import { readJpeg } from './jpeg.js';
import { readPng } from './png.js';
import { readWebp } from './webp.js';

export { ImageError } from './byte-reader.js';

/** A picture that may be stored. */
export interface Picture {
  type: ImageType;
  /** Pixels, as displayed (after orientation). */
  width: number;
  /** Pixels, as displayed (after orientation). */
  height: number;
  bytes: Uint8Array;
}

export interface PictureLimits {
  /** Width times height. */
  maxPixels: number;
  /** Leave metadata where it is. */
  keepMetadata: boolean;
}

/** Frames of an animation: half a minute of the smoothest. */
const MOST_FRAMES = 1000;

/** All frames of an animation together may have so many times the pixels of one picture. */
const MOST_PIXELS = 10;

/**
 * Reads a picture's structure to its end and gives the picture without what
 * follows it and, unless told otherwise, without what is not needed to show
 * it. No pixel is decoded.
 * @throws {ImageError}
 */
export function readPicture(bytes: Uint8Array, { maxPixels, keepMetadata }: PictureLimits): Picture {
  const { type, width, height, frames, pixels, end, clean } = readStructure(new Reader(bytes));
  if (width === 0 || height === 0) throw new ImageError('The picture has no size.');
  if (frames > MOST_FRAMES) throw new ImageError('The picture has too many frames.');
  const isSane = pixels <= maxPixels && pixels * frames <= maxPixels * MOST_PIXELS;
  if (!isSane) throw new ImageError('The picture has too many pixels.');
  return { type, width, height, bytes: keepMetadata ? bytes.subarray(0, end) : clean() };
}

function readStructure(file: Reader): Structure {
  try {
    if (file.is(0, '\xff\xd8\xff')) return readJpeg(file);
    if (file.is(0, '\x89PNG\r\n\x1a\n')) return readPng(file);
    if (file.is(0, 'GIF87a') || file.is(0, 'GIF89a')) return readGif(file);
    if (file.is(0, 'RIFF') && file.is(8, 'WEBP')) return readWebp(file);
    if (file.is(4, 'ftyp')) return readAvif(file);
  } catch (error) {
    if (error instanceof RangeError) throw new ImageError('The picture is cut short.');
    throw error;
  }
  throw new ImageError('This is not a picture of a known type.');
}
