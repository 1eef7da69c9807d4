import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { avif } from '../support/avif.js';
import { connectBrowser } from '../support/browser.js';
import { root } from '../support/dev-server.js';
import { heic } from '../support/heic.js';
import { expectUprightAvatar, openHookedDemo } from '../support/heic-demo.js';
import { HttpServer } from '../support/http-server.js';
import { chooseCases } from '../support/run-factor.js';

let isDecoderMissing = false;

/** Serves the files for <script>, as a CDN does, and the HEIC library as it is published. */
const cdn = new HttpServer(async ({ url = '' }, response) => {
  if (url.includes('heic-worker') && isDecoderMissing) {
    response.writeHead(404).end();
    return;
  }
  const path = url === '/heic-to.js' ? 'node_modules/heic-to/dist/csp/heic-to.js' : join('dist/cdn', url);
  response.setHeader('content-type', 'text/javascript').setHeader('access-control-allow-origin', '*');
  response.end(await readFile(join(root, path)));
});

let browser: Browser;
beforeAll(async () => {
  [browser] = await Promise.all([connectBrowser(), cdn.start()]);
});
afterAll(async () => {
  await Promise.all([browser?.close(), cdn.stop()]);
});

describe('decodeHeic', () => {
  const modules = [
    { name: 'the source', getUrl: () => `/@fs${join(root, 'src/heic.ts')}` },
    { name: 'a CDN', getUrl: () => `${cdn.origin}/flare-avatar-upload-heic.js` },
  ];
  it.each(chooseCases(modules, ({ name }) => name === 'a CDN'))(
    'of $name makes a HEIC photo the avatar, upright',
    async ({ getUrl }) => {
      const page = await openHookedDemo(browser, getUrl());
      await expectUprightAvatar(page, Buffer.from(heic(3)), `${cdn.origin}/heic-to.js`);
      await page.context().close();
    },
  );
});

describe('decodeHeic without the decoder', () => {
  it('says what to install', async () => {
    isDecoderMissing = true;
    const page = await openHookedDemo(browser, `${cdn.origin}/flare-avatar-upload-heic.js`);
    const error = await page.evaluate(
      (bytes) => {
        const file = new File([new Uint8Array(bytes)], 'a.heic');
        const { decode } = document.querySelector('flare-avatar-upload') ?? {};
        return Promise.resolve(decode?.(file, { signal: AbortSignal.any([]) })).catch(({ code, hint }) => ({
          code,
          hint,
        }));
      },
      Array.from(avif({ brand: 'heic' })),
    );
    isDecoderMissing = false;
    expect(error).toEqual({ code: 'decode_failed', hint: expect.stringContaining('npm install heic-to') });
    await page.context().close();
  });
});
