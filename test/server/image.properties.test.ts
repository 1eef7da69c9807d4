import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bytes, concat, u32, u32le } from '../support/bytes.js';
import { FILES_WITH_METADATA } from '../support/metadata.js';
import { ODD_PICTURES } from '../support/odd-pictures.js';
import { gif, jpeg, png, webp } from '../support/pictures.js';
import { RUN_FACTOR } from '../support/run-factor.js';
import { readImage, tryRead } from './read-helpers.js';

const side = fc.integer({ min: 1, max: 40 });
const size = fc.tuple(side, side);

/** Valid pictures of every type. */
const pictures = fc.oneof(
  fc
    .record({
      blocks: fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 4 }).map((row) => [row]),
      orientation: fc.integer({ min: 1, max: 8 }),
      gps: fc.boolean(),
      coding: fc.constantFrom('baseline' as const, 'restarts' as const, 'progressive' as const),
    })
    .map(jpeg),
  fc.record({ width: side, height: side, animated: fc.boolean() }).map(png),
  fc.tuple(fc.integer({ min: 1, max: 5 }), size).map((all) => gif(...all)),
  fc
    .tuple(size, fc.integer({ min: 0, max: 3 }))
    .map(([size, frames]) => webp({ size: frames ? [1, 1] : size, frames })),
  fc.constantFrom(...FILES_WITH_METADATA.map(({ bytes }) => bytes), ...ODD_PICTURES.map(([, bytes]) => bytes)),
);

/** A random change of a file. */
type Change = (bytes: Bytes) => Bytes;
const share = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const odd = fc.constantFrom(0, 1, 2, 7, 8, 16, 127, 128, 255, 256, 65_535, 2 ** 24, 2 ** 31, 2 ** 32 - 1);
const toOffset = (bytes: Bytes, at: number) => Math.floor(at * bytes.length);

const changes: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(share, fc.integer({ min: 0, max: 255 })).map(
    ([at, value]): Change =>
      (bytes) => {
        const copy = concat(bytes);
        copy[toOffset(copy, at)] = value;
        return copy;
      },
  ),
  fc.tuple(share, odd, fc.boolean()).map(
    ([at, value, isLittle]): Change =>
      (bytes) => {
        const start = toOffset(bytes, at);
        return concat(bytes.slice(0, start), isLittle ? u32le(value) : u32(value), bytes.slice(start + 4));
      },
  ),
  fc.tuple(share, share).map(
    ([from, to]): Change =>
      (bytes) => {
        return concat(
          bytes.slice(0, toOffset(bytes, Math.min(from, to))),
          bytes.slice(toOffset(bytes, Math.max(from, to))),
        );
      },
  ),
  fc.tuple(share, share).map(
    ([from, to]): Change =>
      (bytes) => {
        const piece = bytes.slice(toOffset(bytes, Math.min(from, to)), toOffset(bytes, Math.max(from, to)));
        return concat(bytes.slice(0, toOffset(bytes, to)), piece, bytes.slice(toOffset(bytes, to)));
      },
  ),
  fc.tuple(share, fc.uint8Array({ maxLength: 20 })).map(
    ([at, more]): Change =>
      (bytes) => {
        return concat(bytes.slice(0, toOffset(bytes, at)), more, bytes.slice(toOffset(bytes, at)));
      },
  ),
);

describe('arbitrary input', () => {
  it('a valid picture is accepted, and its stored form is accepted unchanged', () => {
    fc.assert(
      fc.property(pictures, (bytes) => {
        const once = readImage(bytes);
        expect(readImage(once.bytes)).toEqual({ ...once, isAmbiguous: false });
      }),
      { numRuns: 200 * RUN_FACTOR },
    );
  });

  it('a damaged picture is refused, or its stored form is accepted unchanged', () => {
    const damaged = fc.tuple(pictures, fc.array(changes, { minLength: 1, maxLength: 4 }));
    fc.assert(
      fc.property(damaged, ([bytes, all]) => {
        const once = tryRead(all.reduce((current, change) => change(current), bytes));
        if (once) expect(readImage(once.bytes)).toEqual({ ...once, isAmbiguous: false });
      }),
      { numRuns: 1000 * RUN_FACTOR },
    );
  });

  it('random bytes after a valid beginning cause no error other than ImageError', () => {
    const beginnings = [jpeg(), png(), gif(), webp()].map((bytes) => bytes.slice(0, 16));
    fc.assert(
      fc.property(fc.constantFrom(...beginnings), fc.uint8Array({ maxLength: 300 }), (head, rest) => {
        tryRead(concat(head, rest));
      }),
      { numRuns: 200 * RUN_FACTOR },
    );
  });
});
