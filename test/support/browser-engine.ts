import { join } from 'node:path';
import { type Browser, chromium, firefox, type LaunchOptions } from 'playwright-core';
import { browserFlags, findTestBrowser } from '../../scripts/setup.mjs';
import { WebDriverBrowser } from './web-driver.js';

/** The engine of the end-to-end tests: `chromium`, `firefox` or `webkit`. */
export const engine = process.env.TEST_ENGINE ?? 'chromium';

/** Stock Firefox reports only the first file picker of a page, and Playwright loses pages from its back/forward cache. */
export const isFirefox = engine === 'firefox';

/** A channel that begins with `moz-` makes Playwright drive any Firefox, not only its own build. */
const firefoxOptions = {
  channel: 'moz-firefox',
  executablePath: join(import.meta.dirname, '..', '..', 'scripts', 'firefox-for-playwright.mjs'),
  timeout: 240_000,
  firefoxUserPrefs: { 'browser.sessionhistory.max_total_viewers': 0 },
};

/** The browser of the end-to-end tests, as Playwright starts it. */
export const playwrightBrowser = isFirefox ? firefox : chromium;

/** @throws in WebKitGTK, which Playwright can't start. */
export function getLaunchOptions(): LaunchOptions {
  if (engine === 'webkit') throw new Error('WebKitGTK runs only the end-to-end tests that docs/browsers.md lists.');
  const options = isFirefox ? firefoxOptions : { executablePath: findTestBrowser(), args: browserFlags };
  return { headless: true, ...options };
}

/** Starts a browser for several connections. WebKitGTK has none: each page is a process of its own. */
export async function startSharedBrowser(): Promise<{ endpoint: string; stop(): Promise<void> }> {
  if (engine === 'webkit') return { endpoint: '', stop: async () => {} };
  const server = await playwrightBrowser.launchServer(getLaunchOptions());
  return { endpoint: server.wsEndpoint(), stop: () => server.close() };
}

export async function connectToBrowser(endpoint: string): Promise<Browser> {
  if (engine === 'webkit') return new WebDriverBrowser() as unknown as Browser;
  return playwrightBrowser.connect(endpoint);
}
