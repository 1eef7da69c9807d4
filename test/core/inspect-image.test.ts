import { describe, expect, it } from 'vitest';
import { inspectImage } from '../../src/image/inspect-image.js';
import { avif, concat, gif, jpeg, png, text, webp } from '../support/pictures.js';

const look = (bytes: Uint8Array<ArrayBuffer>, claimed = 'image/png') =>
  inspectImage(new File([bytes], 'x', { type: claimed }));

const bytes = (latin1: string) => concat(Array.from(latin1, (char) => char.charCodeAt(0)));

describe('the bytes tell', () => {
  it.each([
    ['image/jpeg', false, 16, 8, jpeg({ gps: true })],
    ['image/jpeg', false, 16, 8, jpeg({ padding: 120_000 })],
    ['image/png', false, 3, 2, png({ width: 3 })],
    ['image/png', true, 2, 2, png({ animated: true })],
    ['image/gif', false, 7, 9, gif(1, [7, 9])],
    ['image/gif', true, 1, 1, gif(2)],
    ['image/webp', false, 5, 6, webp({ size: [5, 6] })],
    ['image/webp', false, 300, 20, webp({ canvas: [300, 20] })],
    ['image/webp', true, 1, 1, webp({ frames: 2 })],
    ['image/avif', false, 64, 32, avif()],
    ['image/avif', false, 32, 64, avif({ turns: 1 })],
    ['image/avif', true, 64, 32, avif({ brand: 'avis' })],
  ])('%s, animated: %s, %i × %i', async (type, animated, width, height, file) => {
    expect(await look(file, 'image/tiff')).toMatchObject({ type, detectedType: '', animated, width, height });
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('the orientation %i, and the size once upright', async (orientation) => {
    const [width, height] = orientation < 5 ? [16, 8] : [8, 16];
    expect(await look(jpeg({ orientation }))).toMatchObject({ orientation, width, height });
  });

  it('whether some of it may be transparent', async () => {
    const alpha = async (file: Uint8Array<ArrayBuffer>) => (await look(file)).alpha;
    expect(await Promise.all([jpeg(), png(), gif(), webp()].map(alpha))).toEqual([false, true, true, true]);
  });

  it.each([
    ['application/pdf', bytes('%PDF-1.7\n')],
    ['application/office', bytes(`PK\x03\x04${'\0'.repeat(26)}[Content_Types].xml`)],
    ['application/office', bytes('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1')],
    ['application/zip', bytes('PK\x03\x04\x14\0\0\0')],
    ['application/zip', bytes('Rar!\x1a\x07')],
    ['application/program', bytes('MZ\x90\0')],
    ['application/program', bytes('\x7fELF')],
    ['image/heic', avif({ brand: 'heic' })],
    ['video/', bytes('\0\0\0\x18ftypmp42')],
    ['video/', bytes('\0\0\0\x14ftypqt  ')],
    ['video/', bytes('\x1a\x45\xdf\xa3')],
    ['audio/', bytes('ID3\x04')],
    ['audio/', bytes('\0\0\0\x18ftypM4A ')],
    ['image/tiff', bytes('II*\0\x08')],
    ['image/bmp', bytes('BM\x3a\0\0\0\0\0\0\0')],
    ['image/psd', bytes('8BPS\0\x01')],
    ['image/jxl', bytes('\xff\x0a\xfa')],
    ['image/svg+xml', text('<svg xmlns="http://www.w3.org/2000/svg"/>')],
    ['image/svg+xml', text('<?xml version="1.0"?>\n<!-- a --><svg>')],
    ['text/html', text('<!DOCTYPE html><p>')],
    ['text/html', text('  <script>alert(1)</script>')],
    ['text/plain', text('Dear Sir, größer')],
    ['', text('')],
    ['', bytes('\x01\x02\x03\0\x01')],
  ])('what is no picture that is stored: %s', async (detectedType, file) => {
    expect(await look(file)).toMatchObject({ type: null, detectedType, animated: false });
  });

  it('nothing wrong of a picture that is cut short', async () => {
    for (const whole of [gif(2), jpeg({ gps: true }), png(), webp({ frames: 2 }), avif()]) {
      for (let length = 6; length < whole.length; length++) await look(whole.slice(0, length));
    }
  });
});
