import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { build as bundleWithVite, type Rolldown } from 'vite';
import { afterAll, describe, expect, it } from 'vitest';
import { root } from '../support/dev-server.js';
import { PackedPackage } from '../support/packed-package.js';
import { png } from '../support/pictures.js';
import sizes from './sizes.json' with { type: 'json' };
import workerSizes from './worker-size.json' with { type: 'json' };

const packed = PackedPackage.create();
afterAll(() => packed.remove());

/** Reads a file of the package. */
const read = (...path: string[]): string => readFileSync(join(packed.folder, ...path), 'utf8');
const readSource = (path: string): string => readFileSync(join(root, path), 'utf8');
const manifest = JSON.parse(read('package.json'));
const cdn = readdirSync(join(packed.folder, 'dist', 'cdn')).filter((file) => file !== 'locales');

/** Size in bytes, after gzip -9, of the CDN file whose name starts like this; NaN if there is none. */
function gzipped(name: string): number {
  const file = cdn.find((candidate) => candidate.startsWith(name));
  return file ? gzipSync(read('dist', 'cdn', file), { level: 9 }).length : Number.NaN;
}

/** What is loaded when the user points at the element, focuses it, or drags a file over it. */
const INTENT_CHUNKS = ['field-engine', 'run-upload', 'avatar-endpoint', 'error-sentences', 'csp-watcher'];

describe('the size', () => {
  const measured: Record<keyof typeof sizes, number> = {
    'before the first pick (Lit included)': gzipped('flare-avatar-upload.js'),
    'on the first sign of intent': INTENT_CHUNKS.reduce(
      (sum, name) => sum + gzipped(`flare-avatar-upload.${name}-`),
      0,
    ),
    'a picture: inspect, prepare and the worker':
      gzipped('flare-avatar-upload.image-') + gzipped('flare-avatar-upload.worker-'),
    'metadata removed from a file that is kept': gzipped('flare-avatar-upload.keep-picture-'),
    "what a file is that can't be stored": gzipped('flare-avatar-upload.inspect-other-'),
    'the editor': gzipped('flare-avatar-upload.editor-'),
    'the camera': gzipped('flare-avatar-upload.camera-'),
    'what the editor and the camera share': gzipped('flare-avatar-upload.modal-dialog-'),
    'what went wrong, for the developer': gzipped('flare-avatar-upload.diagnose-error-'),
    'the HEIC hook, without the decoder': gzipped('flare-avatar-upload-heic.js'),
    'everything in one file': gzipped('flare-avatar-upload.iife.js'),
  };
  it.each(Object.entries(measured))('%s: what test/package/sizes.json says', (name, bytes) => {
    const limit = sizes[name as keyof typeof sizes];
    expect(bytes, `"${name}" has grown to ${bytes} bytes: make it smaller, or raise the number`).toBeLessThanOrEqual(
      limit,
    );
    expect(bytes, `"${name}" has shrunk to ${bytes} bytes: lower the number`).toBeGreaterThan(limit - 100);
  });
});

describe('the reference Worker', () => {
  /** The JavaScript of the codecs, which the limit doesn't count; neither does it count their WASM. */
  async function measureCodecs(): Promise<number> {
    const files = [
      'jpeg/codec/dec/mozjpeg_dec',
      'jpeg/codec/enc/mozjpeg_enc',
      'webp/codec/dec/webp_dec',
      'webp/codec/enc/webp_enc_simd',
    ];
    const contents = files.map((file, i) => `export { default as codec${i} } from '@jsquash/${file}.js';`).join('\n');
    const stdin = { contents, resolveDir: root };
    const { outputFiles } = await build({ stdin, bundle: true, minify: true, format: 'esm', write: false });
    return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length;
  }

  it('is at most as large as test/package/worker-size.json says, without the codecs', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'flare-worker-'));
    const command = join(root, 'node_modules', 'wrangler', 'bin', 'wrangler.js');
    const args = [command, 'deploy', '--dry-run', '--outdir', folder];
    const env = { ...process.env, WRANGLER_SEND_METRICS: 'false' };
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', env });
    expect(status, stdout + stderr).toBe(0);
    const codecs = await measureCodecs();
    const bytes = gzipSync(readFileSync(join(folder, 'worker.js')), { level: 9 }).length - codecs;
    rmSync(folder, { recursive: true, force: true });
    const limit = workerSizes.maximum;
    expect(limit).toBeLessThanOrEqual(90 * 1024);
    expect(bytes, `The Worker has grown to ${bytes} bytes: make it smaller, or raise the number`).toBeLessThan(limit);
    expect(bytes, `The Worker has shrunk to ${bytes} bytes: lower the number`).toBeGreaterThan(limit - 8192);
  });
});

describe('the licenses', () => {
  /** The npm packages in a bundle of an entry point, found without the build's own plugin. */
  async function findBundledPackages(entry: string, external: string[]): Promise<string[]> {
    const options = {
      bundle: true,
      format: 'esm',
      write: false,
      metafile: true,
      outdir: 'out',
      logLevel: 'error',
    } as const;
    const { metafile } = await build({ ...options, absWorkingDir: root, entryPoints: [entry], external });
    const inputs = Object.values(metafile.outputs).flatMap((output) => Object.keys(output.inputs));
    const names = inputs.map((path) => /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
    return [...new Set(names.flat())].sort();
  }
  const notices = read('dist', 'cdn', 'LICENSES.txt');

  it('of all packages in dist/cdn are in dist/cdn/LICENSES.txt', async () => {
    const names = await findBundledPackages('src/define.ts', []);
    expect(names).toEqual(['@lit/reactive-element', 'lit', 'lit-element', 'lit-html']);
    for (const name of names) {
      const { version, license } = JSON.parse(readSource(`node_modules/${name}/package.json`));
      const text = readSource(`node_modules/${name}/LICENSE`).trim();
      expect(notices).toContain(`${name} ${version} (${license})\n\n${text}\n`);
    }
  });

  it('of the HEIC decoder, the LGPL, is there, too, and the decoder is a file of its own', () => {
    const { version } = JSON.parse(readSource('node_modules/heic-to/package.json'));
    expect(notices).toContain(`heic-to ${version} (LGPL-3.0)\n\n`);
    expect(notices).toContain('GNU LESSER GENERAL PUBLIC LICENSE');
    const large = cdn.filter((file) => read('dist', 'cdn', file).length > 1e6);
    expect(large).toEqual([expect.stringMatching(/^flare-avatar-upload\.heic-worker-\w+\.js$/)]);
  });

  it.each([
    'src/index.ts',
    'src/client.ts',
    'src/react.ts',
    'src/heic.ts',
    'server/index.ts',
    'server/variants/workerd.ts',
  ])('of no other package are needed for %s: dependencies stay imports', async (entry) => {
    const external = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
    expect(await findBundledPackages(entry, external)).toEqual([]);
  });

  it('of the packages in the command `init` are in dist/LICENSES.txt, and no others', async () => {
    const names = await findBundledPackages('init/run-init.mjs', ['node:*']);
    expect(names).toEqual(['@babel/parser', 'smol-toml']);
    const titles = read('dist', 'LICENSES.txt').match(/^(@?[\w/-]+) \d+\.\d+\.\d+ \([\w-]+\)$/gm);
    expect(titles?.map((title) => title.split(' ')[0])).toEqual(names);
  });
});

describe('the dependencies', () => {
  it.each(Object.entries<string>(manifest.dependencies))('%s is a range that a host can share: %s', (_, range) => {
    expect(range).toMatch(/^\^\d+\.\d+\.\d+$/);
  });

  it('are locked exactly', () => {
    const lock = JSON.parse(readSource('package-lock.json'));
    expect(lock.packages[''].dependencies).toEqual(manifest.dependencies);
    for (const name of Object.keys(manifest.dependencies)) {
      expect(lock.packages[`node_modules/${name}`].version).toMatch(/^\d+\.\d+\.\d+$/);
    }
  });
});

describe('the package', () => {
  const targets = (entry: unknown): string[] => (typeof entry === 'string' ? [entry] : Object.values(entry as object));
  const files = Object.values(manifest.exports).flatMap(targets).concat(manifest.unpkg, manifest.customElements);

  it.each(files.filter((file) => !file.includes('*')))('has %s', (file) => {
    expect(existsSync(join(packed.folder, file))).toBe(true);
  });

  it('contains the build and the documents that npm shows, and nothing else', () => {
    expect(readdirSync(packed.folder).sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'package.json']);
  });

  it('has an executable command that needs nothing but Node', () => {
    const [file = ''] = Object.values<string>(manifest.bin);
    const path = join(packed.folder, file);
    accessSync(path, constants.X_OK);
    const { stderr, status } = spawnSync(process.execPath, [path], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([2, expect.stringContaining('npx flare-avatar-upload check <base-url>')]);
    const mistake = spawnSync(process.execPath, [path, 'init', '--nope'], { encoding: 'utf8', cwd: packed.project });
    expect([mistake.status, mistake.stderr]).toEqual([2, expect.stringContaining('--nope')]);
    const code = read(file);
    expect(code.startsWith('#!/usr/bin/env node\n')).toBe(true);
    const imports = [...code.matchAll(/^import .* from ['"](.*)['"];$/gm)].map(([, from]) => from);
    expect(imports.length).toBeGreaterThan(0);
    expect(imports.filter((from) => !from?.startsWith('node:'))).toEqual([]);
    // Only `init` loads its parser.
    expect(code).not.toContain('ExportDefaultDeclaration');
    expect(read('dist', 'cli-init.js')).toContain('ExportDefaultDeclaration');
  });

  it('has a source map with the sources for each file that bundlers read', () => {
    const files = readdirSync(join(packed.folder, 'dist')).filter((file) => /\.js$/.test(file));
    // The command, the workers and the bundler's own helpers have none; an entry that only exports has no code.
    const isCode = (file: string) => !/^((import|export) .*\n?)*$/.test(read('dist', file));
    const mapped = files.filter((file) => !/^cli|-worker-|^rolldown-runtime-/.test(file) && isCode(file));
    expect(mapped.length).toBeGreaterThan(20);
    for (const file of mapped) {
      const { sources, sourcesContent, mappings } = JSON.parse(read('dist', `${file}.map`));
      const contents = sources.map((source: string) => /^\.\.\/(src|server)\/|^\0/.test(source));
      expect([file, contents.every(Boolean), sourcesContent.length]).toEqual([file, true, sources.length]);
      expect(mappings, file).not.toBe('');
    }
  });

  it('can be resolved by bundlers that ignore `exports`', () => {
    expect([manifest.main, manifest.types]).toEqual([manifest.exports['.'].default, manifest.exports['.'].types]);
  });

  it('marks the React wrapper as code for the browser', () => {
    expect(read('dist', 'react.js')).toMatch(/^"use client";\n/);
  });

  it('contains all migrations', () => {
    expect(readdirSync(join(packed.folder, 'dist/server/migrations'))).toEqual(
      readdirSync(join(root, 'server/migrations')),
    );
  });

  it('each entry point imports only its own dependencies', () => {
    const findImports = (file: string, seen = new Set<string>()): Set<string> => {
      for (const [, from = ''] of read('dist', file).matchAll(/^(?:import|export)\b[^;"]*"([^"]+)";/gm)) {
        if (seen.has(from)) continue;
        seen.add(from);
        if (from.startsWith('.')) findImports(from.slice(2), seen);
      }
      return seen;
    };
    const packagesOf = (file: string) => [...findImports(file)].filter((name) => !name.startsWith('.')).sort();
    expect(packagesOf('client.js')).toEqual([]);
    expect(packagesOf('element.js')).toEqual(['lit']);
    expect(packagesOf('heic.js')).toEqual([]);
    expect(packagesOf('index.js')).toEqual(['lit']);
    expect(packagesOf('react.js')).toEqual(['@lit/react', 'lit', 'react']);
    expect(packagesOf('server.js')).toEqual([
      '@valibot/to-json-schema',
      'aws4fetch',
      'hono',
      'hono/cookie',
      'hono/cors',
      'jose',
      'valibot',
    ]);
    expect(read('dist', 'element.js')).not.toContain('define.js');
  });

  it('describes every attribute, event, part, slot and state', () => {
    const { modules } = JSON.parse(read('dist', 'custom-elements.json'));
    const [element] = modules[0].declarations;
    const names = (list: { name: string }[]) => list.map(({ name }) => name).filter(Boolean);
    expect(element.tagName).toBe('flare-avatar-upload');
    expect(names(element.attributes)).toEqual(
      expect.arrayContaining(['presign-url', 'max-file-size', 'no-auto', 'disabled']),
    );
    expect(names(element.events)).toHaveLength(13);
    expect(names(element.cssParts)).toHaveLength(28);
    expect(names(element.slots)).toEqual(['placeholder', 'icon', 'hint']);
    expect(names(element.cssStates)).toHaveLength(17);
  });

  // Frameworks that render on a server import the element in Node.
  it.each<[string, Record<string, string>]>([
    ['flare-avatar-upload', { FlareAvatarUpload: 'function', uploadAvatar: 'function', registerLocale: 'function' }],
    ['flare-avatar-upload/element', { FlareAvatarUpload: 'function', registerLocale: 'function' }],
    ['flare-avatar-upload/client', { uploadAvatar: 'function', AvatarUploadError: 'function' }],
    ['flare-avatar-upload/heic', { decodeHeic: 'function' }],
    ['flare-avatar-upload/react', { AvatarUpload: 'object' }],
    [
      'flare-avatar-upload/server',
      { createAvatarApi: 'function', sweepAvatars: 'function', avatarService: 'function' },
    ],
    ['flare-avatar-upload/server/dev', { createDevRoutes: 'function', getDevUser: 'function' }],
    [
      'flare-avatar-upload/server/node',
      {
        d1Database: 'function',
        libsqlDatabase: 'function',
        migrateDatabase: 'function',
        s3Bucket: 'function',
        sqliteDatabase: 'function',
      },
    ],
    ['flare-avatar-upload/server/variants', { variants: 'function' }],
  ])('%s can be imported in Node, where there is no DOM', (entry, expected) => {
    const names = JSON.stringify(Object.keys(expected));
    const types = packed.runModule(`
      const entry = await import('${entry}');
      console.log(JSON.stringify(Object.fromEntries(${names}.map((name) => [name, typeof entry[name]]))));`);
    expect(JSON.parse(types)).toEqual(expected);
  });

  it('makes variants in Node, with the WASM of the installed packages', () => {
    const picture = Buffer.from(png({ width: 40, height: 20 })).toString('base64');
    const result = packed.runModule(`
      const { variants } = await import('flare-avatar-upload/server/variants');
      const bytes = new Uint8Array(Buffer.from('${picture}', 'base64'));
      const picture = { type: 'image/png', width: 40, height: 20, orientation: 1, frames: 1, bytes };
      const { copies } = await variants({ sizes: [16, 64] }).encodePicture(picture);
      console.log(copies.map(({ size, bytes }) => size + String.fromCharCode(...bytes.slice(8, 12))).join());`);
    expect(result.trim()).toBe('16WEBP');
  });

  it('the HEIC hook for <script> has the error class of the element', () => {
    const code = read('dist', 'cdn', 'flare-avatar-upload-heic.js');
    expect(code).toMatch(/^import\{AvatarUploadError as \w+\}from"\.\/flare-avatar-upload\.js";/);
    expect(code).toMatch(/export\{\w+ as decodeHeic\};?\s*$/);
  });

  it.each(['custom-elements.json', 'package.json', 'cdn/flare-avatar-upload.js'])('%s can be resolved', (path) => {
    const code = `console.log(import.meta.resolve('flare-avatar-upload/${path}'))`;
    expect(packed.runModule(code)).toMatch(/^file:.*flare-avatar-upload\//);
  });
});

describe('the languages', () => {
  const tags = readdirSync(join(root, 'src', 'locales')).map((file) => file.replace(/\.ts$/, ''));
  const files = tags.map((tag) => `${tag}.js`);

  it('are files of their own, in both folders, with nothing but their texts', () => {
    expect(files).toContain('de.js');
    for (const folder of ['locales', 'cdn/locales']) {
      const built = readdirSync(join(packed.folder, 'dist', folder)).filter((file) => !file.endsWith('.map'));
      expect(built.sort()).toEqual(files.sort());
      for (const file of files)
        expect(read('dist', folder, file)).not.toMatch(/^import\b|\bimport\s*\(|\bfrom\s*["'`]/m);
    }
  });

  it('can be imported one by one, with types', () => {
    const code = `const { default: de } = await import('flare-avatar-upload/locales/de'); console.log(de.cancel)`;
    expect(packed.runModule(code).trim()).toBe('Abbrechen');
    expect(read('dist/types/src/locales/de.d.ts')).toContain('LocaleMessages');
  });

  it.each(tags)('contain %s at most once, 3 kB with gzip', (tag) => {
    expect(gzipSync(read('dist', 'cdn', 'locales', `${tag}.js`), { level: 9 }).length).toBeLessThan(3072);
  });

  it('need less than 1.2 kB besides their texts', () => {
    expect(gzipped('flare-avatar-upload.load-locale-')).toBeLessThan(1200);
  });

  it('are documented', () => {
    const page = readSource('docs/languages.md');
    for (const tag of tags) expect(page).toContain(`| \`${tag}\` |`);
  });

  it.each(['flare-avatar-upload', 'flare-avatar-upload/element', 'flare-avatar-upload/react'])(
    'stay separate files when esbuild bundles %s',
    async (entry) => {
      const options = { bundle: true, splitting: true, format: 'esm', write: false, outdir: 'out' } as const;
      const stdin = { contents: `export * from '${entry}'`, resolveDir: packed.folder };
      const { outputFiles } = await build({ ...options, stdin, absWorkingDir: packed.folder });
      const german = outputFiles.filter(({ text }) => text.includes('Abbrechen'));
      expect(german).toHaveLength(1);
      expect(german[0]?.path).toMatch(/\/de-\w+\.js$/);
    },
  );

  it('stay separate files when Vite bundles the element', async () => {
    const { output } = (await bundleWithVite({
      configFile: false,
      logLevel: 'silent',
      root: packed.folder,
      build: { write: false, rolldownOptions: { input: join(packed.folder, 'dist', 'index.js') } },
    })) as Rolldown.RolldownOutput;
    const german = output.filter((chunk) => chunk.type === 'chunk' && chunk.code.includes('Abbrechen'));
    expect(german.map((chunk) => chunk.type === 'chunk' && chunk.isDynamicEntry)).toEqual([true]);
  });

  it('are imported from the folder of the classic script, and are not part of it', () => {
    const code = read('dist', 'cdn', 'flare-avatar-upload.iife.js');
    expect(code.includes('Abbrechen')).toBe(false);
    expect(/import\(new URL\(`locales\/`/.test(code)).toBe(true);
  });
});

describe('a deployment', () => {
  it('contains no settings of the local development', () => {
    const config = readSource('wrangler.jsonc');
    expect(config).not.toMatch(/"LOCAL_DEV"|_SECRET"|_KEY_ID"/);
    expect(readSource('vite.config.ts')).toContain("command !== 'serve'");
  });
  it('keeps the local database when the id of the remote one is filled in', () => {
    expect(readSource('wrangler.jsonc')).toMatch(/"preview_database_id": "[\d-]{36}"/);
  });
});
