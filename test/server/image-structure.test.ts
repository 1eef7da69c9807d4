import { describe, expect, it } from 'vitest';
import { type Bytes, concat, u16le, u24le, u32 } from '../support/bytes.js';
import { FILES_WITH_METADATA } from '../support/metadata.js';
import {
  frameControl,
  gif,
  jpeg,
  png,
  pngChunk,
  riff,
  riffChunk,
  segment,
  stored,
  text,
  vp8l,
  webp,
} from '../support/pictures.js';
import { expectRefusal, findText, patchBytes, readImage, toRow, tryRead } from './read-helpers.js';

describe('a truncated picture is refused, or lacks nothing but its end mark, at every length', () => {
  const whole: [string, Uint8Array][] = [
    ['JPEG', jpeg()],
    ['JPEG with restarts', jpeg({ coding: 'restarts' })],
    ['progressive JPEG', jpeg({ coding: 'progressive' })],
    ['PNG', png()],
    ['animated PNG', png({ animated: true })],
    ['GIF', gif()],
    ['WebP', webp()],
    ['animated WebP', webp({ frames: 2 })],
    ...FILES_WITH_METADATA.filter(({ type }) => type !== 'image/gif').map(({ name, bytes }): [string, Uint8Array] => [
      `cleaned ${name}`,
      readImage(bytes).bytes,
    ]),
  ];
  it.each(whole)('%s', (_, bytes) => {
    expect(readImage(bytes).bytes.length).toBe(bytes.length);
    for (let length = 0; length < bytes.length; length++) {
      const part = tryRead(bytes.slice(0, length));
      if (part) expect(part.bytes).toEqual(bytes);
      // The longest end mark is that of a PNG, a chunk of 12 bytes.
      if (part) expect(length).toBeGreaterThanOrEqual(bytes.length - 12);
    }
  });
});

describe('an animation', () => {
  const makers: [string, (frames: number) => Uint8Array][] = [
    ['GIF', gif],
    ['WebP', (frames) => webp({ frames })],
    ['PNG', buildAnimatedPng],
  ];
  it.each(makers)('of 1,000 frames is accepted and of 1,001 refused: %s', (_, make) => {
    expect(readImage(make(1000)).type).toMatch(/^image/);
    expectRefusal(make(1001));
  });

  it('is refused if its frames have more than ten times the maximum pixels of a picture', () => {
    expect(readImage(gif(10, [50, 50]), 2500).width).toBe(50);
    expectRefusal(gif(11, [50, 50]), 2500);
  });
});

function buildAnimatedPng(frames: number): Bytes {
  const picture = png({ width: 1, height: 1 });
  const more = Array.from({ length: frames - 1 }, (_, i) =>
    concat(frameControl(i * 2 + 1, [1, 1]), pngChunk('fdAT', concat(u32(i * 2 + 2), stored(text('\0rgba'))))),
  );
  const control = pngChunk('acTL', [...u32(frames), ...u32(0)]);
  return concat(
    picture.slice(0, 33),
    control,
    frameControl(0, [1, 1]),
    picture.slice(33, -12),
    ...more,
    picture.slice(-12),
  );
}

describe('a JPEG is refused', () => {
  const restarts = jpeg({ coding: 'restarts' });
  const restartAt = findText(restarts, '\xff\xd0');
  const picture = jpeg();
  const [head, rest] = [picture.slice(0, 2), picture.slice(2)];
  const frame = segment(0xc0, [8, 0, 8, 0, 16, 1, 1, 0x11, 0]);
  const before = findText(picture, '\xff\xc0');
  it.each([
    toRow('with a second frame header', concat(head, frame, rest)),
    toRow('whose height is defined after the scan', jpeg({ claim: [16, 0] })),
    toRow(
      'with a marker in the middle of its scan',
      concat(restarts.slice(0, restartAt), segment(0xe5, [1]), restarts.slice(restartAt)),
    ),
    toRow('with a coding that no browser decodes', patchBytes(picture, before + 1, 0xc3)),
    toRow('with 12-bit samples', patchBytes(picture, before + 4, 12)),
    toRow('whose frame header is too short', patchBytes(picture, before + 9, 3)),
    toRow('with a scan before the frame header', concat(head, segment(0xda, [1, 1, 0, 0, 63, 0]), [1], rest)),
    toRow('with an empty scan', concat(picture.slice(0, findText(picture, '\xff\xda') + 10), [0xff, 0xd9])),
    toRow('with a segment shorter than its length', patchBytes(picture, findText(picture, '\xff\xda') + 2, 0, 0)),
    toRow('without a scan', concat(head, frame, [0xff, 0xd9])),
    toRow('without a frame', concat(head, [0xff, 0xd9])),
  ])('%s', (_, bytes) => expectRefusal(bytes));
});

describe('a PNG is refused', () => {
  const picture = png({ animated: true });
  const plain = png();
  const header = plain.slice(0, 33);
  const [data, end] = [plain.slice(33, -12), plain.slice(-12)];
  const buildControl = (frames: number) => pngChunk('acTL', [...u32(frames), ...u32(0)]);
  const buildFrame = (number: number, ...place: [[number, number], [number, number]]) =>
    concat(header, buildControl(1), frameControl(number, ...place), data, end);
  const pixels = plain.slice(41, -16);
  const rows = concat(new Array(18).fill(0), text('hidden'));
  const buildSecondFrame = (compressed: Bytes) => [
    frameControl(1, [2, 2]),
    pngChunk('fdAT', concat(u32(2), compressed)),
  ];
  it.each([
    toRow('with a damaged data chunk', patchBytes(plain, 45, 0xff)),
    toRow('with an unknown critical chunk', concat(header, pngChunk('CgBI', [0]), data, end)),
    toRow('with a chunk whose type is not letters', concat(header, pngChunk('\0\0\0\0', [0]), data, end)),
    toRow('with two palettes', concat(header, pngChunk('PLTE', [1, 2, 3]), pngChunk('PLTE', [1, 2, 3]), data, end)),
    toRow('whose data chunks are not consecutive', concat(header, data, pngChunk('tEXt', text('a\0b')), data, end)),
    toRow(
      'whose header is not the first chunk',
      concat(header.slice(0, 8), pngChunk('tEXt', header.slice(16, 29)), data, end),
    ),
    toRow('with frames out of order', buildFrame(1, [2, 2], [0, 0])),
    toRow('with a frame beyond its canvas', buildFrame(0, [2, 2], [1, 0])),
    toRow('with a frame larger than its canvas', buildFrame(0, [2, 3], [0, 0])),
    toRow('with a frame of zero width', buildFrame(0, [0, 2], [0, 0])),
    toRow(
      'with frame data before any frame',
      concat(header, buildControl(1), pngChunk('fdAT', [0, 0, 0, 0, 1]), frameControl(1, [2, 2]), data, end),
    ),
    toRow('with two animations', concat(header, buildControl(1), buildControl(1), frameControl(0, [2, 2]), data, end)),
    toRow('with data after its last row', concat(header, pngChunk('IDAT', stored(rows)), end)),
    toRow(
      'with data after the last row of a frame',
      concat(header, buildControl(2), frameControl(0, [2, 2]), data, ...buildSecondFrame(stored(rows)), end),
    ),
    toRow(
      'with data after the compressed rows of a frame',
      concat(header, buildControl(2), frameControl(0, [2, 2]), data, ...buildSecondFrame(concat(pixels, [1])), end),
    ),
    toRow('with a damaged frame', patchBytes(picture, findText(picture, 'fcTL') + 25, 9)),
  ])('%s', (_, bytes) => expectRefusal(bytes));

  it('but not for a second frame with exactly its rows', () => {
    const frames = concat(header, buildControl(2), frameControl(0, [2, 2]), data, ...buildSecondFrame(pixels), end);
    expect(readImage(frames)).toMatchObject({ frames: 2, bytes: frames });
  });

  it('but not for damaged metadata, which is removed', () => {
    const damaged = patchBytes(pngChunk('gAMA', [0, 0, 0, 1]), 8, 9);
    expect(readImage(concat(header, damaged, data, end)).bytes).toEqual(plain);
  });

  it('but not for frames outside of an animation, which are removed', () => {
    const stray = concat(
      header,
      data,
      buildControl(1),
      frameControl(0, [9, 9]),
      pngChunk('fdAT', stored(text('x'))),
      end,
    );
    expect(readImage(stray).bytes).toEqual(plain);
  });
});

describe('a GIF is refused', () => {
  const picture = gif();
  it.each([
    toRow('with a frame without data', concat(picture.slice(0, -5), [0, 0x3b])),
    toRow('without a frame', concat(picture.slice(0, 19), [0x3b])),
    toRow('with an unknown block before its first frame', concat(picture.slice(0, 19), [0x99], picture.slice(19))),
  ])('%s', (_, bytes) => expectRefusal(bytes));
});

describe('a WebP is refused', () => {
  const buildHeader = (flags: number, width = 1, height = 1) =>
    riffChunk('VP8X', [flags, 0, 0, 0, ...u24le(width - 1), ...u24le(height - 1)]);
  const control = riffChunk('ANIM', [0, 0, 0, 0, 0, 0]);
  const buildFrame = (x: number, width: number, height: number, ...inside: Bytes[]) =>
    riffChunk('ANMF', concat(u24le(x), u24le(0), u24le(width - 1), u24le(height - 1), [0, 0, 0, 0], ...inside));
  const buildLossy = (width: number, height: number, first = 0x10) =>
    riffChunk('VP8 ', [first, 0, 0, 0x9d, 1, 0x2a, ...u16le(width), ...u16le(height), 0, 0]);
  it.each([
    toRow('whose canvas differs from its image', webp({ canvas: [2, 1], size: [1, 1] })),
    toRow('whose canvas differs from its lossy image', riff(buildHeader(0, 2, 1), buildLossy(1, 1))),
    toRow(
      'with a frame of another size than declared',
      riff(buildHeader(2, 9, 9), control, buildFrame(0, 2, 1, vp8l())),
    ),
    toRow('with a frame beyond its canvas', riff(buildHeader(2, 2, 1), control, buildFrame(1, 1, 1, vp8l()))),
    toRow('with a frame without an image', riff(buildHeader(2), control, buildFrame(0, 1, 1))),
    toRow('with a frame of two images', riff(buildHeader(2), control, buildFrame(0, 1, 1, vp8l(), vp8l()))),
    toRow('with a truncated frame chunk', riff(buildHeader(2), control, riffChunk('ANMF', [0]))),
    toRow('that is animated without frames', riff(buildHeader(2), control)),
    toRow('that is animated without an ANIM chunk', riff(buildHeader(2), buildFrame(0, 1, 1, vp8l()))),
    toRow('with frames but no animation flag', riff(buildHeader(0), control, buildFrame(0, 1, 1, vp8l()))),
    toRow('with two images', riff(buildHeader(0), vp8l(), vp8l())),
    toRow('with a truncated VP8X chunk', riff(riffChunk('VP8X', [0, 0, 0, 0]), riffChunk('\0\0\0\0', []), vp8l())),
    toRow('with a chunk before its simple image', riff(riffChunk('junk', [1]), vp8l())),
    toRow('whose frame is not a key frame', riff(buildLossy(1, 1, 0x11))),
    toRow('of an unknown lossless version', patchBytes(webp(), 24, 0x20)),
    toRow('without the lossless signature', patchBytes(webp(), 20, 0)),
    toRow('with a chunk that exceeds the file', patchBytes(webp(), 16, 0xff)),
    toRow('without chunks', riff()),
  ])('%s', (_, bytes) => expectRefusal(bytes));

  it('but not for a lossy image with its alpha channel before it', () => {
    const bytes = riff(buildHeader(0x10, 4, 2), riffChunk('ALPH', [0, 1]), buildLossy(4, 2));
    expect(readImage(bytes)).toMatchObject({ width: 4, height: 2, bytes });
  });
});
