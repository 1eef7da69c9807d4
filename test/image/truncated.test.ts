import { expect } from '@open-wc/testing';
import { checkDecodable, inspectImage } from '../../src/image/index.js';
import { concat } from '../support/bytes.js';
import { gif, type JpegOptions, jpeg, png, pngChunk, text, webp } from '../support/pictures.js';
import { inspectAndPrepare } from './inspect-and-prepare.js';
import { comparePixels, readPixels } from './read-pixels.js';

const options = { size: 64, type: 'image/png', quality: 1 };
const blocks = Array.from({ length: 12 }, (_, y) => Array.from({ length: 9 }, (_, x) => (x * 29 + y * 17) % 230));
const codings = ['baseline', 'restarts', 'progressive'] as const;

const prepare = async (bytes: Uint8Array<ArrayBuffer>) =>
  (await readPixels(await inspectAndPrepare(new Blob([bytes]), options))).data;
const check = async (bytes: Uint8Array<ArrayBuffer>) => {
  const file = new Blob([bytes]);
  return checkDecodable(file, await inspectImage(file)).then(
    () => 'decodable',
    () => 'refused',
  );
};

/** Draws a photo-like picture, encoded by the browser itself: with subsampled colors and optimized tables. */
async function drawPhoto(): Promise<Uint8Array<ArrayBuffer>> {
  const context = new OffscreenCanvas(200, 150).getContext('2d') as OffscreenCanvasRenderingContext2D;
  for (let i = 0; i < 300; i++) {
    context.fillStyle = `hsl(${i * 47} 60% ${20 + ((i * 13) % 60)}%)`;
    context.fillRect((i * 37) % 200, (i * 23) % 150, 20, 20);
  }
  const blob = await context.canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 });
  return new Uint8Array(await blob.arrayBuffer());
}

describe('a JPEG without its end mark', () => {
  for (const coding of codings) {
    it(`is taken if all pixels are there (${coding})`, async () => {
      const whole = jpeg({ blocks, coding, orientation: 6 });
      const expected = await prepare(whole);
      for (const missing of [1, 2]) {
        expect(comparePixels(await prepare(whole.slice(0, -missing)), expected).max).to.equal(0);
        expect(await check(whole.slice(0, -missing))).to.equal('decodable');
      }
    });
  }

  it('is taken if the browser has encoded it', async () => {
    const whole = await drawPhoto();
    expect(comparePixels(await prepare(whole.slice(0, -2)), await prepare(whole)).max).to.equal(0);
  });

  const cutAnywhere = async (whole: Uint8Array<ArrayBuffer>, start: number) => {
    const results = [];
    for (let share = 0; share < 10; share++) {
      const length = Math.floor(start + ((whole.length - 8 - start) * share) / 9);
      results.push(await check(whole.slice(0, length)));
    }
    return results;
  };
  const refused = new Array(10).fill('refused');

  it('is refused if pixels are missing', async () => {
    for (const coding of ['baseline', 'restarts'] satisfies JpegOptions['coding'][]) {
      const whole = jpeg({ blocks, coding });
      expect(await cutAnywhere(whole, whole.length - 90)).to.deep.equal(refused);
    }
    const photo = await drawPhoto();
    expect(await cutAnywhere(photo, 700)).to.deep.equal(refused);
  });

  it('is refused if it ends between two restart intervals', async () => {
    const whole = jpeg({ blocks, coding: 'restarts' });
    for (let offset = whole.length - 3; offset > whole.length - 150; offset--) {
      if (whole[offset] !== 0xff || ((whole[offset + 1] ?? 0) & 0xf8) !== 0xd0) continue;
      for (const end of [offset, offset + 1, offset + 2]) {
        expect(await check(whole.slice(0, end)), `${whole.length - end} bytes less`).to.equal('refused');
      }
    }
  });
});

describe('other types without their end', () => {
  it('are refused if more than the end mark is missing, whatever their metadata says', async () => {
    const { length } = pngChunk('IEND', []);
    const start = 33;
    const whole = png({ width: 20, height: 20 });
    const withText = concat(whole.slice(0, start), pngChunk('tEXt', text('IEND\0IEND')), whole.slice(start));
    for (const bytes of [whole, withText]) {
      expect(await check(bytes)).to.equal('decodable');
      for (const missing of [1, 8, length]) expect(await check(bytes.slice(0, -missing))).to.equal('decodable');
      expect(await check(bytes.slice(0, -length - 1))).to.equal('refused');
    }
    expect(await check(webp().slice(0, -1))).to.equal('refused');
  });

  it('are taken if they are GIFs that lack only the last byte', async () => {
    expect(await check(gif().slice(0, -1))).to.equal('decodable');
  });
});
