/** Random GIFs: frames anywhere on the screen, extensions of every kind, and ends as they should and should not be. */
import fc from 'fast-check';
import { ascii, type Bytes, concat, u16le } from '../bytes.js';
import { lengths, mostly, type RandomPicture, SECRET } from './random-picture.js';

interface Frame {
  x: number;
  y: number;
  width: number;
  height: number;
  isInterlaced: boolean;
  hasTable: boolean;
  hasControl: boolean;
  isTransparent: boolean;
  disposal: number;
  seed: number;
  codeEnd: string;
}

const length = fc.integer({ min: 1, max: 24 });
const frames: fc.Arbitrary<Frame> = fc.record({
  x: mostly(0, 3, 30),
  y: mostly(0, 2, 30),
  width: length,
  height: length,
  isInterlaced: mostly(false, true),
  hasTable: mostly(false, true),
  hasControl: mostly(true, false),
  isTransparent: fc.boolean(),
  disposal: fc.integer({ min: 0, max: 4 }),
  seed: fc.integer({ min: 1, max: 7 }),
  codeEnd: mostly('end', 'none', 'secret', 'secret block', 'more pixels', 'fewer pixels'),
});

/** A table of eight colors. */
const buildTable = (shift: number): number[] =>
  Array.from({ length: 8 }, (_, i) => [(i * 36 + shift) & 255, (i * 80) & 255, 255 - i * 30]).flat();

const splitBlocks = (data: ArrayLike<number>, size = 255): Bytes => {
  const all = concat(data);
  const blocks: ArrayLike<number>[] = [];
  for (let at = 0; at < all.length; at += size)
    blocks.push([Math.min(size, all.length - at)], all.slice(at, at + size));
  return concat(...blocks);
};

/** Encodes indexes of three bits: the dictionary is cleared so often that a code always has four bits. */
function encodeIndexes(indexes: number[], codeEnd: string): Bytes {
  const [clear, end] = [8, 9];
  const codes = indexes.flatMap((index, i) => (i % 6 === 0 ? [clear, index] : [index]));
  if (codeEnd !== 'none') codes.push(end);
  if (codes.length % 2) codes.push(0);
  const bytes = Array.from(
    { length: codes.length / 2 },
    (_, i) => (codes[2 * i] ?? 0) | ((codes[2 * i + 1] ?? 0) << 4),
  );
  const blocks = splitBlocks(codeEnd === 'secret' ? [...bytes, ...SECRET] : bytes);
  return concat([3], blocks, codeEnd === 'secret block' ? splitBlocks(SECRET) : [], [0]);
}

function buildFrame(frame: Frame): Bytes {
  const { x, y, width, height, seed, codeEnd } = frame;
  const extra = codeEnd === 'more pixels' ? 5 : codeEnd === 'fewer pixels' ? -1 : 0;
  const indexes = Array.from({ length: Math.max(1, width * height + extra) }, (_, i) => {
    const [column, row] = [i % width, Math.floor(i / width)];
    return ((column * 2 >= width ? seed : 1) + (row * 2 >= height ? 3 : 0)) & 7;
  });
  const flags = (frame.disposal << 2) | (frame.isTransparent ? 1 : 0);
  return concat(
    frame.hasControl ? [0x21, 0xf9, 4, flags, ...u16le(3000), seed, 0] : [],
    [0x2c, ...[x, y, width, height].flatMap(u16le), (frame.hasTable ? 0x82 : 0) | (frame.isInterlaced ? 0x40 : 0)],
    frame.hasTable ? buildTable(seed * 20) : [],
    encodeIndexes(indexes, codeEnd),
  );
}

const buildApplication = (name: string, ...data: ArrayLike<number>[]): Bytes =>
  concat([0x21, 0xff, 11], ascii(name), ...data.map((part) => splitBlocks(part)), [0]);

const extensions = fc.array(
  fc.constantFrom(
    concat([0x21, 0xfe], splitBlocks(SECRET), [0]),
    concat([0x21, 0xfe], [0]),
    buildApplication('NETSCAPE2.0', [1, 0, 0]),
    buildApplication('NETSCAPE2.0', [1, 3, 0], SECRET),
    buildApplication('NETSCAPE2.0', [2, 0, 0, 0, 0]),
    buildApplication('ANIMEXTS1.0', [1, 0, 0]),
    buildApplication('XMP DataXMP', SECRET),
    buildApplication('ICCRGBG1012', SECRET.slice(0, 3)),
    concat([0x21, 0x01], splitBlocks(new Array(12).fill(0)), splitBlocks(SECRET), [0]),
    concat([0x21, 0x99], splitBlocks(SECRET), [0]),
    concat([0x21, 0xf9, 4, 1, 0, 0, 2, 0]),
    concat([0x21, 0xf9], splitBlocks([1, 0, 0, 2, 83, 69, 67, 82, 69, 84]), [0]),
  ),
  { maxLength: 2 },
);

const ends = mostly<ArrayLike<number>>(
  [0x3b],
  [],
  [0],
  [0, 0x3b],
  [0, 0, 0, 0x3b],
  [0x3b, ...SECRET],
  [0x2c],
  [...SECRET],
);

export const gifs: fc.Arbitrary<RandomPicture> = fc
  .record({
    version: fc.constantFrom('GIF87a', 'GIF89a'),
    screen: mostly([0, 0], [24, 24], [50, 7], [1, 1]),
    isFitted: mostly(true, false),
    hasTable: mostly(true, false),
    tableOnScreen: mostly(0x82, 0xf2, 0x8a),
    background: fc.constantFrom(0, 3),
    frames: fc.array(fc.tuple(extensions, frames), { maxLength: 3 }),
    end: ends,
    late: extensions,
    cut: lengths,
  })
  .map(({ version, screen, isFitted, hasTable, tableOnScreen, background, frames: all, end, late, cut }) => {
    const measure = (read: (frame: Frame) => number) => Math.max(1, ...all.map(([, frame]) => read(frame)));
    const fitted = [measure(({ x, width }) => x + width), measure(({ y, height }) => y + height)];
    const size = isFitted ? fitted : screen;
    const bytes = concat(
      ascii(version),
      ...size.map(u16le),
      [hasTable ? tableOnScreen : 0, background, 0],
      hasTable ? buildTable(0) : [],
      ...all.flatMap(([before, frame]) => [...before, buildFrame(frame)]),
      ...late,
      end,
    );
    return { type: 'image/gif', bytes: bytes.slice(0, Math.ceil(bytes.length * cut)), isCut: cut < 1 };
  });
