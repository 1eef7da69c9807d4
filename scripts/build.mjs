/** `npm run build`: builds the publishable package into dist/. */
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build as bundle, transform } from 'esbuild';
import MagicString from 'magic-string';
import { build } from 'vite';
import { hashContent } from './integrity.mjs';
import { LicenseCollector } from './licenses.mjs';
import { IMPORT_TABLE, LOCALES, replaceLocaleGlob } from './locales.mjs';
import { writeManifest } from './manifest.mjs';
import { root, run } from './setup.mjs';
import { trimLit } from './trim-lit.mjs';

const dist = join(root, 'dist');
rmSync(dist, { recursive: true, force: true });

/** Changes code. @returns what plugins return: the code and its source map, or null for code that stays as it is. */
function edit(code, change) {
  const text = change(new MagicString(code));
  return text.hasChanged() ? { code: text.toString(), map: text.generateMap({ hires: true }) } : null;
}

/**
 * Minifies the styles and markup in `css`, `html` and `svg` templates, which
 * bundlers leave as they are. Other strings are not changed.
 */
const minifyTemplates = {
  name: 'minify-templates',
  enforce: 'post',
  async transform(code, id) {
    if (!id.startsWith(join(root, 'src'))) return null;
    const shorter = new Map();
    for (const template of findTemplates(this.parse(code))) {
      const text = code.slice(template.start, template.end);
      const isStylesheet = template.tag === 'css' && template.isWhole;
      shorter.set(template, isStylesheet ? await minifyCss(text) : minifyMarkup(text));
    }
    return edit(code, (minified) => {
      for (const [{ start, end }, text] of shorter) if (end > start) minified.overwrite(start, end, text);
      return minified;
    });
  },
};

/** A line break next to a block is not displayed. */
const minifyMarkup = (text) =>
  text.replace(/(?<=<\/(?:div|p)>)\s*\n\s*|\s*\n\s*(?=<\/?(?:div|p)\b)/g, '').replace(/\s*\n\s*/g, ' ');

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
 * Bundles a worker into one file; a page that can't start workers imports the same file.
 *
 * @param entry - `src/…/<name>.worker.ts`
 * @param options - `minify`; `external`: packages that stay imports; `wrap` changes the code, which has `format`
 * @returns the file's name, relative to the folder
 */
async function buildWorker(entry, folder, name, licenses, options = {}) {
  const { minify = false, external = [], format = 'es', wrap = (code) => code } = options;
  const lib = { entry, formats: [format], name: 'worker' };
  const rolldownOptions = { external, output: { minify, comments: !minify } };
  const [{ output }] = await build({
    ...sharedOptions,
    plugins: [licenses.createPlugin()],
    build: { write: false, target: 'es2022', minify, lib, rolldownOptions },
  });
  const code = wrap(output[0].code);
  const file = `./${name}-${createHash('sha256').update(code).digest('hex').slice(0, 8)}.js`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, file), code);
  return file;
}

/** Adds to a worker's file what src/image/start-bundled-worker.ts and its like for HEIC read. */
const exportUrl = (code) => `${code}\nexport const moduleUrl = import.meta.url;\n`;

/** Puts the code of a worker without imports into a function, whose source can be started where a bundle is one file. */
const exportSource = (code) =>
  exportUrl(`function defineWorker() {
${code}
return worker;
}
export const { runImageJob } = defineWorker();
export const source = \`(\${defineWorker})()\`;`);

/**
 * Makes the source use the workers' files.
 *
 * @param files - the file of each worker, by the worker's name in the source
 * @param isInlined - whether the bundle also contains the workers' source
 * @param isForBundlers - whether the workers are started as an application's bundler allows it
 */
function workerFilePlugin(files, { isInlined = false, isForBundlers = false }) {
  return {
    name: 'worker-file',
    enforce: 'pre',
    resolveId(id, importer, resolveOptions) {
      const file = files[/^\.\/(\w+)\.worker\.js$/.exec(id)?.[1]];
      if (file && !isInlined) return { id: file, external: 'relative' };
      const starter = isForBundlers && /^\.\/start-(image|heic)-worker\.js$/.test(id);
      return starter ? this.resolve('./start-bundled-worker.js', importer, resolveOptions) : null;
    },
    transform: (code, id) =>
      id.startsWith(join(root, 'src')) && code.includes('.worker.ts')
        ? edit(code, (changed) => changed.replaceAll(WORKER_FILE, (_, name) => `'${files[name]}', ${MODULE_URL}`))
        : null,
    // In the classic script, `flareScript` is its URL.
    renderChunk: (code) =>
      edit(code, (changed) => changed.replaceAll(MODULE_URL, isInlined ? 'flareScript' : 'import.meta.url')),
  };
}

/** The file of a worker, where it is started. */
const WORKER_FILE = /'\.\/(\w+)\.worker\.ts', import\.meta\.url/g;

/** Stands for `import.meta.url` until Vite has transformed a module: it would bundle the file once more. */
const MODULE_URL = 'flareModuleUrl';

/**
 * The table of a classic script, which is one file: it imports the languages from the folder next to its own file.
 * `flareScript` is its URL.
 */
const SCRIPT_TABLE = `Object.fromEntries('${LOCALES.join(' ')}'.split(' ').map((tag) =>
  [tag, () => import(/* @vite-ignore */ new URL('locales/' + tag + '.js', flareScript).href)]))`;

/** Makes each language a file of its own, which is imported when it is needed. */
const localePlugin = (table = IMPORT_TABLE) => ({
  name: 'locales',
  enforce: 'pre',
  transform: (code, id) =>
    id.startsWith(join(root, 'src')) ? edit(code, (changed) => replaceLocaleGlob(changed, table)) : null,
});

/** Names the files of the languages by their tags. @param pattern - for all other chunks. */
const nameChunks = (pattern) => (chunk) =>
  chunk.facadeModuleId?.startsWith(join(root, 'src', 'locales')) ? 'locales/[name].js' : pattern;

/** The packages of the back end. An application installs them itself: the element needs none of them. */
const SERVER_PACKAGES = ['hono', 'jose', 'aws4fetch', 'valibot', '@valibot/to-json-schema'];

/**
 * Adds the command that installs the packages of the back end to the lines that import them: bundlers print the line
 * of an import that they can't resolve.
 */
const nameInstallCommand = {
  name: 'name-install-command',
  // The last step: those before print the code without comments.
  generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle))
      if (chunk.code) chunk.code = chunk.code.replace(PACKAGE_IMPORT, addCommand);
  },
};

const PACKAGE_IMPORT = /^import [^"\n]* from "([^"]+)";$/gm;

const addCommand = (line, from) =>
  SERVER_PACKAGES.some((name) => from === name || from.startsWith(`${name}/`))
    ? `${line} // flare-avatar-upload/server needs it: npm install ${SERVER_PACKAGES.join(' ')}`
    : line;

const outputOptions = { outDir: dist, emptyOutDir: false, target: 'es2022', copyPublicDir: false, minify: false };

// For bundlers: dependencies stay imports.
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const dependencies = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)];
const licenses = new LicenseCollector();
const workers = {
  image: await buildWorker('src/image/image.worker.ts', dist, 'image-worker', licenses, {
    format: 'iife',
    wrap: exportSource,
  }),
  heic: await buildWorker('src/heic/heic.worker.ts', dist, 'heic-worker', licenses, {
    external: ['heic-to/csp'],
    wrap: exportUrl,
  }),
};
await build({
  ...sharedOptions,
  plugins: [
    minifyTemplates,
    localePlugin(),
    workerFilePlugin(workers, { isForBundlers: true }),
    nameInstallCommand,
    licenses.createPlugin(),
  ],
  build: {
    ...outputOptions,
    sourcemap: true,
    lib: {
      entry: {
        index: 'src/index.ts',
        define: 'src/define.ts',
        element: 'src/element.ts',
        client: 'src/client.ts',
        heic: 'src/heic.ts',
        react: 'src/react.ts',
        server: 'server/index.ts',
        'server-dev': 'server/dev/index.ts',
        'server-node': 'server/node/index.ts',
        variants: 'server/variants/index.ts',
        'variants-workerd': 'server/variants/workerd.ts',
      },
      formats: ['es'],
    },
    rolldownOptions: {
      // The directive of the React wrapper stays at the top of its entry file, as a test shows.
      onLog: (level, log, report) => log.code === 'MODULE_LEVEL_DIRECTIVE' || report(level, log),
      external: (id) => id.startsWith('node:') || dependencies.some((name) => id === name || id.startsWith(`${name}/`)),
      output: { chunkFileNames: nameChunks('[name]-[hash].js') },
    },
  },
});

// For <script>: with all dependencies, and minified. (Library builds keep white space.)
const cdn = join(dist, 'cdn');
const cdnLicenses = new LicenseCollector();
const buildCdnWorker = (entry, name) => buildWorker(entry, cdn, name, cdnLicenses, { minify: true });
const cdnWorkers = {
  image: await buildCdnWorker('src/image/image.worker.ts', 'flare-avatar-upload.worker'),
  heic: await buildCdnWorker('src/heic/heic.worker.ts', 'flare-avatar-upload.heic-worker'),
};

/** Lets the HEIC entry import the error class from the element's file, which would be split in two otherwise. */
const shareErrorClass = {
  name: 'share-error-class',
  enforce: 'pre',
  resolveId: (id, importer) =>
    id === '../core/errors.js' && importer?.startsWith(join(root, 'src', 'heic'))
      ? { id: './flare-avatar-upload.js', external: 'relative' }
      : null,
};

const buildScript = (format, entry, options) =>
  build({
    ...sharedOptions,
    plugins: [
      minifyTemplates,
      trimLit,
      localePlugin(format === 'iife' ? SCRIPT_TABLE : IMPORT_TABLE),
      workerFilePlugin(cdnWorkers, { isInlined: format === 'iife' }),
      shareErrorClass,
      cdnLicenses.createPlugin(),
    ],
    build: {
      ...outputOptions,
      outDir: cdn,
      minify: 'oxc',
      lib: {
        entry,
        formats: [format],
        name: 'FlareAvatarUpload',
        fileName: (_, name) => `${name}${format === 'es' ? '' : '.iife'}.js`,
      },
      rolldownOptions: {
        optimization: { inlineConst: { mode: 'all', pass: 2 } },
        ...options,
        output: { minify: true, comments: false, ...options.output },
      },
    },
  });
const element = { 'flare-avatar-upload': 'src/define.ts' };
await buildScript(
  'es',
  { ...element, 'flare-avatar-upload-heic': 'src/heic.ts' },
  {
    // Chunks import shared code from the entry file, so that a page makes one request before the first pick.
    preserveEntrySignatures: 'allow-extension',
    output: { chunkFileNames: nameChunks('flare-avatar-upload.[name]-[hash:6].js') },
  },
);
await buildScript('iife', element, {
  output: {
    codeSplitting: false,
    // A classic script can read its own URL only while it runs for the first time.
    intro: 'const flareScript = document.currentScript?.src || location.href;',
  },
});

cdnLicenses.writeNotices(cdn);

/** Bundles a script for Node 20, so that it needs no package. */
async function buildCommand(entry, file, options) {
  const { metafile } = await bundle({
    entryPoints: [join(root, entry)],
    outfile: join(dist, file),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    metafile: true,
    logLevel: 'warning',
    ...options,
  });
  licenses.addModules(Object.keys(metafile.inputs).map((path) => join(root, path)));
}

/** `init` contains a parser: only that command loads it. */
const splitInit = {
  name: 'split-init',
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/run-init\.mjs$/ }, () => ({ path: './cli-init.js', external: true })),
};

await buildCommand('check/cli.mjs', 'cli.js', { plugins: [splitInit] });
await buildCommand('init/run-init.mjs', 'cli-init.js', { minify: true });
licenses.writeNotices(dist);
chmodSync(join(dist, 'cli.js'), 0o755);

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

console.log('\nFor the attribute `integrity` of script tags:');
for (const file of ['flare-avatar-upload.js', 'flare-avatar-upload.iife.js']) {
  console.log(`  ${hashContent(readFileSync(join(cdn, file)))}  dist/cdn/${file}`);
}
