import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPicture } from '../../src/image/formats/read-picture.js';
import { ascii, type Bytes, concat, u32 } from '../support/bytes.js';
import { PROFILE } from '../support/metadata.js';
import { BROKEN_PICTURES, ODD_PICTURES } from '../support/odd-pictures.js';
import { createLongScan } from '../support/odd-scans.js';
import { frameControl, jpeg, png, pngChunk, riff, riffChunk, segment, stored, vp8l } from '../support/pictures.js';
import { expectRefusal, findText, patchBytes, readImage } from './read-helpers.js';

describe('a picture that browsers show is stored in a clean form', () => {
  it.each(ODD_PICTURES)('%s', (_, bytes, clean) => {
    expect(readImage(bytes).bytes).toEqual(clean);
    expect(readImage(clean).bytes).toEqual(clean);
  });

  it.each(ODD_PICTURES)('is whole when its metadata is kept: %s', (_, bytes, clean) => {
    const kept = readPicture(bytes, { maxPixels: 50_000_000, keepMetadata: true });
    expect(readImage(kept.bytes).bytes).toEqual(clean);
    expect(readPicture(kept.bytes, { maxPixels: 50_000_000, keepMetadata: true }).bytes).toEqual(kept.bytes);
  });
});

describe('a scan of more than four million codes', () => {
  it('has no bytes after its last block', () => {
    const [clean, stored] = [createLongScan(), readImage(createLongScan(ascii('hidden text'))).bytes];
    expect(stored.length).toBe(clean.length);
    expect(stored.every((byte, i) => byte === clean[i])).toBe(true);
  });
});

describe('a picture that no browser shows, or not in the same way, is refused', () => {
  it.each(BROKEN_PICTURES)('%s', (_, bytes) => expectRefusal(bytes));
});

describe('the number of frames', () => {
  const pixels = (level: number) => stored(concat([0, level, level, level, 255]));
  const build = (stated: number, actual: number): Bytes => {
    const picture = png({ width: 1, height: 1 });
    const more = Array.from({ length: Math.max(0, actual - 1) }, (_, i) =>
      concat(frameControl(i * 2 + 1, [1, 1]), pngChunk('fdAT', concat(u32(i * 2 + 2), pixels(i)))),
    );
    const control = pngChunk('acTL', [...u32(stated), ...u32(0)]);
    const first = concat(frameControl(0, [1, 1]), picture.slice(33, -12));
    return concat(picture.slice(0, 33), control, first, ...more, picture.slice(-12));
  };

  it('of an animated PNG is that of the frames which are there and stated', () => {
    const count = fc.integer({ min: 1, max: 9 });
    fc.assert(
      fc.property(count, count, (stated, actual) => {
        const picture = readImage(build(stated, actual));
        const frames = Math.min(stated, actual);
        expect(picture.frames).toBe(frames);
        expect(picture.bytes).toEqual(frames > 1 ? build(frames, frames) : png({ width: 1, height: 1 }));
      }),
    );
  });

  it('of a WebP is that of its frames, and one frame is a still picture', () => {
    const header = (flags: number) => riffChunk('VP8X', [flags, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    const frame = riffChunk('ANMF', concat(new Array(16).fill(0), vp8l()));
    const build = (frames: number) =>
      riff(header(2), riffChunk('ANIM', new Array(6).fill(0)), ...new Array(frames).fill(frame));
    expect(readImage(build(1))).toMatchObject({ frames: 1, bytes: riff(header(0x10), vp8l()) });
    expect(readImage(build(2))).toMatchObject({ frames: 2, bytes: build(2) });
  });
});

describe('the size of a GIF', () => {
  const frame = (width: number, height: number) => [0x2c, 0, 0, 0, 0, width, 0, height, 0, 0];
  /** Data of any number of pixels of one color: each after a code that resets the decoder. */
  const data = (pixels: number) => {
    const bytes = Array.from(
      { length: Math.ceil((pixels * 6) / 8) + 1 },
      (_, i) => [0x04, 0x41, 0x10][i % 3] as number,
    );
    return [2, bytes.length, ...bytes, 0];
  };

  it('is that of its screen, enlarged for the first frame and for no other', () => {
    const side = fc.integer({ min: 1, max: 9 });
    fc.assert(
      fc.property(fc.tuple(side, side), fc.tuple(side, side), fc.tuple(side, side), (screen, first, second) => {
        const bytes = concat(
          ascii('GIF89a'),
          [screen[0], 0, screen[1], 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255],
          ...[first, second].map(([width, height]) => [...frame(width, height), ...data(width * height)]),
          [0x3b],
        );
        const { width, height, frames } = readImage(bytes);
        expect([width, height, frames]).toEqual([Math.max(screen[0], first[0]), Math.max(screen[1], first[1]), 2]);
      }),
    );
  });
});

describe('the colors of a JPEG', () => {
  const picture = jpeg();
  const store = (...segments: Bytes[]) => readImage(concat(picture.slice(0, 2), ...segments, picture.slice(2))).bytes;
  const adobe = (transform: number) => segment(0xee, ascii('Adobe'), [0, 100, 0, 0, 0, 0, transform]);
  const jfif = segment(0xe0, ascii('JFIF\0'), [1, 1, 0, 0, 1, 0, 1, 0, 0]);

  it('are those of the last Adobe segment', () => {
    expect(store(adobe(0), adobe(1))).toEqual(store(adobe(1)));
    expect(store(adobe(1), adobe(0))).toEqual(store(adobe(0)));
  });

  it('keep the JFIF segment, which outweighs the one of Adobe, and the ids of the components', () => {
    expect(store(jfif, adobe(0))).toEqual(concat(picture.slice(0, 2), jfif, adobe(0), picture.slice(2)));
    const named = patchBytes(
      patchBytes(picture, findText(picture, '\xff\xc0') + 10, 82),
      findText(picture, '\xff\xda') + 5,
      82,
    );
    expect(readImage(named).bytes).toEqual(named);
  });
});

describe('a color profile', () => {
  const picture = jpeg();
  const store = (...parts: ArrayLike<number>[]) => {
    const segments = parts.map((part) => segment(0xe2, ascii('ICC_PROFILE\0'), part));
    return readImage(concat(picture.slice(0, 2), ...segments, picture.slice(2))).bytes;
  };
  const part = (number: number, count: number, bytes: ArrayLike<number>) => concat([number, count], bytes);
  const whole = store(part(1, 1, PROFILE));

  it('is put together from its parts, in the order of their numbers', () => {
    expect(store(part(2, 2, PROFILE.slice(99)), part(1, 2, PROFILE.slice(0, 99)))).toEqual(whole);
  });

  it('ends with its last missing part: what contradicts it later is ignored', () => {
    expect(store(part(1, 1, PROFILE), part(1, 2, PROFILE))).toEqual(whole);
    expect(store(part(1, 1, PROFILE), part(0, 0, []))).toEqual(whole);
    const halves = [part(1, 2, PROFILE.slice(0, 99)), part(2, 2, PROFILE.slice(99))];
    expect(store(...halves, part(2, 2, ascii('other')))).toEqual(whole);
    expect(store([1, 1], part(1, 1, PROFILE))).toEqual(whole);
  });

  it('has no bytes after its end', () => {
    expect(store(part(1, 1, concat(PROFILE, ascii('hidden'))))).toEqual(whole);
  });

  it.each([
    ['a part is missing', [part(1, 2, PROFILE)]],
    ['a part is there twice', [part(1, 2, PROFILE), part(1, 2, PROFILE)]],
    [
      'a part is there twice before the last one',
      [...[1, 1].map((number) => part(number, 2, PROFILE.slice(0, 99))), part(2, 2, PROFILE.slice(99))],
    ],
    ['its parts state different numbers of parts', [part(1, 2, PROFILE.slice(0, 99)), part(2, 3, PROFILE.slice(99))]],
    ['it is cut short', [part(1, 1, PROFILE.slice(0, -1))]],
    ['it has no signature', [part(1, 1, patchBytes(PROFILE, 36, 0))]],
  ])('is dropped if %s', (_, parts) => expect(store(...parts)).toEqual(picture));

  it('of more than 1 MiB is refused', () => {
    const large = concat(u32(2 ** 20 + 4), PROFILE.slice(4), new Uint8Array(2 ** 20 + 4 - PROFILE.length));
    const parts = Array.from({ length: 17 }, (_, i) => part(i + 1, 17, large.slice(i * 65_000, (i + 1) * 65_000)));
    expect(() => store(...parts)).toThrow('too large');
  });
});
