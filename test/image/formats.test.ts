import { expect } from '@open-wc/testing';
import { createPreview, prepareSquare } from '../../src/image/index.js';
import { concat } from '../support/bytes.js';
import { PROFILE } from '../support/metadata.js';
import { gif, jpeg, png, pngChunk, segment, stored, text, webp } from '../support/pictures.js';
import { cmykJpeg, type Paint, rarePng } from '../support/rare-pictures.js';
import { look } from './read-pixels.js';

const options = { size: 64, type: 'image/png', quality: 1 };
const blob = (...parts: Uint8Array<ArrayBuffer>[]) => new Blob(parts);
const square = async (bytes: Uint8Array<ArrayBuffer>, more = {}) =>
  look(await prepareSquare(blob(bytes), { ...options, ...more }));

/** Red above, blue below; green on the right. */
const paint: Paint = (x, y) => (x > 24 ? [0, 200, 0, 255] : y < 16 ? [200, 0, 0, 255] : [0, 0, 200, 255]);
const painted = { width: 32, height: 32, paint };

const close = (found: number[], wanted: number[], by = 6) => {
  for (const [i, value] of wanted.entries()) expect(found[i]).to.be.closeTo(value, by);
};

describe('pictures of every kind', () => {
  for (const [name, more] of [
    ['a PNG of 16 bits', { depth: 16 }],
    ['an interlaced PNG', { interlaced: true }],
    ['an interlaced PNG of 16 bits', { depth: 16, interlaced: true }],
  ] as const) {
    it(name, async () => {
      const { at, width } = await square(rarePng({ ...painted, ...more }));
      expect(width).to.equal(32);
      close(at(0.2, 0.2), [200, 0, 0, 255]);
      close(at(0.2, 0.8), [0, 0, 200, 255]);
      close(at(0.9, 0.5), [0, 200, 0, 255]);
    });
  }

  it('a progressive JPEG, and one with restarts', async () => {
    for (const coding of ['progressive', 'restarts'] as const) {
      const { at } = await square(
        jpeg({
          coding,
          blocks: [
            [40, 220],
            [40, 220],
          ],
        }),
      );
      expect([at(0.1, 0.5)[0], at(0.9, 0.5)[0]]).to.satisfy(([a, b]: number[]) => Number(a) < 60 && Number(b) > 200);
    }
  });

  it('a JPEG in four inks', async () => {
    const [red, green, blue, alpha] = (await square(cmykJpeg(16, [0, 255, 255, 0]))).at(0.5, 0.5);
    // Engines mix inks in different ways, but magenta and yellow are red in all of them.
    expect([red > 180, green < 110, blue < 110, alpha]).to.deep.equal([true, true, true, 255]);
  });

  it('the first frame of a GIF, a WebP and an APNG that move', async () => {
    for (const bytes of [gif(3), webp({ frames: 2 }), png({ animated: true })]) {
      expect((await square(bytes)).width).to.be.at.least(1);
    }
  });

  it('a picture of one pixel, and one of 1 × 10000', async () => {
    expect(await square(png({ width: 1, height: 1 }))).to.include({ width: 1, height: 1 });
    expect(await square(png({ width: 1, height: 10_000 }))).to.include({ width: 1, height: 1 });
    const { bitmap, width, height } = await createPreview(blob(png({ width: 1, height: 10_000 })), 100);
    expect([bitmap.width, bitmap.height, width, height]).to.deep.equal([1, 100, 1, 10_000]);
    bitmap.close();
  });

  it('what is transparent, without a seam of what can’t be seen', async () => {
    // Black that is invisible beside white: mixed by colour alone, the edge would be grey.
    const half: Paint = (x) => (x < 300 ? [255, 255, 255, 255] : [0, 0, 0, 0]);
    const { data } = await square(rarePng({ width: 601, height: 601, paint: half }));
    for (let at = 0; at < data.length; at += 4) if ((data[at + 3] ?? 0) > 8) expect(data[at]).to.be.above(247);
  });

  it('the colours of a wide-gamut screen are converted', async () => {
    const profile = pngChunk('iCCP', concat(text('P3'), [0, 0], stored(PROFILE)));
    const wide = await square(rarePng({ width: 8, height: 8, paint: () => [200, 60, 60, 255], before: profile }));
    const [red, green, blue] = wide.at(0.5, 0.5);
    // Display P3 (200, 60, 60) is about (216, 45, 54) in sRGB.
    close([red, green, blue], [216, 45, 54], 5);
  });
});

describe('a huge picture', () => {
  it('of 108 megapixels: a square, and nothing black', async () => {
    // 12000 × 9000 pixels in few bytes: one level of grey, coded in one bit or so for each block.
    const blocks = Array.from({ length: 1125 }, () => new Array(1500).fill(180));
    const { at, width } = await square(jpeg({ blocks, orientation: 6 }), { size: 128 });
    expect(width).to.equal(128);
    for (const place of [0.01, 0.5, 0.99]) close(at(place, place), [180, 180, 180, 255]);
  }).timeout(60_000);

  it('that only claims to be is refused before it is decoded', async () => {
    const error = await prepareSquare(blob(png({ claim: [60_000, 60_000] })), options).catch((cause) => cause);
    expect(error.name).to.equal('EncodingError');
  });
});

/** A JPEG that holds another whole one in its header, as photos do. */
function withThumbnail(): Uint8Array<ArrayBuffer> {
  const large = jpeg({ blocks: Array.from({ length: 6 }, (_, y) => [20, 90, 160, 230].map((level) => level - y * 3)) });
  return concat(large.slice(0, 2), segment(0xe1, text('Exif\0\0'), jpeg()), large.slice(2));
}

describe('what can’t be decoded is refused', () => {
  const files: [string, Uint8Array<ArrayBuffer>][] = [
    ['an empty file', new Uint8Array()],
    ['a PDF', text('%PDF-1.7')],
    ['a PNG that is cut short', png({ width: 50, height: 50 }).slice(0, 60)],
    ['a JPEG that is cut short, with a whole thumbnail', withThumbnail().slice(0, -30)],
    ['a JPEG that ends with its header', jpeg().slice(0, 60)],
    ['a JPEG whose tables are spoiled', jpeg().fill(0xff, 30, 90)],
    ['a WebP that is cut short', webp().slice(0, 24)],
    ['a GIF that ends with its header', gif().slice(0, 13)],
  ];
  it('but not for what follows its end', async () => {
    const film = text('the film that phones add \xff\xda');
    for (const bytes of [withThumbnail(), png(), webp()]) await square(concat(bytes, film));
  });

  for (const [name, bytes] of files) {
    it(name, async () => {
      const error = await prepareSquare(blob(bytes), options).catch((cause) => cause);
      expect(error).to.be.instanceOf(DOMException);
    });
  }
});

describe('what comes out', () => {
  const opaque = () => rarePng({ ...painted, width: 40 });

  it('is of the type that was asked for; where the browser has no encoder, JPEG if opaque and PNG if not', async () => {
    const made = async (bytes: Uint8Array<ArrayBuffer>, type: string) =>
      (await prepareSquare(blob(bytes), { ...options, type })).type;
    const encoder = new OffscreenCanvas(1, 1);
    encoder.getContext('2d');
    const { type } = await encoder.convertToBlob({ type: 'image/webp' });
    expect(await made(opaque(), 'image/webp')).to.equal(type === 'image/webp' ? type : 'image/jpeg');
    expect(await made(png(), 'image/webp')).to.equal(type);
    expect(await made(opaque(), 'image/avif')).to.equal('image/jpeg');
    expect(await made(opaque(), 'image/jpeg')).to.equal('image/jpeg');
    expect(await made(opaque(), 'image/png')).to.equal('image/png');
  });

  it('has no metadata and no profile', async () => {
    const file = jpeg({ blocks: [[40, 90, 220]], gps: true });
    for (const type of ['image/webp', 'image/jpeg', 'image/png']) {
      const words = await (await prepareSquare(blob(file), { ...options, type })).text();
      for (const word of ['Exif', 'eXIf', 'EXIF', 'ICCP', 'iCCP']) expect(words).not.to.include(word);
    }
  });

  it('is the original without its metadata where nothing has to be changed', async () => {
    const note = pngChunk('tEXt', text('Author\0me'));
    const original = rarePng(painted);
    const file = rarePng({ ...painted, before: note });
    const same = await prepareSquare(blob(file), options);
    expect(new Uint8Array(await same.arrayBuffer())).to.deep.equal(original);
    for (const more of [
      { size: 16 },
      { type: 'image/jpeg' },
      { crop: { x: 0, y: 0, side: 30, turns: 0, mirrored: false } },
    ]) {
      const other = await prepareSquare(blob(file), { ...options, ...more } as typeof options);
      expect(new Uint8Array(await other.arrayBuffer())).not.to.deep.equal(original);
    }
  });
});

describe('a smaller copy to look at', () => {
  it('is upright, and tells the size of the whole', async () => {
    const file = jpeg({ blocks: Array.from({ length: 8 }, () => [20, 20, 20, 20, 220, 220]), orientation: 6 });
    const { bitmap, width, height } = await createPreview(blob(file), 32);
    expect([bitmap.width, bitmap.height, width, height]).to.deep.equal([32, 24, 64, 48]);
    bitmap.close();
  });

  it('is not larger than the picture', async () => {
    const { bitmap } = await createPreview(blob(png({ width: 20, height: 10 })), 500);
    expect([bitmap.width, bitmap.height]).to.deep.equal([20, 10]);
    bitmap.close();
  });
});
