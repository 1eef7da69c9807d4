/** Where a picture is sampled along one axis, in its own pixels; may lie between them. */
export interface Span {
  from: number;
  length: number;
}

/** Lobes of the window on each side. */
const LOBES = 3;

/**
 * Scales the part of a picture that two spans tell.
 * @param pixels red, green, blue, alpha of each pixel, row by row.
 * @param width pixels of each row.
 * @param opaque whether nothing shines through: then alpha is not looked at, which saves a quarter of the time.
 * @returns the pixels of the scaled picture, in the same form.
 */
export function resample(
  pixels: Uint8ClampedArray,
  width: number,
  [across, down]: [Span, Span],
  size: number,
  opaque: boolean,
): Uint8ClampedArray<ArrayBuffer> {
  // Each pass turns the picture over its diagonal, so that both run along rows.
  return pass(pass(pixels, width, across, size, opaque), pixels.length / 4 / width, down, size, opaque);
}

function pass(
  pixels: Uint8ClampedArray,
  width: number,
  span: Span,
  size: number,
  opaque: boolean,
): Uint8ClampedArray<ArrayBuffer> {
  const height = pixels.length / 4 / width;
  const out = new Uint8ClampedArray(size * height * 4).fill(255);
  const weights = weigh(span, size, width);
  // A row's numbers are made floating ones once, and not anew for each pixel that they are part of.
  const line = new Float64Array(width * 4);
  for (let row = 0; row < height; row++) {
    line.set(pixels.subarray(row * width * 4, (row + 1) * width * 4));
    mix(line, weights, out, row * 4, height * 4);
    // Shifted by one: green and blue again, and alpha.
    if (!opaque) mix(line.subarray(1), weights, out.subarray(1), row * 4, height * 4);
  }
  return out;
}

/** Makes three channels of a row: those of the first pixel are put at `to`, of each other a step further. */
function mix(line: Float64Array, [firsts, all, taps]: Weights, out: Uint8ClampedArray, to: number, step: number) {
  let next = 0;
  for (const first of firsts) {
    let red = 0;
    let green = 0;
    let blue = 0;
    let sum = 0;
    for (let at = first * 4, end = at + taps * 4; at < end; at += 4) {
      const weight = all[next++] as number;
      sum += weight;
      red += weight * (line[at] as number);
      green += weight * (line[at + 1] as number);
      blue += weight * (line[at + 2] as number);
    }
    out[to] = red / sum;
    out[to + 1] = green / sum;
    out[to + 2] = blue / sum;
    to += step;
  }
}

/** The pixels that each pixel of the result is made of: the first, the weights one after the other, how many they are. */
type Weights = [firsts: number[], all: Float64Array, taps: number];

function weigh({ from, length }: Span, size: number, count: number): Weights {
  const scale = Math.max(1, length / size);
  const taps = Math.min(count, Math.floor(2 * LOBES * scale) + 1);
  const all = new Float64Array(size * taps);
  const firsts = Array.from({ length: size }, (_, i) => {
    const centre = from + ((i + 0.5) * length) / size - 0.5;
    // At the rims some of them lie out of reach, and weigh nothing.
    const first = Math.max(0, Math.min(count - taps, Math.ceil(centre - LOBES * scale)));
    for (let tap = 0; tap < taps; tap++) all[i * taps + tap] = lanczos((first + tap - centre) / scale);
    return first;
  });
  return [firsts, all, taps];
}

const sinc = (x: number): number => (x ? Math.sin(Math.PI * x) / (Math.PI * x) : 1);
const lanczos = (x: number): number => (Math.abs(x) < LOBES ? sinc(x) * sinc(x / LOBES) : 0);
