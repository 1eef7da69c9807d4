import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch } from '../support/browser.js';
import { DevServer } from '../support/dev-server.js';
import { type Fault, FaultProxy, type Kind } from '../support/fault-proxy.js';
import { jpeg, png } from '../support/pictures.js';

let server: DevServer;
let browser: Browser;

beforeAll(async () => {
  [server, browser] = await Promise.all([DevServer.fresh(), launch()]);
});
afterAll(async () => {
  await Promise.all([browser?.close(), server?.stop()]);
});

/** How much shorter the element's waits are here: a bad line is what is tested, not patience. */
const HASTE = 8;

/** In the page: its own waits made short (those of half a second and more), and a record of what is told and of what is on screen. */
function prepare(haste: number): void {
  const { setTimeout } = window;
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  window.setTimeout = ((act: () => void, delay = 0) =>
    setTimeout(act, delay >= 400 ? delay / haste : delay)) as typeof window.setTimeout;
  AbortSignal.timeout = (delay) => timeout(delay / haste);
  const told: string[] = [];
  for (const type of ['retry', 'success', 'error', 'reject', 'cancel', 'removed'])
    document.addEventListener(`flare-${type}`, () => told.push(type));
  for (const type of ['input', 'change']) document.addEventListener(type, () => told.push(type));
  Object.assign(window, { told });
}

/** A user of its own, and what the back end has of it, asked past the proxy. */
async function newUser() {
  const ask = (method: string, path: string, body?: unknown, cookie = '') =>
    fetch(server.origin + path, {
      method,
      headers: { cookie, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  const login = await ask('POST', '/api/dev/login', { user: crypto.randomUUID() });
  const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? '';
  const current = async (): Promise<string> =>
    (await (await ask('GET', '/api/me/avatar', undefined, cookie)).json()).avatar?.key ?? '';
  const seed = async (): Promise<string> => {
    const presign = await ask('POST', '/api/uploads/presign', { contentType: 'image/png' }, cookie);
    const { url, signedHeaders, key } = await presign.json();
    await fetch(url, { method: 'PUT', headers: signedHeaders, body: png() });
    const commit = await ask('POST', '/api/uploads/commit', { key }, cookie);
    return (await commit.json()).avatar.key;
  };
  return { cookie, current, seed };
}

/**
 * A page with the element, of a user who has an avatar, behind a proxy of its own.
 * @param fault what goes wrong from the start.
 */
async function open(fault?: [Kind, Fault, number?]) {
  const user = await newUser();
  const old = await user.seed();
  const proxy = await FaultProxy.start(server.origin);
  const context = await browser.newContext();
  const [name = '', value = ''] = user.cookie.split('=');
  await context.addCookies([{ name, value, url: proxy.origin }]);
  const page = await context.newPage();
  await page.addInitScript(prepare, HASTE);
  await page.goto(proxy.origin);
  if (fault) proxy.break(...fault);
  await page.evaluate(() => {
    document.body.innerHTML = '<flare-avatar-upload crop="off" stall-timeout="10" initials="AL"></flare-avatar-upload>';
  });
  if (!fault) await settled(page);
  const close = () => Promise.all([context.close(), proxy.stop()]);
  return { page, user, old, proxy, close };
}

/** Until nothing is under way, and what is on show is loaded. */
async function settled(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const element = document.querySelector('flare-avatar-upload');
    if (!element || !/idle|success|error/.test(element.state)) return false;
    if (['loading', 'removing'].some((state) => element.matches(`:state(${state})`))) return false;
    return element.renderRoot.querySelector('img')?.complete ?? true;
  });
}

async function pick(page: Page, bytes: Uint8Array = png({ width: 9, height: 9 })): Promise<void> {
  const file = { name: 'me.png', mimeType: 'image/png', buffer: Buffer.from(bytes) };
  await page.locator('flare-avatar-upload input[type=file]').setInputFiles(file);
}

/** What a person sees and hears, and what a program does. */
const seen = (page: Page) =>
  page.evaluate(() => {
    const element = document.querySelector('flare-avatar-upload');
    const text = (part: string) => element?.renderRoot.querySelector(`[part=${part}]`)?.textContent?.trim() ?? '';
    const image = element?.renderRoot.querySelector<HTMLImageElement>('[part=image]');
    return {
      state: element?.state,
      value: element?.value ?? '',
      image: image ? decodeURIComponent(image.src) : null,
      isBroken: Boolean(image?.complete && image.naturalWidth === 0),
      status: text('status'),
      error: text('error'),
      canRetry: Boolean(element?.renderRoot.querySelector('[part=retry-button]')),
      told: (window as unknown as { told: string[] }).told,
    };
  });

/** Keys of the avatars that the back end has made, whether its answers have arrived or not. */
function committed(proxy: FaultProxy): Set<string> {
  const answers = proxy.answered.filter(({ kind, status }) => kind === 'commit' && status === 200);
  return new Set(answers.map(({ body }) => JSON.parse(String(body)).avatar.key));
}

const HTML = { 'content-type': 'text/html' };
const BAD_GATEWAY: Fault = { status: 502, headers: HTML, body: '<html>Bad gateway</html>' };
const XML = (code: string) => `<?xml version="1.0"?><Error><Code>${code}</Code></Error>`;
const REDIRECT: Fault = { status: 302, headers: { location: '/sign-in' } };

describe.concurrent('an upload survives', () => {
  const cases: [Kind, Fault, string][] = [
    ['presign', 'lost before', ''],
    ['presign', 'lost in the middle', ''],
    ['presign', 'lost after', ''],
    ['presign', 'stall', ''],
    ['presign', BAD_GATEWAY, ''],
    ['presign', { status: 429, headers: { 'retry-after': '2' } }, ''],
    ['put', 'lost before', ''],
    ['put', 'lost in the middle', ''],
    ['put', 'lost after', ''],
    ['put', 'stall', ''],
    ['put', 'slow', 'no try'],
    ['put', { status: 503, body: XML('SlowDown') }, ''],
    ['put', { status: 403, body: XML('ExpiredRequest') }, ''],
    ['commit', 'lost before', ''],
    ['commit', 'lost in the middle', ''],
    ['commit', 'lost after', ''],
    ['commit', 'stall', ''],
    ['commit', 'twice', 'no try'],
    ['commit', { status: 500 }, ''],
    ['commit', BAD_GATEWAY, ''],
  ];
  it.each(cases.map(([kind, fault, tries]) => ({ kind, fault, tries, name: nameOf(fault) })))(
    '$kind: $name',
    async ({ kind, fault, tries }) => {
      const { page, user, old, proxy, close } = await open();
      proxy.break(kind, fault, 1);
      await pick(page, jpeg({ padding: 300_000 }));
      await page.waitForFunction(() => document.querySelector('flare-avatar-upload')?.state === 'success');
      const { value, image, status, error, told, isBroken } = await seen(page);
      const key = await user.current();
      expect([value, [...committed(proxy)]]).toEqual([key, [key]]);
      expect(key).not.toBe(old);
      expect([image?.startsWith('blob:'), isBroken]).toEqual([true, false]);
      expect([status, error]).toEqual(['Saved', '']);
      expect(told).toEqual([...(tries ? [] : ['retry']), 'success', 'input', 'change']);
      await close();
    },
  );
});

function nameOf(fault: Fault): string {
  return typeof fault === 'string' ? fault : `${fault.status} ${fault.body ?? JSON.stringify(fault.headers ?? '')}`;
}

describe.concurrent('an upload ends with the old picture, a reason, and a way to try again', () => {
  const cases: [Kind, Fault, string, RegExp][] = [
    ['presign', 'lost before', 'retry retry retry error', /connection/i],
    ['presign', { status: 503 }, 'retry retry retry error', /not available/],
    ['presign', { status: 429, headers: { 'retry-after': '60' } }, 'error', /too many/i],
    ['presign', { status: 401 }, 'error', /sign in/i],
    ['presign', 'truncated', 'error', /unexpected/],
    ['presign', REDIRECT, 'error', /unexpected/],
    ['put', 'lost in the middle', 'retry retry retry error', /connection/i],
    ['put', 'stall', 'retry retry retry error', /slow, or was lost/],
    ['put', { status: 403, body: XML('SignatureDoesNotMatch') }, 'retry retry error', /refused/],
    ['commit', 'lost before', 'retry retry retry error', /connection/i],
    ['commit', { status: 422, body: '{"code":"moderated"}' }, 'error', /not allowed/],
  ];
  it.each(cases.map(([kind, fault, told, words]) => ({ kind, fault, told, words, name: nameOf(fault) })))(
    '$kind: $name',
    async ({ kind, fault, told, words }) => {
      const { page, user, old, proxy, close } = await open();
      proxy.break(kind, fault);
      await pick(page);
      await page.waitForFunction(() => document.querySelector('flare-avatar-upload')?.state === 'error');
      await settled(page);
      const after = await seen(page);
      expect([after.value, await user.current(), committed(proxy).size]).toEqual([old, old, 0]);
      expect([after.image?.includes(old), after.isBroken, after.canRetry]).toEqual([true, false, true]);
      expect([after.status, after.told.join(' ')]).toEqual(['', told]);
      expect(after.error).toMatch(words);

      proxy.mend();
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.getByText('Saved').waitFor();
      const key = await user.current();
      expect([(await seen(page)).value, [...committed(proxy)]]).toEqual([key, [key]]);
      expect(key).not.toBe(old);
      await close();
    },
  );
});

describe.concurrent('a commit whose answer never arrives', () => {
  it.each(['lost after', 'truncated'] as const)('%s: what the back end has is shown, once', async (fault) => {
    const { page, user, old, proxy, close } = await open();
    proxy.break('commit', fault);
    await pick(page);
    await page.waitForFunction(() => document.querySelector('flare-avatar-upload')?.state === 'error');
    const key = await user.current();
    expect([key === old, [...committed(proxy)]]).toEqual([false, [key]]);
    await page.waitForFunction((now) => document.querySelector('flare-avatar-upload')?.value === now, key);
    await settled(page);
    const { image, isBroken } = await seen(page);
    expect([image?.includes(key), isBroken]).toEqual([true, false]);
    proxy.mend();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('Saved').waitFor();
    // The same upload, once more committed: the same avatar.
    expect([await user.current(), (await seen(page)).value]).toEqual([key, key]);
    await close();
  });
});

describe.concurrent('the present picture', () => {
  it.each([
    ['load', 'lost before'],
    ['load', 'lost in the middle'],
    ['load', 'stall'],
    ['load', BAD_GATEWAY],
    ['image', 'lost before'],
    ['image', { status: 403, body: XML('ExpiredRequest') }],
  ] as [Kind, Fault][])('survives, %s: %j', async (kind, fault) => {
    const { page, old, close } = await open([kind, fault, 1]);
    await page.waitForFunction(
      () => document.querySelector('flare-avatar-upload')?.renderRoot.querySelector('img')?.naturalWidth,
    );
    const { image, error, told, value } = await seen(page);
    expect([image?.includes(old), error, told, value]).toEqual([true, '', [], old]);
    await close();
  });

  it.each([
    ['load', BAD_GATEWAY, /not available/],
    ['load', 'truncated', /unexpected/],
    ['load', REDIRECT, /unexpected/],
  ] as [Kind, Fault, RegExp][])('is missed in words, %s: %j', async (kind, fault, words) => {
    const { page, old, proxy, close } = await open([kind, fault]);
    await page.waitForFunction(() => document.querySelector('flare-avatar-upload')?.state === 'error');
    await settled(page);
    const { image, error, told } = await seen(page);
    expect([image, told]).toEqual([null, ['error']]);
    expect(error).toMatch(words);
    proxy.mend();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.waitForFunction((key) => document.querySelector('flare-avatar-upload')?.value === key, old);
    await close();
  });

  it('gives way to the initials where its bytes can’t be had, asked for twice and no more', async () => {
    const { page, old, proxy, close } = await open(['image', { status: 403, body: XML('AccessDenied') }]);
    await page.getByText('AL').waitFor();
    await expect.poll(() => proxy.requests).toEqual(['load', 'image', 'load', 'image']);
    await settled(page);
    const { image, value } = await seen(page);
    expect([image, value]).toEqual([null, old]);
    await page.evaluate(() => new Promise(requestAnimationFrame));
    expect(proxy.requests).toHaveLength(4);
    await close();
  });
});

describe.concurrent('a removal', () => {
  const remove = (page: Page) => page.getByRole('button', { name: 'Remove' }).click();

  it.each(['lost before', 'lost after', 'lost in the middle', BAD_GATEWAY] as Fault[])(
    'survives: %j',
    async (fault) => {
      const { page, user, proxy, close } = await open();
      proxy.break('remove', fault, 1);
      await remove(page);
      await page.waitForFunction(() => document.querySelector('flare-avatar-upload')?.value === '');
      await settled(page);
      const { image, error, told, status } = await seen(page);
      expect([image, error, told.join(' ')]).toEqual([null, '', 'retry removed input change']);
      expect([await user.current(), status]).toEqual(['', 'Add a picture']);
      await close();
    },
  );

  it('that fails puts the picture back', async () => {
    const { page, user, old, proxy, close } = await open();
    proxy.break('remove', { status: 503 });
    await remove(page);
    await page.waitForFunction(() => document.querySelector('flare-avatar-upload')?.state === 'error');
    await settled(page);
    const { image, error, value } = await seen(page);
    expect([image?.includes(old), value, await user.current()]).toEqual([true, old, old]);
    expect(error).toMatch(/not available/);
    await close();
  });

  it('whose answer never arrives shows what the back end has', async () => {
    const { page, user, proxy, close } = await open();
    proxy.break('remove', 'lost after');
    await remove(page);
    await page.waitForFunction(() => document.querySelector('flare-avatar-upload')?.state === 'error');
    await page.waitForFunction(() => document.querySelector('flare-avatar-upload')?.value === '');
    await settled(page);
    expect([(await seen(page)).image, await user.current()]).toEqual([null, '']);
    await close();
  });
});
