import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { type BuildFailure, build } from 'esbuild';
import { publint } from 'publint';
import { afterAll, describe, expect, it } from 'vitest';
import { fillIntegrity, hashContent } from '../../scripts/integrity.mjs';
import { root } from '../support/dev-server.js';
import { PackedPackage } from '../support/packed-package.js';

const packed = PackedPackage.create();
afterAll(() => packed.remove());

const modules = join(packed.folder, '..');
const manifest = JSON.parse(readFileSync(join(packed.folder, 'package.json'), 'utf8'));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const INSTALL_COMMAND = 'npm install hono jose aws4fetch valibot @valibot/to-json-schema';

describe('the published package', () => {
  it('has nothing that publint complains about', async () => {
    expect((await publint({ pkgDir: packed.folder, strict: true, pack: false })).messages).toEqual([]);
  });

  it('has types that TypeScript finds for every entry point, as ES modules', async () => {
    const tarball = new Uint8Array(readFileSync(packed.tarball));
    const result = await checkPackage(createPackageFromTarballData(tarball));
    if (!result.types) throw new Error('The package has no types.');
    // CommonJS modules import it with import(), and the resolution of Node 10 knows no `exports`.
    const isSupported = (problem: object) =>
      !('resolutionKind' in problem && /^(node10|node16-cjs)$/.test(String(problem.resolutionKind)));
    expect(result.problems.filter(isSupported)).toEqual([]);
  });
});

describe('the types of flare-avatar-upload/server and flare-avatar-upload/server/node', () => {
  /** Compiles a module strictly, libraries included, in a project for Node. Returns what the compiler complains about. */
  function compileForNode(code: string): string {
    const project = join(modules, '..', 'node-host');
    mkdirSync(project, { recursive: true });
    const compilerOptions = {
      target: 'ES2024',
      module: 'NodeNext',
      types: ['node'],
      strict: true,
      noEmit: true,
      skipLibCheck: false,
    };
    writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(project, 'host.ts'), code);
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    return spawnSync(process.execPath, [compiler, '-p', project], { encoding: 'utf8' }).stdout;
  }

  const host = (option: string) => `
    import { createAvatarApi, type AvatarEnv } from 'flare-avatar-upload/server';
    import { s3Bucket, sqliteDatabase } from 'flare-avatar-upload/server/node';
    const bucket = { endpoint: 'https://s3.test', bucket: 'a', accessKeyId: 'b', secretAccessKey: 'c' };
    export const env: AvatarEnv = { AVATARS: s3Bucket(bucket), DB: sqliteDatabase(':memory:') };
    export const api = createAvatarApi({ authenticate: () => ({ id: 'ada' }), ${option} });`;

  it('compile without the globals of Workers, and without skipLibCheck', () => {
    expect(compileForNode(host('maxBytes: 1'))).toBe('');
    expect(compileForNode(host('maxByte: 1'))).toMatch(/error TS(2353|2561|2769)/);
  });
});

describe('the dependencies of the back end', () => {
  const isolated = PackedPackage.create();
  afterAll(() => isolated.remove());
  const names = ['hono', 'jose', 'aws4fetch', 'valibot', '@valibot/to-json-schema'];

  it('are not installed with the element', () => {
    expect(Object.keys(manifest.dependencies)).toEqual(['@lit/react', 'lit']);
    const { peerDependencies, peerDependenciesMeta } = manifest;
    for (const name of names) expect(peerDependencies[name], name).toMatch(/^\^\d/);
    for (const name of Object.keys(peerDependencies))
      expect(peerDependenciesMeta[name], name).toEqual({ optional: true });
  });

  it('are named with the command that installs them, if they are missing', async () => {
    // Links to the installed packages, or to the folder of their scope.
    for (const name of names) unlinkSync(join(isolated.folder, '..', name.split('/')[0] ?? ''));
    const contents = "import { createAvatarApi } from 'flare-avatar-upload/server'; console.log(createAvatarApi);";
    const stdin = { contents, resolveDir: isolated.folder };
    const bundling = build({ stdin, bundle: true, format: 'esm', write: false, logLevel: 'silent' });
    const { errors }: BuildFailure = await bundling.then(
      () => Promise.reject(new Error('The bundle was built.')),
      (failure) => failure,
    );
    for (const name of names) {
      const error = errors.find(({ text }) => text.startsWith(`Could not resolve "${name}`));
      expect(error?.location?.lineText, name).toContain(INSTALL_COMMAND);
    }
  });
});

describe('README.md', () => {
  it('has only absolute links and pictures, which npm shows as well', () => {
    const targets = Array.from(readme.matchAll(/\]\(([^)]+)\)/g), ([, target]) => target);
    expect(targets.length).toBeGreaterThan(20);
    expect(targets.filter((target) => !target?.startsWith('https://'))).toEqual([]);
  });

  it('gets the version and the hashes of the CDN files when the package is packed', () => {
    const files = ['flare-avatar-upload.js', 'flare-avatar-upload.iife.js'];
    const read = (file: string) => readFileSync(join(packed.folder, 'dist', 'cdn', file));
    const page = fillIntegrity(readme, '9.8.7', read);
    for (const host of ['https://cdn.jsdelivr.net/npm', 'https://unpkg.com'])
      for (const file of files)
        expect(page).toContain(
          `src="${host}/flare-avatar-upload@9.8.7/dist/cdn/${file}" integrity="${hashContent(read(file))}" crossorigin`,
        );
    expect(manifest.scripts.prepack).toMatch(/ && node scripts\/integrity\.mjs$/);
  });
});
