import { expect } from '@open-wc/testing';
import { jpeg, png } from '../support/pictures.js';
import { inspectAndPrepare } from './inspect-and-prepare.js';
import { readPixels } from './read-pixels.js';

const options = { size: 64, type: 'image/png', quality: 1 };

/** Three shades, so that no two orientations look the same. Each shade is at least 16 × 16 pixels. */
const blocks = [
  [20, 20, 120, 120],
  [20, 20, 120, 120],
  [220, 220, 120, 120],
  [220, 220, 120, 120],
];
const [dark, middle, light] = [20, 120, 220];

/** The corners of the dark and of the light shade once the picture is upright. */
const CORNERS: Record<number, [number, number, number, number]> = {
  1: [0, 0, 0, 1],
  2: [1, 0, 1, 1],
  3: [1, 1, 1, 0],
  4: [0, 1, 0, 0],
  5: [0, 0, 1, 0],
  6: [1, 0, 0, 0],
  7: [1, 1, 0, 1],
  8: [0, 1, 1, 1],
};

describe('prepareSquare', () => {
  for (const [orientation, [darkX, darkY, lightX, lightY]] of Object.entries(CORNERS)) {
    it(`makes orientation ${orientation} upright`, async () => {
      const file = new Blob([jpeg({ blocks, orientation: Number(orientation), gps: true })], {
        type: 'image/jpeg',
      });
      const { at } = await readPixels(await inspectAndPrepare(file, options));
      const getShade = (x: number, y: number) => at(x ? 0.8 : 0.2, y ? 0.8 : 0.2)[0];
      expect(getShade(darkX, darkY)).to.be.closeTo(dark, 4);
      expect(getShade(lightX, lightY)).to.be.closeTo(light, 4);
      expect(getShade(1 - darkX, 1 - darkY)).to.be.closeTo(middle, 4);
    });
  }

  for (const [what, crop] of [
    ['the centered square', null],
    ['a part, rotated and mirrored', { x: 8, y: 16, side: 24, turns: 1, mirrored: true } as const],
  ] as const) {
    it(`shows a preview first, upright and not enlarged: ${what}`, async () => {
      const file = new Blob([jpeg({ blocks, orientation: 6, gps: true })]);
      const previews: Blob[] = [];
      const onPreview = (preview: Blob) => previews.push(preview);
      const square = await inspectAndPrepare(file, { ...options, size: 512, crop, onPreview });
      const [wanted, shown] = await Promise.all([square, ...previews].map(readPixels));
      expect(previews.length).to.equal(1);
      expect(shown?.width).to.equal(wanted?.width);
      for (const x of [0.2, 0.8]) {
        for (const y of [0.2, 0.8]) expect(shown?.at(x, y)).to.deep.equal(wanted?.at(x, y));
      }
    });
  }

  it('shows a smaller preview of a large square', async () => {
    const previews: Blob[] = [];
    const large = Array.from({ length: 64 }, () => Array.from({ length: 64 }, () => middle));
    const file = new Blob([jpeg({ blocks: large })]);
    const onPreview = (preview: Blob) => previews.push(preview);
    const square = await readPixels(await inspectAndPrepare(file, { ...options, size: 512, onPreview }));
    const preview = await readPixels(previews[0] as Blob);
    expect([square.width, preview.width]).to.deep.equal([512, 320]);
    expect(preview.at(0.5, 0.5)[0]).to.be.closeTo(middle, 2);
  });

  it('shows no preview of transparent pixels', async () => {
    const previews: Blob[] = [];
    const file = new Blob([png()]);
    await inspectAndPrepare(file, { ...options, onPreview: (preview) => previews.push(preview) });
    expect(previews).to.deep.equal([]);
  });

  it('cuts out the center of the picture', async () => {
    const columns = [
      [20, 20, 120, 120, 220, 220],
      [20, 20, 120, 120, 220, 220],
    ];
    const { at } = await readPixels(await inspectAndPrepare(new Blob([jpeg({ blocks: columns })]), options));
    expect(at(0.5, 0.5)[0]).to.be.closeTo(middle, 4);
    expect(at(0.05, 0.5)[0]).to.be.closeTo(middle, 4);
    expect(at(0.9, 0.5)[0]).to.be.closeTo(middle, 4);
  });

  it('removes metadata', async () => {
    const text = await (
      await inspectAndPrepare(new Blob([jpeg({ gps: true })]), { ...options, type: 'image/jpeg' })
    ).text();
    expect(text).not.to.include('Exif');
  });

  it('keeps transparency, or uses white if the type has none', async () => {
    const file = new Blob([png({ width: 8, height: 8, color: [255, 0, 0, 0] })]);
    for (const type of ['image/webp', 'image/png']) {
      expect((await readPixels(await inspectAndPrepare(file, { ...options, type }))).at(0.5, 0.5)[3]).to.equal(0);
    }
    expect(
      (await readPixels(await inspectAndPrepare(file, { ...options, type: 'image/jpeg' }))).at(0.5, 0.5),
    ).to.deep.equal([255, 255, 255, 255]);
  });

  it('returns PNG if the browser cannot encode the type, and pixels are transparent', async () => {
    expect((await inspectAndPrepare(new Blob([png()]), { ...options, type: 'image/avif' })).type).to.equal('image/png');
  });

  it('returns at least one pixel, however thin the picture', async () => {
    const bitmap = await createImageBitmap(
      await inspectAndPrepare(new Blob([png({ width: 1, height: 300 })]), { ...options, size: 0 }),
    );
    expect([bitmap.width, bitmap.height]).to.deep.equal([1, 1]);
  });
});
