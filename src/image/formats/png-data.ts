import { type ByteReader, concatBytes, ImageError } from './byte-reader.js';
import { inflate } from './inflate.js';
import type { PngChunk, PngHeader } from './png-chunks.js';

/**
 * How much of the pixel data is checked, in bytes: compressed, and decompressed.
 * If the beginning is good, browsers show at least that part of the picture.
 */
const LIMITS = { compressed: 2 ** 17, decompressed: 2 ** 16 };

/** Number of values of a pixel, by color type. */
const CHANNELS: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** First column, first row, column step and row step of each pass of an interlaced picture. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/**
 * Refuses pixel data whose beginning can't be decoded, and small pictures that are cut short.
 * Returns the data of a small picture, without bytes after its end; null for a larger one.
 */
export function checkPixelData(file: ByteReader, chunks: readonly PngChunk[], header: PngHeader): Uint8Array | null {
  const start = readStart(file, chunks);
  const isCut = start.length === LIMITS.compressed;
  try {
    const { bytes, streamLength } = inflate(start, LIMITS.decompressed, () => file.budget.count());
    const length = checkRows(bytes, header);
    if (streamLength > 0 && length > bytes.length) throw new RangeError();
    return streamLength > 0 ? start.subarray(0, streamLength) : null;
  } catch (error) {
    if (error instanceof RangeError && isCut) return null;
    throw error;
  }
}

/** The beginning of the compressed data. */
function readStart(file: ByteReader, chunks: readonly PngChunk[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let room = LIMITS.compressed;
  for (const { data, length } of chunks) {
    if (room === 0) break;
    const size = Math.min(length, room);
    if (size > 0) parts.push(file.slice(data, data + size));
    room -= size;
  }
  return parts.length === 1 ? (parts[0] as Uint8Array) : concatBytes(parts);
}

/** Checks that each row begins with the number of a filter. Returns the length of all rows together. */
function checkRows(bytes: Uint8Array, { width, height, depth, colorType, isInterlaced }: PngHeader): number {
  let at = 0;
  for (const [left, top, columnStep, rowStep] of isInterlaced ? PASSES : [[0, 0, 1, 1] as const]) {
    const columns = Math.ceil((width - left) / columnStep);
    const rows = columns > 0 ? Math.ceil((height - top) / rowStep) : 0;
    const rowLength = 1 + Math.ceil((columns * depth * (CHANNELS[colorType] as number)) / 8);
    const end = at + rows * rowLength;
    for (; at < Math.min(end, bytes.length); at += rowLength) {
      if ((bytes[at] as number) > 4) throw new ImageError('The PNG has an unknown filter.');
    }
    at = Math.max(at, end);
  }
  return at;
}
