import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readPicture } from '../../src/image/formats/read-picture.js';
import { inspectImage } from '../../src/image/inspect-image.js';
import { ascii, type Bytes, concat, u16, u32 } from '../support/bytes.js';
import { FILES_WITH_METADATA } from '../support/metadata.js';
import { exifSegment, frameControl, gif, jpeg, png, pngChunk, segment, tiff, webp } from '../support/pictures.js';
import { RUN_FACTOR } from '../support/run-factor.js';

const side = fc.integer({ min: 1, max: 40 });
const orientation = fc.integer({ min: 0, max: 9 });

/** An orientation entry of any type and count, before one that is right. */
const oddTiff = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 2 }), orientation, orientation)
  .map(([type, count, first, second]) => {
    const buildEntry = (entryType: number, entryCount: number, value: number) => [
      ...u16(0x0112),
      ...u16(entryType),
      ...u32(entryCount),
      ...u16(value),
      0,
      0,
    ];
    const entries = [...buildEntry(type, count, first), ...buildEntry(3, 1, second)];
    return concat(ascii('MM'), u16(42), u32(8), u16(2), entries, u32(0));
  });

/** Up to two EXIF segments, fill bytes, and metadata that is longer than what is read first. */
const jpegs = fc
  .record({
    segments: fc.array(
      fc.oneof(
        orientation.map((value) => exifSegment(value)),
        oddTiff.map((data) => segment(0xe1, ascii('Exif\0\0'), data)),
        fc.constant(concat([0xff, 0xff], exifSegment(6))),
        fc.constant(segment(0xe1, ascii('http://ns.adobe.com/xap/1.0/\0'))),
        fc.constant(segment(0xe1, ascii('Exif'))),
        fc.constant(segment(0xec, new Uint8Array(65_000))),
      ),
      { maxLength: 6 },
    ),
    coding: fc.constantFrom('baseline' as const, 'progressive' as const),
  })
  .map(({ segments, coding }) => {
    const picture = jpeg({ coding });
    return concat(picture.slice(0, 2), ...segments, picture.slice(2));
  });

const damage = (chunk: Bytes): Bytes => {
  const damaged = chunk.slice();
  damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
  return damaged;
};

/** With orientations, some of them damaged, and with one, two or no frames. */
const pngs = fc
  .record({
    width: side,
    height: side,
    animated: fc.boolean(),
    isOneFrame: fc.boolean(),
    chunks: fc.array(
      fc.oneof(
        orientation.map((value) => pngChunk('eXIf', tiff(value))),
        orientation.map((value) => damage(pngChunk('eXIf', tiff(value)))),
        oddTiff.map((data) => pngChunk('eXIf', data)),
        fc.constant(pngChunk('tEXt', new Uint8Array(200_000))),
      ),
      { maxLength: 3 },
    ),
  })
  .map(({ width, height, animated, isOneFrame, chunks }) => {
    const whole = png({ width, height, animated });
    const control = pngChunk('acTL', [...u32(1), ...u32(0)]);
    const oneFrame = concat(whole.slice(0, 33), control, frameControl(0, [width, height]), whole.slice(33));
    const picture = !animated && isOneFrame ? oneFrame : whole;
    return concat(picture.slice(0, 33), ...chunks, picture.slice(33));
  });

const others = fc.oneof(
  fc.integer({ min: 1, max: 4 }).chain((frames) => fc.tuple(side, side).map((size) => gif(frames, size))),
  fc.integer({ min: 1, max: 3 }).map((frames) => webp({ frames })),
  fc.tuple(side, side).map((size) => webp({ size, canvas: size })),
  fc.tuple(side, side).map((size) => webp({ size })),
  fc.constantFrom(...FILES_WITH_METADATA.map(({ bytes }) => bytes)),
);

it('inspectImage says about a picture what the back end reads from it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(jpegs, pngs, others), async (bytes) => {
      const { type, width, height, orientation, frames } = readPicture(bytes, { maxPixels: 1e6, keepMetadata: false });
      const expected = { type, width, height, orientation, animated: frames > 1 };
      expect(await inspectImage(new Blob([bytes]))).toMatchObject(expected);
    }),
    { numRuns: 200 * RUN_FACTOR },
  );
});
