/** Where a picture is sampled along one axis, in its own pixels; may lie between them. */
export interface Span {
  from: number;
  length: number;
}

/** Fixed-point one: the weights of a pixel add up to it. */
const ONE = 1 << 14;

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
  [outWidth, outHeight]: [number, number],
): Uint8ClampedArray<ArrayBuffer> {
  // Each pass turns the picture over its diagonal, so that both run along rows.
  const turned = pass(pixels, width, height, across, outWidth);
  return pass(turned, height, outWidth, down, outHeight);
}

function pass(
  pixels: Uint8ClampedArray,
  width: number,
  height: number,
  span: Span,
  size: number,
): Uint8ClampedArray<ArrayBuffer> {
  const out = new Uint8ClampedArray(size * height * 4);
  for (let i = 0; i < size; i++) {
    const { first, weights } = weigh(span, (i + 0.5) / size, span.length / size, width);
    const taps = weights.length;
    for (let row = 0; row < height; row++) {
      let [red, green, blue, alpha] = [ONE / 2, ONE / 2, ONE / 2, ONE / 2];
      let at = (row * width + first) * 4;
      for (let tap = 0; tap < taps; tap++, at += 4) {
        const weight = weights[tap] as number;
        red += weight * (pixels[at] as number);
        green += weight * (pixels[at + 1] as number);
        blue += weight * (pixels[at + 2] as number);
        alpha += weight * (pixels[at + 3] as number);
      }
      const to = (i * height + row) * 4;
      out[to] = red >> 14;
      out[to + 1] = green >> 14;
      out[to + 2] = blue >> 14;
      out[to + 3] = alpha >> 14;
    }
  }
  return out;
}

/** The pixels that one pixel of the result is made of: the first, and the weight of each. */
function weigh({ from, length }: Span, part: number, step: number, count: number) {
  const centre = from + part * length - 0.5;
  const scale = Math.max(1, step);
  const first = Math.max(0, Math.ceil(centre - LOBES * scale));
  const last = Math.min(count - 1, Math.floor(centre + LOBES * scale));
  const raw = Array.from({ length: last - first + 1 }, (_, i) => lanczos((first + i - centre) / scale));
  const sum = raw.reduce((a, b) => a + b, 0);
  const weights = Int32Array.from(raw, (weight) => Math.round((weight / sum) * ONE));
  // What rounding has lost goes to the middle: an even ground stays exactly even.
  const middle = weights.length >> 1;
  weights[middle] = (weights[middle] as number) + ONE - weights.reduce((a, b) => a + b, 0);
  return { first, weights };
}

function lanczos(x: number): number {
  if (x === 0) return 1;
  const angle = Math.PI * x;
  return Math.abs(x) < LOBES ? (LOBES * Math.sin(angle) * Math.sin(angle / LOBES)) / (angle * angle) : 0;
}
