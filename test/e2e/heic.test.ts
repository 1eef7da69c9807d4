import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { launchBrowser, pickFile, waitForEnd } from '../support/browser.js';
import { openDemo } from '../support/demo.js';
import { root } from '../support/dev-server.js';
import { HttpServer } from '../support/http-server.js';

/** A photo of an iPhone. The tests that need it are skipped where it does not exist. */
const photo = join(root, '..', 'shared', 'photos', 'iphone.heic');

/** Serves the files for <script>, as a CDN does, and the HEIC library as it is published. */
const cdn = new HttpServer(async ({ url = '' }, response) => {
  const path = url === '/heic-to.js' ? 'node_modules/heic-to/dist/csp/heic-to.js' : join('dist/cdn', url);
  response.setHeader('content-type', 'text/javascript').setHeader('access-control-allow-origin', '*');
  response.end(await readFile(join(root, path)));
});

let browser: Browser;
beforeAll(async () => {
  [browser] = await Promise.all([launchBrowser(), cdn.start()]);
});
afterAll(async () => {
  await Promise.all([browser?.close(), cdn.stop()]);
});

/** Sets the hook of a module that the page imports, and records what the element sends. */
async function openPage(module: string): Promise<Page> {
  const { page } = await openDemo(browser, inject('origin'));
  await page.evaluate(async (url) => {
    const { decodeHeic } = await import(url);
    const element = document.querySelector('flare-avatar-upload');
    if (!element) throw new Error('The page has no element.');
    element.accept += ',image/heic,.heic';
    element.decode = decodeHeic;
    element.addEventListener('flare-start', ({ detail }) => Object.assign(window, { sent: detail.blob }));
  }, module);
  return page;
}

/** Returns the green values, at 16 × 16 pixels, of the uploaded picture and of the photo's center square. */
const readLevels = (page: Page, bytes: string, library: string) =>
  page.evaluate(
    async ([base64, url]) => {
      const { heicTo } = await import(url as string);
      const blob = await (await fetch(`data:image/heic;base64,${base64}`)).blob();
      const { sent } = window as unknown as { sent: Blob };
      return [await createImageBitmap(sent), await heicTo({ blob, type: 'bitmap' })].map((bitmap: ImageBitmap) => {
        const side = Math.min(bitmap.width, bitmap.height);
        const [x, y] = [(bitmap.width - side) / 2, (bitmap.height - side) / 2];
        const context = new OffscreenCanvas(16, 16).getContext('2d') as OffscreenCanvasRenderingContext2D;
        context.imageSmoothingQuality = 'high';
        context.drawImage(bitmap, x, y, side, side, 0, 0, 16, 16);
        const { data } = context.getImageData(0, 0, 16, 16);
        return Array.from({ length: 256 }, (_, i) => data[i * 4 + 1] ?? 0);
      });
    },
    [bytes, library],
  );

/** Mean difference, from 0 to 255. */
const differenceOf = (a: number[], b: number[]) =>
  a.reduce((sum, level, i) => sum + Math.abs(level - (b[i] ?? 0)), 0) / a.length;

describe.runIf(existsSync(photo))('decodeHeic', () => {
  it.each([
    ['the source', () => `/@fs${join(root, 'src/heic.ts')}`],
    ['a CDN', () => `${cdn.origin}/flare-avatar-upload-heic.js`],
  ])('of %s makes a photo of an iPhone the avatar, upright', async (_, getModule) => {
    const page = await openPage(getModule());
    await pickFile(page, photo);
    expect(await waitForEnd(page)).toBe('success');
    const base64 = (await readFile(photo)).toString('base64');
    const [sent = [], expected = []] = await readLevels(page, base64, `${cdn.origin}/heic-to.js`);
    expect(new Set(expected).size).toBeGreaterThan(20);
    expect(differenceOf(sent, expected)).toBeLessThan(4);
    // Turned by 180°, it would be another picture.
    expect(differenceOf(sent, expected.toReversed())).toBeGreaterThan(8);
    await page.context().close();
  });
});
