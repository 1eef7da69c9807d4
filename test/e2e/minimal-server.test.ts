import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endState, launch, pickFile } from '../support/browser.js';
import { GuideServer } from '../support/dev-server.js';
import { png } from '../support/pictures.js';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

describe.each(['/', '/classic'])('the CDN file on %s, under a strict policy', (path) => {
  it('works with a server that follows the guide to the letter', async () => {
    const server = new GuideServer();
    const origin = await server.start();
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    try {
      await page.goto(origin + path);
      await pickFile(page, {
        name: 'me.png',
        mimeType: 'image/png',
        buffer: Buffer.from(png({ width: 5, height: 5 })),
      });
      expect(await endState(page)).toBe('success');
      expect(server.requests).toEqual([
        'GET /api/me/avatar',
        'POST /api/uploads/presign',
        'PUT /store/avatars/',
        'POST /api/uploads/commit',
      ]);
      const [stored] = server.objects.values();
      expect(stored?.headers['content-type']).toBe('image/webp');
      // The file's own bytes: what tells its type has survived the build.
      await page.evaluate(() => document.querySelector('flare-avatar-upload')?.setAttribute('crop', 'off'));
      await pickFile(page, { name: 'x', mimeType: 'image/gif', buffer: Buffer.from(png({ width: 5, height: 5 })) });
      await page.waitForFunction(() => document.querySelector('flare-avatar-upload')?.value === 'avatars/1');
      expect(server.objects.get('avatars/1')?.headers['content-type']).toBe('image/png');
      const value = await page.evaluate(() => document.querySelector('flare-avatar-upload')?.value);
      expect(value).toBe('avatars/1');
      await page.reload();
      await page.locator('flare-avatar-upload [part=image]').waitFor();
      expect(complaints.filter((text) => !text.includes('favicon'))).toEqual([]);
    } finally {
      await page.close();
      await server.stop();
    }
  });
});
