import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { launch, pickFile } from '../support/browser.js';
import { DevServer } from '../support/dev-server.js';
import { png } from '../support/pictures.js';

let server: DevServer;
let browser: Browser;

beforeAll(async () => {
  [server, browser] = await Promise.all([DevServer.fresh(), launch()]);
});
afterAll(async () => {
  await Promise.all([browser?.close(), server?.stop()]);
});

const reaches = (page: Page, condition: (element: FlareAvatarUpload) => boolean) =>
  page.waitForFunction(`(() => {
    const element = document.querySelector('flare-avatar-upload');
    return element !== null && (${condition})(element);
  })()`);

async function openDemo(): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(server.origin);
  await page.waitForSelector('flare-avatar-upload');
  return page;
}

const present = (page: Page) =>
  page.evaluate(async () => (await (await fetch('/api/me/avatar')).json()).avatar ?? null);

it('a page that is reloaded before its commit is answered shows the new picture all the same', async () => {
  const page = await openDemo();
  await page.route('**/api/uploads/commit', () => {});
  await pickFile(page, { name: 'me.png', mimeType: 'image/png', buffer: Buffer.from(png({ width: 8, height: 8 })) });
  await reaches(page, (element) => element.state === 'committing');
  expect(await present(page)).toBe(null);
  await page.unroute('**/api/uploads/commit');
  await page.reload();
  await reaches(page, (element) => element.value !== '');
  const { key } = await present(page);
  expect(await page.evaluate(() => document.querySelector('flare-avatar-upload')?.value)).toBe(key);
  expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
});

it('a network that goes and comes back in the middle loses nothing', async () => {
  const page = await openDemo();
  const context = page.context();
  // The present picture comes from there too, and may still be on its way.
  await page.route('**/r2/s3/**', (route) =>
    route.request().method() === 'PUT' ? context.setOffline(true) : route.continue(),
  );
  await pickFile(page, { name: 'me.png', mimeType: 'image/png', buffer: Buffer.from(png({ width: 8, height: 8 })) });
  await reaches(page, (element) => element.matches(':state(offline)'));
  await page.unroute('**/r2/s3/**');
  await context.setOffline(false);
  await reaches(page, (element) => element.state === 'success');
  expect((await present(page)).key).toMatch(/^avatars\//);
});
