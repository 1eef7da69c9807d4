import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { connectBrowser, pickFile, toFile } from '../support/browser.js';
import { openDemo } from '../support/demo.js';
import { png } from '../support/pictures.js';

let browser: Browser;
beforeAll(async () => {
  browser = await connectBrowser();
});
afterAll(() => browser?.close());

const file = toFile(png({ width: 8, height: 8 }));

const waitForElement = (page: Page, condition: (element: FlareAvatarUpload) => boolean) =>
  page.waitForFunction(`(() => {
    const element = document.querySelector('flare-avatar-upload');
    return element !== null && (${condition})(element);
  })()`);

/** The description of the user's avatar in the back end, or null. */
const fetchAvatar = (page: Page) =>
  page.evaluate(async () => (await (await fetch('/api/me/avatar')).json()).avatar ?? null);

it('a page that is reloaded before the commit has a response commits the upload again', async () => {
  const { page } = await openDemo(browser, inject('origin'));
  await page.route('**/api/uploads/commit', () => {});
  await pickFile(page, file);
  await waitForElement(page, (element) => element.state === 'committing');
  expect(await fetchAvatar(page)).toBe(null);
  await page.unroute('**/api/uploads/commit');
  await page.reload();
  await waitForElement(page, (element) => element.value !== '');
  const { key } = await fetchAvatar(page);
  expect(await page.evaluate(() => document.querySelector('flare-avatar-upload')?.value)).toBe(key);
  // The avatar may be loaded before the repeated commit has its response.
  await page.waitForFunction(() => sessionStorage.length === 0);
});

it('an upload that is interrupted by a lost network continues when the network is back', async () => {
  const { page } = await openDemo(browser, inject('origin'));
  const context = page.context();
  // The GET of the current avatar goes to the store too, and may still be running.
  await page.route('**/r2/s3/**', (route) =>
    route.request().method() === 'PUT' ? context.setOffline(true) : route.continue(),
  );
  await pickFile(page, file);
  await waitForElement(page, (element) => element.matches(':state(offline)'));
  await page.unroute('**/r2/s3/**');
  await context.setOffline(false);
  await waitForElement(page, (element) => element.state === 'success');
  expect((await fetchAvatar(page)).key).toMatch(/^avatars\//);
});
