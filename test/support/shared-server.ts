import type { TestProject } from 'vitest/node';
import { startSharedBrowser } from './browser-engine.js';
import { DevServer } from './dev-server.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Origin of the dev server that the end-to-end tests share. */
    origin: string;
    /** Endpoint of the browser that they share, for `connectBrowser()`. */
    browser: string;
  }
}

/**
 * Starts one dev server and one browser for all end-to-end tests;
 * `inject('origin')` gives the server's origin. Tests use users and browser
 * contexts of their own, so that they can run at the same time.
 */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const [server, browser] = await Promise.all([DevServer.startEmpty(), startSharedBrowser()]);
  provide('origin', server.origin);
  provide('browser', browser.endpoint);
  return async () => void (await Promise.all([server.stop(), browser.stop()]));
}
