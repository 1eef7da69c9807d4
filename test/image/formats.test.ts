import { expect } from '@open-wc/testing';
import { TOO_MANY_PIXELS } from '../../src/image/jobs.js';
import { concat } from '../support/bytes.js';
import { PROFILE } from '../support/metadata.js';
import { gif, jpeg, png, pngChunk, segment, stored, text, webp } from '../support/pictures.js';
import { cmykJpeg, type Paint, rarePng } from '../support/rare-pictures.js';
import { inspectAndPrepare, inspectAndPreview } from './inspect-and-prepare.js';
import { readPixels } from './read-pixels.js';

const options = { size: 64, type: 'image/png', quality: 1 };
const toBlob = (bytes: Uint8Array<ArrayBuffer>) => new Blob([bytes]);
const cutSquare = async (bytes: Uint8Array<ArrayBuffer>, more = {}) =>
  readPixels(await inspectAndPrepare(toBlob(bytes), { ...options, ...more }));

/** Red at the top, blue at the bottom, green on the right. */
const paint: Paint = (x, y) => (x > 24 ? [0, 200, 0, 255] : y < 16 ? [200, 0, 0, 255] : [0, 0, 200, 255]);
const painted = { width: 32, height: 32, paint };

const expectColor = (actual: number[], expected: number[], tolerance = 6) => {
  for (const [i, value] of expected.entries()) expect(actual[i]).to.be.closeTo(value, tolerance);
};

describe('prepareSquare decodes', () => {
  for (const [name, more] of [
    ['a PNG with 16 bits per channel', { depth: 16 }],
    ['an interlaced PNG', { interlaced: true }],
    ['an interlaced PNG with 16 bits per channel', { depth: 16, interlaced: true }],
  ] as const) {
    it(name, async () => {
      const { at, width } = await cutSquare(rarePng({ ...painted, ...more }));
      expect(width).to.equal(32);
      expectColor(at(0.2, 0.2), [200, 0, 0, 255]);
      expectColor(at(0.2, 0.8), [0, 0, 200, 255]);
      expectColor(at(0.9, 0.5), [0, 200, 0, 255]);
    });
  }

  it('a progressive JPEG, and one with restart markers', async () => {
    for (const coding of ['progressive', 'restarts'] as const) {
      const { at } = await cutSquare(
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

  it('a CMYK JPEG', async () => {
    const [red, green, blue, alpha] = (await cutSquare(cmykJpeg(16, [0, 255, 255, 0]))).at(0.5, 0.5);
    // Browsers convert CMYK in different ways, but magenta and yellow are red in all of them.
    expect([red > 180, green < 110, blue < 110, alpha]).to.deep.equal([true, true, true, 255]);
  });

  it('the first frame of an animated GIF, WebP and PNG', async () => {
    for (const bytes of [gif(3), webp({ frames: 2 }), png({ animated: true })]) {
      expect((await cutSquare(bytes)).width).to.be.at.least(1);
    }
  });

  it('a picture of one pixel, and one of 1 × 10000', async () => {
    expect(await cutSquare(png({ width: 1, height: 1 }))).to.include({ width: 1, height: 1 });
    expect(await cutSquare(png({ width: 1, height: 10_000 }))).to.include({ width: 1, height: 1 });
    const { bitmap, width, height } = await inspectAndPreview(toBlob(png({ width: 1, height: 10_000 })), 100);
    expect([bitmap.width, bitmap.height, width, height]).to.deep.equal([1, 100, 1, 10_000]);
    bitmap.close();
  });

  it('transparent pixels, without mixing their colors into visible ones', async () => {
    // Invisible black next to white: if alpha were ignored, the edge would be gray.
    const half: Paint = (x) => (x < 300 ? [255, 255, 255, 255] : [0, 0, 0, 0]);
    const { data } = await cutSquare(rarePng({ width: 601, height: 601, paint: half }));
    for (let i = 0; i < data.length; i += 4) if ((data[i + 3] ?? 0) > 8) expect(data[i]).to.be.above(247);
  });

  it('wide-gamut colors, and converts them to sRGB', async () => {
    const profile = pngChunk('iCCP', concat(text('P3'), [0, 0], stored(PROFILE)));
    const wide = await cutSquare(rarePng({ width: 8, height: 8, paint: () => [200, 60, 60, 255], before: profile }));
    const [red, green, blue] = wide.at(0.5, 0.5);
    // Display P3 (200, 60, 60) is about (216, 45, 54) in sRGB.
    expectColor([red, green, blue], [216, 45, 54], 5);
  });
});

describe('prepareSquare with a huge picture', () => {
  it('cuts a square out of 108 megapixels, and no part of it is black', async () => {
    // 12000 × 9000 pixels in few bytes: blocks as bright as the one before take about one bit. A band is darker.
    const blocks = Array.from({ length: 1125 }, (_, y) => new Array(1500).fill(y > 200 && y < 300 ? 90 : 180));
    const { at, width } = await cutSquare(jpeg({ blocks, orientation: 6 }), { size: 128 });
    expect(width).to.equal(128);
    for (const position of [0.01, 0.5, 0.99]) expectColor(at(position, position), [180, 180, 180, 255]);
  });

  it('refuses a file that only claims to be huge, without decoding it', async () => {
    const error = await inspectAndPrepare(toBlob(png({ claim: [60_000, 60_000] })), options).catch((cause) => cause);
    expect(error.name).to.equal(TOO_MANY_PIXELS);
  });
});

/** Creates a JPEG with another, complete one in its header, as in photos. */
function createJpegWithThumbnail(): Uint8Array<ArrayBuffer> {
  const large = jpeg({ blocks: Array.from({ length: 6 }, (_, y) => [20, 90, 160, 230].map((level) => level - y * 3)) });
  return concat(large.slice(0, 2), segment(0xe1, text('Exif\0\0'), jpeg()), large.slice(2));
}

describe('prepareSquare refuses', () => {
  const files: [string, Uint8Array<ArrayBuffer>][] = [
    ['an empty file', new Uint8Array()],
    ['a PDF', text('%PDF-1.7')],
    ['a truncated PNG', png({ width: 50, height: 50 }).slice(0, 60)],
    ['a truncated JPEG with a complete thumbnail', createJpegWithThumbnail().slice(0, -30)],
    ['a JPEG that ends with its header', jpeg().slice(0, 60)],
    ['a JPEG with broken tables', jpeg().fill(0xff, 30, 90)],
    ['a truncated WebP', webp().slice(0, 24)],
    ['a GIF that ends with its header', gif().slice(0, 13)],
  ];
  it('no picture because of bytes after its end', async () => {
    const video = text('the video that phones append \xff\xda');
    for (const bytes of [createJpegWithThumbnail(), png(), webp()]) await cutSquare(concat(bytes, video));
  });

  for (const [name, bytes] of files) {
    it(name, async () => {
      const error = await inspectAndPrepare(toBlob(bytes), options).catch((cause) => cause);
      expect(error).to.be.instanceOf(DOMException);
    });
  }
});

describe('the prepared square', () => {
  /** Many colors, so that it is no drawing. */
  const noise: Paint = (x, y) => [(x * 7919 + y * 104_729) % 251, (x * 31 + y * 17_389) % 241, (x * y * 13) % 239, 255];
  const createOpaque = () => rarePng({ width: 200, height: 160, paint: noise });

  it('has the wanted type, or else is JPEG if all pixels are opaque, and PNG if not', async () => {
    const getOutputType = async (bytes: Uint8Array<ArrayBuffer>, type: string) =>
      (await inspectAndPrepare(toBlob(bytes), { ...options, type, quality: 0.8 })).type;
    const encoder = new OffscreenCanvas(1, 1);
    encoder.getContext('2d');
    const { type } = await encoder.convertToBlob({ type: 'image/webp' });
    expect(await getOutputType(createOpaque(), 'image/webp')).to.equal(type === 'image/webp' ? type : 'image/jpeg');
    expect(await getOutputType(png(), 'image/webp')).to.equal(type);
    expect(await getOutputType(createOpaque(), 'image/avif')).to.equal('image/jpeg');
    expect(await getOutputType(createOpaque(), 'image/jpeg')).to.equal('image/jpeg');
    expect(await getOutputType(createOpaque(), 'image/png')).to.equal('image/png');
  });

  it('has no metadata and no color profile', async () => {
    const file = jpeg({ blocks: [[40, 90, 220]], gps: true });
    for (const type of ['image/webp', 'image/jpeg', 'image/png']) {
      const content = await (await inspectAndPrepare(toBlob(file), { ...options, type })).text();
      for (const name of ['Exif', 'eXIf', 'EXIF', 'ICCP', 'iCCP']) expect(content).not.to.include(name);
    }
  });

  it('is the original without its metadata, if nothing else has to change', async () => {
    const comment = pngChunk('tEXt', text('Author\0me'));
    const original = rarePng(painted);
    const file = rarePng({ ...painted, before: comment });
    const same = await inspectAndPrepare(toBlob(file), options);
    expect(new Uint8Array(await same.arrayBuffer())).to.deep.equal(original);
    for (const more of [
      { size: 16 },
      { type: 'image/jpeg' },
      { crop: { x: 0, y: 0, side: 30, turns: 0, mirrored: false } },
    ]) {
      const other = await inspectAndPrepare(toBlob(file), { ...options, ...more } as typeof options);
      expect(new Uint8Array(await other.arrayBuffer())).not.to.deep.equal(original);
    }
  });
});

describe('createPreview', () => {
  it('returns an upright copy, and the size of the original', async () => {
    const file = jpeg({ blocks: Array.from({ length: 8 }, () => [20, 20, 20, 20, 220, 220]), orientation: 6 });
    const { bitmap, width, height } = await inspectAndPreview(toBlob(file), 32);
    expect([bitmap.width, bitmap.height, width, height]).to.deep.equal([32, 24, 64, 48]);
    bitmap.close();
  });

  it('does not enlarge a small picture', async () => {
    const { bitmap } = await inspectAndPreview(toBlob(png({ width: 20, height: 10 })), 500);
    expect([bitmap.width, bitmap.height]).to.deep.equal([20, 10]);
    bitmap.close();
  });
});
