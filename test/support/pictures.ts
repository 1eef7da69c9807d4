/**
 * Builds pictures byte by byte, in Node, workerd and browsers. Any browser
 * decodes those whose comment says so.
 */
import { ascii, type Bytes, concat, u16, u16le, u24le, u32, u32le } from './bytes.js';

export { type AvifOptions, avif } from './avif.js';
export { concat };

export interface JpegOptions {
  /**
   * Brightness of each block of 8 × 8 pixels, 0 to 255, row by row.
   * @defaultValue 2 × 1 blocks, a dark and a light one
   */
  blocks?: number[][];
  /** EXIF orientation, 1 to 8. */
  orientation?: number;
  /** Whether the EXIF data contains a GPS position. */
  gps?: boolean;
  /** Bytes of random data in comments, to make the file large. */
  padding?: number;
  /** A false size in the header. */
  claim?: [width: number, height: number];
  /**
   * How the blocks are coded: in one scan, with a restart marker after each block, or in two scans.
   * @defaultValue `'baseline'`
   */
  coding?: 'baseline' | 'restarts' | 'progressive';
}

/** Builds a JPEG segment. */
export const segment = (marker: number, ...data: ArrayLike<number>[]): Bytes => {
  const all = concat(...data);
  return concat([0xff, marker], u16(all.length + 2), all);
};

/** Builds a JPEG's EXIF segment with an orientation, and optionally a GPS position. */
export const exifSegment = (orientation: number, gps = false): Bytes =>
  segment(0xe1, ascii('Exif\0\0'), tiff(orientation, gps));

/** Builds a grayscale JPEG that any browser decodes. */
export function jpeg(options: JpegOptions = {}): Bytes {
  const { blocks = [[40, 220]], orientation, gps, padding = 0, claim, coding = 'baseline' } = options;
  const [width, height] = claim ?? [(blocks[0]?.length ?? 0) * 8, blocks.length * 8];
  const exif = orientation || gps ? [exifSegment(orientation ?? 1, gps)] : [];
  return concat(
    [0xff, 0xd8],
    ...exif,
    ...buildComments(padding).map((data) => segment(0xfe, data)),
    segment(0xdb, [0, ...new Array(64).fill(8)]),
    segment(coding === 'progressive' ? 0xc2 : 0xc0, [8, ...u16(height), ...u16(width), 1, 1, 0x11, 0]),
    segment(0xc4, [0, ...DC_LENGTHS, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
    coding === 'progressive' ? [] : AC_TABLE,
    encodeScans(blocks.flat(), coding),
    [0xff, 0xd9],
  );
}

/** A code of one bit for the end of a block, and no other. */
const AC_TABLE = segment(0xc4, [0x10, 1, ...new Array(15).fill(0), 0]);

function encodeScans(levels: number[], coding: JpegOptions['coding']): Bytes {
  const buildHeader = (first: number, last: number) => segment(0xda, [1, 1, 0, first, last, 0]);
  if (coding === 'progressive') {
    const ends = packBits('0'.repeat(levels.length));
    return concat(buildHeader(0, 0), encodeBlocks(levels, ''), AC_TABLE, buildHeader(1, 63), ends);
  }
  if (coding !== 'restarts') return concat(buildHeader(0, 63), encodeBlocks(levels));
  const parts = levels.map((level, i) => concat(i > 0 ? [0xff, 0xd0 + ((i - 1) & 7)] : [], encodeBlocks([level])));
  return concat(segment(0xdd, [0, 1]), buildHeader(0, 63), ...parts);
}

function buildComments(bytes: number): Bytes[] {
  const all: Bytes[] = [];
  for (let left = bytes; left > 0; left -= 60_000) {
    all.push(crypto.getRandomValues(new Uint8Array(Math.min(left, 60_000))));
  }
  return all;
}

/** Number of codes of each length, 1 to 16 bits, for the twelve classes of DC differences. */
const DC_LENGTHS = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
const DC_CODES = [
  '00',
  '010',
  '011',
  '100',
  '101',
  '110',
  '1110',
  '11110',
  '111110',
  '1111110',
  '11111110',
  '111111110',
];

/** Encodes blocks: a DC difference each, then the end of the block. */
export function encodeBlocks(levels: number[], end = '0'): Bytes {
  let bits = '';
  let before = 0;
  for (const level of levels) {
    const difference = level - 128 - before;
    before += difference;
    const size = difference === 0 ? 0 : Math.floor(Math.log2(Math.abs(difference))) + 1;
    const value = difference < 0 ? difference + 2 ** size - 1 : difference;
    bits += `${DC_CODES[size] + (size ? value.toString(2).padStart(size, '0') : '')}${end}`;
  }
  return packBits(bits);
}

/** Packs a string of bits into bytes: padded with ones, and a byte of ones is followed by a zero. */
function packBits(code: string): Bytes {
  const bits = code + '1'.repeat((8 - (code.length % 8)) % 8);
  const bytes = bits.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? [];
  return concat(bytes.flatMap((byte) => (byte === 0xff ? [0xff, 0] : [byte])));
}

/** Builds a big-endian TIFF structure with an orientation, and optionally a GPS position. */
export function tiff(orientation: number, gps = false): Bytes {
  const buildEntry = (tag: number, type: number, count: number, value: number[]) => [
    ...u16(tag),
    ...u16(type),
    ...u32(count),
    ...value,
  ];
  const entries = [buildEntry(0x0112, 3, 1, [...u16(orientation), 0, 0])];
  const directory = 8;
  const position = directory + 2 + 2 * 12 + 4;
  if (gps) entries.push(buildEntry(0x8825, 4, 1, u32(position)));
  const main = [...u16(entries.length), ...entries.flat(), ...u32(0)];
  const encodeRationals = (...degrees: number[]) => degrees.flatMap((n) => [...u32(n), ...u32(1)]);
  const data = position + 2 + 4 * 12 + 4;
  const gpsDirectory = [
    ...u16(4),
    ...buildEntry(1, 2, 2, [...ascii('N\0'), 0, 0]),
    ...buildEntry(2, 5, 3, u32(data)),
    ...buildEntry(3, 2, 2, [...ascii('E\0'), 0, 0]),
    ...buildEntry(4, 5, 3, u32(data + 24)),
    ...u32(0),
    ...encodeRationals(51, 28, 38),
    ...encodeRationals(0, 0, 5),
  ];
  return concat(ascii('MM'), u16(42), u32(directory), main, gps ? gpsDirectory : []);
}

export interface PngOptions {
  width?: number;
  height?: number;
  /** Red, green, blue, alpha of every pixel. */
  color?: [number, number, number, number];
  /** A false size in the header. */
  claim?: [width: number, height: number];
  /** Whether it is an animation of two frames. */
  animated?: boolean;
}

/** Builds a PNG with an alpha channel that any browser decodes. */
export function png({ width = 2, height = 2, color = [255, 0, 0, 128], claim, animated }: PngOptions = {}): Bytes {
  const row = concat([0], ...Array.from({ length: width }, () => color));
  const rows = concat(...Array.from({ length: height }, () => row));
  const [w, h] = claim ?? [width, height];
  return concat(
    [0x89, ...ascii('PNG\r\n\x1a\n')],
    pngChunk('IHDR', [...u32(w), ...u32(h), 8, 6, 0, 0, 0]),
    animated ? [...pngChunk('acTL', [...u32(2), ...u32(0)]), ...frameControl(0, [w, h])] : [],
    pngChunk('IDAT', stored(rows)),
    animated ? [...frameControl(1, [w, h]), ...pngChunk('fdAT', concat(u32(2), stored(rows)))] : [],
    pngChunk('IEND', []),
  );
}

/** Builds the frame control chunk of an animated PNG. The frame is shown for a tenth of a second. */
export const frameControl = (number: number, size: [number, number], offset: [number, number] = [0, 0]): Bytes =>
  pngChunk('fcTL', [number, ...size, ...offset].flatMap(u32).concat([0, 1, 0, 10, 0, 0]));

export function pngChunk(type: string, data: ArrayLike<number>): Bytes {
  const body = concat(ascii(type), data);
  return concat(u32(data.length), body, u32(crc32(body)));
}

/** Builds a zlib stream without compression. */
export function stored(data: Bytes): Bytes {
  const blocks: number[][] = [];
  for (let offset = 0; offset < data.length; offset += 0xffff) {
    const part = data.subarray(offset, offset + 0xffff);
    const last = offset + 0xffff >= data.length ? 1 : 0;
    blocks.push([last, ...u16le(part.length), ...u16le(~part.length & 0xffff)], part as unknown as number[]);
  }
  let [a, b] = [1, 0];
  for (const byte of data) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return concat([0x78, 0x01], ...blocks, u16(b), u16(a));
}

function crc32(bytes: Bytes): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** Builds a GIF of one pixel with this many frames that any browser decodes. Both sizes may be false. */
export function gif(frames = 1, claim: [number, number] = [1, 1], frameClaim: [number, number] = [1, 1]): Bytes {
  const frame = [
    ...[0x21, 0xf9, 4, 0, 10, 0, 0, 0],
    ...[0x2c, 0, 0, 0, 0, ...u16le(frameClaim[0]), ...u16le(frameClaim[1]), 0],
    ...[2, 2, 0x44, 0x01, 0],
  ];
  return concat(
    ascii('GIF89a'),
    u16le(claim[0]),
    u16le(claim[1]),
    [0x80, 0, 0, 0, 0, 0, 255, 255, 255],
    ...Array.from({ length: frames }, () => frame),
    [0x3b],
  );
}

export const riff = (...chunks: Bytes[]): Bytes => {
  const body = concat(ascii('WEBP'), ...chunks);
  return concat(ascii('RIFF'), u32le(body.length), body);
};
export const riffChunk = (type: string, data: ArrayLike<number>): Bytes =>
  concat(ascii(type), u32le(data.length), data, data.length % 2 ? [0] : []);

/** Builds a lossless WebP frame. Browsers decode it only with its true size of one pixel. */
export const vp8l = (width = 1, height = 1): Bytes =>
  riffChunk('VP8L', [
    0x2f,
    ...u32le((width - 1) | ((height - 1) << 14) | (1 << 28)),
    7,
    0x10,
    0x11,
    0x11,
    0x88,
    0x88,
    0xfe,
    7,
  ]);

export interface WebpOptions {
  /** Size in the header of the frame. */
  size?: [number, number];
  /** Size in the extended header. */
  canvas?: [number, number];
  /** Number of frames of an animation. */
  frames?: number;
}

/** Builds a WebP. */
export function webp({ size = [1, 1], canvas, frames = 0 }: WebpOptions = {}): Bytes {
  const buildExtendedHeader = (flags: number, [w, h]: [number, number]) =>
    riffChunk('VP8X', [flags, 0, 0, 0, ...u24le(w - 1), ...u24le(h - 1)]);
  if (frames > 0) {
    const frameHeader = [...u24le(0), ...u24le(0), ...u24le(0), ...u24le(0), ...u24le(100), 0];
    const frame = riffChunk('ANMF', concat(frameHeader, vp8l()));
    const animation = riffChunk('ANIM', [0, 0, 0, 0, 0, 0]);
    return riff(buildExtendedHeader(2, canvas ?? size), animation, ...Array.from({ length: frames }, () => frame));
  }
  return canvas ? riff(buildExtendedHeader(0, canvas), vp8l(...size)) : riff(vp8l(...size));
}

/** Encodes text as UTF-8. */
export const text = (value: string): Bytes => concat(new TextEncoder().encode(value));
