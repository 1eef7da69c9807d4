import { expect } from '@open-wc/testing';
import { inspectAndPrepare } from './inspect-and-prepare.js';
import { comparePixels, readPixels } from './read-pixels.js';

type Draw = (context: OffscreenCanvasRenderingContext2D, side: number) => void;

async function draw(side: number, paint: Draw): Promise<Blob> {
  const context = new OffscreenCanvas(side, side).getContext('2d') as OffscreenCanvasRenderingContext2D;
  context.fillStyle = '#fafafa';
  context.fillRect(0, 0, side, side);
  paint(context, side);
  return context.canvas.convertToBlob();
}

const paintPixelArt: Draw = (context, side) => {
  const colors = ['#000', '#f80', '#08f', '#fff', '#3a3'];
  for (let i = 0; i < 256; i++) {
    context.fillStyle = colors[(i * 7 + (i >> 4) * (i >> 4) * 3) % 5] as string;
    context.fillRect(((i & 15) * side) / 16, ((i >> 4) * side) / 16, side / 16, side / 16);
  }
};

const paintText: Draw = (context, side) => {
  context.fillStyle = '#222';
  context.font = '14px sans-serif';
  for (let y = 14; y < side; y += 18)
    context.fillText('The quick brown fox jumps over the lazy dog, and then some', 8, y);
};

/** Soft and noisy, as photos are. */
const paintPhoto: Draw = (context, side) => {
  const { data } = context.getImageData(0, 0, side, side);
  let seed = 1;
  for (let i = 0; i < data.length; i++) {
    seed = (seed * 48_271) % 2_147_483_647;
    if ((i & 3) < 3) data[i] = 120 + 90 * Math.sin(i / (side * 40 + (i & 3) * 977)) + (seed % 17);
  }
  context.putImageData(new ImageData(data, side, side), 0, 0);
};

const countBytes = async (file: Blob, options: { size: number; type: string; quality: number }) =>
  (await inspectAndPrepare(file, options)).size;

/** Pixels that are the same before and after. */
async function measureLoss(paint: Draw, side: number, type: string): Promise<number> {
  const file = await draw(side, paint);
  const blob = await inspectAndPrepare(file, { size: side, type, quality: 0.85 });
  return comparePixels((await readPixels(blob)).data, (await readPixels(file)).data).max;
}

describe('prepareSquare', () => {
  for (const [name, paint, side] of [
    ['pixel art of 32 × 32', paintPixelArt, 32],
    ['pixel art of 512 × 512', paintPixelArt, 512],
    ['a screenshot of text', paintText, 512],
  ] as const) {
    it(`keeps every pixel of ${name}`, async () => {
      expect(await measureLoss(paint, side, 'image/webp')).to.equal(0);
    });
  }

  it('encodes photos with loss, whatever their size', async () => {
    for (const side of [32, 128, 512]) {
      const file = await draw(side, paintPhoto);
      expect(await measureLoss(paintPhoto, side, 'image/webp')).to.be.above(0);
      const bytes = await countBytes(file, { size: side, type: 'image/webp', quality: 0.85 });
      expect(bytes).to.be.below((await countBytes(file, { size: side - 1, type: 'image/webp', quality: 1 })) / 1.5);
    }
  });

  it('encodes drawings as JPEG if the page asks for it', async () => {
    const blob = await inspectAndPrepare(await draw(64, paintPixelArt), {
      size: 64,
      type: 'image/jpeg',
      quality: 0.85,
    });
    expect(blob.type).to.equal('image/jpeg');
  });
});
