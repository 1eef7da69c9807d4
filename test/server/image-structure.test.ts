import { describe, expect, it } from 'vitest';
import { avifMovie } from '../support/avif.js';
import { type Bytes, concat, u16le, u24le, u32 } from '../support/bytes.js';
import { dirty } from '../support/metadata.js';
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
import { at, exactly, patched, read, refuse } from './read-helpers.js';

describe('a picture that is cut off is refused, wherever it is cut', () => {
  const whole: [string, Uint8Array][] = [
    ['JPEG', jpeg()],
    ['JPEG with restarts', jpeg({ coding: 'restarts' })],
    ['progressive JPEG', jpeg({ coding: 'progressive' })],
    ['PNG', png()],
    ['animated PNG', png({ animated: true })],
    ['GIF', gif(2)],
    ['WebP', webp()],
    ['animated WebP', webp({ frames: 2 })],
    ...dirty.map(({ name, bytes }): [string, Uint8Array] => [`cleaned ${name}`, read(bytes).bytes]),
  ];
  it.each(whole)('%s', (_, bytes) => {
    expect(read(bytes).bytes.length).toBe(bytes.length);
    for (let length = 0; length < bytes.length; length++) refuse(bytes.slice(0, length));
  });
});

describe('an animation', () => {
  const makers: [string, (frames: number) => Uint8Array][] = [
    ['GIF', gif],
    ['WebP', (frames) => webp({ frames })],
    ['AVIF', avifMovie],
    ['PNG', animatedPng],
  ];
  it.each(makers)('of 1,000 frames is taken, of one more refused: %s', (_, make) => {
    expect(read(make(1000)).type).toMatch(/^image/);
    refuse(make(1001));
  });

  it('has at most ten times the pixels of one picture in all its frames', () => {
    expect(read(gif(10, [50, 50]), 2500).width).toBe(50);
    refuse(gif(11, [50, 50]), 2500);
  });
});

function animatedPng(frames: number): Bytes {
  const picture = png({ width: 1, height: 1 });
  const more = Array.from({ length: frames - 1 }, (_, i) =>
    concat(frameControl(i * 2 + 1, [1, 1]), pngChunk('fdAT', concat(u32(i * 2 + 2), [0]))),
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
  const picture = jpeg();
  const [head, rest] = [picture.slice(0, 2), picture.slice(2)];
  const frame = segment(0xc0, [8, 0, 8, 0, 16, 1, 1, 0x11, 0]);
  const before = at(picture, '\xff\xc0');
  it.each([
    exactly('with a second frame header', concat(head, frame, rest)),
    exactly('whose height comes later', jpeg({ claim: [16, 0] })),
    exactly(
      'with a marker that gives the height again',
      concat(picture.slice(0, -2), segment(0xdc, [0, 9]), [0xff, 0xd9]),
    ),
    exactly('that is coded as no browser can show it', patched(picture, before + 1, 0xc3)),
    exactly('of twelve bits', patched(picture, before + 4, 12)),
    exactly('whose frame header is too short', patched(picture, before + 9, 3)),
    exactly('with a scan before the frame header', concat(head, segment(0xda, [1, 1, 0, 0, 63, 0]), [1], rest)),
    exactly('with an empty scan', concat(picture.slice(0, at(picture, '\xff\xda') + 10), [0xff, 0xd9])),
    exactly('with bytes between its segments', concat(picture.slice(0, before), [0], picture.slice(before))),
    exactly('with a segment shorter than its length', patched(picture, at(picture, '\xff\xda') + 2, 0, 0)),
    exactly('without a scan', concat(head, frame, [0xff, 0xd9])),
    exactly('without a frame', concat(head, [0xff, 0xd9])),
  ])('%s', (_, bytes) => refuse(bytes));
});

describe('a PNG is refused', () => {
  const picture = png({ animated: true });
  const plain = png();
  const header = plain.slice(0, 33);
  const [data, end] = [plain.slice(33, -12), plain.slice(-12)];
  const control = (frames: number) => pngChunk('acTL', [...u32(frames), ...u32(0)]);
  const frame = (number: number, ...place: [[number, number], [number, number]]) =>
    concat(header, control(1), frameControl(number, ...place), data, end);
  it.each([
    exactly('with damaged data', patched(plain, 45, 0xff)),
    exactly('with a chunk that nobody knows and all have to', concat(header, pngChunk('CgBI', [0]), data, end)),
    exactly('with a chunk whose name is none', concat(header, pngChunk('\0\0\0\0', [0]), data, end)),
    exactly('with two palettes', concat(header, pngChunk('PLTE', [1, 2, 3]), pngChunk('PLTE', [1, 2, 3]), data, end)),
    exactly('whose data is interrupted', concat(header, data, pngChunk('tEXt', text('a\0b')), data, end)),
    exactly('whose end says something', concat(header, data, pngChunk('IEND', [1]))),
    exactly(
      'whose header is not the first',
      concat(header.slice(0, 8), pngChunk('tEXt', header.slice(16, 29)), data, end),
    ),
    exactly('with fewer frames than it says', concat(header, control(2), frameControl(0, [2, 2]), data, end)),
    exactly('with no frames', concat(header, control(0), data, end)),
    exactly('with frames out of order', frame(1, [2, 2], [0, 0])),
    exactly('with a frame beyond its canvas', frame(0, [2, 2], [1, 0])),
    exactly('with a frame larger than its canvas', frame(0, [2, 3], [0, 0])),
    exactly('with a frame of no size', frame(0, [0, 2], [0, 0])),
    exactly(
      'with frame data before any frame',
      concat(header, control(1), pngChunk('fdAT', [0, 0, 0, 0, 1]), frameControl(1, [2, 2]), data, end),
    ),
    exactly('with two animations', concat(header, control(1), control(1), frameControl(0, [2, 2]), data, end)),
    exactly('with a damaged frame', patched(picture, at(picture, 'fcTL') + 25, 9)),
    exactly(
      'with an empty frame',
      concat(header, control(1), frameControl(0, [2, 2]), data, pngChunk('fdAT', u32(1)), end),
    ),
  ])('%s', (_, bytes) => refuse(bytes));

  it('not for metadata that is damaged, which is dropped', () => {
    const damaged = patched(pngChunk('gAMA', [0, 0, 0, 1]), 8, 9);
    expect(read(concat(header, damaged, data, end)).bytes).toEqual(plain);
  });

  it('not for frames of no animation, which are dropped', () => {
    const stray = concat(header, data, control(1), frameControl(0, [9, 9]), pngChunk('fdAT', stored(text('x'))), end);
    expect(read(stray).bytes).toEqual(plain);
  });
});

describe('a GIF is refused', () => {
  const picture = gif();
  it.each([
    exactly('with a block of no kind', concat(picture.slice(0, -1), [0x99, 0x3b])),
    exactly('with a frame without data', concat(picture.slice(0, -5), [0, 0x3b])),
    exactly('without a frame', concat(picture.slice(0, 19), [0x3b])),
    exactly('without its last byte: nothing tells it from one that is cut off', picture.slice(0, -1)),
  ])('%s', (_, bytes) => refuse(bytes));
});

describe('a WebP is refused', () => {
  const head = (flags: number, width = 1, height = 1) =>
    riffChunk('VP8X', [flags, 0, 0, 0, ...u24le(width - 1), ...u24le(height - 1)]);
  const control = riffChunk('ANIM', [0, 0, 0, 0, 0, 0]);
  const frame = (x: number, width: number, height: number, ...inside: Bytes[]) =>
    riffChunk('ANMF', concat(u24le(x), u24le(0), u24le(width - 1), u24le(height - 1), [0, 0, 0, 0], ...inside));
  const lossy = (width: number, height: number, first = 0x10) =>
    riffChunk('VP8 ', [first, 0, 0, 0x9d, 1, 0x2a, ...u16le(width), ...u16le(height), 0, 0]);
  it.each([
    exactly('whose canvas is not its picture', webp({ canvas: [2, 1], size: [1, 1] })),
    exactly('whose canvas is not its lossy picture', riff(head(0, 2, 1), lossy(1, 1))),
    exactly('with a frame of another size than it says', riff(head(2, 9, 9), control, frame(0, 2, 1, vp8l()))),
    exactly('with a frame beyond its canvas', riff(head(2, 2, 1), control, frame(1, 1, 1, vp8l()))),
    exactly('with a frame of nothing', riff(head(2), control, frame(0, 1, 1))),
    exactly('with a frame of two pictures', riff(head(2), control, frame(0, 1, 1, vp8l(), vp8l()))),
    exactly('with a frame too short', riff(head(2), control, riffChunk('ANMF', [0]))),
    exactly('that moves without frames', riff(head(2), control)),
    exactly('that moves without a beginning', riff(head(2), frame(0, 1, 1, vp8l()))),
    exactly('with frames that do not move', riff(head(0), control, frame(0, 1, 1, vp8l()))),
    exactly('with two pictures', riff(head(0), vp8l(), vp8l())),
    exactly('with a header too short', riff(riffChunk('VP8X', [0, 0, 0, 0]), riffChunk('\0\0\0\0', []), vp8l())),
    exactly('with something before its picture', riff(riffChunk('junk', [1]), vp8l())),
    exactly('whose frame depends on another', riff(lossy(1, 1, 0x11))),
    exactly('of another version', patched(webp(), 24, 0x20)),
    exactly('of no signature', patched(webp(), 20, 0)),
    exactly('with a chunk larger than the file', patched(webp(), 16, 0xff)),
    exactly('of nothing', riff()),
  ])('%s', (_, bytes) => refuse(bytes));

  it('not for lossy pictures with their alpha channel before them', () => {
    const bytes = riff(head(0x10, 4, 2), riffChunk('ALPH', [0, 1]), lossy(4, 2));
    expect(read(bytes)).toMatchObject({ width: 4, height: 2, bytes });
  });
});
