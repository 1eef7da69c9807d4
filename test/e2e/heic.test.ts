import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { avif } from '../support/avif.js';
import { connectBrowser, pickFile, waitForEnd } from '../support/browser.js';
import { openDemo } from '../support/demo.js';
import { root } from '../support/dev-server.js';
import { HttpServer } from '../support/http-server.js';

/** A photo of an iPhone. The tests that need it are skipped where it does not exist. */
const photo = join(root, '..', 'shared', 'photos', 'iphone.heic');

let isDecoderMissing = false;

/** Serves the files for <script>, as a CDN does, and the HEIC library as it is published. */
const cdn = new HttpServer(async ({ url = '' }, response) => {
  if (url.includes('heic-worker') && isDecoderMissing) {
    response.writeHead(404).end();
    return;
  }
  const path = url === '/heic-to.js' ? 'node_modules/heic-to/dist/csp/heic-to.js' : join('dist/cdn', url);
  response.setHeader('content-type', 'text/javascript').setHeader('access-control-allow-origin', '*');
  response.end(await readFile(join(root, path)));
});

let browser: Browser;
beforeAll(async () => {
  [browser] = await Promise.all([connectBrowser(), cdn.start()]);
});
afterAll(async () => {
  await Promise.all([browser?.close(), cdn.stop()]);
});

/** What the page of a test has on its `window`. */
interface TestWindow {
  /** The hook of the test has taken the place of the demo's. */
  isHooked: true;
  sent: Blob;
  heicTo(options: { blob: Blob; type: 'bitmap' }): Promise<ImageBitmap>;
}

/** Sets the hook of a module that the page imports, and records what the element sends. */
async function openPage(module: string): Promise<Page> {
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

/** Returns the green values, at 16 × 16 pixels, of the uploaded picture and of the photo's center square. */
async function readLevels(page: Page): Promise<number[][]> {
  const library = `import { heicTo } from '${cdn.origin}/heic-to.js'; window.heicTo = heicTo;`;
  await page.addScriptTag({ type: 'module', content: library });
  await page.waitForFunction(() => 'heicTo' in window);
  const base64 = (await readFile(photo)).toString('base64');
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
  }, base64);
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

describe.runIf(existsSync(photo))('decodeHeic', () => {
  it.each([
    ['the source', () => `/@fs${join(root, 'src/heic.ts')}`],
    ['a CDN', () => `${cdn.origin}/flare-avatar-upload-heic.js`],
  ])('of %s makes a photo of an iPhone the avatar, upright', async (_, getModule) => {
    const page = await openPage(getModule());
    await pickFile(page, photo);
    expect(await waitForEnd(page)).toBe('success');
    const [sent = [], expected = []] = await readLevels(page);
    expect(new Set(expected).size).toBeGreaterThan(20);
    for (const other of turnAndMirror(expected))
      expect(differenceOf(sent, expected)).toBeLessThan(differenceOf(sent, other) / 3);
    await page.context().close();
  });
});

describe('decodeHeic without the decoder', () => {
  it('says what to install', async () => {
    isDecoderMissing = true;
    const page = await openPage(`${cdn.origin}/flare-avatar-upload-heic.js`);
    const error = await page.evaluate(
      (bytes) => {
        const file = new File([new Uint8Array(bytes)], 'a.heic');
        const { decode } = document.querySelector('flare-avatar-upload') ?? {};
        return Promise.resolve(decode?.(file, { signal: AbortSignal.any([]) })).catch(({ code, hint }) => ({
          code,
          hint,
        }));
      },
      Array.from(avif({ brand: 'heic' })),
    );
    isDecoderMissing = false;
    expect(error).toEqual({ code: 'decode_failed', hint: expect.stringContaining('npm install heic-to') });
    await page.context().close();
  });
});
