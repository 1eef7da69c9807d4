import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch } from '../support/browser.js';
import { DevServer } from '../support/dev-server.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { png } from '../support/pictures.js';

let server: DevServer;
let proxy: FaultProxy;
let browser: Browser;

beforeAll(async () => {
  // Pages that are left are kept, as browsers do when nobody drives them.
  const options = { ignoreDefaultArgs: ['--disable-back-forward-cache'] };
  [server, browser] = await Promise.all([DevServer.fresh(), launch(options)]);
  proxy = await FaultProxy.start(server.origin);
});
afterAll(async () => {
  await Promise.all([browser?.close(), proxy?.stop(), server?.stop()]);
});

/** The tabs of a user: their element, and what it tells. */
async function signIn(): Promise<BrowserContext> {
  const login = await fetch(`${server.origin}/api/dev/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: crypto.randomUUID() }),
  });
  const [name = '', value = ''] = login.headers.get('set-cookie')?.split(';')[0]?.split('=') ?? [];
  const context = await browser.newContext();
  await context.addCookies([{ name, value, url: proxy.origin }]);
  return context;
}

async function openTab(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await page.goto(proxy.origin);
  await page.evaluate(() => {
    const told: string[] = [];
    for (const type of ['input', 'change', 'flare-success', 'flare-error'])
      document.addEventListener(type, () => told.push(type));
    Object.assign(window, { told });
    document.body.innerHTML = '<form><flare-avatar-upload name="avatar"></flare-avatar-upload></form>';
  });
  await shows(page, '');
  return page;
}

/** Resolves when the element has this value, and shows the picture of that name or none. */
async function shows(page: Page, key: string): Promise<void> {
  await page.waitForFunction((now) => {
    const element = document.querySelector('flare-avatar-upload');
    const image = element?.renderRoot.querySelector<HTMLImageElement>('[part=image]');
    const isRight = now ? image?.naturalWidth && (image.src.includes(now) || image.src.startsWith('blob:')) : !image;
    return element?.value === now && isRight && !element.matches(':state(loading)');
  }, key);
}

const upload = async (page: Page, side: number): Promise<string> => {
  await page.locator('input[type=file]').setInputFiles({
    name: 'me.png',
    mimeType: 'image/png',
    buffer: Buffer.from(png({ width: side, height: side })),
  });
  await page.waitForFunction(() => document.querySelector('flare-avatar-upload')?.state === 'success');
  return page.evaluate(() => document.querySelector('flare-avatar-upload')?.value ?? '');
};

const told = (page: Page) => page.evaluate(() => (window as unknown as { told: string[] }).told);

describe('two tabs of one user, and one of another', () => {
  it('show what has been committed and removed, each its own', async () => {
    const [ada, grace] = await Promise.all([signIn(), signIn()]);
    const [first, second, other] = await Promise.all([openTab(ada), openTab(ada), openTab(grace)]);
    const key = await upload(first, 8);
    await shows(second, key);
    await shows(other, '');
    const hers = await upload(other, 9);
    const newer = await upload(second, 10);
    await shows(first, newer);
    await shows(other, hers);
    expect(await second.evaluate(() => new FormData(document.forms[0]).get('avatar'))).toBe(newer);
    expect(await told(first)).toEqual(['flare-success', 'input', 'change']);

    await first.getByRole('button', { name: 'Remove' }).click();
    await shows(first, '');
    await shows(second, '');
    await shows(other, hers);
    expect(await told(second)).toEqual(['flare-success', 'input', 'change']);
    await Promise.all([ada.close(), grace.close()]);
  });
});

describe('a page that is left and come back to', () => {
  it('shows what is true by then', async () => {
    const context = await signIn();
    const [page, other] = await Promise.all([openTab(context), openTab(context)]);
    await page.goto(`${proxy.origin}/elsewhere`);
    const key = await upload(other, 8);
    await page.evaluate(() => history.back()).catch(() => {});
    await shows(page, key);
    expect(await told(page)).toEqual([]);
    await context.close();
  });
});

describe('the renewed address of a picture', () => {
  it('takes the old one’s place, and its bytes are fetched once for all elements', async () => {
    const context = await signIn();
    const page = await openTab(context);
    const key = await upload(page, 8);
    await page.clock.install();
    await page.reload();
    proxy.mend();
    await page.evaluate(() => {
      document.body.innerHTML = '<flare-avatar-upload></flare-avatar-upload>'.repeat(3);
    });
    await shows(page, key);
    expect(proxy.requests).toEqual(['load', 'image']);
    const loadedAt = Date.now();
    const before = await page.locator('img').first().getAttribute('src');
    // In the same second, the same address would be signed.
    await expect.poll(() => Date.now() > loadedAt + 1000).toBe(true);
    await page.clock.fastForward(280_000);
    await page.waitForFunction(
      (old) =>
        Array.from(document.querySelectorAll('flare-avatar-upload')).every((element) => {
          const image = element.renderRoot.querySelector('img');
          return image?.naturalWidth && image.getAttribute('src') !== old;
        }),
      before,
    );
    expect(proxy.requests).toEqual(['load', 'image', 'load', 'image']);
    await context.close();
  });
});
