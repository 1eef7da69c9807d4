import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { build } from 'vite';
import type { TestProject } from 'vitest/node';
import { browserFlags, findBrowser } from '../../scripts/setup.mjs';
import { DevServer, root } from './dev-server.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Origin of the dev server that the end-to-end tests share. */
    origin: string;
    /** Endpoint of the browser that they share, for `connectBrowser()`. */
    browser: string;
  }
}

/**
 * Builds the demo. A page of the build loads in some ten requests, and one of the
 * source in a hundred; test/e2e/start.test.ts tests the source.
 * @returns the folder of the build
 */
async function buildDemo(): Promise<string> {
  const outDir = join(root, 'node_modules', '.cache', 'flare-demo');
  await build({
    configFile: join(root, 'vite.config.ts'),
    configLoader: 'native',
    logLevel: 'error',
    build: { outDir, emptyOutDir: true },
  });
  return outDir;
}

/**
 * Starts one dev server and one browser for all end-to-end tests;
 * `inject('origin')` gives the server's origin. Tests use users and browser
 * contexts of their own, so that they can run at the same time.
 */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const [server, browser] = await Promise.all([
    buildDemo().then((folder) => DevServer.startEmpty({ FLARE_DEMO: folder })),
    chromium.launchServer({ executablePath: findBrowser(), args: browserFlags, headless: true }),
  ]);
  provide('origin', server.origin);
  provide('browser', browser.wsEndpoint());
  return async () => void (await Promise.all([server.stop(), browser.close()]));
}
