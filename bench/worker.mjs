/** Bundles the Workers of the benchmarks as Wrangler does, and runs them in Wrangler's workerd. */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from '../scripts/setup.mjs';

/** Resolves Wrangler's copy of Miniflare: a second copy of workerd would take 130 MB. */
const requireFromWrangler = createRequire(createRequire(import.meta.url).resolve('wrangler'));

/** The settings of a Worker that answers the API locally. */
export const LOCAL_SETTINGS = {
  LOCAL_DEV: 'on',
  OWNER_SECRET: 'bench-owner-secret-of-32-characters',
  R2_ENDPOINT: 'https://account.r2.test',
  R2_BUCKET: 'flare-avatars',
  R2_ACCESS_KEY_ID: 'bench-access-key',
  R2_SECRET_ACCESS_KEY: 'bench-secret-key',
};

/**
 * Starts a Worker of bench/workers.
 *
 * @param options - bindings and other options, as in Miniflare 4
 * @param patch - changes the bundled code, to compare with another way of doing things
 * @returns the Worker's URL, and functions to send it JSON, to get its buckets and to stop it
 */
export async function startWorker(name, options = {}, patch = (code) => code) {
  const { Miniflare, convertV4MiniflareOptions } = await import(requireFromWrangler.resolve('miniflare'));
  const script = {
    modules: [{ type: 'ESModule', path: 'worker.js', contents: patch(await bundle(name)) }],
    compatibilityDate: '2026-09-15',
    host: '127.0.0.1',
    cf: false,
  };
  const miniflare = new Miniflare(convertV4MiniflareOptions({ ...script, ...options }));
  const url = await miniflare.ready;
  return {
    url,
    /** POSTs JSON to the Worker, and returns the JSON of the response. */
    async send(body) {
      const response = await miniflare.dispatchFetch(url, { method: 'POST', body: JSON.stringify(body) });
      if (!response.ok) throw new Error(`The Worker failed: ${await response.text()}`);
      return response.json();
    },
    getBucket: (binding) => miniflare.getR2Bucket(binding),
    stop: () => miniflare.dispose(),
  };
}

async function bundle(name) {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [join(root, 'bench', 'workers', `${name}.js`)],
    bundle: true,
    format: 'esm',
    target: 'es2024',
    platform: 'browser',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*'],
    // The benchmarks run without variants, so no codec is loaded.
    loader: { '.wasm': 'empty' },
    write: false,
    logLevel: 'error',
  });
  return outputFiles[0].text;
}

/** Returns the SQL statements of all migrations in order. */
export async function readMigrations() {
  const { unstable_splitSqlQuery: split } = await import('wrangler');
  const folder = join(root, 'server', 'migrations');
  return readdirSync(folder)
    .sort()
    .flatMap((name) => split(readFileSync(join(folder, name), 'utf8')));
}
