/** Random JPEGs: every kind of coding, with segments, tables and bytes in odd places. */
import fc from 'fast-check';
import { ascii, type Bytes, concat, u16 } from '../bytes.js';
import { PROFILE } from '../metadata.js';
import { segment } from '../pictures.js';
import { encodeJpegParts, type JpegContent, type JpegParts } from './jpeg-encoder.js';
import { lengths, mostly, type Paint, paints, type RandomPicture, SECRET, side, tiffs } from './random-picture.js';

const buildProfile = (number: number, count: number, data: ArrayLike<number>): Bytes =>
  segment(0xe2, ascii('ICC_PROFILE\0'), [number, count], data);

const jfif = fc
  .constantFrom([0, 0], [1, 1])
  .map(([width = 0, height = 0]) =>
    segment(0xe0, ascii('JFIF\0'), [1, 1, 1, 0, 72, 0, 72, width, height], SECRET.slice(0, width * height * 3)),
  );

const adobe = fc
  .record({ transform: fc.constantFrom(0, 1, 2, 7), length: mostly(12, 11, 20) })
  .map(({ transform, length }) =>
    segment(0xee, concat(ascii('Adobe'), [0, 100, 0, 0, 0, 0, transform], SECRET).slice(0, length)),
  );

const exif = tiffs.map((tiff) => segment(0xe1, ascii('Exif\0\0'), tiff));

const profile = fc.constantFrom(
  buildProfile(1, 1, PROFILE),
  concat(buildProfile(1, 2, PROFILE.slice(0, 200)), buildProfile(2, 2, PROFILE.slice(200))),
  concat(buildProfile(2, 2, PROFILE.slice(200)), buildProfile(1, 2, PROFILE.slice(0, 200))),
  buildProfile(1, 2, PROFILE),
  buildProfile(1, 1, PROFILE.slice(0, 100)),
);

const other = fc.constantFrom(
  segment(0xfe, SECRET),
  segment(0xe0, ascii('JFXX\0'), [0x13], SECRET),
  segment(0xe0, ascii('JFIF\0'), SECRET.slice(0, 3)),
  segment(0xe1, ascii('http://ns.adobe.com/xap/1.0/\0'), SECRET),
  segment(0xe2, ascii('MPF\0'), SECRET),
  segment(0xe5, SECRET),
  segment(0xed, ascii('Photoshop 3.0\0'), SECRET),
  segment(0xee, ascii('Adobf'), SECRET),
  segment(0xfe),
);

/** Application segments, and tables that nothing uses. */
const headerSegments = fc.array(fc.oneof(jfif, adobe, exif, exif, profile, other), { maxLength: 5 });
const lateSegments = fc.array(
  fc.oneof(
    jfif,
    adobe,
    exif,
    other,
    fc.constant(segment(0xdb, [3], concat(SECRET, SECRET, SECRET, SECRET))),
    fc.constant(segment(0xc4, [0x13, 0, 0, 0, 0, SECRET.length, ...new Array(11).fill(0)], SECRET)),
  ),
  { maxLength: 2 },
);

type Sampling = [number, number][];
const one: [number, number] = [1, 1];
const samplings = fc.constantFrom<Sampling>(
  [one, one, one, one],
  [[2, 2], one, one, [2, 2]],
  [[2, 1], one, one, [2, 1]],
  [[1, 2], one, one, [1, 2]],
  [[2, 2], [2, 1], [2, 1], one],
  [one, [2, 2], one, one],
);
const ids = fc.constantFrom([1, 2, 3, 4], [1, 2, 3, 4], [0, 1, 2, 3], ascii('RGBA'), ascii('rgba'), ascii('CMYK'));

const contents: fc.Arbitrary<JpegContent> = fc
  .record({ width: side, height: side })
  .chain(({ width, height }) =>
    fc.record({
      width: fc.constant(width),
      height: fc.constant(height),
      paint: paints(width, height),
      count: fc.constantFrom(1, 3, 3, 3, 4),
      sampling: samplings,
      ids,
      coding: fc.constantFrom('baseline' as const, 'extended' as const, 'progressive' as const),
      separate: mostly(false, true),
      restart: mostly(0, 1, 3),
    }),
  )
  .map(({ paint, count, ids, sampling, ...rest }) => ({
    ...rest,
    ids: ids.slice(0, count),
    sampling: sampling.slice(0, count),
    planes: Array.from({ length: count }, (_, index) => getPlane(paint, index)),
  }));

const getPlane = (paint: Paint, index: number) => (x: number, y: number) => paint(x, y)[index as 0 | 1 | 2 | 3];

/** Where bytes are that belong to no segment. */
const strays = fc.record({
  fill: mostly(0, 1, 3),
  betweenSegments: mostly([], [0], [1, 2, 3], [0xff, 0], [...SECRET]),
  beforeScan: mostly([], [0x20, 0x20], [...SECRET]),
  afterScan: mostly([], [0], [1, 2, 3], [0xff, 0xff]),
});

const ends = mostly<ArrayLike<number>>(
  [0xff, 0xd9],
  [],
  [0xff, 0xff, 0xd9],
  [0xff, 0xd9, 0],
  [0xff, 0xd9, ...SECRET],
  [0xff, 0xd9, 0xff, 0xd8, 0xff, ...SECRET],
);

/** A change that no decoder forgives, or that not all of them do. */
type Damage = (parts: JpegParts) => JpegParts;
const changeFrame =
  (offset: number, value: number): Damage =>
  (parts) => {
    const frame = concat(parts.frame);
    frame[offset] = value;
    return { ...parts, frame };
  };
const DAMAGES: Damage[] = [
  (parts) => ({ ...parts, quantization: concat() }),
  (parts) => ({ ...parts, huffman: concat() }),
  (parts) => ({ ...parts, huffman: segment(0xc4, [0, 3, ...new Array(15).fill(0), 1, 2, 3]) }),
  (parts) => ({ ...parts, frame: concat() }),
  (parts) => ({ ...parts, frame: concat(parts.frame, parts.frame) }),
  (parts) => ({ ...parts, frame: segment(0xc0, [8, ...u16(8), ...u16(8), 0]) }),
  (parts) => ({ ...parts, scans: [] }),
  (parts) => ({ ...parts, scans: parts.scans.slice(0, 1) }),
  (parts) => ({ ...parts, scans: [...parts.scans, ...parts.scans] }),
  (parts) => ({ ...parts, restart: segment(0xdd, [0]) }),
  (parts) => ({ ...parts, restart: concat([0xff, 0xd8]) }),
  (parts) => ({ ...parts, restart: segment(0xdc, u16(8)) }),
  (parts) => ({ ...parts, restart: segment(0xf7, SECRET) }),
  (parts) => ({ ...parts, restart: concat([0xff, 0xd3]) }),
  (parts) => ({ ...parts, quantization: concat(parts.quantization, parts.quantization) }),
  ...[0xc3, 0xc5, 0xc9, 0xca, 0xcc].map((marker) => changeFrame(1, marker)),
  changeFrame(4, 12),
  changeFrame(6, 0),
  changeFrame(8, 0),
  changeFrame(9, 2),
  changeFrame(11, 0),
  changeFrame(11, 0x51),
  changeFrame(12, 1),
  changeFrame(12, 9),
];
const keep: Damage = (parts) => parts;

const orders = mostly<(keyof Omit<JpegParts, 'scans'>)[]>(
  ['quantization', 'frame', 'huffman', 'restart'],
  ['huffman', 'restart', 'frame', 'quantization'],
  ['restart', 'quantization', 'huffman', 'frame'],
);

export const jpegs: fc.Arbitrary<RandomPicture> = fc
  .record({
    content: contents,
    header: headerSegments,
    late: lateSegments,
    strays,
    order: orders,
    end: ends,
    damage: fc.oneof({ arbitrary: fc.constant(keep), weight: 6 }, fc.constantFrom(...DAMAGES)),
    cut: lengths,
  })
  .map(({ content, header, late, strays, order, end, damage, cut }) => {
    const parts = damage(encodeJpegParts(content));
    const fill = new Array(strays.fill).fill(0xff);
    const head = concat(
      [0xff, 0xd8],
      ...[...header, ...order.map((name) => parts[name]), ...late].flatMap((part, i) =>
        part.length === 0 ? [] : [i === 1 ? strays.betweenSegments : [], fill, part],
      ),
      strays.beforeScan,
    );
    const scans = parts.scans.flatMap((scan, i) => (i === 0 ? [scan] : [strays.afterScan, scan]));
    const picture = concat(head, ...scans, strays.afterScan);
    const length = Math.ceil(picture.length * cut);
    const bytes = cut < 1 ? picture.slice(0, length) : concat(picture, end);
    return { type: 'image/jpeg', bytes, isCut: cut < 1 };
  });
