/** Builds pictures in rare variants of PNG and JPEG. Any browser decodes them. */
import { ascii, type Bytes, concat, u16, u32 } from './bytes.js';
import { pngChunk, segment, stored } from './pictures.js';

/** Returns red, green, blue and alpha of a pixel, 0 to 255. */
export type Paint = (x: number, y: number) => [number, number, number, number];

export interface RarePng {
  width: number;
  height: number;
  paint: Paint;
  /**
   * Bits per channel.
   * @defaultValue `8`
   */
  depth?: 8 | 16;
  /** Whether the rows are in seven passes (Adam7). */
  interlaced?: boolean;
  /** Chunks before the pixel data. */
  before?: Bytes;
}

/** First column, first row, column step and row step of each pass. */
export const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

export function rarePng({ width, height, paint, depth = 8, interlaced = false, before = concat() }: RarePng): Bytes {
  const passes = interlaced ? ADAM7 : ([[0, 0, 1, 1]] as const);
  const rows: number[][] = [];
  for (const [left, top, columnStep, rowStep] of passes) {
    for (let y = top; y < height; y += rowStep) {
      const row = [];
      for (let x = left; x < width; x += columnStep) row.push(...paint(x, y));
      if (row.length > 0) rows.push([0, ...(depth === 16 ? row.flatMap((value) => [value, value]) : row)]);
    }
  }
  return concat(
    [0x89, ...ascii('PNG\r\n\x1a\n')],
    pngChunk('IHDR', [...u32(width), ...u32(height), depth, 6, 0, 0, interlaced ? 1 : 0]),
    before,
    pngChunk('IDAT', stored(concat(...rows))),
    pngChunk('IEND', []),
  );
}

/**
 * Builds a CMYK JPEG of a single color, as print software writes it: with Adobe's
 * marker, which means that the inks are stored inverted.
 */
export function cmykJpeg(side: number, [cyan, magenta, yellow, black]: [number, number, number, number]): Bytes {
  const components = [1, 2, 3, 4];
  const blocks = (side / 8) ** 2;
  // The class of a difference is its number of bits, and has a code of four bits.
  const first = [cyan, magenta, yellow, black].map((ink) => encodeDifference(255 - ink - 128)).join('');
  const rest = '00000'.repeat(4 * (blocks - 1));
  return concat(
    [0xff, 0xd8],
    segment(0xee, ascii('Adobe'), [0, 100, 0, 0, 0, 0, 0]),
    segment(0xdb, [0, ...new Array(64).fill(8)]),
    segment(0xc0, [8, ...u16(side), ...u16(side), 4, ...components.flatMap((id) => [id, 0x11, 0])]),
    // Twelve codes of four bits, 0000 to 1011.
    segment(0xc4, [0, 0, 0, 0, 12, ...new Array(12).fill(0), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
    segment(0xc4, [0x10, 1, ...new Array(15).fill(0), 0]),
    segment(0xda, [4, ...components.flatMap((id) => [id, 0]), 0, 63, 0]),
    encodeBits(first + rest),
    [0xff, 0xd9],
  );
}

/** Encodes a difference and the end of its block, as a string of bits. */
function encodeDifference(value: number): string {
  const size = value === 0 ? 0 : Math.floor(Math.log2(Math.abs(value))) + 1;
  const bits = (value < 0 ? value + 2 ** size - 1 : value).toString(2).padStart(size, '0');
  return `${size.toString(2).padStart(4, '0')}${size > 0 ? bits : ''}0`;
}

/** Packs a string of bits into entropy-coded bytes: padded with ones, and a byte of ones is followed by a zero. */
function encodeBits(code: string): Bytes {
  const bits = code + '1'.repeat((8 - (code.length % 8)) % 8);
  const bytes = bits.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? [];
  return concat(bytes.flatMap((byte) => (byte === 0xff ? [0xff, 0] : [byte])));
}
