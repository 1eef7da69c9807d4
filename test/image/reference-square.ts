import type { Crop } from '../../src/core/crop.js';
import { readPixels } from './read-pixels.js';

/**
 * Creates a square in the simplest way: decode all of the picture, average the
 * pixels under each pixel of the result, rotate, mirror. Shares no code with `src/image`.
 */
export async function createReferenceSquare(file: Blob, { x, y, side, turns, mirrored }: Crop, size: number) {
  const { data, width } = await readPixels(file);
  const output = new Uint8ClampedArray(size * size * 4);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const [sourceColumn, sourceRow] = findSource(column, row, size, turns, mirrored);
      const pixel = averagePixels(
        data,
        width,
        x + (sourceColumn * side) / size,
        y + (sourceRow * side) / size,
        side / size,
      );
      output.set(pixel, (row * size + column) * 4);
    }
  }
  return output;
}

/** Returns the column and row of the cut-out square that end up at a pixel of the result. */
function findSource(column: number, row: number, size: number, turns: number, mirrored: boolean): [number, number] {
  let [x, y] = [mirrored ? size - 1 - column : column, row];
  for (let turn = 0; turn < turns; turn++) [x, y] = [y, size - 1 - x];
  return [x, y];
}

/** Returns the mean of a square of pixels. Those at its edge count in part. */
function averagePixels(data: Uint8ClampedArray, width: number, left: number, top: number, side: number): number[] {
  const sums = [0, 0, 0, 0];
  for (let y = Math.floor(top); y < top + side; y++) {
    for (let x = Math.floor(left); x < left + side; x++) {
      const share = getOverlap(x, left, side) * getOverlap(y, top, side);
      for (let i = 0; i < 4; i++) sums[i] = (sums[i] ?? 0) + share * (data[(y * width + x) * 4 + i] ?? 0);
    }
  }
  return sums.map((sum) => sum / side ** 2);
}

/** Returns the share of a pixel that lies within a span. */
const getOverlap = (pixel: number, from: number, length: number): number =>
  Math.max(0, Math.min(pixel + 1, from + length) - Math.max(pixel, from));
