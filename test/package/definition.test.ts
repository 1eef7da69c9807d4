import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createContext, launchBrowser, pickFile, toFile } from '../support/browser.js';
import { CdnSite } from '../support/cdn-site.js';
import { DelayedDefinition } from '../support/delayed-definition.js';
import { root } from '../support/dev-server.js';
import { PackedPackage } from '../support/packed-package.js';
import { png } from '../support/pictures.js';

const packed = PackedPackage.create();
let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  packed.remove();
});

const TAG = 'flare-avatar-upload';
const define = (app: DelayedDefinition) => app.run("import 'flare-avatar-upload';", packed.project);

describe('an element that is defined late', () => {
  it('moves nothing, with the rule in docs/frameworks.md', async () => {
    const page = readFileSync(join(root, 'docs', 'frameworks.md'), 'utf8');
    const [, rule = ''] = /```css\n(flare-avatar-upload:.*?)```/s.exec(page) ?? [];
    const elements = ['', 'initials="AL" required', 'style="--flare-size: 200px"', 'style="--flare-size: 40px"']
      .concat('style="--flare-text-width: 0px"', 'style="--flare-font-size: 20px"', 'defer-hydration')
      .map((attributes) => `<p>Before <${TAG} avatar-url="" ${attributes}></${TAG}> after</p>`);
    const app = await DelayedDefinition.open(browser, `<style>${rule}</style>${elements.join('')}<p>Below</p>`);
    const boxes = await app.measure('body *');
    await define(app);
    const [before, after] = [boxes.flat(), (await app.measure('body *')).flat()];
    const moves = after.map((pixels, i) => Math.abs(pixels - (before[i] ?? Number.NaN)));
    // Browsers round to 1/64 pixel, and the page has many elements.
    expect(Math.max(...moves)).toBeLessThan(0.25);
    expect([await app.countShifts(), app.problems]).toEqual([0, []]);
    await app.close();
  });

  it('has the properties that were set before', async () => {
    const app = await DelayedDefinition.open(browser, `<${TAG}></${TAG}>`);
    await app.page.evaluate(() => {
      const validate = () => 'not_you';
      Object.assign(document.querySelector('flare-avatar-upload') as object, {
        avatarUrl: '',
        initials: 'AL',
        outputSize: 64,
        noRemove: true,
        messages: { not_you: 'That is not you.' },
        validate,
      });
    });
    await define(app);
    await app.page.getByText('AL', { exact: true }).waitFor();
    await pickFile(app.page, toFile(png()));
    await app.page.getByText('That is not you.').waitFor();
    const attributes = await app.page.evaluate(() => {
      const { outputSize, noRemove } = document.querySelector('flare-avatar-upload') ?? {};
      return [outputSize, noRemove];
    });
    expect([attributes, app.requests, app.problems]).toEqual([[64, true], [], []]);
    await app.close();
  });

  it('replaces a declarative shadow root that was written by hand', async () => {
    const app = await DelayedDefinition.open(
      browser,
      `<${TAG} avatar-url="" initials="AL"><template shadowrootmode="open"><style>p { color: red }</style>
        <p>Loading…</p></template></${TAG}>`,
    );
    await app.page.getByText('Loading…').waitFor();
    await define(app);
    await app.page.getByText('AL', { exact: true }).waitFor();
    expect(await app.page.locator(`${TAG} p`).count()).toBe(1);
    await pickFile(app.page, toFile(png()));
    await app.page.waitForFunction("document.querySelector('flare-avatar-upload').state !== 'idle'");
    expect(app.problems).toEqual([]);
    await app.close();
  });
});

describe('an element in a sandboxed frame, which has no storage and no origin', () => {
  it('uploads', async () => {
    const page = await (await createContext(browser)).newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    const script = readFileSync(join(packed.folder, 'dist', 'cdn', 'flare-avatar-upload.iife.js'), 'utf8');
    const body = `<${TAG} avatar-url="" name="avatar"></${TAG}><script>
      const element = document.querySelector('${TAG}');
      element.presign = () => Promise.resolve({ url: '/store', signedHeaders: {}, key: 'pending/o/1' });
      element.commit = () => Promise.resolve({ ok: true });
      try { sessionStorage } catch { document.title = 'no storage' }
    </script>`;
    const files: Record<string, [type: string, body: string]> = {
      '/': ['text/html', '<iframe sandbox="allow-scripts" src="/frame"></iframe>'],
      '/frame': ['text/html', `<!doctype html><meta charset="utf-8"><script src="/element.js"></script>${body}`],
      '/element.js': ['text/javascript', script],
      '/store': ['text/plain', ''],
    };
    await page.route('http://server.test/**', (route) => {
      const [contentType, text] = files[new URL(route.request().url()).pathname] ?? ['text/plain', ''];
      const headers = { 'access-control-allow-origin': '*' };
      return route.fulfill({ contentType, body: text, headers });
    });
    await page.goto('http://server.test/');
    const frame = page.frames().at(-1);
    const chooser = page.waitForEvent('filechooser');
    await frame?.locator(`${TAG} [part=trigger]`).click();
    await (await chooser).setFiles(toFile(png({ width: 30, height: 20 })));
    await frame?.waitForFunction("element.value === 'pending/o/1'");
    expect([await frame?.title(), problems]).toEqual(['no storage', []]);
    await page.context().close();
  });
});

describe('two copies of the package in one page', () => {
  it('are reported once, and the first one works', async () => {
    const site = new CdnSite();
    const origin = await site.start();
    const scripts = ['type="module" src="/cdn/flare-avatar-upload.js"', 'src="/cdn/flare-avatar-upload.iife.js"'];
    const html = `<!doctype html><meta charset="utf-8"><title>App</title><link rel="icon" href="data:,">
      ${scripts.map((attributes) => `<script ${attributes}></script>`).join('')}<${TAG} avatar-url=""></${TAG}>`;
    site.pages.set('/', { html, policy: '' });
    const page = await (await createContext(browser)).newPage();
    const messages: string[] = [];
    page.on('console', (message) => messages.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => messages.push(String(error)));
    await page.goto(origin);
    await page.evaluate(() => {
      const options = { validate: () => 'not_you', messages: { not_you: 'That is not you.' } };
      Object.assign(document.querySelector('flare-avatar-upload') as object, options);
    });
    await pickFile(page, toFile(png()));
    await page.getByText('That is not you.').waitFor();
    expect(messages).toEqual([expect.stringMatching(/^warning: flare-avatar-upload is defined twice/)]);
    await page.context().close();
    await site.stop();
  });
});
