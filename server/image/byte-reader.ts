import type { ImageType } from '../../src/core/protocol.js';

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
  /** Number of frames of an animation; 1 for a still picture. */
  frames: number;
  /** Pixels of the largest image that a decoder allocates. */
  pixels: number;
  /** Offset of the first byte after the picture. */
  end: number;
  /** Returns the file without anything that is not needed to show the picture. */
  removeMetadata(): Uint8Array;
}

/** Maximum number of segments, chunks, blocks or boxes: more than any encoder writes. */
const MAX_PARTS = 10_000;

/**
 * Bounds the work for one file.
 * @returns A function to call once for every part.
 */
export function createPartCounter(): () => void {
  let parts = 0;
  return () => {
    if (++parts > MAX_PARTS) throw new ImageError('The picture has too many parts.');
  };
}

/** Reads numbers and text at offsets. Reading past the end throws a RangeError. */
export class ByteReader {
  readonly #view: DataView;

  constructor(readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.bytes.length;
  }

  matches(at: number, text: string): boolean {
    return this.readText(at, text.length) === text;
  }

  /** A few bytes as Latin-1 text. At the end of the file the text is shorter. */
  readText(at: number, length: number): string {
    return String.fromCharCode(...this.bytes.subarray(at, at + length));
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

  /** Loses precision above 2 ** 53, far beyond the end of any file. */
  u64(at: number): number {
    return this.u32(at) * 2 ** 32 + this.u32(at + 4);
  }

  /** Returns the offset if it is not past the end; else throws a RangeError. */
  checkEnd(end: number): number {
    if (end > this.length) throw new RangeError();
    return end;
  }

  slice(from: number, end: number): Uint8Array {
    return this.bytes.subarray(from, this.checkEnd(end));
  }
}

export function concatBytes(parts: readonly ArrayLike<number>[]): Uint8Array {
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
