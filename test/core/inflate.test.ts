import { constants, deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ImageError } from '../../src/image/formats/byte-reader.js';
import { inflate } from '../../src/image/formats/inflate.js';

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
});
