import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, pickFile, toFile } from '../support/browser.js';
import { DelayedDefinition } from '../support/delayed-definition.js';
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

/** The same application on the server and in the browser. Hooks and listeners come with the hydration. */
const APP = `
  import { createElement } from 'react';
  import { AvatarUpload } from 'flare-avatar-upload/react';
  const log = [];
  const props = {
    avatarUrl: '/avatar',
    initials: 'AL',
    outputSize: 64,
    noRemove: true,
    className: 'large',
    'aria-label': 'Portrait',
    validate: (file) => (file.name === 'me.png' ? null : 'not_you'),
    presign: () => Promise.resolve({ url: '/store', signedHeaders: {}, key: 'pending/o/1' }),
    commit: () => Promise.resolve({ ok: true }),
    onReject: ({ detail }) => log.push(detail.error.code),
    onSuccess: ({ detail }) => log.push(detail.key),
  };`;

/** Renders with React in Node; fails if anything is printed to the console. */
const renderOnServer = (app: string, tag: string): string =>
  packed.runModule(`${app}
    import { renderToString } from 'react-dom/server';
    process.stdout.write(renderToString(createElement(${tag}, props)));`);

/** Opens the application in the browser. `window.hydrate()` hydrates it, and `window.log` is what its listeners heard. */
async function openApp(app: string, tag: string, html: string): Promise<DelayedDefinition> {
  const opened = await DelayedDefinition.open(browser, `<div id="app">${html}</div><p>Below</p>`);
  await opened.run(
    `${app}
    import { hydrateRoot } from 'react-dom/client';
    window.log = log;
    window.hydrate = () => void hydrateRoot(document.querySelector('#app'), createElement(${tag}, props), {
      onRecoverableError: (error) => console.error(error),
    });`,
    packed.project,
  );
  return opened;
}
const waitForLog = (app: DelayedDefinition, entry: string) => app.page.waitForFunction(`log.includes('${entry}')`);

describe('the React wrapper, rendered on a server', () => {
  it('starts with its hydration, which sets properties, hooks and listeners', async () => {
    const html = renderOnServer(APP, 'AvatarUpload');
    expect(html).toBe(
      '<flare-avatar-upload class="large" aria-label="Portrait" defer-hydration=""></flare-avatar-upload>',
    );
    const app = await openApp(APP, 'AvatarUpload', html);
    const { page } = app;
    // Defined, and not hydrated: it does nothing, whatever the user does.
    expect(await page.evaluate(dropFile)).toBe(false);
    expect([app.requests, await page.locator('flare-avatar-upload button').count()]).toEqual([[], 0]);
    await page.evaluate('hydrate()');
    await page.getByText('AL', { exact: true }).waitFor();
    await pickFile(page, toFile(png(), 'other.png'));
    await waitForLog(app, 'not_you');
    await pickFile(page, toFile(png()));
    await waitForLog(app, 'pending/o/1');
    expect(await page.evaluate('log')).toEqual(['not_you', 'pending/o/1']);
    expect([app.requests, app.problems]).toEqual([['/avatar', '/store'], []]);
    const properties = await page.evaluate(() => {
      const { outputSize, noRemove, className } = document.querySelector('flare-avatar-upload') ?? {};
      return { outputSize, noRemove, className };
    });
    expect(properties).toEqual({ outputSize: 64, noRemove: true, className: 'large' });
    expect(await page.locator('flare-avatar-upload').getAttribute('defer-hydration')).toBeNull();
    await page.getByRole('button', { name: /^Portrait: / }).waitFor();
    await app.close();
  });
});

/** Drops a file on the element. Returns whether the element handled the event. */
const dropFile = (): boolean => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File(['x'], 'x.png', { type: 'image/png' }));
  const event = new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true });
  document.querySelector('flare-avatar-upload')?.dispatchEvent(event);
  return event.defaultPrevented;
};

describe('the tag, rendered by React 19 on a server', () => {
  it('has the settings that React writes as attributes, and no mismatch when it is hydrated', async () => {
    const html = renderOnServer(APP, "'flare-avatar-upload'");
    expect(html).toContain('outputSize="64" noRemove=""');
    const app = await openApp(APP, "'flare-avatar-upload'", html);
    const getSettings = () =>
      app.page.evaluate(() => {
        const { avatarUrl, outputSize, noRemove, noDrop } = document.querySelector('flare-avatar-upload') ?? {};
        return { avatarUrl, outputSize, noRemove, noDrop };
      });
    const settings = { avatarUrl: '/avatar', outputSize: 64, noRemove: true, noDrop: false };
    expect(await getSettings()).toEqual(settings);
    await app.page.evaluate('hydrate()');
    await app.page.getByText('AL', { exact: true }).waitFor();
    expect([await getSettings(), app.requests, app.problems]).toEqual([settings, ['/avatar'], []]);
    await app.close();
  });
});
