/** Workers for the benchmarks: bundled as Wrangler would, run by the workerd that Wrangler runs. */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from '../scripts/setup.mjs';

/** Miniflare and workerd are Wrangler's own copies: a second one would be 130 MB. */
const wrangler = createRequire(createRequire(import.meta.url).resolve('wrangler'));

/**
 * Starts a Worker of bench/workers.
 * @param options bindings and the like, in the form of Miniflare 4.
 * @returns its address, a way to ask it, and its end.
 */
export async function startWorker(name, options = {}) {
  const { Miniflare, convertV4MiniflareOptions } = await import(wrangler.resolve('miniflare'));
  const script = {
    modules: [{ type: 'ESModule', path: 'worker.js', contents: await bundle(name) }],
    compatibilityDate: '2026-09-15',
    host: '127.0.0.1',
    cf: false,
  };
  const miniflare = new Miniflare(convertV4MiniflareOptions({ ...script, ...options }));
  const url = await miniflare.ready;
  return {
    url,
    /** Asks with a JSON body, for a JSON answer. */
    async ask(body) {
      const response = await miniflare.dispatchFetch(url, { method: 'POST', body: JSON.stringify(body) });
      if (!response.ok) throw new Error(`The Worker of the bench has failed: ${await response.text()}`);
      return response.json();
    },
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
    write: false,
    logLevel: 'error',
  });
  return outputFiles[0].text;
}

/** The statements of all migrations, in their order. */
export async function migrations() {
  const { unstable_splitSqlQuery: split } = await import('wrangler');
  const folder = join(root, 'server', 'migrations');
  return readdirSync(folder)
    .sort()
    .flatMap((name) => split(readFileSync(join(folder, name), 'utf8')));
}
