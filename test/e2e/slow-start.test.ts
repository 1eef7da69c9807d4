import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { connectBrowser, pickFile, toFile, waitForEnd } from '../support/browser.js';
import { openDemo } from '../support/demo.js';
import { png } from '../support/pictures.js';

let browser: Browser;
beforeAll(async () => {
  browser = await connectBrowser();
});
afterAll(() => browser?.close());

/** Records the events and the upload requests of the page. */
async function openRecorded(): Promise<{ page: Page; requests: string[]; readEvents: () => Promise<string[]> }> {
  const { page } = await openDemo(browser, inject('origin'));
  const requests: string[] = [];
  page.on('request', (request) => {
    if (request.url().includes('/api/uploads/')) requests.push(request.url());
  });
  await page.evaluate(() => {
    const events: string[] = [];
    for (const type of ['flare-cancel', 'flare-error', 'flare-success', 'flare-accept'])
      document.addEventListener(type, () => events.push(type));
    Object.assign(window, { events });
  });
  return { page, requests, readEvents: () => page.evaluate(() => (window as unknown as { events: string[] }).events) };
}

const CODE = /field-engine/;

it('a file that is picked on a slow line can be canceled before the upload code is there', async () => {
  const { page, requests, readEvents } = await openRecorded();
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route(CODE, async (route) => {
    await released;
    await route.continue();
  });
  await pickFile(page, toFile(png()));
  const element = page.locator('flare-avatar-upload');
  await element.getByText('Preparing…').waitFor();
  const loaded = page.waitForResponse(CODE);
  await element.getByRole('button', { name: 'Cancel' }).click();
  release();
  await loaded;
  // Works once the code is there, and ends after everything that waited for it.
  await page.evaluate(() => document.querySelector('flare-avatar-upload')?.refresh());
  expect(await readEvents()).toEqual(['flare-cancel']);
  expect(requests).toEqual([]);
  await pickFile(page, toFile(png()));
  expect(await waitForEnd(page)).toBe('success');
  await page.context().close();
});

it('a file that is picked while the upload code cannot be loaded is uploaded by Try again', async () => {
  const { page, readEvents } = await openRecorded();
  await page.route(CODE, (route) => route.abort());
  await pickFile(page, toFile(png()));
  expect(await waitForEnd(page)).toBe('error');
  const element = page.locator('flare-avatar-upload');
  await element.getByText('Connection lost. Check your network, then try again.').waitFor();
  await page.unroute(CODE);
  await element.getByRole('button', { name: 'Try again' }).click();
  await page.waitForFunction(() => document.querySelector('flare-avatar-upload')?.state === 'success');
  expect(await readEvents()).toEqual(['flare-error', 'flare-accept', 'flare-success']);
  await page.context().close();
});
