/** `npm run build`: the publishable package in dist/. */
import { cpSync, readFileSync, rmSync } from 'node:fs';
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

/** Bundlers leave text in template literals alone: what is styles and markup there is made small here. */
const smallTemplates = {
  name: 'small-templates',
  enforce: 'pre',
  async transform(code, id) {
    if (!id.endsWith('.styles.ts')) return null;
    const [whole, text] = /css`([^`]*)`/.exec(code);
    const { code: small } = await transform(text, { loader: 'css', minify: true, target: 'esnext' });
    return code.replace(whole, () => `css\`${small.trim()}\``);
  },
};
const smallMarkup = {
  name: 'small-markup',
  // In minified code only template literals hold line breaks.
  generateBundle: (_, bundle) => {
    for (const chunk of Object.values(bundle)) if (chunk.code) chunk.code = chunk.code.replace(/\s*\n\s*/g, ' ');
  },
};

const shared = {
  configFile: false,
  root,
  logLevel: 'warn',
  plugins: [smallTemplates],
};
const output = { outDir: dist, emptyOutDir: false, target: 'es2022', copyPublicDir: false, minify: false };

// For bundlers: what the package depends on stays outside.
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const outside = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)];
await build({
  ...shared,
  build: {
    ...output,
    lib: {
      entry: {
        index: 'src/index.ts',
        define: 'src/define.ts',
        element: 'src/element.ts',
        client: 'src/client.ts',
        react: 'src/react.ts',
        server: 'server/api.ts',
      },
      formats: ['es'],
    },
    rolldownOptions: { external: (id) => outside.some((name) => id === name || id.startsWith(`${name}/`)) },
  },
});

// For <script>: everything inside, really minified.
const minified = (format, options) =>
  build({
    ...shared,
    plugins: [smallTemplates, smallMarkup],
    build: {
      ...output,
      outDir: join(dist, 'cdn'),
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
await minified('iife', { output: { codeSplitting: false } });

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
