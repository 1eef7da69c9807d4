import type { Crop } from '../../src/core/crop.js';
import { look } from './read-pixels.js';

/**
 * The plain way to a square: decode all of it, average what falls on each
 * pixel of the result, turn, mirror. Shares no code with the fast path.
 */
export async function plainSquare(file: Blob, { x, y, side, turns, mirrored }: Crop, size: number) {
  const { data, width } = await look(file);
  const out = new Uint8ClampedArray(size * size * 4);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const [from, to] = place(column, row, size, turns, mirrored);
      const pixel = average(data, width, x + (from * side) / size, y + (to * side) / size, side / size);
      out.set(pixel, (row * size + column) * 4);
    }
  }
  return out;
}

/** Where in the square that was cut a pixel of the result comes from. */
function place(column: number, row: number, size: number, turns: number, mirrored: boolean): [number, number] {
  let [x, y] = [mirrored ? size - 1 - column : column, row];
  for (let turn = 0; turn < turns; turn++) [x, y] = [y, size - 1 - x];
  return [x, y];
}

/** The mean of a square of pixels, those on the rim in part. */
function average(data: Uint8ClampedArray, width: number, left: number, top: number, side: number): number[] {
  const sums = [0, 0, 0, 0];
  for (let y = Math.floor(top); y < top + side; y++) {
    for (let x = Math.floor(left); x < left + side; x++) {
      const share = part(x, left, side) * part(y, top, side);
      for (let i = 0; i < 4; i++) sums[i] = (sums[i] ?? 0) + share * (data[(y * width + x) * 4 + i] ?? 0);
    }
  }
  return sums.map((sum) => sum / side ** 2);
}

const part = (pixel: number, from: number, length: number): number =>
  Math.max(0, Math.min(pixel + 1, from + length) - Math.max(pixel, from));
