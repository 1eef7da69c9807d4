import type { Browser, BrowserContext, BrowserContextOptions, LaunchOptions, Page } from 'playwright-core';
import { inject } from 'vitest';
import { findBrowser } from '../../scripts/setup.mjs';
import { connectToBrowser, getLaunchOptions, isFirefox, playwrightBrowser } from './browser-engine.js';

/** Milliseconds after which a wait fails. It only ends waits that hang: a busy machine is slow, and that is no failure. */
const WAIT_LIMIT = 240_000;

/**
 * Connects to the browser that the end-to-end tests share. `close()` closes the
 * contexts of this connection only. The pages get copies of picked files.
 */
export const connectBrowser = (): Promise<Browser> => connectToBrowser(inject('browser'));

/** Starts a browser of its own, for tests that need options, or files that pages read from the disk. */
export const launchBrowser = (options: LaunchOptions = {}): Promise<Browser> =>
  playwrightBrowser.launch({ ...getLaunchOptions(), ...options });

/** Starts Chromium itself, for tests of what the headless shell lacks (see `findTestBrowser()`). */
export const launchChromium = (options: LaunchOptions = {}): Promise<Browser> =>
  launchBrowser({ executablePath: findBrowser(), ...options });

/** Creates a browser context: pages with cookies and storage of their own. */
export async function createContext(browser: Browser, options?: BrowserContextOptions): Promise<BrowserContext> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(WAIT_LIMIT);
  return context;
}

export async function openPage(browser: Browser): Promise<Page> {
  return (await createContext(browser)).newPage();
}

/** A file as Playwright takes it. */
export function toFile(bytes: Uint8Array, name = 'me.png', mimeType = 'image/png') {
  return { name, mimeType, buffer: Buffer.from(bytes) };
}

/** Picks a file in the page's element, by its button and the file picker (but in Firefox, see `isFirefox`). */
export async function pickFile(page: Page, file: string | ReturnType<typeof toFile>): Promise<void> {
  if (isFirefox) return page.locator('flare-avatar-upload input[type=file]').first().setInputFiles(file);
  const chooser = page.waitForEvent('filechooser');
  await page
    .locator('flare-avatar-upload')
    .getByRole('button', { name: /picture/ })
    .first()
    .click();
  await (await chooser).setFiles(file);
}

/** Waits until the upload has ended. Resolves with the element's state: `success` or `error`. */
export async function waitForEnd(page: Page): Promise<string> {
  const handle = await page.waitForFunction(() => {
    const state = document.querySelector('flare-avatar-upload')?.state ?? '';
    return /success|error/.test(state) && state;
  });
  return String(await handle.jsonValue());
}
