import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { connectBrowser, pickFile, toFile } from '../support/browser.js';
import { openDemo } from '../support/demo.js';
import { root } from '../support/dev-server.js';
import { heic } from '../support/heic.js';
import { HttpServer } from '../support/http-server.js';
import { chooseCases } from '../support/run-factor.js';

/** Photos of real cameras. The tests that need them are skipped where the folder does not exist. */
const photos = join(root, '..', 'shared', 'photos');

/** Serves the HEIC library as it is published. */
const library = new HttpServer(async (_, response) => {
  response.setHeader('content-type', 'text/javascript').setHeader('access-control-allow-origin', '*');
  response.end(await readFile(join(root, 'node_modules/heic-to/dist/heic-to.js')));
});

let browser: Browser;
beforeAll(async () => {
  [browser] = await Promise.all([connectBrowser(), library.start()]);
});
afterAll(async () => {
  await Promise.all([browser?.close(), library.stop()]);
});

async function openPage(): Promise<Page> {
  const { page } = await openDemo(browser, inject('origin'));
  await page.evaluate(() => {
    document.querySelector('flare-avatar-upload')?.addEventListener('flare-start', (event) => {
      Object.assign(window, { sent: (event as CustomEvent<{ blob: Blob }>).detail.blob });
    });
  });
  return page;
}

/** Uploads a photo with the element, after others or as the first one. Resolves with what it sent. */
async function uploadPhoto(page: Page, file: Parameters<typeof pickFile>[1]) {
  const ended = page.evaluate(
    () =>
      new Promise<string>((resolve) => {
        document.querySelector('flare-avatar-upload')?.addEventListener('flare-statechange', (event) => {
          const { state } = (event as CustomEvent<{ state: string }>).detail;
          if (/success|error/.test(state)) resolve(state);
        });
      }),
  );
  await pickFile(page, file);
  expect(await ended).toBe('success');
  return readSent(page);
}

/** Returns the bytes of the uploaded picture, and the green values of its pixels at a size of 16 × 16. */
const readSent = (page: Page) =>
  page.evaluate(async () => {
    const { sent } = window as unknown as { sent: Blob };
    const context = new OffscreenCanvas(16, 16).getContext('2d') as OffscreenCanvasRenderingContext2D;
    context.imageSmoothingQuality = 'high';
    context.drawImage(await createImageBitmap(sent), 0, 0, 16, 16);
    const { data } = context.getImageData(0, 0, 16, 16);
    const levels = Array.from({ length: 256 }, (_, i) => data[i * 4 + 1] ?? 0);
    return { levels, bytes: Array.from(new Uint8Array(await sent.arrayBuffer())) };
  });

const latin1 = (bytes: number[]) => bytes.map((byte) => String.fromCharCode(byte)).join('');
/** Mean difference, from 0 to 255. */
const differenceOf = (a: number[], b: number[]) =>
  a.reduce((sum, level, i) => sum + Math.abs(level - (b[i] ?? 0)), 0) / a.length;

describe.runIf(existsSync(photos))('real photos', () => {
  it.each(chooseCases(['landscape', 'portrait'], (name) => name === 'portrait'))(
    '%s: all eight orientations result in the same upright square',
    async (name) => {
      const page = await openPage();
      const squares: number[][] = [];
      for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8])
        squares.push((await uploadPhoto(page, join(photos, `${name}_${orientation}.jpg`))).levels);
      await page.context().close();
      const [first = [], ...others] = squares;
      for (const other of others) expect(differenceOf(first, other)).toBeLessThan(4);
    },
  );

  it('location and camera are not sent', async () => {
    const page = await openPage();
    for (const name of ['gps_1.jpg', 'gps_2.jpg', 'iphone_8mp.jpg']) {
      const original = await readFile(join(photos, name), 'latin1');
      expect(original).toContain('Exif');
      const text = latin1((await uploadPhoto(page, join(photos, name))).bytes);
      for (const tag of ['Exif', 'EXIF', 'XMP', 'Apple', 'GPS', 'ICCP']) expect(text).not.toContain(tag);
    }
    await page.context().close();
  });
});

describe('the decode hook', () => {
  it('a HEIC photo is rejected with a message, and accepted with a decoder', async () => {
    const photo = toFile(heic(), 'photo.heic', 'image/heic');
    const page = await openPage();
    // The demo has a decoder.
    await page.evaluate(() => {
      const element = document.querySelector('flare-avatar-upload');
      if (element)
        Object.assign(element, { accept: element.accept.replace(',image/heic,.heic', ''), decode: undefined });
    });
    await pickFile(page, photo);
    await page.getByText('HEIC photos aren’t supported.').waitFor();
    // A hook that the page writes itself.
    await page.addScriptTag({
      type: 'module',
      content: `
        const element = document.querySelector('flare-avatar-upload');
        element.accept += ',image/heic,.heic';
        element.decode = async (file) => {
          const { heicTo } = await import('${library.origin}/heic-to.js');
          return heicTo({ blob: file, type: 'image/jpeg', quality: 0.95 });
        };`,
    });
    const { levels } = await uploadPhoto(page, photo);
    expect(new Set(levels).size).toBeGreaterThan(20);
    await page.context().close();
  });
});
