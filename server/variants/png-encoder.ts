import { concatBytes, encodeAscii, encodeU32 } from '../../src/image/formats/byte-reader.js';
import { buildChunk } from '../../src/image/formats/png-chunks.js';
import { isOpaque } from '../../src/image/resample.js';
import type { Pixels } from './codecs.js';

// W3C PNG Specification, third edition.

/** Rows of samples, and how the header describes them. */
interface Samples {
  colorType: number;
  bitsPerPixel: number;
  /** Bytes of each row. */
  stride: number;
  data: Uint8Array;
  /** Chunks that precede the data: palette and transparency. */
  chunks: Uint8Array[];
}

const [RGB, PALETTE, RGBA] = [2, 3, 6];

/** Encodes a picture as PNG: with a palette if it has at most 256 colors. */
export async function encodePng(pixels: Pixels, colorChunks: readonly Uint8Array[]): Promise<Uint8Array> {
  const samples = toPalette(pixels) ?? toTrueColor(pixels);
  const depth = samples.colorType === PALETTE ? samples.bitsPerPixel : 8;
  const header = [...encodeU32(pixels.width), ...encodeU32(pixels.height), depth, samples.colorType, 0, 0, 0];
  return concatBytes([
    [0x89, ...encodeAscii('PNG\r\n\x1a\n')],
    buildChunk('IHDR', Uint8Array.from(header)),
    ...colorChunks,
    ...samples.chunks,
    buildChunk('IDAT', await deflate(filterRows(samples))),
    buildChunk('IEND', new Uint8Array(0)),
  ]);
}

/** Null if the picture has more than 256 colors. */
function toPalette({ data, width, height }: Pixels): Samples | null {
  const indexes = indexColors(data);
  if (!indexes) return null;
  const colors = [...indexes.colors.keys()];
  const bits = [1, 2, 4, 8].find((each) => colors.length <= 2 ** each) ?? 8;
  const stride = Math.ceil((width * bits) / 8);
  const packed = new Uint8Array(stride * height);
  for (let i = 0; i < indexes.data.length; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    const at = y * stride + ((x * bits) >> 3);
    packed[at] = (packed[at] as number) | ((indexes.data[i] as number) << (8 - bits - ((x * bits) & 7)));
  }
  const bytes = colors.map((color) => [color & 255, (color >>> 8) & 255, (color >>> 16) & 255, color >>> 24]);
  const palette = Uint8Array.from(bytes.flatMap((color) => color.slice(0, 3)));
  const alphas = Uint8Array.from(bytes, ([, , , alpha]) => alpha ?? 255);
  const chunks = [buildChunk('PLTE', palette)];
  if (alphas.some((alpha) => alpha !== 255)) chunks.push(buildChunk('tRNS', alphas));
  return { colorType: PALETTE, bitsPerPixel: bits, stride, data: packed, chunks };
}

/** The number of each pixel's color, in the order in which the colors appear; null for more than 256. */
function indexColors(data: Uint8ClampedArray): { colors: Map<number, number>; data: Uint8Array } | null {
  const colors = new Map<number, number>();
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const result = new Uint8Array(data.length / 4);
  for (let i = 0; i < result.length; i++) {
    const color = view.getUint32(i * 4, true);
    let index = colors.get(color);
    if (index === undefined) {
      index = colors.size;
      if (index === 256) return null;
      colors.set(color, index);
    }
    result[i] = index;
  }
  return { colors, data: result };
}

function toTrueColor({ data, width }: Pixels): Samples {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.length);
  if (!isOpaque(data)) {
    return { colorType: RGBA, bitsPerPixel: 32, stride: width * 4, data: bytes, chunks: [] };
  }
  const rgb = new Uint8Array((bytes.length / 4) * 3);
  for (let from = 0, to = 0; from < bytes.length; from += 4, to += 3) {
    rgb[to] = bytes[from] as number;
    rgb[to + 1] = bytes[from + 1] as number;
    rgb[to + 2] = bytes[from + 2] as number;
  }
  return { colorType: RGB, bitsPerPixel: 24, stride: width * 3, data: rgb, chunks: [] };
}

/** The rows, each after the filter with the smallest differences (section 12.7). Palettes are not filtered. */
function filterRows({ colorType, bitsPerPixel, stride, data }: Samples): Uint8Array {
  const rows = data.length / stride;
  const result = new Uint8Array(rows * (stride + 1));
  const distance = bitsPerPixel >> 3;
  const filters = colorType === PALETTE ? [0] : [1, 2, 4];
  const candidate = new Uint8Array(stride);
  for (let row = 0; row < rows; row++) {
    const target = result.subarray(row * (stride + 1), (row + 1) * (stride + 1));
    let smallest = Number.POSITIVE_INFINITY;
    for (const filter of filters) {
      const sum = filterRow(filter, data, row * stride, stride, distance, candidate);
      if (sum >= smallest) continue;
      smallest = sum;
      target[0] = filter;
      target.set(candidate, 1);
    }
  }
  return result;
}

/** Writes one filtered row; returns the sum of its differences. */
function filterRow(
  filter: number,
  data: Uint8Array,
  start: number,
  stride: number,
  distance: number,
  out: Uint8Array,
): number {
  let sum = 0;
  for (let i = 0; i < stride; i++) {
    const left = i >= distance ? (data[start + i - distance] as number) : 0;
    const above = start > 0 ? (data[start + i - stride] as number) : 0;
    let predicted = 0;
    if (filter === 1) predicted = left;
    else if (filter === 2) predicted = above;
    else if (filter === 4) {
      const corner = start > 0 && i >= distance ? (data[start + i - stride - distance] as number) : 0;
      predicted = predictPaeth(left, above, corner);
    }
    const difference = ((data[start + i] as number) - predicted) & 255;
    out[i] = difference;
    sum += difference < 128 ? difference : 256 - difference;
  }
  return sum;
}

function predictPaeth(left: number, above: number, corner: number): number {
  const estimate = left + above - corner;
  const [toLeft, toAbove, toCorner] = [
    Math.abs(estimate - left),
    Math.abs(estimate - above),
    Math.abs(estimate - corner),
  ];
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}

/** The bytes in the format of zlib. */
export async function deflate(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new CompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
