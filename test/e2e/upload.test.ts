import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPicture } from '../../server/image/index.js';
import type { PresignResponse } from '../../src/core/protocol.js';
import { endState, launch, pickFile } from '../support/browser.js';
import { DevServer, root } from '../support/dev-server.js';
import { jpeg, png } from '../support/pictures.js';

let server: DevServer;
let browser: Browser;

beforeAll(async () => {
  [server, browser] = await Promise.all([DevServer.fresh(), launch()]);
});
afterAll(async () => {
  await Promise.all([browser?.close(), server?.stop()]);
});

/** A session of a user of its own, with nothing but fetch. */
async function signIn(user: string = crypto.randomUUID()) {
  const headers = { 'content-type': 'application/json' };
  const login = await fetch(`${server.origin}/api/dev/login`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ user }),
  });
  const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? '';
  return async (method: string, path: string, body?: unknown) => {
    const response = await fetch(server.origin + path, {
      method,
      headers: body ? { cookie, ...headers } : { cookie },
      redirect: 'manual',
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return { status: response.status, headers: response.headers, body: await response.json().catch(() => null) };
  };
}

async function openDemo(attributes: Record<string, string> = {}): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(server.origin);
  await page.waitForSelector('flare-avatar-upload');
  await page.evaluate((all) => {
    const element = document.querySelector('flare-avatar-upload');
    for (const [name, value] of Object.entries(all)) element?.setAttribute(name, value);
  }, attributes);
  return page;
}

/** SHA-256 of what the presigned GET serves. */
const shownDigest = (page: Page) =>
  page.evaluate(async () => {
    const { url } = await (await fetch('/api/me/avatar')).json();
    const hash = await crypto.subtle.digest('SHA-256', await (await fetch(url)).arrayBuffer());
    return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
  });

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** What a commit makes of a picture. */
const stored = (bytes: Uint8Array) => readPicture(bytes, { maxPixels: 50_000_000, keepMetadata: false }).bytes;

describe('the demo page', () => {
  it('uploads a photo of several megabytes, and serves it without its comments', async () => {
    const photo = jpeg({
      blocks: [
        [30, 200],
        [90, 150],
      ],
      padding: 4_500_000,
    });
    const page = await openDemo({ crop: 'off' });
    await page.evaluate(() => {
      document.querySelector('flare-avatar-upload')?.addEventListener('flare-success', (event) => {
        Object.assign(window, { sent: (event as CustomEvent<{ blob: Blob }>).detail.blob });
      });
    });
    await pickFile(page, { name: 'photo.jpg', mimeType: 'image/jpeg', buffer: Buffer.from(photo) });
    expect(await endState(page)).toBe('success');
    const sent = await page.evaluate(async () => {
      const blob = (window as unknown as { sent: Blob }).sent;
      const hash = await crypto.subtle.digest('SHA-256', await blob.arrayBuffer());
      return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
    });
    expect(sent).toBe(digest(photo));
    expect(await shownDigest(page)).toBe(digest(stored(photo)));
    await page.context().close();
  });

  it('makes three requests for an upload, and sends the PUT to R2 itself', async () => {
    const page = await openDemo();
    await page.evaluate(async () => {
      const element = document.querySelector('flare-avatar-upload');
      await element?.refresh();
      await element?.updateComplete;
      await element?.renderRoot.querySelector('img')?.decode();
    });
    const requests: string[] = [];
    page.on('request', (request) => {
      const { pathname } = new URL(request.url());
      if (/^\/(api|cdn-cgi)/.test(pathname) && !pathname.startsWith('/api/users'))
        requests.push(`${request.method()} ${pathname}`);
    });
    await pickFile(page, { name: 'me.png', mimeType: 'image/png', buffer: Buffer.from(png({ width: 9, height: 9 })) });
    expect(await endState(page)).toBe('success');
    expect(requests).toEqual([
      'POST /api/uploads/presign',
      expect.stringMatching(/^PUT \/cdn-cgi\/local\/r2\/s3\/flare-avatars\/pending\//),
      'POST /api/uploads/commit',
    ]);
    await page.context().close();
  });

  it('shows the picture again after a reload, and to other people', async () => {
    const page = await openDemo();
    await pickFile(page, { name: 'me.png', mimeType: 'image/png', buffer: Buffer.from(png({ width: 9, height: 9 })) });
    await endState(page);
    const value = await page.evaluate(() => document.querySelector('flare-avatar-upload')?.value);
    await page.reload();
    const image = page.locator('flare-avatar-upload [part=image]');
    await image.waitFor();
    expect(await image.getAttribute('src')).toMatch(/X-Amz-Signature/);
    expect(await page.evaluate(() => document.querySelector('flare-avatar-upload')?.value)).toBe(value);
    await page.getByRole('radio', { name: 'Grace Hopper' }).check();
    const status = await page.evaluate(async () => (await fetch('/api/users/ada/avatar')).status);
    expect(status).toBe(200);
    await page.context().close();
  });

  it('works with the keyboard alone', async () => {
    const page = await openDemo();
    const trigger = page.locator('flare-avatar-upload [part=trigger]');
    await trigger.waitFor();
    for (let i = 0; i < 5 && !(await trigger.evaluate((button) => button.matches(':focus'))); i++) {
      await page.keyboard.press('Tab');
    }
    let picked = 0;
    page.on('filechooser', async (chooser) => {
      picked++;
      await chooser.setFiles({ name: 'me.png', mimeType: 'image/png', buffer: Buffer.from(png()) });
    });
    await page.evaluate(() => {
      const element = document.querySelector('flare-avatar-upload');
      element?.addEventListener('flare-success', () => {
        element.dataset.saved = String(Number(element.dataset.saved ?? 0) + 1);
      });
    });
    for (const key of ['Enter', 'Space']) {
      await page.keyboard.press(key);
      await page.locator(`flare-avatar-upload[data-saved="${picked + 1}"]`).waitFor();
    }
    expect(picked).toBe(2);
    // Past the edit button.
    for (const part of ['edit-button', 'remove-button']) {
      await page.keyboard.press('Tab');
      const button = page.locator(`flare-avatar-upload [part=${part}]`);
      expect(await button.evaluate((it) => it.matches(':focus'))).toBe(true);
    }
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelector('flare-avatar-upload')?.value === '');
    expect(await trigger.evaluate((button) => button.matches(':focus'))).toBe(true);
    await page.context().close();
  });

  it('says what is wrong when the connection is lost, and goes on when it is back', async () => {
    const page = await openDemo();
    await page.route('**/cdn-cgi/**', (route) => route.abort());
    await pickFile(page, { name: 'me.png', mimeType: 'image/png', buffer: Buffer.from(png()) });
    expect(await endState(page)).toBe('error');
    await page.getByText(/no connection/i).waitFor();
    await page.unroute('**/cdn-cgi/**');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('Saved').waitFor();
    await page.context().close();
  });

  it('says to sign in when there is no session', async () => {
    const page = await openDemo();
    await page.evaluate(() => fetch('/api/dev/logout', { method: 'POST' }));
    await pickFile(page, { name: 'me.png', mimeType: 'image/png', buffer: Buffer.from(png()) });
    expect(await endState(page)).toBe('error');
    await page.getByText(/sign in/i).waitFor();
    await page.context().close();
  });
});

describe('the API over HTTP', () => {
  it('works with the guide’s own client', async () => {
    const call = await signIn();
    const bytes = png();
    const presigned = (await call('POST', '/api/uploads/presign', { filename: 'a.png', contentType: 'image/png' }))
      .body as PresignResponse;
    const put = await fetch(presigned.url, { method: 'PUT', headers: presigned.signedHeaders, body: bytes });
    expect(put.status).toBe(200);
    const commit = await call('POST', '/api/uploads/commit', { key: presigned.key });
    expect(commit.body).toMatchObject({ ok: true });
    const { body } = await call('GET', '/api/me/avatar');
    const shown = await fetch(body.url);
    expect(digest(new Uint8Array(await shown.arrayBuffer()))).toBe(digest(bytes));
    expect(shown.headers.get('content-type')).toBe('image/png');
  });

  it('lets R2 refuse what was not signed', async () => {
    const call = await signIn();
    const bytes = png();
    const ask = { contentType: 'image/png', size: bytes.length };
    const { url, signedHeaders } = (await call('POST', '/api/uploads/presign', ask)).body as PresignResponse;
    const put = async (headers: Record<string, string>, body: Uint8Array<ArrayBuffer>, to = url) =>
      (await fetch(to, { method: 'PUT', headers, body })).status;
    expect(await put({ ...signedHeaders, 'content-type': 'text/html' }, bytes)).toBe(403);
    expect(await put(signedHeaders, bytes.slice(1))).toBe(403);
    expect(await put(signedHeaders, bytes, url.replace('pending', 'avatars'))).toBe(403);
    expect(await put(signedHeaders, bytes)).toBe(200);
    expect(await put(signedHeaders, bytes)).toBe(412);
  });

  it('commits twenty times at once to one avatar', async () => {
    const call = await signIn();
    const { url, signedHeaders, key } = (await call('POST', '/api/uploads/presign', { contentType: 'image/png' }))
      .body as PresignResponse;
    await fetch(url, { method: 'PUT', headers: signedHeaders, body: png() });
    const answers = await Promise.all(Array.from({ length: 20 }, () => call('POST', '/api/uploads/commit', { key })));
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.avatar.key}`)).size).toBe(1);
  });

  it('answers CORS itself, and trusts no other page on this machine', async () => {
    const ask = (method: string, origin: string) =>
      fetch(`${server.origin}/api/uploads/presign`, { method, headers: { origin } });
    for (const method of ['OPTIONS', 'POST']) {
      const answer = await ask(method, 'http://localhost:9999');
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([403, null]);
    }
  });

  it('sweeps on the cron', async () => {
    const cron = await fetch(`${server.origin}/cdn-cgi/handler/scheduled`);
    expect(cron.status).toBe(200);
  });
});

const photos = join(root, '..', 'shared', 'photos');
describe.runIf(existsSync(photos))('real photos', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('of orientation %i come out as upright squares', async (orientation) => {
    const page = await openDemo();
    await pickFile(page, join(photos, `landscape_${orientation}.jpg`));
    expect(await endState(page)).toBe('success');
    const { avatar } = await page.evaluate(async () => (await fetch('/api/me/avatar')).json());
    expect([avatar.contentType, avatar.width, avatar.height]).toEqual(['image/webp', 512, 512]);
    await page.context().close();
  });

  it.each(['nokia.jpg', 'iphone_8mp.jpg', 'gps_1.jpg', 'portrait_6.jpg'])(
    '%s is stored without its metadata with crop="off"',
    async (name) => {
      const page = await openDemo({ crop: 'off' });
      await pickFile(page, join(photos, name));
      expect(await endState(page)).toBe('success');
      const bytes = await readFile(join(photos, name));
      expect(await shownDigest(page)).toBe(digest(stored(bytes)));
      await page.context().close();
    },
  );
});
