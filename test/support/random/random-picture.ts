/** What the generators of random pictures share. */
import fc from 'fast-check';
import { ascii, type Bytes, concat, u16, u16le, u32, u32le } from '../bytes.js';
import { text } from '../pictures.js';

/** A file made by a generator. Browsers don't have to show it. */
export interface RandomPicture {
  type: string;
  bytes: Bytes;
  /** Whether the file is cut short: some browsers decode the part that is there. */
  isCut: boolean;
}

/** A text in every place for metadata: no stored picture may contain it. */
export const SECRET = text('SECRET 51.4772 N');

/** Red, green, blue and alpha of each pixel, 0 to 255. */
export type Paint = (x: number, y: number) => [number, number, number, number];

export const side = fc.integer({ min: 1, max: 40 });
const channel = fc.integer({ min: 0, max: 255 });

/** A picture of four different quarters, or one whose colors change from pixel to pixel: neither is symmetric. */
export const paints = (width: number, height: number): fc.Arbitrary<Paint> =>
  fc
    .record({
      isDrawing: fc.boolean(),
      colors: fc.tuple(channel, channel, channel),
      alpha: fc.constantFrom(255, 255, 128, 0),
    })
    .map(({ isDrawing, colors: [red, green, blue], alpha }): Paint => {
      return (x, y) => {
        const [right, bottom] = [x * 2 >= width, y * 2 >= height];
        if (isDrawing)
          return [right ? red : 250, bottom ? green : 20, right === bottom ? blue : 90, right ? alpha : 255];
        return [Math.round((x / width) * 255), Math.round((y / height) * 255), blue, right && bottom ? alpha : 255];
      };
    });

/** The share of a file that is there: most often all of it. */
export const lengths = fc.oneof(
  { arbitrary: fc.constant(1), weight: 19 },
  fc.double({ min: 0.01, max: 0.99, noNaN: true }),
);

/** One of the values, but most often the first. */
export const mostly = <Value>(usual: Value, ...rare: Value[]): fc.Arbitrary<Value> =>
  fc.oneof({ arbitrary: fc.constant(usual), weight: 4 }, { arbitrary: fc.constantFrom(...rare), weight: 1 });

/** One entry of a TIFF directory: a valid orientation, an invalid one, or something else. */
const exifEntry = fc.oneof(
  fc.record({
    tag: fc.constant(0x0112),
    type: mostly(3, 1, 4, 9),
    count: mostly(1, 0, 2),
    value: fc.oneof({ arbitrary: fc.integer({ min: 1, max: 8 }), weight: 4 }, fc.constantFrom(0, 9, 256)),
  }),
  fc.record({
    tag: fc.constantFrom(0x010e, 0x0131),
    type: fc.constant(2),
    count: fc.constant(4),
    value: fc.constant(0),
  }),
);

/** A TIFF structure with any number of entries, in either order of bytes, followed by a secret. */
export const tiffs: fc.Arbitrary<Bytes> = fc
  .record({
    isLittle: fc.boolean(),
    gap: mostly(0, 2, 1),
    magic: mostly(42, 43),
    entries: fc.array(exifEntry, { maxLength: 3 }),
    claimed: mostly(0, 1, 100),
  })
  .map(({ isLittle, gap, magic, entries, claimed }) => {
    const [short, long] = isLittle ? [u16le, u32le] : [u16, u32];
    return concat(
      ascii(isLittle ? 'II' : 'MM'),
      short(magic),
      long(8 + gap),
      new Array(gap).fill(0),
      short(entries.length + claimed),
      ...entries.map(({ tag, type, count, value }) => [
        ...short(tag),
        ...short(type),
        ...long(count),
        ...(type === 3 ? [...short(value), 0, 0] : long(value)),
      ]),
      long(0),
      SECRET,
    );
  });
