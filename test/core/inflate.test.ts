import { constants, deflateSync, inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ImageError } from '../../src/image/formats/byte-reader.js';
import { inflate } from '../../src/image/formats/inflate.js';

/** Packs numbers with their lengths in bits, each from its lowest bit on. */
function packBits(...fields: [value: number, length: number][]): number[] {
  const bits = fields.flatMap(([value, length]) => Array.from({ length }, (_, i) => (value >> i) & 1));
  return Array.from({ length: Math.ceil(bits.length / 8) }, (_, i) =>
    bits.slice(i * 8, i * 8 + 8).reduce((byte, bit, at) => byte | (bit << at), 0),
  );
}

/** The lengths of a block's codes: those of the literals 0, 255 and the end, and of the distances. */
interface BlockCodes {
  zero?: number;
  last?: number;
  end?: number;
  distances?: number[];
  /** The length of the code for the length 0. */
  zeroLength?: number;
}

/** A zlib stream of a single block with these codes. Its data are zeros, which are the literal 0 or the end. */
function buildStream({ zero = 1, last = 2, end = 2, distances = [1, 1], zeroLength = 2 }: BlockCodes): Uint8Array {
  // A code for each of the lengths 0, 1 and 2 and for a run of zeros, in this order; the last bit of a code is sent last.
  const codes = zeroLength === 2 ? [0b00, 0b10, 0b01, 0b11] : [0b011, 0b00, 0b10, 0b01];
  const put = (length: number): [number, number] => [codes[length] as number, length === 0 ? zeroLength : 2];
  const run = (count: number): [number, number][] => [
    [codes[3] as number, 2],
    [count - 11, 7],
  ];
  const lengths = Array.from({ length: 19 }, (_, i): [number, number] => {
    const symbol = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15][i] as number;
    return [symbol === 0 ? zeroLength : [1, 2, 18].includes(symbol) ? 2 : 0, 3];
  });
  const literals = [put(zero), ...run(138), ...run(116), put(last), put(end)];
  const header: [number, number][] = [
    [1, 1],
    [2, 2],
    [0, 5],
    [distances.length - 1, 5],
    [15, 4],
  ];
  const data: [number, number] = [0b11 << 5, 7];
  const bits = packBits(...header, ...lengths, ...literals, ...distances.map(put), data);
  return new Uint8Array([0x78, 1, ...bits, 0, 0, 0, 0]);
}

/** Bytes like those of a photo, of a drawing, and of noise. */
const CONTENTS = Object.entries({
  photo: Uint8Array.from({ length: 90_000 }, (_, i) => 40 * Math.sin(i / 70) + ((Math.imul(i, 2654435761) >>> 29) & 7)),
  drawing: Uint8Array.from({ length: 200_000 }, (_, i) => ((i >> 9) * 37 + (i & 3)) & 255),
  noise: Uint8Array.from({ length: 70_000 }, (_, i) => Math.imul(i ^ (i >> 3), 2654435761) >>> 24),
  'two values': Uint8Array.from({ length: 90_000 }, (_, i) => (Math.imul(i, 2654435761) >>> 31) & 1),
  nothing: new Uint8Array(0),
});

const OPTIONS = [
  { level: 0 },
  { level: 1 },
  { level: 9, memLevel: 1 },
  { strategy: constants.Z_HUFFMAN_ONLY },
  { strategy: constants.Z_RLE },
  { strategy: constants.Z_FIXED },
];

const STREAMS = CONTENTS.flatMap(([name, bytes]) =>
  OPTIONS.map(
    (options) => [name, JSON.stringify(options), bytes, new Uint8Array(deflateSync(bytes, options))] as const,
  ),
);

const read = (stream: Uint8Array, keptLength: number, maxLength = 2 ** 20) =>
  inflate(stream, { keptLength, maxLength }, () => {});

describe('a zlib stream', () => {
  it.each(STREAMS)('of a %s, compressed with %s, is measured to its end', (_, __, bytes, stream) => {
    const withMore = new Uint8Array([...stream, 1, 2, 3]);
    for (const keptLength of [0, 1000, 2 ** 20]) {
      const { bytes: kept, length, streamLength } = read(withMore, keptLength);
      expect([length, streamLength]).toEqual([bytes.length, stream.length]);
      expect(Buffer.compare(kept, bytes.subarray(0, keptLength))).toBe(0);
    }
  });

  it.each(STREAMS)('of a %s, compressed with %s, is not read on after too many bytes', (_, __, bytes, stream) => {
    expect(read(stream, 100, bytes.length).length).toBe(bytes.length);
    if (bytes.length > 0) expect(read(stream, 100, bytes.length - 1).length).toBeGreaterThan(bytes.length - 1);
  });

  it.each(STREAMS)('of a %s, compressed with %s, is refused if it is cut short', (_, __, ___, stream) => {
    const step = Math.ceil(stream.length / 50);
    for (let length = stream.length - 5; length > 2; length -= step) {
      expect(() => read(stream.subarray(0, length), 100)).toThrow();
    }
  });

  it('is refused if it refers to bytes before its beginning, or has unknown codes', () => {
    // Fixed codes: the length 3, then the distance 1.
    expect(() => read(new Uint8Array([0x78, 1, 0x03, 0x02, 0, 0, 0, 0, 0]), 100)).toThrow(ImageError);
    expect(() => read(new Uint8Array([0x78, 1, 0x07, 0, 0, 0, 0, 0]), 100)).toThrow(ImageError);
  });

  it.each<[string, BlockCodes]>([
    ['codes for all bits', {}],
    ['a single code for distances', { distances: [1] }],
    ['no code for distances', { distances: [0] }],
  ])('with %s is read', (_, codes) => expect(read(buildStream(codes), 100).length).toBe(5));

  it.each<[string, BlockCodes]>([
    ['too few codes for literals', { zero: 2 }],
    ['too few codes for distances', { distances: [2, 2, 2] }],
    ['too few codes for lengths', { zeroLength: 3 }],
    ['too many codes for literals', { zero: 1, last: 1 }],
    ['no code for its end', { zero: 1, last: 1, end: 0 }],
  ])('with %s is refused, as zlib refuses it', (_, codes) => {
    expect(() => read(buildStream(codes), 100)).toThrow(ImageError);
    expect(() => inflateSync(buildStream(codes))).toThrow('invalid');
  });
});
