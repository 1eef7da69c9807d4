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
 * @returns the pixels of the scaled picture, in the same form.
 */
export function resample(
  pixels: Uint8ClampedArray,
  [width, height]: [number, number],
  [across, down]: [Span, Span],
  size: number,
): Uint8ClampedArray<ArrayBuffer> {
  // Each pass turns the picture over its diagonal, so that both run along rows.
  return pass(pass(pixels, width, height, across, size), height, size, down, size);
}

function pass(pixels: Uint8ClampedArray, width: number, height: number, span: Span, size: number) {
  const out = new Uint8ClampedArray(size * height * 4);
  const all = Array.from({ length: size }, (_, i) => weigh(span, (i + 0.5) / size, span.length / size, width));
  for (let row = 0; row < height; row++) {
    for (let i = 0; i < size; i++) {
      const { first, weights } = all[i] as Weights;
      let [red, green, blue, alpha] = [0, 0, 0, 0];
      let at = (row * width + first) * 4;
      for (let tap = 0; tap < weights.length; tap++, at += 4) {
        const weight = weights[tap] as number;
        red += weight * (pixels[at] as number);
        green += weight * (pixels[at + 1] as number);
        blue += weight * (pixels[at + 2] as number);
        alpha += weight * (pixels[at + 3] as number);
      }
      const to = (i * height + row) * 4;
      out[to] = red;
      out[to + 1] = green;
      out[to + 2] = blue;
      out[to + 3] = alpha;
    }
  }
  return out;
}

/** The pixels that one pixel of the result is made of: the first, and the weight of each. */
interface Weights {
  first: number;
  weights: Float32Array;
}

function weigh({ from, length }: Span, part: number, step: number, count: number): Weights {
  const centre = from + part * length - 0.5;
  const scale = Math.max(1, step);
  const first = Math.max(0, Math.ceil(centre - LOBES * scale));
  const last = Math.min(count - 1, Math.floor(centre + LOBES * scale));
  const raw = Array.from({ length: last - first + 1 }, (_, i) => lanczos((first + i - centre) / scale));
  const sum = raw.reduce((a, b) => a + b);
  return { first, weights: Float32Array.from(raw, (weight) => weight / sum) };
}

const sinc = (x: number): number => (x ? Math.sin(Math.PI * x) / (Math.PI * x) : 1);
const lanczos = (x: number): number => sinc(x) * sinc(x / LOBES);
