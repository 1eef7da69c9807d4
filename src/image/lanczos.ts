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
 * @param opaque whether nothing shines through: then alpha is not looked at, which saves a quarter of the time.
 * @returns the pixels of the scaled picture, in the same form.
 */
export function resample(
  pixels: Uint8ClampedArray,
  [width, height]: [number, number],
  [across, down]: [Span, Span],
  size: number,
  opaque: boolean,
): Uint8ClampedArray<ArrayBuffer> {
  // Each pass turns the picture over its diagonal, so that both run along rows.
  return pass(pass(pixels, width, height, across, size, opaque), height, size, down, size, opaque);
}

function pass(
  pixels: Uint8ClampedArray,
  width: number,
  height: number,
  span: Span,
  size: number,
  opaque: boolean,
): Uint8ClampedArray<ArrayBuffer> {
  const out = new Uint8ClampedArray(size * height * 4).fill(255);
  const weights = weigh(span, size, width);
  // A row's numbers are made floating ones once, and not anew for each pixel that they are part of.
  const line = new Float64Array(width * 4);
  for (let row = 0; row < height; row++) {
    line.set(pixels.subarray(row * width * 4, (row + 1) * width * 4));
    mixColours(line, weights, out, row * 4, height * 4);
    if (!opaque) mixAlpha(line, weights, out, row * 4 + 3, height * 4);
  }
  return out;
}

/** Makes the colours of a row: the first pixel is put at `to`, each other a step further. */
function mixColours(
  line: Float64Array,
  { taps, firsts, all }: Weights,
  out: Uint8ClampedArray,
  to: number,
  step: number,
) {
  for (let i = 0, next = 0; i < firsts.length; i++, to += step) {
    let red = 0;
    let green = 0;
    let blue = 0;
    let at = (firsts[i] as number) * 4;
    for (const end = at + taps * 4; at < end; at += 4) {
      const weight = all[next++] as number;
      red += weight * (line[at] as number);
      green += weight * (line[at + 1] as number);
      blue += weight * (line[at + 2] as number);
    }
    out[to] = red;
    out[to + 1] = green;
    out[to + 2] = blue;
  }
}

function mixAlpha(
  line: Float64Array,
  { taps, firsts, all }: Weights,
  out: Uint8ClampedArray,
  to: number,
  step: number,
) {
  for (let i = 0, next = 0; i < firsts.length; i++, to += step) {
    let alpha = 0;
    let at = (firsts[i] as number) * 4 + 3;
    for (const end = at + taps * 4; at < end; at += 4) alpha += (all[next++] as number) * (line[at] as number);
    out[to] = alpha;
  }
}

/** The pixels that each pixel of the result is made of: how many, the first of them, and their weights one after the other. */
interface Weights {
  taps: number;
  firsts: Int32Array;
  all: Float64Array;
}

function weigh({ from, length }: Span, size: number, count: number): Weights {
  const scale = Math.max(1, length / size);
  const taps = Math.min(count, Math.floor(2 * LOBES * scale) + 1);
  const firsts = new Int32Array(size);
  const all = new Float64Array(size * taps);
  for (let i = 0; i < size; i++) {
    const centre = from + ((i + 0.5) * length) / size - 0.5;
    // At the rims some of them lie out of reach, and weigh nothing.
    const first = Math.max(0, Math.min(count - taps, Math.ceil(centre - LOBES * scale)));
    const raw = Array.from({ length: taps }, (_, tap) => lanczos((first + tap - centre) / scale));
    const sum = raw.reduce((a, b) => a + b);
    firsts[i] = first;
    all.set(
      raw.map((weight) => weight / sum),
      i * taps,
    );
  }
  return { taps, firsts, all };
}

const sinc = (x: number): number => (x ? Math.sin(Math.PI * x) / (Math.PI * x) : 1);
const lanczos = (x: number): number => (Math.abs(x) < LOBES ? sinc(x) * sinc(x / LOBES) : 0);
