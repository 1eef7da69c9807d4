import { expect } from '@open-wc/testing';
import { prepareSquare } from '../../src/image/index.js';
import { jpeg, png } from '../support/pictures.js';

const options = { size: 64, type: 'image/png', quality: 1 };

/** Red, green, blue, alpha at a place, in parts of the side. */
async function pixels(blob: Blob): Promise<(x: number, y: number) => number[]> {
  const bitmap = await createImageBitmap(blob);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D;
  context.drawImage(bitmap, 0, 0);
  return (x, y) => Array.from(context.getImageData(x * bitmap.width, y * bitmap.height, 1, 1).data);
}

/** Three shades in an L: no two orientations look the same. Each shade is a square of 16×16 pixels. */
const corner = [
  [20, 20, 120, 120],
  [20, 20, 120, 120],
  [220, 220, 120, 120],
  [220, 220, 120, 120],
];
const [dark, middle, light] = [20, 120, 220];

/** Where the dark and the light corner have to be once the picture is upright. */
const upright: Record<number, [number, number, number, number]> = {
  1: [0, 0, 0, 1],
  2: [1, 0, 1, 1],
  3: [1, 1, 1, 0],
  4: [0, 1, 0, 0],
  5: [0, 0, 1, 0],
  6: [1, 0, 0, 0],
  7: [1, 1, 0, 1],
  8: [0, 1, 1, 1],
};

describe('the square that is uploaded', () => {
  for (const [orientation, [darkX, darkY, lightX, lightY]] of Object.entries(upright)) {
    it(`is upright for orientation ${orientation}`, async () => {
      const file = new Blob([jpeg({ blocks: corner, orientation: Number(orientation), gps: true })], {
        type: 'image/jpeg',
      });
      const at = await pixels(await prepareSquare(file, options));
      const shade = (x: number, y: number) => at(x ? 0.8 : 0.2, y ? 0.8 : 0.2)[0];
      expect(shade(darkX, darkY)).to.be.closeTo(dark, 4);
      expect(shade(lightX, lightY)).to.be.closeTo(light, 4);
      expect(shade(1 - darkX, 1 - darkY)).to.be.closeTo(middle, 4);
    });
  }

  it('is the middle of the picture', async () => {
    const blocks = [
      [20, 20, 120, 120, 220, 220],
      [20, 20, 120, 120, 220, 220],
    ];
    const at = await pixels(await prepareSquare(new Blob([jpeg({ blocks })]), options));
    expect(at(0.5, 0.5)[0]).to.be.closeTo(middle, 4);
    expect(at(0.05, 0.5)[0]).to.be.closeTo(middle, 4);
    expect(at(0.9, 0.5)[0]).to.be.closeTo(middle, 4);
  });

  it('carries no metadata', async () => {
    const text = await (
      await prepareSquare(new Blob([jpeg({ gps: true })]), { ...options, type: 'image/jpeg' })
    ).text();
    expect(text).not.to.include('Exif');
  });

  it('stays transparent, but on white where the type knows no transparency', async () => {
    const file = new Blob([png({ width: 8, height: 8, colour: [255, 0, 0, 0] })]);
    for (const type of ['image/webp', 'image/png']) {
      expect((await pixels(await prepareSquare(file, { ...options, type })))(0.5, 0.5)[3]).to.equal(0);
    }
    expect((await pixels(await prepareSquare(file, { ...options, type: 'image/jpeg' })))(0.5, 0.5)).to.deep.equal([
      255, 255, 255, 255,
    ]);
  });

  it('comes as PNG where the browser cannot encode the type', async () => {
    expect((await prepareSquare(new Blob([png()]), { ...options, type: 'image/avif' })).type).to.equal('image/png');
  });

  it('is at least one pixel, however thin the picture', async () => {
    const bitmap = await createImageBitmap(
      await prepareSquare(new Blob([png({ width: 1, height: 300 })]), { ...options, size: 0 }),
    );
    expect([bitmap.width, bitmap.height]).to.deep.equal([1, 1]);
  });
});
