import { expect } from '@open-wc/testing';
import { checkDecodable, inspectImage } from '../../src/image/index.js';
import { BROKEN_PICTURES, ODD_PICTURES } from '../support/odd-pictures.js';
import { gif, png } from '../support/pictures.js';
import { inspectAndPrepare } from './inspect-and-prepare.js';
import { readPixels } from './read-pixels.js';

const check = async (bytes: Uint8Array<ArrayBuffer>) => {
  const file = new Blob([bytes]);
  return checkDecodable(file, await inspectImage(file)).then(
    () => 'decodable',
    () => 'refused',
  );
};

/** Some browsers show these, or a part of them. */
const SHOWN_IN_SOME = [
  'a progressive JPEG without an end mark',
  'a progressive JPEG whose scan repeats another',
  'a progressive JPEG whose last scan is damaged, and contains a marker',
  'a PNG with a palette of a color and a half',
  'a PNG whose data is cut short',
  'a GIF without colors',
  'a GIF with too few pixels',
  'a GIF with a code size of 0',
  'a GIF with a code size of 1',
  'a GIF with a frame of no size',
  'a WebP whose header states more bytes than there are',
];

/** Firefox and WebKit return a blank picture for some of these. */
describe('a damaged picture that no browser shows is refused', () => {
  for (const [fault, bytes] of BROKEN_PICTURES) {
    if (SHOWN_IN_SOME.includes(fault)) continue;
    it(fault, async () => expect(await check(bytes)).to.equal('refused'));
  }
});

describe('an odd picture that browsers show can be decoded', () => {
  for (const [oddity, bytes] of ODD_PICTURES) {
    it(oddity, async () => expect(await check(bytes)).to.equal('decodable'));
  }
});

describe('a picture of a single color', () => {
  const color = [10, 200, 30, 255] as const;
  for (const [type, bytes, expected] of [
    ['PNG', png({ width: 20, height: 20, color: [...color] }), color],
    ['transparent PNG', png({ width: 20, height: 20, color: [0, 0, 0, 0] }), [0, 0, 0, 0]],
    ['GIF', gif(), null],
  ] as const) {
    it(`is no damaged one: ${type}`, async () => {
      const square = await inspectAndPrepare(new Blob([bytes]), { size: 64, type: 'image/png', quality: 1 });
      const { data } = await readPixels(square);
      if (expected) expect(Array.from(data.slice(0, 4))).to.deep.equal(expected);
    });
  }
});
