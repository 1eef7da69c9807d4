/** Measures of image quality: a simple Lanczos reference, and structural similarity. Shares no code with the package. */

const LOBES = 3;
const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
const kernel = (x) => (Math.abs(x) < LOBES ? sinc(x) * sinc(x / LOBES) : 0);

/** Returns the first source pixel of each target pixel, and the weights of the source pixels from there. */
function computeTaps(from, to) {
  const scale = Math.max(1, from / to);
  return Array.from({ length: to }, (_, i) => {
    const center = ((i + 0.5) * from) / to - 0.5;
    const first = Math.max(0, Math.ceil(center - LOBES * scale));
    const last = Math.min(from - 1, Math.floor(center + LOBES * scale));
    const weights = [];
    for (let at = first; at <= last; at++) weights.push(kernel((at - center) / scale));
    const sum = weights.reduce((a, b) => a + b, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}

/**
 * Scales a square in floating point.
 *
 * @param readRows - returns the RGBA pixels of whole rows: `(y, height) => pixels`
 * @param side - width of the source in pixels
 * @param size - width of the result in pixels
 */
export function scaleByLanczos(readRows, side, size) {
  const taps = computeTaps(side, size);
  const middle = new Float32Array(side * size * 4);
  const ROWS = 256;
  for (let top = 0; top < side; top += ROWS) {
    const height = Math.min(ROWS, side - top);
    const pixels = readRows(top, height);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < size; x++) {
        const to = ((top + y) * size + x) * 4;
        const { first, weights } = taps[x];
        for (let tap = 0; tap < weights.length; tap++) {
          const at = (y * side + first + tap) * 4;
          for (let c = 0; c < 4; c++) middle[to + c] += weights[tap] * pixels[at + c];
        }
      }
    }
  }
  const out = new Float32Array(size * size * 4);
  for (let y = 0; y < size; y++) {
    const { first, weights } = taps[y];
    for (let tap = 0; tap < weights.length; tap++) {
      const from = (first + tap) * size * 4;
      for (let i = 0; i < size * 4; i++) out[y * size * 4 + i] += weights[tap] * middle[from + i];
    }
  }
  return Uint8ClampedArray.from(out);
}

/** Structural similarity of the luma of two images, with an 11 × 11 Gaussian window. 1 for equal images. */
export function computeSsim(a, b, side) {
  const [x, y] = [a, b].map((pixels) => computeLuma(pixels, side));
  const [mx, my] = [x, y].map((plane) => blur(plane, side));
  const square = (p, q) =>
    blur(
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

function computeLuma(pixels, side) {
  return Float64Array.from(
    { length: side * side },
    (_, i) => 0.299 * pixels[i * 4] + 0.587 * pixels[i * 4 + 1] + 0.114 * pixels[i * 4 + 2],
  );
}

const WINDOW = Array.from({ length: 11 }, (_, i) => Math.exp(-((i - 5) ** 2) / (2 * 1.5 ** 2)));
const TOTAL = WINDOW.reduce((a, b) => a + b, 0);

/** Blurs along the rows and the columns. The edges, where the window does not fit, stay zero. */
function blur(plane, side) {
  const along = (from, step) => {
    const out = new Float64Array(side * side);
    for (let at = 5 * step; at < side * side - 5 * step; at++) {
      for (let i = 0; i < 11; i++) out[at] += (WINDOW[i] / TOTAL) * from[at + (i - 5) * step];
    }
    return out;
  };
  return along(along(plane, 1), side);
}
