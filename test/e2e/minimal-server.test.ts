import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectBrowser, openPage, pickFile, toFile, waitForEnd } from '../support/browser.js';
import { MinimalServer } from '../support/minimal-server.js';
import { png } from '../support/pictures.js';

let browser: Browser;
beforeAll(async () => {
  browser = await connectBrowser();
});
afterAll(() => browser?.close());

const file = png({ width: 5, height: 5 });

describe.each(['/', '/classic'])('the CDN file on %s, under a strict Content Security Policy', (path) => {
  it('works with a back end that returns only the required fields', async () => {
    const server = new MinimalServer();
    const origin = await server.start();
    const page = await openPage(browser);
    const errors: string[] = [];
    page.on('console', (message) => errors.push(message.text()));
    page.on('pageerror', (error) => errors.push(error.message));
    try {
      await page.goto(origin + path);
      await pickFile(page, toFile(file));
      expect(await waitForEnd(page)).toBe('success');
      expect(server.requests).toEqual([
        'GET /api/me/avatar',
        'POST /api/uploads/presign',
        'PUT /store/avatars/',
        'POST /api/uploads/commit',
      ]);
      const [stored] = server.objects.values();
      expect(stored?.headers['content-type']).toBe('image/webp');
      // The type is detected from the bytes: the signatures of the formats have survived the build.
      await page.evaluate(() => document.querySelector('flare-avatar-upload')?.setAttribute('crop', 'off'));
      await pickFile(page, toFile(file, 'x', 'image/gif'));
      await page.waitForFunction(() => document.querySelector('flare-avatar-upload')?.value === 'avatars/1');
      expect(server.objects.get('avatars/1')?.headers['content-type']).toBe('image/png');
      const value = await page.evaluate(() => document.querySelector('flare-avatar-upload')?.value);
      expect(value).toBe('avatars/1');
      await page.reload();
      await page.locator('flare-avatar-upload [part=image]').waitFor();
      expect(errors.filter((text) => !text.includes('favicon'))).toEqual([]);
    } finally {
      await page.context().close();
      await server.stop();
    }
  });
});
