/** Random PNGs: every color type, with ancillary chunks and animations as they should and should not be. */
import fc from 'fast-check';
import { ascii, type Bytes, concat, u16, u32 } from '../bytes.js';
import { PROFILE } from '../metadata.js';
import { frameControl, pngChunk, stored } from '../pictures.js';
import { ADAM7 } from '../rare-pictures.js';
import { lengths, mostly, type Paint, paints, type RandomPicture, SECRET, side, tiffs } from './random-picture.js';

/** Color type and bits per sample. */
const FORMATS = [
  ...[1, 2, 4, 8, 16].map((depth) => [0, depth] as const),
  ...[1, 2, 4, 8].map((depth) => [3, depth] as const),
  ...[2, 4, 6].flatMap((type) => [8, 16].map((depth) => [type, depth] as const)),
  [2, 8] as const,
  [6, 8] as const,
];

interface Content {
  width: number;
  height: number;
  type: number;
  depth: number;
  isInterlaced: boolean;
  paint: Paint;
}

const contents: fc.Arbitrary<Content> = fc
  .record({ width: side, height: side })
  .chain(({ width, height }) =>
    fc
      .record({ paint: paints(width, height), format: fc.constantFrom(...FORMATS), isInterlaced: mostly(false, true) })
      .map(({ paint, format: [type, depth], isInterlaced }) => ({ width, height, type, depth, isInterlaced, paint })),
  );

/** The samples of one pixel, each as a number of `depth` bits. */
function getSamples({ type, depth, paint }: Content, x: number, y: number): number[] {
  const [red, green, blue, alpha] = paint(x, y);
  if (type === 3) return [((red >> 6) + (green >> 6) * 4) % 2 ** Math.min(depth, 4)];
  const levels = { 0: [red], 2: [red, green, blue], 4: [red, alpha], 6: [red, green, blue, alpha] }[type] ?? [];
  return levels.map((level) => (depth === 16 ? level * 257 : level >> (8 - depth)));
}

function encodeRow(samples: number[], depth: number): number[] {
  if (depth === 16) return [0, ...samples.flatMap(u16)];
  const bits = samples.map((sample) => sample.toString(2).padStart(depth, '0')).join('');
  return [0, ...(bits.match(/.{1,8}/g) ?? []).map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2))];
}

function encodePixels(content: Content): Bytes {
  const { width, height, depth, isInterlaced } = content;
  const rows: number[][] = [];
  for (const [left, top, columnStep, rowStep] of isInterlaced ? ADAM7 : ([[0, 0, 1, 1]] as const)) {
    for (let y = top; y < height && left < width; y += rowStep) {
      const samples: number[] = [];
      for (let x = left; x < width; x += columnStep) samples.push(...getSamples(content, x, y));
      rows.push(encodeRow(samples, depth));
    }
  }
  return concat(...rows);
}

const breakChecksum = (chunk: Bytes): Bytes => chunk.map((byte, i) => (i === chunk.length - 1 ? byte ^ 1 : byte));

const colorChunks = fc.constantFrom(
  pngChunk('gAMA', u32(45_455)),
  pngChunk('gAMA', u32(100_000)),
  pngChunk('gAMA', [1, 2]),
  pngChunk('cHRM', [31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6000].flatMap(u32)),
  pngChunk('cHRM', [31_270, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6000].flatMap(u32)),
  pngChunk('sRGB', [0]),
  pngChunk('sRGB', [9]),
  pngChunk('iCCP', concat(ascii('p3\0\0'), stored(PROFILE))),
  pngChunk('iCCP', concat(ascii('p3\0\0'), stored(PROFILE.slice(0, 90)))),
  pngChunk('iCCP', concat(ascii('p3\0\0'), SECRET.slice(0, 5))),
  pngChunk('cICP', [12, 13, 0, 1]),
  pngChunk('cICP', [9, 16, 0, 1]),
  pngChunk('cICP', [1, 13, 0, 1]),
  pngChunk('sBIT', [5, 5, 5, 5]),
  pngChunk('bKGD', [0, 200]),
  pngChunk('pHYs', [...u32(2000), ...u32(1000), 1]),
);
const textChunks = fc.constantFrom(
  pngChunk('tEXt', concat(ascii('Comment\0'), SECRET)),
  pngChunk('zTXt', concat(ascii('Comment\0\0'), stored(SECRET))),
  pngChunk('iTXt', concat(ascii('XML:com.adobe.xmp\0\0\0\0\0'), SECRET)),
  pngChunk('tIME', SECRET.slice(0, 7)),
  pngChunk('prVt', SECRET),
  pngChunk('prVT', SECRET),
  pngChunk('hIST', SECRET),
  pngChunk('sPLT', concat(ascii('SECRET\0'), [8, 1, 2, 3, 4, 0, 9])),
  pngChunk('tRNS', [0, 20, 0, 20, 0, 20]),
);
const exif = tiffs.map((tiff) => pngChunk('eXIf', tiff));
const chunks = fc.array(
  fc
    .tuple(fc.oneof(colorChunks, textChunks, exif), mostly(false, true))
    .map(([chunk, isDamaged]) => (isDamaged ? breakChecksum(chunk) : chunk)),
  { maxLength: 3 },
);

/** The palette: as long as it has to be, or not. Other color types may have one too. */
function buildPalette({ type, depth }: Content, palette: string): Bytes {
  if ((type !== 3 && palette !== 'long') || palette === 'none' || type === 0 || type === 4) return concat();
  const count = palette === 'short' ? 2 : palette === 'long' ? 2 ** Math.min(8, depth) : 2 ** Math.min(depth, 4);
  const colors = Array.from({ length: count }, (_, i) => [(i % 4) * 80, Math.floor(i / 4) * 60, 255 - i]);
  const data = type === 3 ? colors.flat() : concat(SECRET, colors.flat()).slice(0, count * 3);
  return pngChunk('PLTE', data);
}

const transparencies = mostly<ArrayLike<number>>([], [255, 100], [0], [0, 20], new Array(300).fill(9));

interface Animation {
  frames: number;
  /** Added to the number of frames in the header. */
  error: number;
  /** Whether the still picture is the first frame. */
  isFirst: boolean;
  isLate: boolean;
  gap: number;
  overflow: number;
  betweenFrames: Bytes[];
}
const animations: fc.Arbitrary<Animation | null> = fc.option(
  fc.record({
    frames: fc.constantFrom(0, 1, 1, 2, 3),
    error: mostly(0, -1, 1),
    isFirst: fc.boolean(),
    isLate: mostly(false, true),
    gap: mostly(0, 1),
    overflow: mostly(0, 1),
    betweenFrames: fc.array(textChunks, { maxLength: 1 }),
  }),
  { freq: 2 },
);

/** The chunks of an animation: before the picture's data, and after it. */
function buildAnimation(content: Content, animation: Animation | null): [Bytes, Bytes] {
  if (!animation) return [concat(), concat()];
  const { frames, error, isFirst, isLate, gap, overflow, betweenFrames } = animation;
  const size: [number, number] = [content.width + overflow, content.height];
  // Not a negative number: WebKit allocates as many frames as are stated, and crashes.
  const control = pngChunk('acTL', [...u32(Math.max(0, frames + error)), ...u32(0)]);
  let number = 0;
  const first = isFirst && frames > 0 ? frameControl(number++, size) : concat();
  const later: Bytes[] = [];
  for (let i = isFirst ? 1 : 0; i < frames; i++) {
    const inverted: Content = { ...content, paint: (x, y) => [i * 60, ...content.paint(x, y).slice(1)] as never };
    number += gap;
    later.push(frameControl(number++, size), ...betweenFrames);
    later.push(pngChunk('fdAT', concat(u32(number++), stored(encodePixels(inverted)))));
  }
  return isLate ? [first, concat(control, ...later)] : [concat(control, first), concat(...later)];
}

const changeHeader = (offset: number, value: number) => (header: number[]) =>
  header.map((byte, i) => (i === offset ? value : byte));
/** The change that is none. */
const unchanged = <Value>(value: Value): Value => value;

type HeaderChange = (header: number[]) => number[];
const headerChanges = fc.oneof(
  { arbitrary: fc.constant<HeaderChange>(unchanged), weight: 20 },
  fc.constantFrom<HeaderChange>(
    changeHeader(3, 0),
    changeHeader(7, 0),
    changeHeader(8, 3),
    changeHeader(8, 0),
    changeHeader(9, 5),
    changeHeader(9, 1),
    changeHeader(10, 1),
    changeHeader(11, 1),
    changeHeader(12, 2),
    (header) => [...header, 0],
    (header) => header.slice(0, 12),
  ),
);

/** The compressed data: as it should be, or damaged. */
type DataChange = (data: Bytes) => Bytes;
const dataChanges = fc.oneof(
  { arbitrary: fc.constant<DataChange>(unchanged), weight: 12 },
  fc.constantFrom<DataChange>(
    (data) => data.map((byte, i) => (i === data.length - 1 ? byte ^ 1 : byte)),
    (data) => concat(data, SECRET),
    (data) => data.slice(0, -4),
    () => SECRET,
    (data) => concat([0x78, 0x02], data.slice(2)),
    (data) => concat([0x00, 0x00], data.slice(2)),
    (data) => concat([0x88, 0x1c], data.slice(2)),
    () => concat(),
  ),
);
const rowChanges = fc.oneof(
  { arbitrary: fc.constant<DataChange>(unchanged), weight: 12 },
  fc.constantFrom<DataChange>(
    (rows) => concat(rows, new Array(16).fill(0)),
    (rows) => concat([5], rows.slice(1)),
  ),
);

const joined = (data: Bytes): Bytes[] => [pngChunk('IDAT', data)];
const splits = mostly<(data: Bytes) => Bytes[]>(
  joined,
  (data) => [pngChunk('IDAT', data.slice(0, 3)), pngChunk('IDAT', data.slice(3))],
  (data) => [pngChunk('IDAT', []), pngChunk('IDAT', data), pngChunk('IDAT', [])],
  (data) => [pngChunk('IDAT', data.slice(0, 9)), pngChunk('tEXt', SECRET), pngChunk('IDAT', data.slice(9))],
  (data) => [breakChecksum(pngChunk('IDAT', data))],
  (data) => [pngChunk('CRIT', SECRET), pngChunk('IDAT', data)],
  (data) => [pngChunk('IDAT', data), pngChunk('PLTE', [1, 2, 3])],
);

const IEND = pngChunk('IEND', []);
const ends = mostly<Bytes>(
  IEND,
  concat(),
  concat(pngChunk('IEND', []), SECRET),
  pngChunk('IEND', SECRET),
  breakChecksum(pngChunk('IEND', [])),
  concat(pngChunk('tEXt', SECRET), pngChunk('IEND', [])),
  SECRET,
);

export const pngs: fc.Arbitrary<RandomPicture> = fc
  .record({
    content: contents,
    early: chunks,
    late: chunks,
    palette: mostly('right', 'short', 'long', 'none'),
    transparency: transparencies,
    animation: animations,
    headerChange: headerChanges,
    rowChange: rowChanges,
    dataChange: dataChanges,
    split: splits,
    end: ends,
    cut: lengths,
  })
  .map(({ content, cut, ...more }) => {
    const { width, height, type, depth, isInterlaced } = content;
    const [control, frames] = buildAnimation(content, more.animation);
    const header = [...u32(width), ...u32(height), depth, type, 0, 0, isInterlaced ? 1 : 0];
    const bytes = concat(
      [0x89, ...ascii('PNG\r\n\x1a\n')],
      pngChunk('IHDR', more.headerChange(header)),
      ...more.early,
      buildPalette(content, more.palette),
      more.transparency.length > 0 ? pngChunk('tRNS', more.transparency) : [],
      ...more.late,
      control,
      ...more.split(more.dataChange(stored(more.rowChange(encodePixels(content))))),
      frames,
      more.end,
    );
    return { type: 'image/png', bytes: bytes.slice(0, Math.ceil(bytes.length * cut)), isCut: cut < 1 };
  });
