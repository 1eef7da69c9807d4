/** `npm run build`: builds the publishable package into dist/. */
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build as bundle, transform } from 'esbuild';
import { build } from 'vite';
import { LicenseCollector } from './licenses.mjs';
import { writeManifest } from './manifest.mjs';
import { root, run } from './setup.mjs';

const dist = join(root, 'dist');
rmSync(dist, { recursive: true, force: true });

/**
 * Minifies the styles and markup in `css`, `html` and `svg` templates, which
 * bundlers leave as they are. Other strings are not changed.
 */
const minifyTemplates = {
  name: 'minify-templates',
  enforce: 'post',
  async transform(code, id) {
    if (!id.startsWith(join(root, 'src'))) return null;
    let minified = code;
    // From the last to the first, so that the positions of the others stay valid.
    for (const { tag, start, end, isWhole } of findTemplates(this.parse(code)).sort((a, b) => b.start - a.start)) {
      const text = code.slice(start, end);
      const isStylesheet = tag === 'css' && isWhole;
      const shorter = isStylesheet ? await minifyCss(text) : text.replace(/\s*\n\s*/g, ' ');
      minified = minified.slice(0, start) + shorter + minified.slice(end);
    }
    return minified;
  },
};

async function minifyCss(text) {
  const { code } = await transform(text, { loader: 'css', minify: true, target: 'esnext' });
  // White space that esbuild keeps, such as that in the values of custom properties.
  return code.trim().replace(/([:,]) /g, '$1');
}

/** Returns the text parts of `html`, `svg` and `css` templates; `isWhole`: the template has only this one. */
function findTemplates(node, found = []) {
  if (node?.type === 'TaggedTemplateExpression' && /^(html|svg|css)$/.test(node.tag.name)) {
    const { quasis } = node.quasi;
    for (const { start, end } of quasis) found.push({ tag: node.tag.name, start, end, isWhole: quasis.length === 1 });
  }
  for (const child of Object.values(node ?? {})) if (child && typeof child === 'object') findTemplates(child, found);
  return found;
}

const sharedOptions = {
  configFile: false,
  root,
  logLevel: 'warn',
};

/**
 * Bundles the worker into one file; a page that can't start workers imports the
 * same file. The source names it by `new URL('…', import.meta.url)`, the form in
 * which bundlers find and copy it.
 *
 * @returns the file's name, relative to the folder
 */
async function buildWorker(folder, name, minify, licenses) {
  const lib = { entry: 'src/image/image.worker.ts', formats: ['es'] };
  const rolldownOptions = { output: { minify, comments: !minify } };
  const [{ output }] = await build({
    ...sharedOptions,
    plugins: [licenses.createPlugin()],
    build: { write: false, target: 'es2022', minify, lib, rolldownOptions },
  });
  const [{ code }] = output;
  const file = `./${name}-${createHash('sha256').update(code).digest('hex').slice(0, 8)}.js`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, file), code);
  return file;
}

/** Makes the source use the worker's file. With `isInlined`, the bundle also contains the worker's source. */
function workerFilePlugin(file, isInlined) {
  return {
    name: 'worker-file',
    enforce: 'pre',
    resolveId: (id) => (id === './image.worker.js' && !isInlined ? { id: file, external: 'relative' } : null),
    transform: (code, id) =>
      id.endsWith('/image/worker-pool.ts') ? code.replace("'./image.worker.ts'", `'${file}'`) : null,
    renderChunk: (code) => code.replaceAll('/* @vite-ignore */ ', ''),
  };
}

/**
 * Removes the places where Lit looks for polyfills and for server rendering, and where it counts its versions for
 * development builds: a page with these files has none of them.
 */
const removeLitHooks = {
  name: 'remove-lit-hooks',
  transform: (code, id) =>
    /node_modules\/(@lit|lit)/.test(id)
      ? code
          .replace(/[\w$]+\.(litHtml|litElement|reactiveElement)(Polyfill|Hydrate)Support/g, 'undefined')
          .replace(/\([\w$]+\.(litHtml|litElement|reactiveElement)Versions\?\?=\[\]\)\.push\("[^"]*"\)/g, 'undefined')
      : null,
};

const outputOptions = { outDir: dist, emptyOutDir: false, target: 'es2022', copyPublicDir: false, minify: false };

// For bundlers: dependencies stay imports.
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const dependencies = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)];
const licenses = new LicenseCollector();
const worker = await buildWorker(dist, 'image-worker', false, licenses);
await build({
  ...sharedOptions,
  plugins: [minifyTemplates, workerFilePlugin(worker), licenses.createPlugin()],
  build: {
    ...outputOptions,
    lib: {
      entry: {
        index: 'src/index.ts',
        define: 'src/define.ts',
        element: 'src/element.ts',
        client: 'src/client.ts',
        react: 'src/react.ts',
        server: 'server/index.ts',
        variants: 'server/variants/index.ts',
        'variants-workerd': 'server/variants/workerd.ts',
      },
      formats: ['es'],
    },
    rolldownOptions: {
      external: (id) => id.startsWith('node:') || dependencies.some((name) => id === name || id.startsWith(`${name}/`)),
    },
  },
});

// For <script>: with all dependencies, and minified. (Library builds keep white space.)
const cdn = join(dist, 'cdn');
const cdnLicenses = new LicenseCollector();
const cdnWorker = await buildWorker(cdn, 'flare-avatar-upload.worker', true, cdnLicenses);
const buildScript = (format, options) =>
  build({
    ...sharedOptions,
    plugins: [
      minifyTemplates,
      removeLitHooks,
      workerFilePlugin(cdnWorker, format === 'iife'),
      cdnLicenses.createPlugin(),
    ],
    // A classic script can read its own URL only while it runs for the first time.
    define: format === 'iife' ? { 'import.meta.url': 'flareScript' } : {},
    build: {
      ...outputOptions,
      outDir: cdn,
      minify: 'oxc',
      lib: {
        entry: 'src/define.ts',
        formats: [format],
        name: 'FlareAvatarUpload',
        fileName: () => (format === 'es' ? 'flare-avatar-upload.js' : 'flare-avatar-upload.iife.js'),
      },
      rolldownOptions: {
        optimization: { inlineConst: { mode: 'all', pass: 2 } },
        ...options,
        output: { minify: true, comments: false, ...options.output },
      },
    },
  });
await buildScript('es', {
  // Chunks import shared code from the entry file, so that a page makes one request before the first pick.
  preserveEntrySignatures: 'allow-extension',
  output: { chunkFileNames: 'flare-avatar-upload.[name]-[hash].js' },
});
await buildScript('iife', {
  output: {
    codeSplitting: false,
    intro: 'const flareScript = document.currentScript?.src || location.href;',
  },
});

cdnLicenses.writeNotices(cdn);

// The command, for Node 20 without any package.
const cli = join(dist, 'cli.js');
const { metafile } = await bundle({
  entryPoints: [join(root, 'check', 'cli.mjs')],
  outfile: cli,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  metafile: true,
  logLevel: 'warning',
});
licenses.addModules(Object.keys(metafile.inputs).map((path) => join(root, path)));
licenses.writeNotices(dist);
chmodSync(cli, 0o755);

const steps = [
  ['tsc', ['-p', 'tsconfig.build.json']],
  ['tsc', ['-p', 'server/tsconfig.build.json']],
];
for (const [command, args] of steps) {
  const code = await run(command, args);
  if (code !== 0) process.exit(code);
}
const manifestCode = await writeManifest();
if (manifestCode !== 0) process.exit(manifestCode);
cpSync(join(root, 'server', 'migrations'), join(dist, 'server', 'migrations'), { recursive: true });
