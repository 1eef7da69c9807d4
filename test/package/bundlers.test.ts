import { join } from 'node:path';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import { build as bundleWithEsbuild } from 'esbuild';
import type { Browser } from 'playwright-core';
import { rollup } from 'rollup';
import { build as bundleWithVite, createServer } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import webpack from 'webpack';
import { launchBrowser } from '../support/browser.js';
import { type AppResult, createApp, serveFolder, tryApp, WITH_WORKERS } from '../support/bundled-app.js';
import { PackedPackage } from '../support/packed-package.js';
import { chooseCases } from '../support/run-factor.js';

const packed = PackedPackage.create();
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  packed.remove();
});

/** Bundles an application into its folder `dist`. */
type Bundle = (app: string) => Promise<unknown>;

const esbuild =
  (options: { splitting?: boolean; format?: 'esm' | 'iife'; target?: string }): Bundle =>
  (app) =>
    bundleWithEsbuild({
      entryPoints: [join(app, 'main.js')],
      outdir: join(app, 'dist'),
      bundle: true,
      minify: true,
      format: 'esm',
      logLevel: 'error',
      ...options,
    });

const viteOptions = (app: string) => ({ root: app, configFile: false, logLevel: 'error' }) as const;

const BUNDLERS: Record<string, Bundle> = {
  Vite: (app) => bundleWithVite(viteOptions(app)),
  webpack: (app) =>
    new Promise((resolve, reject) => {
      const output = { path: join(app, 'dist') };
      const options = { mode: 'production', context: app, entry: './main.js', output } as const;
      webpack(options, (error, stats) => (error || stats?.hasErrors() ? reject(error ?? stats) : resolve(stats)));
    }),
  'esbuild with splitting': esbuild({ splitting: true }),
  Rollup: async (app) => {
    const bundle = await rollup({ input: join(app, 'main.js'), plugins: [nodeResolve()] });
    await bundle.write({ dir: join(app, 'dist') });
    await bundle.close();
  },
};

/** Bundlers that write one file, which can't be started as a worker. */
const SINGLE_FILES: Record<string, Bundle> = {
  'a module': esbuild({}),
  'a classic script': esbuild({ format: 'iife', target: 'es2020' }),
};

async function tryBundle(name: string, bundle: Bundle): Promise<AppResult> {
  const app = createApp(packed, name.replaceAll(' ', '-'));
  await bundle(app);
  const site = serveFolder(join(app, 'dist'));
  try {
    return await tryApp(browser, await site.start());
  } finally {
    await site.stop();
  }
}

describe('the workers start, without a failed request or a warning,', () => {
  it.each(chooseCases(Object.entries(BUNDLERS), ([name]) => !/webpack|Rollup/.test(name)))(
    'in a bundle of %s',
    async (name, bundle) => {
      expect(await tryBundle(name, bundle)).toEqual(WITH_WORKERS);
    },
  );

  it('on the dev server of Vite', async () => {
    const server = await createServer({ ...viteOptions(createApp(packed, 'vite-dev')), server: { port: 0 } });
    await server.listen();
    const [url = ''] = server.resolvedUrls?.local ?? [];
    const result = await tryApp(browser, url).finally(() => server.close());
    expect(result).toEqual(WITH_WORKERS);
  });
});

describe('if the whole application is one file, the image worker starts from its source', () => {
  it.each(chooseCases(Object.entries(SINGLE_FILES), ([name]) => name === 'a classic script'))(
    'in %s',
    async (name, bundle) => {
      const result = await tryBundle(name, bundle);
      expect(result).toEqual({ ...WITH_WORKERS, workers: ['image'], problems: [expect.stringContaining('worker')] });
    },
  );
});
