import { describe, expect, it } from 'vitest';
import { inspectImage } from '../../src/image/inspect-image.js';
import { readStoredPicture } from '../../src/image/keep-picture.js';
import { ascii, concat, u16, u32, u32le } from '../support/bytes.js';
import { FILES_WITH_METADATA, findMetadata, PROFILE } from '../support/metadata.js';
import { gif, jpeg, png, pngChunk, riff, riffChunk, segment, stored, webp } from '../support/pictures.js';

const keep = (bytes: Uint8Array<ArrayBuffer>) => readStoredPicture(new Blob([bytes]));
const cleanBytes = async (bytes: Uint8Array<ArrayBuffer>) => concat((await keep(bytes))?.bytes ?? []);

const files = FILES_WITH_METADATA;

describe('readStoredPicture', () => {
  it.each(files)('removes the metadata of a $name', async ({ bytes, clean }) => {
    const found = await cleanBytes(bytes);
    expect(findMetadata(found)).toEqual([]);
    if (clean && findMetadata(clean).length === 0) expect(found.length).toBeLessThanOrEqual(clean.length + 40);
  });

  it.each(files)('keeps type, size, frames and orientation of a $name', async ({ bytes }) => {
    const [before, after] = [
      await inspectImage(new Blob([bytes])),
      await inspectImage(new Blob([await cleanBytes(bytes)])),
    ];
    const { type, width, height, animated, orientation } = before;
    expect(after).toMatchObject({ type, width, height, animated, orientation });
  });

  it('keeps the color profile', async () => {
    for (const { bytes } of files.filter((file) => contains(file.bytes, PROFILE))) {
      expect(contains(await cleanBytes(bytes), PROFILE)).toBe(true);
    }
    expect(files.some(({ bytes }) => contains(bytes, PROFILE))).toBe(true);
  });

  it.each([
    ['JPEG', jpeg()],
    ['PNG', png()],
    ['animated PNG', png({ animated: true })],
    ['GIF', gif(3)],
    ['WebP', webp()],
    ['animated WebP', webp({ frames: 3 })],
  ])('keeps a %s without metadata as it is, and removes bytes after its end', async (_, bytes) => {
    expect(await cleanBytes(bytes)).toEqual(bytes);
    expect(await cleanBytes(concat(bytes, [0x53, 0x45, 0x43]))).toEqual(bytes);
  });

  it.each<[string, Uint8Array<ArrayBuffer>, isAmbiguous: boolean]>([
    ['one orientation', withExif(buildTiff(6)), false],
    ['no orientation, and another one later', withExif(buildTiff(), buildTiff(6)), true],
    ['an orientation, and another one later', withExif(buildTiff(1), buildTiff(6)), false],
    ['two orientations in one directory', withExif(buildTiff(6, 1)), true],
    ['an invalid orientation before a valid one', withExif(buildTiff(9, 6)), true],
    ['an orientation that is cut short', withExif(buildTiff(6).slice(0, -6)), true],
    ['metadata that are cut short after the orientation', withExif(buildTiff(6).slice(0, -4)), false],
  ])('says whether browsers disagree about a JPEG: with %s', async (_, bytes, isAmbiguous) => {
    const picture = await keep(bytes);
    expect(picture?.isAmbiguous).toBe(isAmbiguous);
    expect((await keep(concat(picture?.bytes ?? [])))?.isAmbiguous).toBe(false);
  });

  it('says whether browsers disagree about the size of a GIF', async () => {
    const asGif87 = (bytes: Uint8Array) => concat(bytes.slice(0, 4), [0x37], bytes.slice(5));
    const files = [gif(1, [3, 3]), gif(1, [0, 3]), asGif87(gif()), asGif87(gif(1, [3, 3])), asGif87(gif(2, [3, 3]))];
    const pictures = await Promise.all(files.map((bytes) => keep(concat(bytes))));
    // An animation would lose its frames.
    expect(pictures.map((picture) => picture?.isAmbiguous)).toEqual([false, true, false, true, false]);
  });

  it('says that browsers disagree about a PNG whose color profile has a wrong checksum', async () => {
    const withProfile = (chunk: Uint8Array) => concat(png().slice(0, 33), chunk, png().slice(33));
    const profile = pngChunk('iCCP', concat(ascii('p\0\0'), stored(PROFILE)));
    const damaged = profile.map((byte, i) => (i === profile.length - 1 ? byte ^ 1 : byte));
    expect((await keep(withProfile(profile)))?.isAmbiguous).toBe(false);
    const picture = await keep(withProfile(damaged));
    expect(picture?.isAmbiguous).toBe(true);
    expect((await keep(concat(picture?.bytes ?? [])))?.isAmbiguous).toBe(false);
  });

  it('does not follow WebP frames into frames, however many there are', async () => {
    const nested = new Uint8Array(480_000);
    for (let at = 0; at < nested.length; at += 24) nested.set([...ascii('ANMF'), ...u32le(nested.length - at - 8)], at);
    const header = riffChunk('VP8X', [2, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(await keep(riff(header, nested))).toBe(null);
  });

  it('returns null or a picture for any truncated file', async () => {
    for (const { bytes } of files) {
      for (let length = 20; length < bytes.length; length += 7) await keep(bytes.slice(0, length));
    }
  });
});

/** A directory with one orientation after the other. */
function buildTiff(...orientations: number[]): Uint8Array<ArrayBuffer> {
  const entries = orientations.map((value) => [1, 0x12, 0, 3, 0, 0, 0, 1, 0, value, 0, 0]);
  return concat(ascii('MM'), u16(42), u32(8), u16(entries.length), ...entries, u32(0));
}

/** A JPEG with these Exif segments. */
function withExif(...tiffs: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const segments = tiffs.map((tiff) => segment(0xe1, ascii('Exif\0\0'), tiff));
  return concat(jpeg().slice(0, 2), ...segments, jpeg().slice(2));
}

/** Whether a file contains the middle of a color profile. */
function contains(bytes: Uint8Array, profile: Uint8Array): boolean {
  const toText = (part: Uint8Array) => Array.from(part, (byte) => String.fromCharCode(byte)).join('');
  return toText(bytes).includes(toText(profile.slice(128, 160)));
}
