import { resampleRows } from '../../src/image/resample.js';
import type { Pixels } from './codecs.js';

/** Scales a picture down to a width, with a Lanczos filter. */
export function resizePixels({ data, width, height }: Pixels, newWidth: number): Pixels {
  const newHeight = Math.max(1, Math.round((height * newWidth) / width));
  const isOpaque = isOpaquePicture(data);
  const source = isOpaque ? data : premultiply(data);
  // Each pass transposes the picture.
  const transposed = resampleRows(source, width, { from: 0, length: width }, newWidth, isOpaque);
  const resized = resampleRows(transposed, height, { from: 0, length: height }, newHeight, isOpaque);
  return { data: isOpaque ? resized : unpremultiply(resized), width: newWidth, height: newHeight };
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

export function isOpaquePicture(data: Uint8ClampedArray): boolean {
  for (let i = 3; i < data.length; i += 4) if (data[i] !== 255) return false;
  return true;
}

/** Multiplies colors by alpha, so that the colors of transparent pixels don't leak into their neighbors. */
function premultiply(data: Uint8ClampedArray): Uint8ClampedArray {
  return mapColors(data, (color, alpha) => (color * alpha) / 255);
}

function unpremultiply(data: Uint8ClampedArray): Uint8ClampedArray {
  return mapColors(data, (color, alpha) => (alpha === 0 ? 0 : (color * 255) / alpha));
}

function mapColors(data: Uint8ClampedArray, map: (color: number, alpha: number) => number): Uint8ClampedArray {
  const result = new Uint8ClampedArray(data.length);
  for (let i = 0; i < data.length; i += 4) {
    const alpha = data[i + 3] as number;
    for (let channel = 0; channel < 3; channel++) result[i + channel] = map(data[i + channel] as number, alpha);
    result[i + 3] = alpha;
  }
  return result;
}
