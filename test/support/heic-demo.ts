/** Uploads HEIC photos in the demo with the hook of `flare-avatar-upload/heic`. */
import type { Browser, Page } from 'playwright-core';
import { expect, inject } from 'vitest';
import { pickFile, toFile, waitForEnd } from './browser.js';
import { openDemo } from './demo.js';

/** What the page of a test has on its `window`. */
interface TestWindow {
  /** The hook of the test has taken the place of the demo's. */
  isHooked: true;
  sent: Blob;
  heicTo(options: { blob: Blob; type: 'bitmap' }): Promise<ImageBitmap>;
}

/** Sets the hook of a module that the page imports, and records what the element sends. */
export async function openHookedDemo(browser: Browser, module: string): Promise<Page> {
  const { page } = await openDemo(browser, inject('origin'));
  await page.addScriptTag({
    type: 'module',
    content: `
      import { decodeHeic } from '${module}';
      const element = document.querySelector('flare-avatar-upload');
      element.accept += ',image/heic,.heic';
      element.decode = decodeHeic;
      element.addEventListener('flare-start', ({ detail }) => { window.sent = detail.blob; });
      window.isHooked = true;`,
  });
  await page.waitForFunction(() => 'isHooked' in window);
  return page;
}

/**
 * Returns the green values, at 16 × 16 pixels, of the uploaded picture and of the photo's center square.
 * @param library - URL of `heic-to`, which decodes the photo once more.
 */
async function readLevels(page: Page, photo: Buffer, library: string): Promise<number[][]> {
  const content = `import { heicTo } from '${library}'; window.heicTo = heicTo;`;
  await page.addScriptTag({ type: 'module', content });
  await page.waitForFunction(() => 'heicTo' in window);
  return page.evaluate(async (data) => {
    const { sent, heicTo } = window as unknown as TestWindow;
    const blob = new Blob([Uint8Array.from(atob(data), (character) => character.charCodeAt(0))]);
    const bitmaps = [await createImageBitmap(sent), await heicTo({ blob, type: 'bitmap' })];
    return bitmaps.map((bitmap) => {
      const side = Math.min(bitmap.width, bitmap.height);
      const [x, y] = [(bitmap.width - side) / 2, (bitmap.height - side) / 2];
      const context = new OffscreenCanvas(16, 16).getContext('2d') as OffscreenCanvasRenderingContext2D;
      context.imageSmoothingQuality = 'high';
      context.drawImage(bitmap, x, y, side, side, 0, 0, 16, 16);
      const pixels = context.getImageData(0, 0, 16, 16).data;
      return Array.from({ length: 256 }, (_, i) => pixels[i * 4 + 1] ?? 0);
    });
  }, photo.toString('base64'));
}

/** Mean difference, from 0 to 255. */
const differenceOf = (a: number[], b: number[]) =>
  a.reduce((sum, level, i) => sum + Math.abs(level - (b[i] ?? 0)), 0) / a.length;

/** Returns 16 × 16 values turned and mirrored in the seven other ways. */
function turnAndMirror(levels: number[]): number[][] {
  const rearrange = (from: number[], index: (x: number, y: number) => number) =>
    from.map((_, i) => from[index(i % 16, Math.floor(i / 16))] ?? 0);
  const turned = [levels];
  for (let turns = 1; turns < 4; turns++) turned.push(rearrange(turned[turns - 1] ?? [], (x, y) => (15 - x) * 16 + y));
  return [...turned.slice(1), ...turned.map((square) => rearrange(square, (x, y) => y * 16 + 15 - x))];
}

/** Picks a photo, and checks that its center square is uploaded upright. */
export async function expectUprightAvatar(page: Page, photo: Buffer, library: string): Promise<void> {
  await pickFile(page, toFile(photo, 'photo.heic', 'image/heic'));
  expect(await waitForEnd(page)).toBe('success');
  const [sent = [], expected = []] = await readLevels(page, photo, library);
  expect(new Set(expected).size).toBeGreaterThan(20);
  for (const other of turnAndMirror(expected))
    expect(differenceOf(sent, expected)).toBeLessThan(differenceOf(sent, other) / 3);
}
