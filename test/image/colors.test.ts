import { expect } from '@open-wc/testing';
import { checkDecodable, encodeWhole, inspectImage } from '../../src/image/index.js';
import { u32 } from '../support/bytes.js';
import { createHdrAvif } from '../support/hdr-avif.js';
import { pngChunk } from '../support/pictures.js';
import { cmykJpeg, type Paint, rarePng } from '../support/rare-pictures.js';
import { inspectAndPrepare } from './inspect-and-prepare.js';
import { comparePixels, readPixels } from './read-pixels.js';

const options = { size: 64, type: 'image/png', quality: 1 };
const paint: Paint = (x, y) => [x * 8, y * 8, 255 - x * 8, 255];

/** Creates a PNG with a `cICP` chunk: color primaries and transfer function by their numbers in H.273. */
const createCodedPng = (primaries: number, transfer: number, depth: 8 | 16) =>
  rarePng({ width: 32, height: 32, paint, depth, before: pngChunk('cICP', [primaries, transfer, 0, 1]) });

/** The largest difference from what `<img>` shows, in levels of 255. */
async function compareWithScreen(file: Blob): Promise<number[]> {
  const { data } = await readPixels(file);
  const info = await inspectImage(file);
  const results = [await inspectAndPrepare(file, options), await encodeWhole(file, info, options)];
  return Promise.all(results.map(async (blob) => comparePixels((await readPixels(blob)).data, data).max));
}

describe('the colors', () => {
  const files: [string, Blob][] = [
    ['an AVIF with a high dynamic range', createHdrAvif()],
    ['a PNG with the PQ transfer function', new Blob([createCodedPng(9, 16, 8)])],
    ['a PNG with the HLG transfer function', new Blob([createCodedPng(9, 18, 8)])],
    ['a PNG with Display P3 primaries', new Blob([createCodedPng(12, 13, 8)])],
    [
      'a PNG with a gamma of 1',
      new Blob([rarePng({ width: 32, height: 32, paint, before: pngChunk('gAMA', u32(1e5)) })]),
    ],
    ['a PNG with 16 bits per channel', new Blob([rarePng({ width: 32, height: 32, paint, depth: 16 })])],
    ['a CMYK JPEG', new Blob([cmykJpeg(16, [0, 200, 90, 20])])],
  ];
  for (const [name, file] of files) {
    it(`of ${name} are those that the screen shows`, async () => {
      for (const difference of await compareWithScreen(file)) expect(difference).to.be.below(3);
    });
  }

  it('do not matter for the check that a picture decodes', async () => {
    const file = createHdrAvif();
    await checkDecodable(file, await inspectImage(file));
  });
});
