import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { readPicture } from '../../src/image/formats/read-picture.js';
import { ApiClient, putFile } from '../support/api-client.js';
import { connectBrowser, pickFile, toFile, waitForEnd } from '../support/browser.js';
import { isFirefox } from '../support/browser-engine.js';
import { openDemo } from '../support/demo.js';
import { root } from '../support/dev-server.js';
import { concat, png, pngChunk } from '../support/pictures.js';
import { chooseCases } from '../support/run-factor.js';

const origin = inject('origin');
let browser: Browser;
beforeAll(async () => {
  browser = await connectBrowser();
});
afterAll(() => browser?.close());

const signIn = () => ApiClient.signIn(origin);
const openPage = async (attributes?: Record<string, string>) => (await openDemo(browser, origin, attributes)).page;

/** Downloads the user's avatar in the page. Resolves with its SHA-256. */
const fetchAvatarDigest = (page: Page) =>
  page.evaluate(async () => {
    const { url } = await (await fetch('/api/me/avatar')).json();
    const hash = await crypto.subtle.digest('SHA-256', await (await fetch(url)).arrayBuffer());
    return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
  });

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Returns the bytes that a commit stores for a picture. */
const toStored = (bytes: Uint8Array) => readPicture(bytes, { maxPixels: 50_000_000, keepMetadata: false }).bytes;

describe('the demo page', () => {
  it('uploads a picture of several megabytes without its metadata, as the server stores it', async () => {
    const photo = png({ width: 1060, height: 1060 });
    const comment = pngChunk('tEXt', new TextEncoder().encode('Comment\0secret'));
    const file = concat(photo.slice(0, 33), comment, photo.slice(33));
    const page = await openPage({ crop: 'off' });
    await page.evaluate(() => {
      document.querySelector('flare-avatar-upload')?.addEventListener('flare-success', (event) => {
        Object.assign(window, { sent: (event as CustomEvent<{ blob: Blob }>).detail.blob });
      });
    });
    await pickFile(page, toFile(file));
    expect(await waitForEnd(page)).toBe('success');
    const sent = await page.evaluate(async () => {
      const blob = (window as unknown as { sent: Blob }).sent;
      const hash = await crypto.subtle.digest('SHA-256', await blob.arrayBuffer());
      return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
    });
    expect(sent).toBe(digest(photo));
    expect(await fetchAvatarDigest(page)).toBe(digest(toStored(file)));
    await page.context().close();
  });

  it('makes three requests for an upload; the PUT goes directly to R2', async () => {
    const page = await openPage();
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
    await pickFile(page, toFile(png({ width: 9, height: 9 })));
    expect(await waitForEnd(page)).toBe('success');
    expect(requests).toEqual([
      'POST /api/uploads/presign',
      expect.stringMatching(/^PUT \/cdn-cgi\/local\/r2\/s3\/flare-avatars\/pending\//),
      'POST /api/uploads/commit',
    ]);
    await page.context().close();
  });

  it('shows the avatar after a reload, and to other users', async () => {
    const { page, userId } = await openDemo(browser, origin);
    await pickFile(page, toFile(png({ width: 9, height: 9 })));
    await waitForEnd(page);
    const value = await page.evaluate(() => document.querySelector('flare-avatar-upload')?.value);
    await page.reload();
    const image = page.locator('flare-avatar-upload [part=image]');
    await image.waitFor();
    expect(await image.getAttribute('src')).toMatch(/X-Amz-Signature/);
    expect(await page.evaluate(() => document.querySelector('flare-avatar-upload')?.value)).toBe(value);
    await page.getByRole('radio', { name: 'Grace Hopper' }).check();
    const path = `/api/users/${userId('ada')}/avatar`;
    const status = await page.evaluate(async (url) => (await fetch(url)).status, path);
    expect(status).toBe(200);
    await page.context().close();
  });

  it.skipIf(isFirefox)('works with the keyboard only', async () => {
    const page = await openPage();
    const trigger = page.locator('flare-avatar-upload [part=trigger]');
    await trigger.waitFor();
    for (let i = 0; i < 5 && !(await trigger.evaluate((button) => button.matches(':focus'))); i++) {
      await page.keyboard.press('Tab');
    }
    let picks = 0;
    page.on('filechooser', async (chooser) => {
      picks++;
      await chooser.setFiles(toFile(png()));
    });
    await page.evaluate(() => {
      const element = document.querySelector('flare-avatar-upload');
      element?.addEventListener('flare-success', () => {
        element.dataset.saved = String(Number(element.dataset.saved ?? 0) + 1);
      });
    });
    for (const key of ['Enter', 'Space']) {
      await page.keyboard.press(key);
      await page.locator(`flare-avatar-upload[data-saved="${picks + 1}"]`).waitFor();
    }
    expect(picks).toBe(2);
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

  it('reports a lost connection, and uploads again when it is back', async () => {
    const page = await openPage();
    await page.route('**/cdn-cgi/**', (route) => route.abort());
    await pickFile(page, toFile(png()));
    expect(await waitForEnd(page)).toBe('error');
    await page.getByText(/connection lost/i).waitFor();
    await page.unroute('**/cdn-cgi/**');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('Saved').waitFor();
    await page.context().close();
  });

  it('asks to sign in when there is no session', async () => {
    const page = await openPage();
    await page.evaluate(() => fetch('/api/dev/logout', { method: 'POST' }));
    await pickFile(page, toFile(png()));
    expect(await waitForEnd(page)).toBe('error');
    await page.getByText(/sign in/i).waitFor();
    await page.context().close();
  });
});

describe('the API over HTTP', () => {
  it('works with a client that sends only the required fields', async () => {
    const client = await signIn();
    const bytes = png();
    const presigned = await client.presign({ filename: 'a.png' });
    expect(await putFile(presigned, bytes)).toBe(200);
    expect((await client.commit({ key: presigned.key })).body).toMatchObject({ ok: true });
    const avatar = await fetch((await client.getAvatar()).body.url);
    expect(digest(new Uint8Array(await avatar.arrayBuffer()))).toBe(digest(bytes));
    expect(avatar.headers.get('content-type')).toBe('image/png');
  });

  it('R2 rejects PUTs that differ from what was signed', async () => {
    const bytes = png();
    const presigned = await (await signIn()).presign({ size: bytes.length });
    expect(await putFile(presigned, bytes, { 'content-type': 'text/html' })).toBe(403);
    expect(await putFile(presigned, bytes.slice(1))).toBe(403);
    expect(await putFile({ ...presigned, url: presigned.url.replace('pending', 'avatars') }, bytes)).toBe(403);
    expect(await putFile(presigned, bytes)).toBe(200);
    expect(await putFile(presigned, bytes)).toBe(412);
  });

  it('twenty simultaneous commits of an upload result in one avatar', async () => {
    const client = await signIn();
    const presigned = await client.presign();
    await putFile(presigned, png());
    const responses = await Promise.all(Array.from({ length: 20 }, () => client.commit(presigned)));
    expect(new Set(responses.map(({ status, body }) => `${status} ${body.avatar.key}`)).size).toBe(1);
  });

  it('handles CORS itself, and does not trust other origins on localhost', async () => {
    for (const method of ['OPTIONS', 'POST']) {
      const headers = { origin: 'http://localhost:9999' };
      const response = await fetch(`${origin}/api/uploads/presign`, { method, headers });
      expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([403, null]);
    }
  });

  it('runs the sweep as its scheduled handler', async () => {
    const cron = await fetch(`${origin}/cdn-cgi/handler/scheduled`);
    expect(cron.status).toBe(200);
  });
});

const photos = join(root, '..', 'shared', 'photos');
describe.runIf(existsSync(photos))('real photos', () => {
  it.each(chooseCases([1, 2, 3, 4, 5, 6, 7, 8], (orientation) => orientation === 6))(
    'of orientation %i become upright squares',
    async (orientation) => {
      const page = await openPage();
      await pickFile(page, join(photos, `landscape_${orientation}.jpg`));
      expect(await waitForEnd(page)).toBe('success');
      const { avatar } = await page.evaluate(async () => (await fetch('/api/me/avatar')).json());
      expect([avatar.contentType, avatar.width, avatar.height]).toEqual(['image/webp', 512, 512]);
      await page.context().close();
    },
  );

  it.each(chooseCases(['nokia.jpg', 'iphone_8mp.jpg', 'gps_1.jpg', 'portrait_6.jpg'], (name) => name === 'gps_1.jpg'))(
    '%s is stored without its metadata with crop="off"',
    async (name) => {
      const page = await openPage({ crop: 'off' });
      await pickFile(page, join(photos, name));
      expect(await waitForEnd(page)).toBe('success');
      const bytes = await readFile(join(photos, name));
      expect(await fetchAvatarDigest(page)).toBe(digest(toStored(bytes)));
      await page.context().close();
    },
  );
});
