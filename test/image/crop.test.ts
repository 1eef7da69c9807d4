import { expect } from '@open-wc/testing';
import { array, assert, asyncProperty, boolean, constantFrom, record } from 'fast-check';
import type { Crop } from '../../src/core/crop.js';
import { prepareSquare } from '../../src/image/index.js';
import { exifSegment } from '../support/pictures.js';
import { apart, look } from './read-pixels.js';
import { plainSquare } from './reference-square.js';

const [WIDTH, HEIGHT] = [720, 540];

/** A JPEG with soft and sharp edges, no two parts of which look the same. */
async function paint(orientation = 1): Promise<Blob> {
  const context = new OffscreenCanvas(WIDTH, HEIGHT).getContext('2d') as OffscreenCanvasRenderingContext2D;
  const ground = context.createLinearGradient(0, 0, WIDTH, HEIGHT);
  for (const [at, colour] of ['#102040', '#a04020', '#40a060', '#e0e0c0'].entries())
    ground.addColorStop(at / 3, colour);
  context.fillStyle = ground;
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
async function picture(orientation: number): Promise<Blob> {
  const known = pictures.get(orientation) ?? (await paint(orientation));
  pictures.set(orientation, known);
  return known;
}

/** Levels of 255: the mean over all pixels, and what an edge may differ by, where one way is sharper than the other. */
const MEAN = 3;

async function distance(orientation: number, crop: Crop, size: number): Promise<number> {
  const file = await picture(orientation);
  const square = await look(await prepareSquare(file, { size, type: 'image/png', quality: 1, crop }));
  return apart(square.data, await plainSquare(file, crop, square.width)).mean;
}

describe('a crop', () => {
  for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
    it(`is cut out of the upright picture: off centre, orientation ${orientation}`, async () => {
      const crop: Crop = { x: 31, y: 77, side: 400, turns: 0, mirrored: false };
      expect(await distance(orientation, crop, 64)).to.be.below(MEAN);
    });
  }

  for (const turns of [1, 2, 3] as const) {
    it(`is turned ${turns} times, and then mirrored`, async () => {
      expect(await distance(1, { x: 200, y: 20, side: 300, turns, mirrored: true }, 48)).to.be.below(MEAN);
    });
  }

  it('lies where it was asked for, to the tenth of a pixel', async () => {
    const file = await picture(1);
    const at = async (x: number) => {
      const crop: Crop = { x, y: 50, side: 400, turns: 0, mirrored: false };
      return (await look(await prepareSquare(file, { size: 64, type: 'image/png', quality: 1, crop }))).data;
    };
    const [before, here, after] = [await at(99), await at(100.5), await at(102)];
    const middle = before.map((value, i) => (value + (after[i] ?? 0)) / 2);
    expect(apart(here, middle).mean).to.be.below(apart(here, before).mean / 2);
  });

  it('that reaches over the rim is moved inside', async () => {
    const file = await picture(1);
    const options = { size: 32, type: 'image/png', quality: 1 };
    const over: Crop = { x: 600, y: -50, side: 300, turns: 0, mirrored: false };
    const inside: Crop = { ...over, x: WIDTH - 300, y: 0 };
    const [a, b] = [
      await prepareSquare(file, { ...options, crop: over }),
      await prepareSquare(file, { ...options, crop: inside }),
    ];
    expect(apart((await look(a)).data, (await look(b)).data).most).to.equal(0);
  });

  it('by the fast way and by a plain one differs by less than a stated error, whatever the crop', async () => {
    const part = () => constantFrom(...Array.from({ length: 21 }, (_, i) => i / 20));
    const any = record({
      orientation: constantFrom(1, 2, 3, 4, 5, 6, 7, 8),
      size: constantFrom(16, 40, 64, 96),
      place: array(part(), { minLength: 3, maxLength: 3 }),
      turns: constantFrom<Crop['turns']>(0, 1, 2, 3),
      mirrored: boolean(),
    });
    await assert(
      asyncProperty(any, async ({ orientation, size, place: [across = 0, down = 0, share = 0], turns, mirrored }) => {
        const [width, height] = orientation < 5 ? [WIDTH, HEIGHT] : [HEIGHT, WIDTH];
        const side = size + Math.round(share * (Math.min(width, height) - size));
        const crop = { x: across * (width - side), y: down * (height - side), side, turns, mirrored };
        expect(await distance(orientation, crop, size)).to.be.below(MEAN);
      }),
      { numRuns: 25 },
    );
  }).timeout(60_000);
});
