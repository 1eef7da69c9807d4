import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { readPicture } from '../../src/image/formats/read-picture.js';
import { FILES_WITH_METADATA, findMetadata } from '../support/metadata.js';
import { concat, jpeg, segment, text } from '../support/pictures.js';
import { createApi, createUserId } from './harness.js';

const limits = { maxPixels: 50_000_000, keepMetadata: false };

async function readStored(key = ''): Promise<Uint8Array> {
  const object = await env.AVATARS.get(key);
  return new Uint8Array((await object?.arrayBuffer()) ?? new ArrayBuffer(0));
}

describe('a stored picture', () => {
  it.each(FILES_WITH_METADATA)('has no metadata: $name', async ({ type, bytes, clean, size }) => {
    expect(findMetadata(bytes)).not.toEqual([]);
    const { status, body } = await createApi(createUserId()).upload(bytes, type);
    expect(status).toBe(200);
    const kept = await readStored(body.avatar?.key);
    expect(findMetadata(kept)).toEqual([]);
    if (clean) expect(kept).toEqual(clean);
    expect([body.avatar?.width, body.avatar?.height]).toEqual(size);
    expect(body.avatar?.size).toBe(kept.length);
  });

  it.each(FILES_WITH_METADATA)('is unchanged when it is uploaded again: $name', ({ bytes }) => {
    const once = readPicture(bytes, limits).bytes;
    expect(readPicture(once, limits).bytes).toEqual(once);
  });

  it.each(FILES_WITH_METADATA)(
    'keeps its metadata, but no bytes after its end, with keepMetadata: $name',
    async ({ type, bytes }) => {
      const { body } = await createApi(createUserId(), { keepMetadata: true }).upload(
        concat(bytes, text('<script>')),
        type,
      );
      const kept = await readStored(body.avatar?.key);
      expect(findMetadata(kept)).not.toEqual([]);
      expect(kept).toEqual(bytes.slice(0, kept.length));
      expect(kept.length).toBe(body.avatar?.size);
    },
  );

  const appended: [string, Uint8Array][] = [
    ['a ZIP archive', concat(text('PK\x03\x04'), new Array(26).fill(0), text('PK\x05\x06'), new Array(18).fill(0))],
    ['an HTML page', text('<!doctype html><script>alert(1)</script>')],
    ['a PDF', text('%PDF-1.7\n%%EOF')],
    ['another picture', jpeg()],
  ];
  it.each(appended)('has no bytes after its end: %s', (_, tail) => {
    for (const { bytes, name } of FILES_WITH_METADATA) {
      const alone = readPicture(bytes, limits).bytes;
      expect(readPicture(concat(bytes, tail), limits).bytes, name).toEqual(alone);
    }
  });
});

describe('JPEG orientation', () => {
  const buildExif = (...tiff: number[]) => segment(0xe1, text('Exif\0\0'), tiff);
  const buildEntry = (type: number, count: number, ...value: number[]) =>
    buildExif(...text('MM\0*'), 0, 0, 0, 8, 0, 1, 1, 0x12, 0, type, 0, 0, 0, count, ...value, 0, 0, 0, 0);
  const six = buildEntry(3, 1, 0, 6, 0, 0);
  const cases: [string, Uint8Array, boolean][] = [
    ['is read from the first EXIF segment', concat(six, buildEntry(3, 1, 0, 1, 0, 0)), true],
    ['is not read from the second EXIF segment', concat(buildEntry(3, 1, 0, 1, 0, 0), six), false],
    ['is not read from a value of another type', buildEntry(4, 1, 0, 0, 0, 6), false],
    ['is not read from several values', buildEntry(3, 2, 0, 6, 0, 0), false],
    ['is not read from a value above eight', buildEntry(3, 1, 0, 9, 0, 0), false],
    ['is not read without a TIFF header', buildExif(...text('MM\0+'), ...six.slice(14)), false],
    ['is not read from a directory beyond the end', buildExif(...text('MM\0*'), 255, 0, 0, 0), false],
  ];
  it.each(cases)('%s', (_, segments, turned) => {
    const picture = jpeg();
    const { width, bytes } = readPicture(concat(picture.slice(0, 2), segments, picture.slice(2)), limits);
    expect(width).toBe(turned ? 8 : 16);
    expect(readPicture(bytes, limits).width).toBe(width);
  });
});
