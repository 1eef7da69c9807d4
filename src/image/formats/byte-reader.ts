import type { ImageType } from '../../core/protocol.js';
import { type ExifOrientation, readOrientation } from './exif.js';

/** Thrown for bytes that are not a complete, well-formed picture of a known type. */
export class ImageError extends Error {
  override name = 'ImageError';
}

/** A width and a height, in pixels. */
export interface Size {
  width: number;
  height: number;
}

/** What the structure of a picture says about it. No pixel is decoded. */
export interface ImageStructure extends Size {
  type: ImageType;
  /** EXIF orientation, 1 to 8, that was applied to width and height. */
  orientation: number;
  /** Whether browsers show the file differently. What is rebuilt looks the same in all of them. */
  isAmbiguous: boolean;
  /** Number of frames of an animation; 1 for a still picture. */
  frames: number;
  /** Number of times that a decoder goes over all pixels to show one frame: the scans of a JPEG. */
  scans: number;
  /** Pixels of the largest image that a decoder allocates. */
  pixels: number;
  /** Pixels that a decoder goes over to show all frames and scans. */
  decodedPixels: number;
  /** Offset of the first byte after the picture; 0 if the file has to be rebuilt to be whole. */
  end: number;
  /** Builds the picture anew, from what is needed to show it and nothing else. */
  rebuild(): Uint8Array;
}

/** Maximum number of frames of an animation: half a minute at 30 frames per second. */
export const MAX_FRAMES = 1000;

/** Maximum number of parts in one file: more than any encoder writes. */
const MAX_PARTS = 10_000;

/** Maximum pixels of all frames and scans together, as a multiple of `maxPixels`. */
const MAX_DECODING_FACTOR = 10;

/**
 * Bounds the work for one file. Every loop whose number of repetitions a file
 * decides counts its repetitions here: segments, chunks, blocks, boxes, entries
 * of tables and directories, at any depth. Only searches for the end of
 * compressed data don't, because they visit each byte at most once.
 */
export class WorkBudget {
  #parts = 0;

  /** @param maxPixels - Maximum width times height. */
  constructor(readonly maxPixels = Number.POSITIVE_INFINITY) {}

  /** @throws ImageError if the file has had more than its share of work. */
  count(parts = 1): void {
    this.#parts += parts;
    if (this.#parts > MAX_PARTS) throw new ImageError('The picture has too many parts.');
  }

  /**
   * Called before the data of a picture or a frame are read, and once for the whole file.
   * @throws ImageError if a decoder would have to do too much.
   */
  checkPixels({ frames, pixels, decodedPixels }: Pick<ImageStructure, 'frames' | 'pixels' | 'decodedPixels'>): void {
    if (frames > MAX_FRAMES) throw new ImageError('The picture has too many frames.');
    const isWithinLimits = pixels <= this.maxPixels && decodedPixels <= this.maxPixels * MAX_DECODING_FACTOR;
    if (!isWithinLimits) throw new ImageError('The picture has too many pixels.');
  }
}

/**
 * Reads numbers and text at offsets, and holds the file's budget. Reading past
 * the end throws a RangeError.
 */
export class ByteReader {
  readonly #view: DataView;

  /** @param budget - That of the whole file, if the bytes are a part of one. */
  constructor(
    readonly bytes: Uint8Array,
    readonly budget = new WorkBudget(),
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.bytes.length;
  }

  matches(at: number, text: string): boolean {
    for (let i = 0; i < text.length; i++) if (this.bytes[at + i] !== text.charCodeAt(i)) return false;
    return true;
  }

  /** A few bytes as Latin-1 text. At the end of the file the text is shorter. */
  readText(at: number, length: number): string {
    let text = '';
    for (let i = at; i < Math.min(at + length, this.bytes.length); i++)
      text += String.fromCharCode(this.bytes[i] as number);
    return text;
  }

  u8(at: number): number {
    return this.#view.getUint8(at);
  }

  u16(at: number, littleEndian = false): number {
    return this.#view.getUint16(at, littleEndian);
  }

  u24le(at: number): number {
    return this.u16(at, true) | (this.u8(at + 2) << 16);
  }

  u32(at: number, littleEndian = false): number {
    return this.#view.getUint32(at, littleEndian);
  }

  /** Returns the offset if it is not past the end; else throws a RangeError. */
  checkEnd(end: number): number {
    if (end > this.length) throw new RangeError();
    return end;
  }

  /** The orientation in the TIFF structure of a range. */
  readOrientation(start: number, end: number): ExifOrientation {
    return readOrientation(this.bytes.subarray(start, end), () => this.budget.count());
  }

  slice(from: number, end: number): Uint8Array {
    return this.bytes.subarray(from, this.checkEnd(end));
  }
}

/** The bytes of some ranges of a file. Ranges that follow each other are one part. */
export function sliceRanges(file: ByteReader, ranges: readonly { start: number; end: number }[]): Uint8Array[] {
  const merged: { start: number; end: number }[] = [];
  for (const { start, end } of ranges) {
    const last = merged.at(-1);
    if (last?.end === start) last.end = end;
    else merged.push({ start, end });
  }
  return merged.map(({ start, end }) => file.slice(start, end));
}

/**
 * The bytes of a picture that is rebuilt from parts: a view of the file if it is the same, because a copy takes most of
 * the time and memory.
 */
export function joinParts({ bytes }: ByteReader, parts: readonly ArrayLike<number>[]): Uint8Array {
  let length = 0;
  for (const part of parts) {
    if (!isAt(bytes, part, length)) return concatBytes(parts);
    length += part.length;
  }
  return bytes.subarray(0, length);
}

/** Whether a part is at an offset of a file. */
function isAt(bytes: Uint8Array, part: ArrayLike<number>, offset: number): boolean {
  if (part instanceof Uint8Array && part.buffer === bytes.buffer) return part.byteOffset === bytes.byteOffset + offset;
  for (let i = 0; i < part.length; i++) if (bytes[offset + i] !== part[i]) return false;
  return true;
}

export function concatBytes(parts: readonly ArrayLike<number>[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export const encodeAscii = (text: string): number[] => Array.from(text, (char) => char.charCodeAt(0));
export const encodeU32 = (n: number): number[] => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
