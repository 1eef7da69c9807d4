import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectBrowser, openPage, pickFile, toFile } from '../support/browser.js';
import { root } from '../support/dev-server.js';
import { png } from '../support/pictures.js';

let browser: Browser;
beforeAll(async () => {
  browser = await connectBrowser();
});
afterAll(() => browser?.close());

/** Uses the wrapper with properties, a hook and an event. */
const APP = `
  import { createElement } from 'react';
  import { createRoot } from 'react-dom/client';
  import { AvatarUpload } from './dist/react.js';

  createRoot(document.body).render(
    createElement(AvatarUpload, {
      avatarUrl: '',
      initials: 'AL',
      validate: (file) => (file.name === 'me.png' ? 'not_you' : null),
      messages: { not_you: 'That is not you.' },
      onReject: ({ detail }) => { window.rejected = detail.error.code; },
    }),
  );
`;

it('the React wrapper passes on properties, hooks and events', async () => {
  const { outputFiles } = await build({
    stdin: { contents: APP, resolveDir: root },
    bundle: true,
    write: false,
    format: 'esm',
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  const page = await openPage(browser);
  await page.route('http://react.test/**', (route) =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html><meta charset="utf-8"><body></body>' }),
  );
  await page.goto('http://react.test/');
  await page.addScriptTag({ content: outputFiles[0]?.text ?? '', type: 'module' });
  await page.getByText('AL', { exact: true }).waitFor();
  await pickFile(page, toFile(png()));
  await page.getByText('That is not you.').waitFor();
  expect(await page.evaluate(() => (window as unknown as { rejected: string }).rejected)).toBe('not_you');
  await page.context().close();
});
