import { expect } from '@open-wc/testing';
import { array, assert, asyncProperty, boolean, constantFrom, record } from 'fast-check';
import type { Crop } from '../../src/core/crop.js';
import { exifSegment } from '../support/pictures.js';
import { RUN_FACTOR } from '../support/run-factor.js';
import { inspectAndPrepare } from './inspect-and-prepare.js';
import { comparePixels, readPixels } from './read-pixels.js';
import { createReferenceSquare } from './reference-square.js';

const [WIDTH, HEIGHT] = [720, 540];

/** Draws a JPEG with soft and sharp edges, in which no two parts look the same. */
async function drawPicture(orientation = 1): Promise<Blob> {
  const context = new OffscreenCanvas(WIDTH, HEIGHT).getContext('2d') as OffscreenCanvasRenderingContext2D;
  const background = context.createLinearGradient(0, 0, WIDTH, HEIGHT);
  for (const [index, color] of ['#102040', '#a04020', '#40a060', '#e0e0c0'].entries())
    background.addColorStop(index / 3, color);
  context.fillStyle = background;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  for (let i = 0; i < 40; i++) {
    context.fillStyle = `hsl(${i * 47} 60% ${20 + ((i * 13) % 60)}%)`;
    context.beginPath();
    context.arc((i * 157) % WIDTH, (i * 89) % HEIGHT, 8 + ((i * 7) % 40), 0, 7);
    context.fill();
  }
  const jpeg = await context.canvas.convertToBlob({ type: 'image/jpeg', quality: 0.95 });
  return new Blob([jpeg.slice(0, 2), exifSegment(orientation, true), jpeg.slice(2)], { type: 'image/jpeg' });
}

const pictures = new Map<number, Blob>();
async function getPicture(orientation: number): Promise<Blob> {
  const known = pictures.get(orientation) ?? (await drawPicture(orientation));
  pictures.set(orientation, known);
  return known;
}

/** Maximum of the mean difference, in levels of 255: the two ways differ in sharpness at edges. */
const MAX_DIFFERENCE = 3;

/** Returns the mean difference from the reference square. */
async function measureDifference(orientation: number, crop: Crop, size: number): Promise<number> {
  const file = await getPicture(orientation);
  const square = await readPixels(await inspectAndPrepare(file, { size, type: 'image/png', quality: 1, crop }));
  return comparePixels(square.data, await createReferenceSquare(file, crop, square.width)).mean;
}

describe('a crop', () => {
  for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
    it(`is cut out of the upright picture, off center, orientation ${orientation}`, async () => {
      const crop: Crop = { x: 31, y: 77, side: 400, turns: 0, mirrored: false };
      expect(await measureDifference(orientation, crop, 64)).to.be.below(MAX_DIFFERENCE);
    });
  }

  for (const turns of [1, 2, 3] as const) {
    it(`is rotated ${turns} times, and then mirrored`, async () => {
      expect(await measureDifference(1, { x: 200, y: 20, side: 300, turns, mirrored: true }, 48)).to.be.below(
        MAX_DIFFERENCE,
      );
    });
  }

  it('has its position right to a fraction of a pixel', async () => {
    const file = await getPicture(1);
    const at = async (x: number) => {
      const crop: Crop = { x, y: 50, side: 400, turns: 0, mirrored: false };
      return (await readPixels(await inspectAndPrepare(file, { size: 64, type: 'image/png', quality: 1, crop }))).data;
    };
    const [before, here, after] = [await at(99), await at(100.5), await at(102)];
    const middle = before.map((value, i) => (value + (after[i] ?? 0)) / 2);
    expect(comparePixels(here, middle).mean).to.be.below(comparePixels(here, before).mean / 2);
  });

  it('that exceeds the picture is moved inside', async () => {
    const file = await getPicture(1);
    const options = { size: 32, type: 'image/png', quality: 1 };
    const outside: Crop = { x: 600, y: -50, side: 300, turns: 0, mirrored: false };
    const inside: Crop = { ...outside, x: WIDTH - 300, y: 0 };
    const [a, b] = [
      await inspectAndPrepare(file, { ...options, crop: outside }),
      await inspectAndPrepare(file, { ...options, crop: inside }),
    ];
    expect(comparePixels((await readPixels(a)).data, (await readPixels(b)).data).max).to.equal(0);
  });

  it('differs from the reference square by less than the maximum, whatever the crop', async () => {
    const share = () => constantFrom(...Array.from({ length: 21 }, (_, i) => i / 20));
    const input = record({
      orientation: constantFrom(1, 2, 3, 4, 5, 6, 7, 8),
      size: constantFrom(16, 40, 64, 96),
      position: array(share(), { minLength: 3, maxLength: 3 }),
      turns: constantFrom<Crop['turns']>(0, 1, 2, 3),
      mirrored: boolean(),
    });
    await assert(
      asyncProperty(input, async ({ orientation, size, position: [left = 0, top = 0, zoom = 0], turns, mirrored }) => {
        const [width, height] = orientation < 5 ? [WIDTH, HEIGHT] : [HEIGHT, WIDTH];
        const side = size + Math.round(zoom * (Math.min(width, height) - size));
        const crop = { x: left * (width - side), y: top * (height - side), side, turns, mirrored };
        expect(await measureDifference(orientation, crop, size)).to.be.below(MAX_DIFFERENCE);
      }),
      { numRuns: 25 * RUN_FACTOR },
    );
  });
});
