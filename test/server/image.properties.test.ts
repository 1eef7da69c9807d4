import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ImageError } from '../../server/image/index.js';
import {
  type AvifItem,
  av1,
  avif,
  avifFile,
  avifMovie,
  box,
  gridItems,
  ispe,
  REAL,
  realItem,
} from '../support/avif.js';
import { type Bytes, concat, u16, u32, u32le } from '../support/bytes.js';
import { FILES_WITH_METADATA } from '../support/metadata.js';
import { gif, jpeg, png, pngChunk, riff, riffChunk, segment, vp8l, webp } from '../support/pictures.js';
import { readImage } from './read-helpers.js';

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
  fc.tuple(fc.integer({ min: 1, max: 5 }), size, size).map((all) => gif(...all)),
  fc
    .tuple(size, fc.integer({ min: 0, max: 3 }))
    .map(([size, frames]) => webp({ size: frames ? [1, 1] : size, frames })),
  fc.tuple(size, fc.integer({ min: 0, max: 3 })).map(([size, turns]) => avif({ size, turns })),
  fc.integer({ min: 1, max: 5 }).map((frames) => avifMovie(frames)),
  fc.constantFrom(...FILES_WITH_METADATA.map(({ bytes }) => bytes), avifFile({ items: gridItems() })),
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

/** Null if the file is refused. Any error other than ImageError fails the test. */
function tryRead(bytes: Uint8Array) {
  try {
    return readImage(bytes);
  } catch (error) {
    if (error instanceof ImageError) return null;
    throw error;
  }
}

describe('arbitrary input', () => {
  it('a valid picture is accepted, and its stored form is accepted unchanged', () => {
    fc.assert(
      fc.property(pictures, (bytes) => {
        const once = readImage(bytes);
        expect(readImage(once.bytes)).toEqual(once);
      }),
      { numRuns: 500 },
    );
  });

  it('a damaged picture is refused, or its stored form is accepted unchanged', () => {
    const damaged = fc.tuple(pictures, fc.array(changes, { minLength: 1, maxLength: 4 }));
    fc.assert(
      fc.property(damaged, ([bytes, all]) => {
        const once = tryRead(all.reduce((current, change) => change(current), bytes));
        if (once) expect(readImage(once.bytes)).toEqual(once);
      }),
      { numRuns: 2000 },
    );
  });

  it('random bytes after a valid beginning cause no error other than ImageError', () => {
    const beginnings = [jpeg(), png(), gif(), webp(), avif()].map((bytes) => bytes.slice(0, 16));
    fc.assert(
      fc.property(fc.constantFrom(...beginnings), fc.uint8Array({ maxLength: 300 }), (head, rest) => {
        tryRead(concat(head, rest));
      }),
      { numRuns: 500 },
    );
  });
});

const LIMIT = 5 * 2 ** 20;

/** Repeats a part as often as it fits into the largest upload. */
const fillUpload = (part: Bytes, around: (parts: Bytes) => Bytes): Bytes => {
  const whole = new Uint8Array(LIMIT - 1000);
  const count = Math.floor(whole.length / part.length);
  for (let i = 0; i < count; i++) whole.set(part, i * part.length);
  return around(whole.slice(0, count * part.length));
};

const insertAt = (bytes: Bytes, at: number) => (parts: Bytes) => concat(bytes.slice(0, at), parts, bytes.slice(at));
const free = box('free');
const buildWithItem = (more: Partial<AvifItem>) =>
  avifFile({ items: [realItem(), { type: 'Exif', data: [], ...more }] });

/** Boxes nested as deeply as possible. */
function buildNestedBoxes(type: string, room: number): Bytes {
  const out = new Uint8Array(room - (room % 8));
  for (let at = 0; at < out.length; at += 8) out.set([...u32(out.length - at), ...concat(box(type)).slice(4)], at);
  return out;
}

/** Many items that share one range of data, as large as possible. */
function buildSharedData(items: number): Bytes {
  const data = concat(av1([4, 4]).slice(0, -4), [0x32, 0x80, 0x80, 0xc0, 0x02], new Uint8Array(LIMIT - 600_000));
  const one: AvifItem = { type: 'av01', data: [], properties: [ispe([4, 4]), REAL.av1C], range: [2 ** 16, 2 ** 22] };
  const links = { dimg: Array.from({ length: items }, (_, i) => i + 3) };
  const grid: AvifItem = {
    type: 'grid',
    data: [0, 0, 15, 15, ...u16(64), ...u16(64)],
    properties: [ispe([64, 64])],
    links,
  };
  return avifFile({ items: [grid, { type: 'Exif', data }, ...new Array(items).fill(one)] });
}

/** Each would take minutes or gigabytes if the work were quadratic in the number of its parts. */
const adversarial: [string, () => Bytes][] = [
  ['JPEG of empty comments', () => fillUpload(segment(0xfe), insertAt(jpeg(), 2))],
  ['JPEG of fill bytes', () => fillUpload(concat([0xff]), insertAt(jpeg(), 2))],
  ['JPEG of stuffed bytes', () => fillUpload(concat([0xff, 0]), insertAt(jpeg(), jpeg().length - 2))],
  [
    'JPEG of scans',
    () => fillUpload(concat(segment(0xda, [1, 1, 0, 0, 63, 0]), [1]), insertAt(jpeg(), jpeg().length - 2)),
  ],
  ['JPEG of orientations', () => fillUpload(segment(0xe1, new Uint8Array(60_000).fill(1)), insertAt(jpeg(), 2))],
  ['PNG of empty chunks', () => fillUpload(pngChunk('IDAT', []), insertAt(png(), 33))],
  ['PNG of unknown chunks', () => fillUpload(pngChunk('teSt', []), insertAt(png(), 33))],
  ['PNG of frames', () => fillUpload(pngChunk('fcTL', new Uint8Array(26)), insertAt(png({ animated: true }), 33))],
  ['PNG of one chunk', () => fillUpload(concat([0]), (parts) => insertAt(png(), 33)(pngChunk('teSt', parts)))],
  ['GIF of empty extensions', () => fillUpload(concat([0x21, 0xfe, 0]), insertAt(gif(), 19))],
  [
    'GIF of small sub-blocks',
    () => fillUpload(concat([1, 1]), (parts) => insertAt(gif(), 19)(concat([0x21, 0xfe], parts, [0]))),
  ],
  ['GIF of frames', () => fillUpload(gif().slice(19, -1), insertAt(gif(), 19))],
  ['WebP of empty chunks', () => fillUpload(riffChunk('junk', []), (parts) => riff(vp8l(), parts))],
  [
    'WebP of chunks in a frame',
    () => fillUpload(riffChunk('junk', []), (parts) => concat(webp({ frames: 1 }).slice(0, 8), parts)),
  ],
  ['AVIF of empty boxes', () => fillUpload(free, insertAt(avif(), 24))],
  ['AVIF of empty boxes in meta', () => fillUpload(free, (inMeta) => avifFile({ items: [realItem()], inMeta }))],
  [
    'AVIF of empty properties',
    () => fillUpload(free, (inProperties) => avifFile({ items: [realItem()], inProperties })),
  ],
  ['AVIF of nested boxes', () => avifFile({ items: [realItem()], inMeta: buildNestedBoxes('meta', LIMIT / 2) })],
  ['AVIF of nested films', () => avifFile({ items: [realItem()], atTop: buildNestedBoxes('moov', LIMIT / 2) })],
  [
    'AVIF of empty items',
    () => buildWithItem({ properties: new Array(250).fill(free), links: { cdsc: new Array(60_000).fill(1) } }),
  ],
  [
    'AVIF of links in a circle',
    () => avifFile({ items: gridItems().with(1, { ...realItem(), links: { dimg: [1, 2, 3] } }) }),
  ],
  [
    'AVIF of pieces',
    () => avifFile({ items: [realItem(), { type: 'Exif', data: new Uint8Array(9999), pieces: 9999 }] }),
  ],
  ['AVIF of pictures that share all their data', () => buildSharedData(256)],
  ['AVIF of a huge film', () => avifMovie(9000)],
];

describe('an upload designed to be slow is processed quickly', () => {
  it.each(adversarial)('%s', (_, make) => {
    const bytes = make();
    expect(bytes.length).toBeLessThanOrEqual(LIMIT);
    const once = tryRead(bytes);
    if (once) expect(readImage(once.bytes).bytes.length).toBe(once.bytes.length);
  });
});
