import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ByteReader, WorkBudget } from '../../src/image/formats/byte-reader.js';
import { ImageError } from '../../src/image/formats/read-picture.js';
import { ascii, u16le, u32 } from '../support/bytes.js';
import { concat, frameControl, gif, jpeg, png, pngChunk, segment } from '../support/pictures.js';
import { SLOW_PICTURES } from '../support/slow-pictures.js';
import { expectRefusal, findText, patchBytes, readImage } from './read-helpers.js';

const LIMIT = 5 * 2 ** 20;

/** What a check may do at most: reads of the file's bytes beside one pass over them, and bytes that it writes or copies. */
const MAX_READS = 250_000;
const MAX_WRITTEN = LIMIT + 2 ** 19;

/** Work that is counted, not timed: calls that read the file, and bytes that are written. */
const work = { reads: 0, written: 0 };
const restore: (() => void)[] = [];

/** Counts the calls of a method while the tests of this file run. */
function countCalls(owner: object, name: string, count: (args: unknown[], self: unknown) => void): void {
  const real = Object.getOwnPropertyDescriptor(owner, name) as PropertyDescriptor;
  Object.defineProperty(owner, name, {
    ...real,
    value(this: unknown, ...args: unknown[]) {
      count(args, this);
      return Reflect.apply(real.value, this, args);
    },
  });
  restore.push(() => Object.defineProperty(owner, name, real));
}

beforeAll(() => {
  for (const name of ['u8', 'u16', 'u32', 'matches', 'readText', 'slice'])
    countCalls(ByteReader.prototype, name, () => work.reads++);
  const bytes = Object.getPrototypeOf(Uint8Array.prototype);
  countCalls(bytes, 'set', ([source]) => (work.written += (source as ArrayLike<number>).length));
  countCalls(bytes, 'slice', (_, self) => (work.written += (self as Uint8Array).length));
  countCalls(bytes, 'indexOf', () => work.reads++);
});
afterAll(() => {
  for (const each of restore) each();
});

/** Checks a file; returns the picture, or null if it was refused. */
function tryRead(bytes: Uint8Array) {
  Object.assign(work, { reads: 0, written: 0 });
  try {
    return readImage(bytes);
  } catch (error) {
    if (error instanceof ImageError) return null;
    throw error;
  }
}

describe('the largest upload that is built to be slow', () => {
  // One pass over compressed data is proportional to its bytes, whatever they are.
  const passes = new Set([
    'stuffed bytes',
    'restart markers',
    'sub-blocks of one byte',
    'fill bytes',
    'fill bytes in a scan',
  ]);
  const isPass = (contents: string) => passes.has(contents.replace(' in a frame', ''));

  it.each(SLOW_PICTURES)('costs a bounded number of steps: %s of %s', (_, contents, build) => {
    const bytes = build();
    expect(bytes.length).toBeLessThanOrEqual(LIMIT);
    const picture = tryRead(bytes);
    expect(work.reads).toBeLessThanOrEqual(isPass(contents) ? 2 * LIMIT + MAX_READS : MAX_READS);
    expect(work.written).toBeLessThanOrEqual(MAX_WRITTEN);
    if (picture) expect(readImage(picture.bytes).bytes.length).toBe(picture.bytes.length);
  });
});

describe('the budget of a file', () => {
  it('is one for all its parts, at any depth', () => {
    const file = new ByteReader(new Uint8Array(1));
    const part = new ByteReader(file.bytes, file.budget);
    file.budget.count(9_999);
    part.budget.count();
    expect(() => file.budget.count()).toThrow(ImageError);
  });

  it('refuses a count before anything of that length is allocated', () => {
    expect(() => new WorkBudget().count(2 ** 32 - 1)).toThrow(ImageError);
  });

  it.each(SLOW_PICTURES.filter(([, contents]) => /frames with many chunks each|65,535/.test(contents)))(
    'is used up by %s of %s',
    (_, __, build) => expectRefusal(build()),
  );
});

describe('the pixels and frames that a file states are checked before its data are read', () => {
  const damaged = [0xff, 0xff, 0xff, 0xff];
  const pngHeader = png({ width: 2, height: 2 }).slice(0, 33);
  const end = pngChunk('IEND', []);
  const stillPng = concat(pngHeader, pngChunk('IDAT', damaged), end);
  /** The data of the image are no frame. */
  const animatePng = (frames: number) =>
    concat(
      pngHeader,
      pngChunk('acTL', [...u32(frames), ...u32(0)]),
      png({ width: 2, height: 2 }).slice(33, -12),
      ...Array.from({ length: frames }, (_, i) =>
        concat(frameControl(i * 2, [2, 2]), pngChunk('fdAT', [...u32(i * 2 + 1), 0x78, 1, ...damaged])),
      ),
      end,
    );
  const gifScreen = [...u16le(2), ...u16le(2), 0x80, 0, 0, 0, 0, 0, 255, 255, 255];
  const gifFrame = [0x2c, 0, 0, 0, 0, ...u16le(2), ...u16le(2), 0, 2, 4, ...damaged, 0];
  const wholeGif = gif(1000);
  const buildGif = () => concat(ascii('GIF89a'), gifScreen, gifFrame, [0x3b]);

  it.each([
    ['the pixels of a PNG', stillPng, 3, 'too many pixels'],
    ['the pixels of all frames of a PNG', animatePng(11), 4, 'too many pixels'],
    ['the frames of a PNG', animatePng(1001), 50e6, 'too many frames'],
    ['the pixels of a GIF', buildGif(), 3, 'too many pixels'],
    ['the pixels of all frames of a GIF', concat(gif(40).slice(0, -1), gifFrame, [0x3b]), 4, 'too many pixels'],
    ['the frames of a GIF', concat(wholeGif.slice(0, -1), gifFrame, [0x3b]), 50e6, 'too many frames'],
  ])('%s', (_, bytes, maxPixels, message) => {
    expect(() => readImage(bytes, maxPixels)).toThrow(message);
    // Nothing else is wrong but the data.
    expect(() => readImage(bytes, 60e6)).toThrow(message.includes('pixels') ? 'damaged' : message);
  });
});

describe('a JPEG', () => {
  const picture = jpeg();
  const progressive = patchBytes(picture, findText(picture, '\xff\xc0') + 1, 0xc2);
  const head = progressive.slice(0, findText(picture, '\xff\xda'));
  /** Scans that each add one coefficient, with one bit missing; then scans that add the bits. */
  const buildScans = (count: number) => {
    const scans = Array.from({ length: count }, (_, i) => {
      const [coefficient, isFirst] = [i % 64, i < 64];
      return concat(segment(0xda, [1, 1, 0, coefficient, coefficient, isFirst ? 1 : 0x10]), [1]);
    });
    return concat(head, ...scans, [0xff, 0xd9]);
  };

  it('of 64 scans is accepted, and of 65 refused', () => {
    expect(readImage(buildScans(64)).width).toBe(16);
    expectRefusal(buildScans(65));
  });

  it('is refused if its scans have more than ten times the maximum pixels of a picture', () => {
    expect(readImage(buildScans(10), 128).width).toBe(16);
    expectRefusal(buildScans(11), 128);
  });

  it.each(['baseline', 'restarts', 'progressive'] as const)(
    'of many pixels and few bytes costs few steps: %s',
    (coding) => {
      const steps = vi.spyOn(DataView.prototype, 'getUint32');
      expect(readImage(jpeg({ coding, claim: [8000, 6000] })).width).toBe(8000);
      expect(steps.mock.calls.length).toBeLessThan(100);
      steps.mockRestore();
    },
  );
});
