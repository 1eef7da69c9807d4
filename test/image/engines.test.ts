import { expect } from '@open-wc/testing';
import { createHdrAvif } from '../support/hdr-avif.js';
import { jpeg, png } from '../support/pictures.js';
import { comparePixels, readPixels } from './read-pixels.js';

/**
 * Browser behavior that `src/image` works around. If one of these tests fails,
 * the browser has changed: check whether the workaround can be removed.
 */
const { userAgent } = navigator;
const engine = /Firefox/.test(userAgent) ? 'firefox' : /Chrome/.test(userAgent) ? 'chromium' : 'webkit';

const createContext = (width: number, height: number) => {
  const context = new OffscreenCanvas(width, height).getContext('2d') as OffscreenCanvasRenderingContext2D;
  context.fillStyle = 'red';
  context.fillRect(0, 0, width, height);
  return context;
};

describe(engine, () => {
  it('encodes WebP (WebKit returns PNG instead, and Chromium adds a color profile)', async () => {
    const blob = await createContext(8, 8).canvas.convertToBlob({ type: 'image/webp' });
    expect(blob.type).to.equal(engine === 'webkit' ? 'image/png' : 'image/webp');
    expect((await blob.text()).includes('ICCP')).to.equal(engine === 'chromium');
  });

  it('has an ImageDecoder that scales, in its own way (WebKit has none)', async () => {
    expect('ImageDecoder' in window).to.equal(engine !== 'webkit');
    if (engine === 'webkit') return;
    const blocks = Array.from({ length: 20 }, () => new Array(40).fill(90));
    const decoder = new ImageDecoder({
      data: jpeg({ blocks, orientation: 6 }),
      type: 'image/jpeg',
      desiredWidth: 60,
      desiredHeight: 110,
    });
    const { image } = await decoder.decode();
    const size = [image.displayWidth, image.displayHeight];
    image.close();
    // The picture is 160 × 320: Chromium scales to two eighths, because three would be more pixels in total.
    expect(size).to.deep.equal(engine === 'chromium' ? [40, 80] : [60, 110]);
  });

  it('skips pixels in a single large step of drawImage, even with the best smoothing (except Chromium)', async () => {
    const stripes = createContext(512, 8);
    stripes.fillStyle = 'blue';
    for (let x = 0; x < 512; x += 2) stripes.fillRect(x, 0, 1, 8);
    const small = createContext(60, 1);
    small.imageSmoothingQuality = 'high';
    small.drawImage(stripes.canvas, 0, 0, 512, 8, 0, 0, 60, 1);
    const { data } = small.getImageData(5, 0, 50, 1);
    const reds = Array.from({ length: 50 }, (_, i) => data[i * 4] ?? 0);
    // With a proper average all of them would be the same.
    expect(Math.max(...reds) - Math.min(...reds) > 60).to.equal(engine !== 'chromium');
  });

  it('adapts a high dynamic range to the screen only in <img> (in the others, everywhere)', async () => {
    const file = createHdrAvif();
    const bitmap = await createImageBitmap(file);
    const context = createContext(bitmap.width, bitmap.height);
    context.drawImage(bitmap, 0, 0);
    bitmap.close();
    const { data } = context.getImageData(0, 0, context.canvas.width, context.canvas.height);
    expect(comparePixels(data, (await readPixels(file)).data).max > 4).to.equal(engine === 'chromium');
  });

  it('decodes a truncated file (except Chromium)', async () => {
    const bytes = png({ width: 50, height: 50 }).slice(0, 4000);
    const isDecoded = await createImageBitmap(new Blob([bytes])).then(
      () => true,
      () => false,
    );
    expect(isDecoded).to.equal(engine !== 'chromium');
  });
});
