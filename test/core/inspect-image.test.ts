import { describe, expect, it } from 'vitest';
import { inspectImage } from '../../src/image/inspect-image.js';
import { avif, concat, gif, jpeg, png, text, webp } from '../support/pictures.js';

const inspectBytes = (bytes: Uint8Array<ArrayBuffer>, claimed = 'image/png') =>
  inspectImage(new File([bytes], 'x', { type: claimed }));

const toBytes = (latin1: string) => concat(Array.from(latin1, (char) => char.charCodeAt(0)));

describe('inspectImage detects', () => {
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
    expect(await inspectBytes(file, 'image/tiff')).toMatchObject({ type, detectedType: '', animated, width, height });
  });

  it.each([
    ['avif', avif({ brand: 'mif1' })],
    ['avif', avif({ brand: 'miaf' })],
    ['avif', avif({ brand: 'MA1B' })],
    ['avif', avif({ brand: 'avio' })],
  ])('%s by each of its brands', async (_, file) => {
    expect(await inspectBytes(file)).toMatchObject({ type: 'image/avif', width: 64, height: 32 });
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('orientation %i, and the size of the upright picture', async (orientation) => {
    const [width, height] = orientation < 5 ? [16, 8] : [8, 16];
    expect(await inspectBytes(jpeg({ orientation }))).toMatchObject({ orientation, width, height });
  });

  it.each([
    ['application/pdf', toBytes('%PDF-1.7\n')],
    ['application/office', toBytes(`PK\x03\x04${'\0'.repeat(26)}[Content_Types].xml`)],
    ['application/office', toBytes('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1')],
    ['application/zip', toBytes('PK\x03\x04\x14\0\0\0')],
    ['application/zip', toBytes('Rar!\x1a\x07')],
    ['application/program', toBytes('MZ\x90\0')],
    ['application/program', toBytes('\x7fELF')],
    ['image/heic', avif({ brand: 'heic' })],
    ['video/', toBytes('\0\0\0\x18ftypmp42')],
    ['video/', toBytes('\0\0\0\x14ftypqt  ')],
    ['video/', toBytes('\x1a\x45\xdf\xa3')],
    ['audio/', toBytes('ID3\x04')],
    ['audio/', toBytes('\0\0\0\x18ftypM4A ')],
    ['image/tiff', toBytes('II*\0\x08')],
    ['image/bmp', toBytes('BM\x3a\0\0\0\0\0\0\0')],
    ['image/psd', toBytes('8BPS\0\x01')],
    ['image/jxl', toBytes('\xff\x0a\xfa')],
    ['image/svg+xml', text('<svg xmlns="http://www.w3.org/2000/svg"/>')],
    ['image/svg+xml', text('<?xml version="1.0"?>\n<!-- a --><svg>')],
    ['text/html', text('<!DOCTYPE html><p>')],
    ['text/html', text('  <script>alert(1)</script>')],
    ['text/plain', text('Dear Sir, größer')],
    ['', text('')],
    ['', toBytes('\x01\x02\x03\0\x01')],
  ])('a file that is not a picture that can be stored: %s', async (detectedType, file) => {
    expect(await inspectBytes(file)).toMatchObject({ type: null, detectedType, animated: false });
  });

  it('what it can of a truncated picture, without throwing', async () => {
    for (const whole of [gif(2), jpeg({ gps: true }), png(), webp({ frames: 2 }), avif()]) {
      for (let length = 6; length < whole.length; length++) await inspectBytes(whole.slice(0, length));
    }
  });
});
