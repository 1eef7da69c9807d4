import { describe, expect, it } from 'vitest';
import type { Pixels } from '../../server/variants/codecs.js';
import { resizePixels } from '../../server/variants/pixels.js';

/** A picture with edges, waves of several lengths and fine structure, in shades of gray. */
function paint(width: number, height: number): Pixels {
  const data = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    const isInside = (x - width / 2) ** 2 + (y - height / 2) ** 2 < (width / 3) ** 2;
    const light = 120 + 50 * Math.sin(x / 17) + 30 * Math.cos((x + y) / 5) + (isInside ? 40 : -40);
    data.fill(light, i * 4, i * 4 + 3);
  }
  return { data, width, height };
}

const lanczos = (x: number): number => {
  if (x === 0) return 1;
  if (Math.abs(x) >= 3) return 0;
  return (3 * Math.sin(Math.PI * x) * Math.sin((Math.PI * x) / 3)) / (Math.PI * x) ** 2;
};

/** The light of a picture after a Lanczos filter from its full size in one step, with nothing rounded. */
function referenceLight({ data, width, height }: Pixels, size: number): number[] {
  const scale = width / size;
  const rows = Math.round(height / scale);
  const weigh = (center: number, count: number) => {
    const first = Math.max(0, Math.ceil(center - 3 * scale));
    const last = Math.min(count - 1, Math.floor(center + 3 * scale));
    return Array.from(
      { length: last - first + 1 },
      (_, i) => [first + i, lanczos((first + i - center) / scale)] as const,
    );
  };
  const columns = Array.from({ length: size }, (_, x) => weigh((x + 0.5) * scale - 0.5, width));
  return Array.from({ length: rows }, (_, y) => weigh((y + 0.5) * scale - 0.5, height)).flatMap((vertical) =>
    columns.map((horizontal) => {
      let [sum, total] = [0, 0];
      for (const [row, v] of vertical) {
        for (const [column, h] of horizontal) {
          sum += (data[(row * width + column) * 4] as number) * v * h;
          total += v * h;
        }
      }
      return sum / total;
    }),
  );
}

/** The mean structural similarity of two pictures, in windows of 8 × 8 pixels (Wang and others, 2004). */
function computeSsim(a: readonly number[], b: readonly number[], width: number): number {
  const scores: number[] = [];
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  for (let y = 0; y + 8 <= a.length / width; y += 4) {
    for (let x = 0; x + 8 <= width; x += 4) {
      const at = Array.from({ length: 64 }, (_, i) => (y + (i >> 3)) * width + x + (i & 7));
      const [p, q] = [at.map((i) => a[i] as number), at.map((i) => b[i] as number)];
      const [meanP, meanQ] = [mean(p), mean(q)];
      const covariance = (m: number[], n: number[]) =>
        mean(m.map((value, i) => value * (n[i] as number))) - mean(m) * mean(n);
      const numerator = (2 * meanP * meanQ + 6.5) * (2 * covariance(p, q) + 58.5);
      scores.push(numerator / ((meanP ** 2 + meanQ ** 2 + 6.5) * (covariance(p, p) + covariance(q, q) + 58.5)));
    }
  }
  return mean(scores);
}

describe('copies that are made from each other', () => {
  it.each([
    [512, 512],
    [400, 600],
  ])(
    'of a picture of %i × %i look as if each had been made from the picture (SSIM of at least 0.99)',
    (width, height) => {
      const original = paint(width, height);
      let copy = original;
      for (const size of [256, 128, 64]) {
        copy = resizePixels(copy, size);
        expect([copy.width, copy.height]).toEqual([size, Math.round((height * size) / width)]);
        const light = Array.from({ length: copy.width * copy.height }, (_, i) => copy.data[i * 4] as number);
        expect(computeSsim(light, referenceLight(original, size), size)).toBeGreaterThan(0.99);
      }
    },
  );
});
