import { isOpaque, resampleRows, scaleColors } from '../../src/image/resample.js';
import type { Pixels } from './codecs.js';

/** Scales a picture down to a width, with a Lanczos filter. */
export function resizePixels({ data, width, height }: Pixels, newWidth: number): Pixels {
  const newHeight = Math.max(1, Math.round((height * newWidth) / width));
  const opaque = isOpaque(data);
  const source = opaque ? data : data.slice();
  // Multiplied by alpha, so that the colors of transparent pixels don't leak into their neighbors.
  if (!opaque) scaleColors(source, (alpha) => alpha / 255);
  // Each pass transposes the picture.
  const transposed = resampleRows(source, width, { from: 0, length: width }, newWidth, opaque);
  const resized = resampleRows(transposed, height, { from: 0, length: height }, newHeight, opaque);
  if (!opaque) scaleColors(resized, (alpha) => alpha && 255 / alpha);
  return { data: resized, width: newWidth, height: newHeight };
}

/** Turns and mirrors a picture as its EXIF orientation says. */
export function orientPixels(pixels: Pixels, orientation: number): Pixels {
  if (orientation === 1) return pixels;
  const { width, height } = pixels;
  const source = new Uint32Array(pixels.data.buffer, pixels.data.byteOffset, width * height);
  const isTurned = orientation >= 5;
  const [newWidth, newHeight] = isTurned ? [height, width] : [width, height];
  const result = new Uint32Array(width * height);
  const flipsX = [2, 3, 7, 8].includes(orientation);
  const flipsY = [3, 4, 6, 7].includes(orientation);
  for (let y = 0, to = 0; y < newHeight; y++) {
    for (let x = 0; x < newWidth; x++) {
      const [column, row] = isTurned ? [y, x] : [x, y];
      const fromX = flipsX ? width - 1 - column : column;
      result[to++] = source[(flipsY ? height - 1 - row : row) * width + fromX] as number;
    }
  }
  return { data: new Uint8ClampedArray(result.buffer), width: newWidth, height: newHeight };
}
