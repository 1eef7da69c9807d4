/** A section of one axis of a picture, in pixels that may be fractions. */
export interface Span {
  from: number;
  length: number;
}

/** Lobes of the Lanczos window on each side. */
const LOBES = 3;

/**
 * Scales a section of a picture to a square, with a Lanczos filter.
 * @param pixels - red, green, blue, alpha of each pixel, row by row.
 * @param width - pixels of each row.
 * @param size - width and height of the result, in pixels.
 * @param opaque - whether no pixel is transparent. Skipping alpha saves a quarter of the time.
 * @returns the pixels of the result, in the same layout.
 */
export function resample(
  pixels: Uint8ClampedArray,
  width: number,
  [horizontal, vertical]: [Span, Span],
  size: number,
  opaque: boolean,
): Uint8ClampedArray<ArrayBuffer> {
  // Each pass transposes the picture, so that both run along rows.
  const transposed = resampleRows(pixels, width, horizontal, size, opaque);
  return resampleRows(transposed, pixels.length / 4 / width, vertical, size, opaque);
}

/**
 * Scales each row of a picture, and transposes the result.
 * @param width - pixels of each row.
 * @param size - pixels of each row of the result, which become its columns.
 */
export function resampleRows(
  pixels: Uint8ClampedArray,
  width: number,
  span: Span,
  size: number,
  opaque: boolean,
): Uint8ClampedArray<ArrayBuffer> {
  const height = pixels.length / 4 / width;
  const output = new Uint8ClampedArray(size * height * 4).fill(255);
  const weights = computeWeights(span, size, width);
  // Each row is converted to floating point once, and not again for every pixel that it contributes to.
  const line = new Float64Array(width * 4);
  for (let row = 0; row < height; row++) {
    line.set(pixels.subarray(row * width * 4, (row + 1) * width * 4));
    mixChannels(line, weights, output, row * 4, height * 4);
    // Shifted by one channel: green and blue again, and alpha.
    if (!opaque) mixChannels(line.subarray(1), weights, output.subarray(1), row * 4, height * 4);
  }
  return output;
}

/** Computes three channels of a row. The first pixel is written at `start`, each further one after another `step`. */
function mixChannels(
  line: Float64Array,
  [firsts, values, taps]: Weights,
  output: Uint8ClampedArray,
  start: number,
  step: number,
): void {
  let target = start;
  let next = 0;
  for (const first of firsts) {
    let red = 0;
    let green = 0;
    let blue = 0;
    let sum = 0;
    for (let offset = first * 4, end = offset + taps * 4; offset < end; offset += 4) {
      const weight = values[next++] as number;
      sum += weight;
      red += weight * (line[offset] as number);
      green += weight * (line[offset + 1] as number);
      blue += weight * (line[offset + 2] as number);
    }
    output[target] = red / sum;
    output[target + 1] = green / sum;
    output[target + 2] = blue / sum;
    target += step;
  }
}

/** Multiplies the colors of each pixel by a factor that depends on its alpha. */
export function scaleColors(pixels: Uint8ClampedArray, getFactor: (alpha: number) => number): void {
  for (let offset = 0; offset < pixels.length; offset += 4) {
    const factor = getFactor(pixels[offset + 3] as number);
    for (let i = offset; i < offset + 3; i++) pixels[i] = (pixels[i] as number) * factor;
  }
}

/** Whether no pixel is transparent. */
export function isOpaque(pixels: Uint8ClampedArray): boolean {
  for (let offset = 3; offset < pixels.length; offset += 4) if (pixels[offset] !== 255) return false;
  return true;
}

/**
 * Which pixels each output pixel is computed from: the first one, the weights of
 * all of them one after the other, and how many there are for each output pixel.
 */
type Weights = [firsts: number[], values: Float64Array, taps: number];

function computeWeights({ from, length }: Span, size: number, count: number): Weights {
  const scale = Math.max(1, length / size);
  const taps = Math.min(count, Math.floor(2 * LOBES * scale) + 1);
  const values = new Float64Array(size * taps);
  const firsts = Array.from({ length: size }, (_, i) => {
    const center = from + ((i + 0.5) * length) / size - 0.5;
    // At the edges of the picture some taps lie outside the window, where the weight is 0.
    const first = Math.max(0, Math.min(count - taps, Math.ceil(center - LOBES * scale)));
    for (let tap = 0; tap < taps; tap++) values[i * taps + tap] = lanczos((first + tap - center) / scale);
    return first;
  });
  return [firsts, values, taps];
}

const sinc = (x: number): number => (x ? Math.sin(Math.PI * x) / (Math.PI * x) : 1);
const lanczos = (x: number): number => (Math.abs(x) < LOBES ? sinc(x) * sinc(x / LOBES) : 0);
