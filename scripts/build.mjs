/** `npm run build`: the publishable package in dist/. */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installPackages, isNodeTooOld, root, run } from './setup.mjs';

if (isNodeTooOld()) {
  installPackages();
  process.exit(await run('node', ['scripts/build.mjs']));
}
installPackages();

const { build } = await import('vite');
const { transform } = await import('esbuild');
const dist = join(root, 'dist');
rmSync(dist, { recursive: true, force: true });

/**
 * Bundlers leave text in template literals alone: what is styles and markup
 * there is made small here, and no other string is touched.
 */
const smallTemplates = {
  name: 'small-templates',
  enforce: 'post',
  async transform(code, id) {
    if (!id.startsWith(join(root, 'src'))) return null;
    let small = code;
    // From the last to the first, so that positions stay true.
    for (const { tag, start, end, isWhole } of templates(this.parse(code)).sort((a, b) => b.start - a.start)) {
      const text = code.slice(start, end);
      const isStyles = tag === 'css' && isWhole;
      const less = isStyles ? await minifyCss(text) : text.replace(/\s*\n\s*/g, ' ');
      small = small.slice(0, start) + less + small.slice(end);
    }
    return small;
  },
};

async function minifyCss(text) {
  const { code } = await transform(text, { loader: 'css', minify: true, target: 'esnext' });
  return code.trim();
}

/** The pieces of text in html, svg and css templates. */
function templates(node, found = []) {
  if (node?.type === 'TaggedTemplateExpression' && /^(html|svg|css)$/.test(node.tag.name)) {
    const { quasis } = node.quasi;
    for (const { start, end } of quasis) found.push({ tag: node.tag.name, start, end, isWhole: quasis.length === 1 });
  }
  for (const child of Object.values(node ?? {})) if (child && typeof child === 'object') templates(child, found);
  return found;
}

const shared = {
  configFile: false,
  root,
  logLevel: 'warn',
};

/**
 * Makes the worker a file of its own, with everything inside, which is also
 * what the page loads where it may start none. Its name goes into the source
 * in the form that bundlers know, so that they take the file along.
 */
async function workerFile(folder, name, minify) {
  const lib = { entry: 'src/image/worker.ts', formats: ['es'] };
  const rolldownOptions = { output: { minify, comments: !minify } };
  const [{ output }] = await build({
    ...shared,
    build: { write: false, target: 'es2022', minify, lib, rolldownOptions },
  });
  const [{ code }] = output;
  const file = `./${name}-${createHash('sha256').update(code).digest('hex').slice(0, 8)}.js`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, file), code);
  return file;
}

/** Takes the worker's file in place of its source; `isInside`: where there is one file, it holds the source too. */
function withWorker(file, isInside) {
  return {
    name: 'worker-file',
    enforce: 'pre',
    resolveId: (id) => (id === './worker.js' && !isInside ? { id: file, external: 'relative' } : null),
    transform: (code, id) => (id.endsWith('/image/team.ts') ? code.replace("'./worker.ts'", `'${file}'`) : null),
    renderChunk: (code) => code.replaceAll('/* @vite-ignore */ ', ''),
  };
}

const output = { outDir: dist, emptyOutDir: false, target: 'es2022', copyPublicDir: false, minify: false };

// For bundlers: what the package depends on stays outside.
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const outside = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)];
await build({
  ...shared,
  plugins: [smallTemplates, withWorker(await workerFile(dist, 'image-worker', false))],
  build: {
    ...output,
    lib: {
      entry: {
        index: 'src/index.ts',
        define: 'src/define.ts',
        element: 'src/element.ts',
        client: 'src/client.ts',
        react: 'src/react.ts',
        server: 'server/index.ts',
      },
      formats: ['es'],
    },
    rolldownOptions: { external: (id) => outside.some((name) => id === name || id.startsWith(`${name}/`)) },
  },
});

// For <script>: everything inside, really minified.
const script = join(dist, 'cdn');
const small = await workerFile(script, 'flare-avatar-upload.worker', true);
const minified = (format, options) =>
  build({
    ...shared,
    plugins: [smallTemplates, withWorker(small, format === 'iife')],
    // A classic script knows its own address only while it is started.
    define: format === 'iife' ? { 'import.meta.url': 'flareScript' } : {},
    build: {
      ...output,
      outDir: script,
      minify: 'oxc',
      lib: {
        entry: 'src/define.ts',
        formats: [format],
        name: 'FlareAvatarUpload',
        fileName: () => (format === 'es' ? 'flare-avatar-upload.js' : 'flare-avatar-upload.iife.js'),
      },
      rolldownOptions: { ...options, output: { minify: true, comments: false, ...options.output } },
    },
  });
await minified('es', {
  // Chunks take what they share with the first file from it, so that there is one request before the first pick.
  preserveEntrySignatures: 'allow-extension',
  output: { chunkFileNames: 'flare-avatar-upload.[name]-[hash].js' },
});
await minified('iife', {
  output: {
    codeSplitting: false,
    intro: 'const flareScript = document.currentScript?.src || location.href;',
  },
});

const steps = [
  ['tsc', ['-p', 'tsconfig.build.json']],
  ['tsc', ['-p', 'server/tsconfig.build.json']],
  ['cem', ['analyze', '--litelement', '--globs', 'src/flare-avatar-upload.ts', '--outdir', 'dist', '--quiet']],
];
for (const [command, args] of steps) {
  const code = await run(command, args);
  if (code !== 0) process.exit(code);
}
cpSync(join(root, 'server', 'migrations'), join(dist, 'server', 'migrations'), { recursive: true });
