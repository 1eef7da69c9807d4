/** How pictures are judged: a plain Lanczos reference, and structural similarity. Shares no code with what it judges. */

const LOBES = 3;
const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
const kernel = (x) => (Math.abs(x) < LOBES ? sinc(x) * sinc(x / LOBES) : 0);

/** For each pixel of the result: the first it is made of, and the weights. */
function taps(from, to) {
  const scale = Math.max(1, from / to);
  return Array.from({ length: to }, (_, i) => {
    const centre = ((i + 0.5) * from) / to - 0.5;
    const first = Math.max(0, Math.ceil(centre - LOBES * scale));
    const last = Math.min(from - 1, Math.floor(centre + LOBES * scale));
    const weights = [];
    for (let at = first; at <= last; at++) weights.push(kernel((at - centre) / scale));
    const sum = weights.reduce((a, b) => a + b, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}

/**
 * A square scaled in floating point.
 * @param strip gives the pixels of some whole rows: `(y, height) => RGBA`.
 */
export function lanczosReference(strip, side, size) {
  const all = taps(side, size);
  const middle = new Float32Array(side * size * 4);
  const ROWS = 256;
  for (let top = 0; top < side; top += ROWS) {
    const height = Math.min(ROWS, side - top);
    const pixels = strip(top, height);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < size; x++) {
        const to = ((top + y) * size + x) * 4;
        const { first, weights } = all[x];
        for (let tap = 0; tap < weights.length; tap++) {
          const at = (y * side + first + tap) * 4;
          for (let c = 0; c < 4; c++) middle[to + c] += weights[tap] * pixels[at + c];
        }
      }
    }
  }
  const out = new Float32Array(size * size * 4);
  for (let y = 0; y < size; y++) {
    const { first, weights } = all[y];
    for (let tap = 0; tap < weights.length; tap++) {
      const from = (first + tap) * size * 4;
      for (let i = 0; i < size * 4; i++) out[y * size * 4 + i] += weights[tap] * middle[from + i];
    }
  }
  return Uint8ClampedArray.from(out);
}

/** Structural similarity of the brightness, by an 11 × 11 Gaussian window; 1: the same. */
export function ssim(a, b, side) {
  const [x, y] = [a, b].map((pixels) => brightness(pixels, side));
  const [mx, my] = [x, y].map((plane) => blurred(plane, side));
  const square = (p, q) =>
    blurred(
      Float64Array.from(p, (value, i) => value * q[i]),
      side,
    );
  const [xx, yy, xy] = [square(x, x), square(y, y), square(x, y)];
  const [c1, c2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2];
  let [sum, count] = [0, 0];
  for (let row = 5; row < side - 5; row++) {
    for (let at = row * side + 5; at < row * side + side - 5; at++) {
      const [p, q] = [mx[at], my[at]];
      const structure = (2 * (xy[at] - p * q) + c2) / (xx[at] - p * p + yy[at] - q * q + c2);
      sum += ((2 * p * q + c1) / (p * p + q * q + c1)) * structure;
      count++;
    }
  }
  return sum / count;
}

function brightness(pixels, side) {
  return Float64Array.from(
    { length: side * side },
    (_, i) => 0.299 * pixels[i * 4] + 0.587 * pixels[i * 4 + 1] + 0.114 * pixels[i * 4 + 2],
  );
}

const WINDOW = Array.from({ length: 11 }, (_, i) => Math.exp(-((i - 5) ** 2) / (2 * 1.5 ** 2)));
const TOTAL = WINDOW.reduce((a, b) => a + b, 0);

/** Blurred along the rows and then along the columns; the edges, where the window does not fit, stay zero. */
function blurred(plane, side) {
  const along = (from, step) => {
    const out = new Float64Array(side * side);
    for (let at = 5 * step; at < side * side - 5 * step; at++) {
      for (let i = 0; i < 11; i++) out[at] += (WINDOW[i] / TOTAL) * from[at + (i - 5) * step];
    }
    return out;
  };
  return along(along(plane, 1), side);
}
