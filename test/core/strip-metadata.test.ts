import { describe, expect, it } from 'vitest';
import { readBytes } from '../../src/image/byte-reader.js';
import { inspectImage } from '../../src/image/inspect-image.js';
import { getCleanParts } from '../../src/image/strip-metadata.js';
import { ascii, concat, u32le } from '../support/bytes.js';
import { FILES_WITH_METADATA, findMetadata, PROFILE } from '../support/metadata.js';
import { gif, jpeg, png, riff, riffChunk, webp } from '../support/pictures.js';

const cleanBytes = async (bytes: Uint8Array<ArrayBuffer>) => {
  const file = new Blob([bytes]);
  return concat(...getCleanParts(await readBytes(file), await inspectImage(file)));
};

const files = FILES_WITH_METADATA;

describe('getCleanParts', () => {
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
    const isTurnedPng = type === 'image/png' && orientation > 1;
    if (!isTurnedPng) expect(after).toMatchObject({ type, width, height, animated, orientation });
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

  it('does not follow WebP frames into frames, however many there are', async () => {
    const nested = new Uint8Array(480_000);
    for (let at = 0; at < nested.length; at += 24) nested.set([...ascii('ANMF'), ...u32le(nested.length - at - 8)], at);
    const header = riffChunk('VP8X', [2, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect((await cleanBytes(riff(header, nested))).length).toBeLessThan(200);
  });

  it('returns for any truncated file', async () => {
    for (const { bytes } of files) {
      for (let length = 20; length < bytes.length; length += 7) await cleanBytes(bytes.slice(0, length));
    }
  });
});

/** Whether a file contains the middle of a color profile. */
function contains(bytes: Uint8Array, profile: Uint8Array): boolean {
  const toText = (part: Uint8Array) => Array.from(part, (byte) => String.fromCharCode(byte)).join('');
  return toText(bytes).includes(toText(profile.slice(128, 160)));
}
