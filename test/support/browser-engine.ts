import { join } from 'node:path';
import { type Browser, chromium, firefox } from 'playwright-core';
import { browserFlags, findTestBrowser } from '../../scripts/setup.mjs';
import { WebDriverBrowser } from './web-driver.js';

/** The engine of the end-to-end tests: `chromium`, `firefox` or `webkit`. */
export const engine = process.env.TEST_ENGINE ?? 'chromium';

/** A channel that begins with `moz-` makes Playwright drive any Firefox, not only its own build. */
const firefoxOptions = {
  channel: 'moz-firefox',
  executablePath: join(import.meta.dirname, '..', '..', 'scripts', 'firefox-for-playwright.mjs'),
  timeout: 240_000,
  // Playwright loses a page that comes back from the back/forward cache.
  firefoxUserPrefs: { 'browser.sessionhistory.max_total_viewers': 0 },
};

/** The browser of the end-to-end tests, as Playwright starts it. */
export const playwrightBrowser = engine === 'firefox' ? firefox : chromium;

export const getLaunchOptions = () => ({
  headless: true,
  ...(engine === 'firefox' ? firefoxOptions : { executablePath: findTestBrowser(), args: browserFlags }),
});

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
