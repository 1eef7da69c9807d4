import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endState, launch, pickFile } from '../support/browser.js';
import { DevServer, root } from '../support/dev-server.js';

/** Photos of real cameras, where this machine has them. */
const photos = join(root, '..', 'shared', 'photos');

let server: DevServer;
let browser: Browser;
/** Serves the HEIC library as it is published. */
let library: Server;

beforeAll(async () => {
  library = createServer(async (_, response) => {
    response.setHeader('content-type', 'text/javascript').setHeader('access-control-allow-origin', '*');
    response.end(await readFile(join(root, 'node_modules/heic-to/dist/heic-to.js')));
  });
  await new Promise<void>((resolve) => library.listen(0, '127.0.0.1', resolve));
  [server, browser] = await Promise.all([DevServer.fresh(), launch()]);
});
afterAll(async () => {
  library.close();
  await Promise.all([browser?.close(), server?.stop()]);
});

async function openDemo(attributes: Record<string, string> = {}): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(server.origin);
  await page.waitForSelector('flare-avatar-upload');
  await page.evaluate((all) => {
    const element = document.querySelector('flare-avatar-upload');
    for (const [name, value] of Object.entries(all)) element?.setAttribute(name, value);
    element?.addEventListener('flare-start', (event) => {
      Object.assign(window, { sent: (event as CustomEvent<{ blob: Blob }>).detail.blob });
    });
  }, attributes);
  return page;
}

/** What was sent: its bytes, and brightness in 16 × 16 places. */
const sent = (page: Page) =>
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
const apart = (a: number[], b: number[]) =>
  a.reduce((sum, level, i) => sum + Math.abs(level - (b[i] ?? 0)), 0) / a.length;

describe.runIf(existsSync(photos))('real photos', () => {
  it.each(['landscape', 'portrait'])('%s: all eight orientations give the same upright square', async (name) => {
    const looks: number[][] = [];
    for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const page = await openDemo();
      await pickFile(page, join(photos, `${name}_${orientation}.jpg`));
      expect(await endState(page)).toBe('success');
      looks.push((await sent(page)).levels);
      await page.context().close();
    }
    const [first = [], ...others] = looks;
    for (const other of others) expect(apart(first, other)).toBeLessThan(4);
  });

  it.each(['gps_1.jpg', 'gps_2.jpg', 'iphone_8mp.jpg'])('%s: its place and its camera are not sent', async (name) => {
    const original = latin1([...(await readFile(join(photos, name)))]);
    expect(original).toContain('Exif');
    const page = await openDemo();
    await pickFile(page, join(photos, name));
    expect(await endState(page)).toBe('success');
    const words = latin1((await sent(page)).bytes);
    for (const word of ['Exif', 'EXIF', 'XMP', 'Apple', 'GPS', 'ICCP']) expect(words).not.toContain(word);
    await page.context().close();
  });

  it('a HEIC photo is refused in words, and taken with a library', async () => {
    const page = await openDemo();
    await pickFile(page, join(photos, 'iphone.heic'));
    await page.getByText('This photo format (HEIC) is not supported by your browser').waitFor();
    // As in docs/pictures.md.
    const { port } = library.address() as AddressInfo;
    await page.addScriptTag({
      type: 'module',
      content: `
        const element = document.querySelector('flare-avatar-upload');
        element.accept += ',image/heic,.heic';
        element.decode = async (file) => {
          const { heicTo } = await import('http://localhost:${port}/heic-to.js');
          return heicTo({ blob: file, type: 'image/jpeg', quality: 0.95 });
        };`,
    });
    await pickFile(page, join(photos, 'iphone.heic'));
    expect(await endState(page)).toBe('success');
    const { levels } = await sent(page);
    expect(new Set(levels).size).toBeGreaterThan(20);
    await page.context().close();
  });
});
