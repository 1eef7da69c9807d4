import { describe, expect, it } from 'vitest';
import { readBytes } from '../../src/image/byte-reader.js';
import { inspectImage } from '../../src/image/inspect-image.js';
import { getCleanParts } from '../../src/image/strip-metadata.js';
import { concat } from '../support/bytes.js';
import { dirty, PROFILE, told } from '../support/metadata.js';
import { gif, jpeg, png, webp } from '../support/pictures.js';

const stripped = async (bytes: Uint8Array<ArrayBuffer>) => {
  const file = new Blob([bytes]);
  return concat(...getCleanParts(await readBytes(file), await inspectImage(file)));
};

/** AVIF is the back end's to clean. */
const files = dirty.filter(({ type }) => type !== 'image/avif');

describe('a file that is kept loses its metadata', () => {
  it.each(files)('$name', async ({ bytes, clean }) => {
    const found = await stripped(bytes);
    expect(told(found)).toEqual([]);
    if (clean && told(clean).length === 0) expect(found.length).toBeLessThanOrEqual(clean.length + 40);
  });

  it.each(files)('$name: type, size, frames and orientation stay', async ({ bytes }) => {
    const [before, after] = [
      await inspectImage(new Blob([bytes])),
      await inspectImage(new Blob([await stripped(bytes)])),
    ];
    const { type, width, height, animated, orientation } = before;
    const isTurnedPng = type === 'image/png' && orientation > 1;
    if (!isTurnedPng) expect(after).toMatchObject({ type, width, height, animated, orientation });
  });

  it('the colours stay', async () => {
    for (const { bytes } of files.filter((file) => hold(file.bytes, PROFILE))) {
      expect(hold(await stripped(bytes), PROFILE)).toBe(true);
    }
    expect(files.some(({ bytes }) => hold(bytes, PROFILE))).toBe(true);
  });

  it.each([
    ['JPEG', jpeg()],
    ['PNG', png()],
    ['moving PNG', png({ animated: true })],
    ['GIF', gif(3)],
    ['WebP', webp()],
    ['moving WebP', webp({ frames: 3 })],
  ])('%s that has none: stays as it is, and what follows its end goes', async (_, bytes) => {
    expect(await stripped(bytes)).toEqual(bytes);
    expect(await stripped(concat(bytes, [0x53, 0x45, 0x43]))).toEqual(bytes);
  });

  it('of whatever is broken nothing is waited for', async () => {
    for (const { bytes } of files) {
      for (let length = 20; length < bytes.length; length += 7) await stripped(bytes.slice(0, length));
    }
  });
});

/** Whether some bytes are in others, one after the other. */
function hold(all: Uint8Array, part: Uint8Array): boolean {
  const text = (bytes: Uint8Array) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return text(all).includes(text(part.slice(128, 160)));
}
