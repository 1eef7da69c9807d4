import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ByteReader, WorkBudget } from '../../src/image/formats/byte-reader.js';
import { ImageError } from '../../src/image/formats/read-picture.js';
import { jpeg } from '../support/pictures.js';
import { SLOW_PICTURES } from '../support/slow-pictures.js';
import { expectRefusal, readImage } from './read-helpers.js';

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

describe('a JPEG', () => {
  const picture = jpeg({ coding: 'progressive' });
  const last = picture.length - 2;
  const addScans = (count: number) => {
    const scan = [0xff, 0xda, 0, 8, 1, 1, 0, 1, 63, 0, 1];
    return Uint8Array.from([...picture.slice(0, last), ...new Array(count).fill(scan).flat(), 0xff, 0xd9]);
  };

  it('of 64 scans is accepted, and of 65 refused', () => {
    expect(readImage(addScans(62)).width).toBe(16);
    expectRefusal(addScans(63));
  });

  it('is refused if its scans have more than ten times the maximum pixels of a picture', () => {
    expect(readImage(addScans(8), 128).width).toBe(16);
    expectRefusal(addScans(9), 128);
  });
});
