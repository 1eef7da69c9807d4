import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserFlags } from '../../scripts/setup.mjs';
import { createContext, launchBrowser, toFile } from '../support/browser.js';
import { MinimalServer } from '../support/minimal-server.js';
import { png } from '../support/pictures.js';

let browser: Browser;
beforeAll(async () => {
  const camera = ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'];
  browser = await launchBrowser({ args: [...browserFlags, ...camera] });
});
afterAll(() => browser?.close());

const PICTURE = toFile(png({ width: 60, height: 40 }));

/** Opens a page of the server. Resolves with the page and the directives of its policy that have blocked something. */
async function openPage(server: MinimalServer, path: string): Promise<{ page: Page; violations: Set<string> }> {
  const page = await (await createContext(browser)).newPage();
  const violations = new Set<string>();
  await page.exposeFunction('reportViolation', (directive: string) => violations.add(directive));
  await page.addInitScript(() => {
    const { reportViolation } = window as unknown as { reportViolation(directive: string): void };
    addEventListener('securitypolicyviolation', ({ effectiveDirective }) => reportViolation(effectiveDirective));
  });
  await page.goto((await server.start()) + path);
  await page.locator('flare-avatar-upload [part=trigger]').waitFor();
  return { page, violations };
}

const clickPart = (page: Page, part: string) => page.locator(`flare-avatar-upload [part=${part}]`).click();

async function pickPicture(page: Page): Promise<void> {
  const chooser = page.waitForEvent('filechooser');
  await clickPart(page, 'trigger');
  await (await chooser).setFiles(PICTURE);
}

/** Waits until the element has this value, and its picture is displayed. */
async function waitForPicture(page: Page, value: string, scheme: string): Promise<void> {
  await page.waitForFunction(
    ([key, prefix]) => {
      const element = document.querySelector('flare-avatar-upload');
      const image = element?.shadowRoot?.querySelector('img');
      return element?.value === key && image?.naturalWidth && image.src.includes(String(prefix));
    },
    [value, scheme],
  );
}

describe('a page with a strict Content Security Policy and Trusted Types', () => {
  it('has no violation by the element, a language, the editor, the camera and the worker', async () => {
    const server = new MinimalServer();
    const { page, violations } = await openPage(server, '/german');
    await page.getByText('Bild hinzufügen').waitFor();
    await pickPicture(page);
    await clickPart(page, 'editor-rotate');
    await clickPart(page, 'editor-apply');
    await waitForPicture(page, 'avatars/0', 'blob:');
    await clickPart(page, 'camera-button');
    await page.locator('[part=camera-shutter]:not([aria-disabled])').click();
    await clickPart(page, 'camera-use');
    await clickPart(page, 'editor-apply');
    await waitForPicture(page, 'avatars/1', 'blob:');
    expect([[...violations], page.workers().length]).toEqual([[], 1]);
    await page.context().close();
    await server.stop();
  });

  it('without blob: in img-src shows the committed picture, which it loads from the back end', async () => {
    const server = new MinimalServer("'self'");
    const { page, violations } = await openPage(server, '/');
    for (const key of ['avatars/0', 'avatars/1']) {
      await pickPicture(page);
      await waitForPicture(page, key, `/store/${key}`);
    }
    expect([...violations]).toEqual(['img-src']);
    await page.context().close();
    await server.stop();
  });
});
