/** Bundles the tests that run in a browser: a page of the test runner then loads twenty files instead of two hundred. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { build } from 'esbuild';
import { IMPORT_TABLE, replaceLocaleGlob } from './locales.mjs';
import { root } from './setup.mjs';

const toPath = (file) => `/${relative(root, file).replaceAll(sep, '/')}`;

/** Keeps what a module knows about its own place: the URL that it has where it is not bundled. */
const keepModuleUrls = {
  name: 'keep-module-urls',
  setup(builder) {
    builder.onLoad({ filter: /[\\/](src|test)[\\/].*\.ts$/ }, ({ path }) => {
      const url = `new URL(${JSON.stringify(toPath(path))}, location.origin).href`;
      const code = replaceLocaleGlob(readFileSync(path, 'utf8'), IMPORT_TABLE);
      return { loader: 'ts', contents: code.replaceAll('import.meta.url', url) };
    });
  },
};

/** Returns the files that a page or a worker starts with. All others are served one by one, if a test asks for them. */
function findEntries() {
  const folders = ['test/element', 'test/image', 'src/image', 'src/heic'];
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true }).map((file) => join(folder, file)),
  );
  return files.filter((file) => /\.(test|worker)\.ts$/.test(file));
}

/** Returns the code of all bundles, by path. What they share, and what they import dynamically, are files of their own. */
async function bundleEntries(options) {
  const { outputFiles } = await build({
    ...options,
    entryPoints: findEntries(),
    absWorkingDir: root,
    outdir: root,
    outbase: root,
    chunkNames: 'bundled/[hash]',
    bundle: true,
    // package.json lists the side effects of the package; tests import other modules for theirs.
    ignoreAnnotations: true,
    splitting: true,
    format: 'esm',
    conditions: ['production'],
    sourcemap: 'linked',
    write: false,
    plugins: [keepModuleUrls],
  });
  return new Map(outputFiles.map(({ path, text }) => [toPath(path), text]));
}

/**
 * Creates a middleware for the test runner, which serves tests and workers as bundles.
 *
 * @param options - options of esbuild: `target`, `tsconfig`, `define`
 */
export function bundleTests(options) {
  let bundles;
  return async ({ path, response }, next) => {
    if (!/^\/(test|src|bundled)\/.*\.(test\.ts|worker\.ts|js|map)$/.test(path)) return next();
    bundles ??= bundleEntries(options);
    const code = (await bundles).get(path.replace(/\.ts$/, '.js'));
    if (!code) return next();
    response.type = path.endsWith('.map') ? 'json' : 'js';
    response.set('cache-control', 'public, max-age=31536000');
    response.body = code;
  };
}
