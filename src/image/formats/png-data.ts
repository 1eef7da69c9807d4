import { type ByteReader, concatBytes, ImageError } from './byte-reader.js';
import { inflate } from './inflate.js';
import type { PngChunk, PngHeader } from './png-chunks.js';

/** Bytes of the decompressed data whose filters are checked. Browsers show at least that part of the picture. */
const CHECKED_LENGTH = 2 ** 16;

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
 * Refuses compressed pixels that can't be decoded, and those that are not exactly as many as the header says: after the
 * last row, text could be hidden.
 * @returns the length of the compressed data without bytes after its end.
 */
export function checkPixels(file: ByteReader, data: Uint8Array, header: PngHeader): number {
  const passes = listPasses(header);
  const expected = passes.reduce((sum, { rows, rowLength }) => sum + rows * rowLength, 0);
  const limits = { keptLength: CHECKED_LENGTH, maxLength: expected };
  const { bytes, length, streamLength } = inflate(data, limits, () => file.budget.count());
  checkFilters(bytes, passes);
  if (length > expected) throw new ImageError('The PNG has data after its last row.');
  if (length < expected) throw new RangeError();
  return streamLength;
}

/** The data of some chunks, after a number of bytes of each. */
export function joinData(file: ByteReader, chunks: readonly PngChunk[], skipped = 0): Uint8Array {
  const parts = chunks.map(({ data, length }) => file.slice(data + skipped, data + length));
  return parts.length === 1 ? (parts[0] as Uint8Array) : concatBytes(parts);
}

/** Rows that follow each other, each with the number of its filter before its pixels. */
interface Pass {
  rows: number;
  rowLength: number;
}

function listPasses({ width, height, depth, colorType, isInterlaced }: PngHeader): Pass[] {
  return (isInterlaced ? PASSES : [[0, 0, 1, 1] as const]).map(([left, top, columnStep, rowStep]) => {
    const columns = Math.ceil((width - left) / columnStep);
    const rows = columns > 0 ? Math.max(0, Math.ceil((height - top) / rowStep)) : 0;
    return { rows, rowLength: 1 + Math.ceil((columns * depth * (CHANNELS[colorType] as number)) / 8) };
  });
}

function checkFilters(bytes: Uint8Array, passes: Pass[]): void {
  let at = 0;
  for (const { rows, rowLength } of passes) {
    const end = at + rows * rowLength;
    for (; at < Math.min(end, bytes.length); at += rowLength) {
      if ((bytes[at] as number) > 4) throw new ImageError('The PNG has an unknown filter.');
    }
    at = end;
  }
}
