import { describe, expect, it } from 'vitest';
import { inspect } from '../../src/image/inspect.js';
import { avif, gif, jpeg, png, text, webp } from '../support/pictures.js';

const look = (bytes: Uint8Array<ArrayBuffer>, claimed = 'image/png') =>
  inspect(new File([bytes], 'x', { type: claimed }));

describe('the bytes tell', () => {
  it.each([
    ['image/jpeg', false, jpeg({ gps: true })],
    ['image/png', false, png()],
    ['image/png', true, png({ animated: true })],
    ['image/gif', false, gif(1)],
    ['image/gif', true, gif(2)],
    ['image/webp', false, webp()],
    ['image/webp', false, webp({ canvas: [1, 1] })],
    ['image/webp', true, webp({ frames: 2 })],
    ['image/avif', false, avif()],
    ['image/avif', true, avif({ brand: 'avis' })],
    [null, false, avif({ brand: 'heic' })],
    [null, false, text('%PDF-1.7')],
    [null, false, text('<svg xmlns="http://www.w3.org/2000/svg"/>')],
    [null, false, text('')],
  ])('%s, animated: %s', async (type, animated, bytes) => {
    expect(await look(bytes, 'image/tiff')).toEqual({ type, animated });
  });

  it('nothing wrong of a GIF that is cut short', async () => {
    for (let length = 6; length < gif(2).length; length++) await look(gif(2).slice(0, length));
  });
});
