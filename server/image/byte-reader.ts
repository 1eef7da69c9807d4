import type { ImageType } from '../../src/core/protocol.js';

/** The bytes are not a whole picture of a known type. */
export class ImageError extends Error {
  override name = 'ImageError';
}

/** A width and a height, in pixels. */
export interface Size {
  width: number;
  height: number;
}

/** What a picture's own structure says of it; no pixel is decoded. */
export interface Structure extends Size {
  type: ImageType;
  /** Pictures that are shown one after the other; 1 for a still. */
  frames: number;
  /** Pixels of the largest picture that a decoder makes room for. */
  pixels: number;
  /** Where the picture ends: what follows is not part of it. Bytes from the start. */
  end: number;
  /** The file without anything that is not needed to show the picture. */
  clean(): Uint8Array;
}

/** More segments, chunks, blocks or boxes than any encoder writes. */
const MOST_PARTS = 10_000;

/** Keeps a walk through a file within bounds: call it once for every part. */
export function counter(): () => void {
  let parts = 0;
  return () => {
    if (++parts > MOST_PARTS) throw new ImageError('The picture has too many parts.');
  };
}

/** Reads numbers out of bytes; past the end is a RangeError. */
export class Reader {
  readonly #view: DataView;

  constructor(readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.bytes.length;
  }

  is(at: number, text: string): boolean {
    return this.text(at, text.length) === text;
  }

  /** Latin-1 text of a few bytes; shorter than asked for at the end of the bytes. */
  text(at: number, length: number): string {
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

  /** A larger number than there are bytes in a file is past the end, too. */
  u64(at: number): number {
    return this.u32(at) * 2 ** 32 + this.u32(at + 4);
  }

  /** The position, if that many bytes are there. */
  upTo(end: number): number {
    if (end > this.length) throw new RangeError();
    return end;
  }

  slice(from: number, end: number): Uint8Array {
    return this.bytes.subarray(from, this.upTo(end));
  }
}

export function join(parts: readonly ArrayLike<number>[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export const ascii = (text: string): number[] => Array.from(text, (char) => char.charCodeAt(0));
export const u32 = (n: number): number[] => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
