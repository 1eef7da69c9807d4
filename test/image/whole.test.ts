import { expect } from '@open-wc/testing';
import { checkDecodable, type EncodeOptions, encodeWhole, inspectImage } from '../../src/image/index.js';
import { gif, jpeg, png, webp } from '../support/pictures.js';
import { rarePng } from '../support/rare-pictures.js';
import { readPixels } from './read-pixels.js';

const options: EncodeOptions = { type: 'image/png', quality: 1 };
const encode = async (bytes: Uint8Array<ArrayBuffer>, more: Partial<EncodeOptions> = {}) => {
  const file = new Blob([bytes]);
  return encodeWhole(file, await inspectImage(file), { ...options, ...more });
};
const check = async (bytes: Uint8Array<ArrayBuffer>, signal?: AbortSignal) => {
  const file = new Blob([bytes]);
  return checkDecodable(file, await inspectImage(file), signal);
};
const nameError = (promise: Promise<unknown>) => promise.then(String, (error: Error) => error.name);

describe('encodeWhole', () => {
  it('keeps every pixel at its own size, upright', async () => {
    const blocks = [
      [20, 120, 220],
      [60, 160, 240],
    ];
    const { width, height, at } = await readPixels(await encode(jpeg({ blocks, orientation: 6, gps: true })));
    expect([width, height]).to.deep.equal([16, 24]);
    // Orientation 6: the left column of the file is the top row, from right to left.
    expect(at(0.25, 0.1)[0]).to.be.closeTo(60, 4);
    expect(at(0.75, 0.1)[0]).to.be.closeTo(20, 4);
    expect(at(0.25, 0.9)[0]).to.be.closeTo(240, 4);
  });

  it('keeps transparent pixels, or makes them white in a JPEG', async () => {
    const file = png({ width: 9, height: 5, color: [255, 0, 0, 0] });
    expect((await readPixels(await encode(file))).at(0.5, 0.5)[3]).to.equal(0);
    const white = await readPixels(await encode(file, { type: 'image/jpeg' }));
    expect([white.width, white.height, ...white.at(0.5, 0.5)]).to.deep.equal([9, 5, 255, 255, 255, 255]);
  });

  it('scales a picture down that is wider than a WebP can be, and keeps all of it', async () => {
    const file = rarePng({
      width: 20_000,
      height: 4,
      paint: (x) => (x < 10_000 ? [250, 0, 0, 255] : [0, 0, 250, 255]),
    });
    const { width, height, at } = await readPixels(await encode(file));
    expect([width, height]).to.deep.equal([16_383, 3]);
    expect([at(0.01, 0.5)[0], at(0.99, 0.5)[2]]).to.deep.equal([250, 250]);
  });

  it('scales a picture down to 50 megapixels, and no part of it is black', async () => {
    const blocks = Array.from({ length: 1000 }, () => new Array(1000).fill(180));
    const bitmap = await createImageBitmap(await encode(jpeg({ blocks }), { type: 'image/jpeg', quality: 0.5 }));
    const context = new OffscreenCanvas(16, 16).getContext('2d') as OffscreenCanvasRenderingContext2D;
    context.drawImage(bitmap, 0, 0, 16, 16);
    expect(bitmap.width).to.be.oneOf([4087, 7064]);
    bitmap.close();
    const { data } = context.getImageData(0, 0, 16, 16);
    for (let i = 0; i < data.length; i += 4) expect(data[i]).to.be.closeTo(180, 4);
  });

  it('refuses what is no picture', async () => {
    expect(await nameError(encode(jpeg().slice(0, 60)))).to.match(/Error$/);
  });
});

describe('checkDecodable', () => {
  it('resolves for a picture of each type', async () => {
    for (const bytes of [jpeg(), png(), gif(2), webp(), webp({ frames: 2 })])
      expect(await check(bytes)).to.equal(undefined);
  });

  it('rejects what the browser cannot decode', async () => {
    for (const bytes of [new Uint8Array(), jpeg().slice(0, 60), gif().slice(0, 13)]) {
      expect(await nameError(check(bytes))).to.match(/Error$/);
    }
  });

  it('rejects with the reason of an aborted signal', async () => {
    expect(await nameError(check(png(), AbortSignal.abort()))).to.equal('AbortError');
  });
});
