import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { ApiClient } from '../support/api-client.js';
import { createContext, launchBrowser, launchChromium, toFile } from '../support/browser.js';
import { isFirefox } from '../support/browser-engine.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { png } from '../support/pictures.js';

const proxy = new FaultProxy(inject('origin'));
let browser: Browser;

beforeAll(async () => {
  // Playwright switches Chromium's back/forward cache off by default.
  const options = { ignoreDefaultArgs: ['--disable-back-forward-cache'] };
  browser = await (isFirefox ? launchBrowser() : launchChromium(options));
  await proxy.start();
});
afterAll(async () => {
  await Promise.all([browser?.close(), proxy.stop()]);
});

/** Signs a new user in. Resolves with a browser context that has the session's cookie. */
async function signIn(): Promise<{ client: ApiClient; context: BrowserContext }> {
  const client = await ApiClient.signIn(inject('origin'));
  const [name = '', value = ''] = client.cookie.split('=');
  const context = await createContext(browser);
  await context.addCookies([{ name, value, url: proxy.origin }]);
  return { client, context };
}

async function openTab(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await page.goto(proxy.origin);
  await page.evaluate(() => {
    const events: string[] = [];
    for (const type of ['input', 'change', 'flare-success', 'flare-error'])
      document.addEventListener(type, () => events.push(type));
    Object.assign(window, { events });
    document.body.innerHTML = '<form><flare-avatar-upload name="avatar"></flare-avatar-upload></form>';
  });
  await waitForAvatar(page, '');
  return page;
}

/** Waits until the element has this value and shows its picture, or none for an empty value. */
async function waitForAvatar(page: Page, key: string): Promise<void> {
  await page.waitForFunction((expected) => {
    const element = document.querySelector('flare-avatar-upload');
    const image = element?.renderRoot.querySelector<HTMLImageElement>('[part=image]');
    const isNew = image?.src.includes(expected) || image?.src.startsWith('blob:');
    const isShown = expected ? image?.naturalWidth && isNew : !image;
    return element?.value === expected && isShown && !element.matches(':state(loading)');
  }, key);
}

const upload = async (page: Page, side: number): Promise<string> => {
  await page.locator('input[type=file]').setInputFiles(toFile(png({ width: side, height: side })));
  await page.waitForFunction(() => document.querySelector('flare-avatar-upload')?.state === 'success');
  return page.evaluate(() => document.querySelector('flare-avatar-upload')?.value ?? '');
};

const readEvents = (page: Page) => page.evaluate(() => (window as unknown as { events: string[] }).events);

describe('two tabs of one user', () => {
  it('both show uploads and removals, which a tab of another user does not', async () => {
    const [{ context: ada }, { context: grace }] = await Promise.all([signIn(), signIn()]);
    const [first, second, other] = await Promise.all([openTab(ada), openTab(ada), openTab(grace)]);
    const key = await upload(first, 8);
    await waitForAvatar(second, key);
    await waitForAvatar(other, '');
    const otherKey = await upload(other, 9);
    const newer = await upload(second, 10);
    await waitForAvatar(first, newer);
    await waitForAvatar(other, otherKey);
    expect(await second.evaluate(() => new FormData(document.forms[0]).get('avatar'))).toBe(newer);
    expect(await readEvents(first)).toEqual(['flare-success', 'input', 'change']);

    await first.getByRole('button', { name: 'Remove' }).click();
    await waitForAvatar(first, '');
    await waitForAvatar(second, '');
    await waitForAvatar(other, otherKey);
    expect(await readEvents(second)).toEqual(['flare-success', 'input', 'change']);
    await Promise.all([ada.close(), grace.close()]);
  });
});

describe.skipIf(isFirefox)('a page from the back/forward cache', () => {
  it('shows the current avatar', async () => {
    const { context } = await signIn();
    const [page, other] = await Promise.all([openTab(context), openTab(context)]);
    await page.goto(`${proxy.origin}/elsewhere`);
    const key = await upload(other, 8);
    await page.evaluate(() => history.back()).catch(() => {});
    await waitForAvatar(page, key);
    expect(await readEvents(page)).toEqual([]);
    await context.close();
  });
});

describe('the renewed URL of an avatar', () => {
  it('is loaded once for all elements of the page, and the picture that is shown stays', async () => {
    const { context } = await signIn();
    const page = await openTab(context);
    const key = await upload(page, 8);
    await page.clock.install();
    await page.reload();
    proxy.reset();
    await page.evaluate(() => {
      document.body.innerHTML = '<flare-avatar-upload></flare-avatar-upload>'.repeat(3);
    });
    await waitForAvatar(page, key);
    expect(proxy.requests).toEqual(['load', 'image']);
    const readSources = () =>
      page.locator('img').evaluateAll((images) => images.map((image) => image.getAttribute('src')));
    const before = await readSources();
    await page.clock.fastForward(280_000);
    await vi.waitUntil(() => proxy.requests.length > 2, { timeout: 60_000 });
    await page.waitForFunction(() =>
      Array.from(document.querySelectorAll('flare-avatar-upload')).every(
        (element) => !element.matches(':state(loading)'),
      ),
    );
    expect([proxy.requests, await readSources()]).toEqual([['load', 'image', 'load'], before]);
    await context.close();
  });
});
