import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packTarball } from '../support/example-project.js';
import { TYPED_APPS, type TypedApp } from '../support/typed-apps.js';

const folder = mkdtempSync(join(tmpdir(), 'flare-types-'));
let tarball: string;

beforeAll(async () => {
  tarball = await packTarball();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a command, and returns what it prints. */
function runTool([command, ...options]: readonly string[], cwd: string): string {
  const { error, stdout, stderr } = spawnSync(String(command), options, { cwd, encoding: 'utf8', env: cleanEnv });
  if (error) throw error;
  return stdout + stderr;
}

const cleanEnv = { ...process.env, NO_COLOR: '1', NODE_ENV: 'development', ASTRO_TELEMETRY_DISABLED: '1' };

/** Installs the tarball and the packages of an application. @returns its folder */
function installApp(name: string, { packages }: TypedApp): string {
  const app = join(folder, name.replaceAll(/\W+/g, '-'));
  mkdirSync(join(app, 'src'), { recursive: true });
  const dependencies = { ...packages, 'flare-avatar-upload': `file:${tarball}` };
  writeFileSync(join(app, 'package.json'), JSON.stringify({ private: true, type: 'module', dependencies }));
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--silent'];
  expect(runTool(['npm', 'install', ...options], app)).toBe('');
  return app;
}

const BASE_OPTIONS = {
  target: 'ES2022',
  lib: ['ES2022', 'DOM', 'DOM.Iterable'],
  module: 'ESNext',
  moduleResolution: 'Bundler',
  types: [],
  strict: true,
  noEmit: true,
  skipLibCheck: false,
};

/** Writes the file without mistakes, and one file with each mistake. @returns the names of the latter */
function writeFiles(app: string, { code, mistakes, extension, files = {}, compilerOptions }: TypedApp): string[] {
  const config = {
    compilerOptions: { ...BASE_OPTIONS, ...compilerOptions },
    vueCompilerOptions: { strictTemplates: true },
    angularCompilerOptions: { strictTemplates: true },
    include: ['src'],
  };
  writeFileSync(join(app, 'tsconfig.json'), JSON.stringify(config));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(app, 'src', name), text);
  writeFileSync(join(app, 'src', `Correct.${extension}`), code.trimStart());
  return mistakes.map(([correct, mistake], index) => {
    if (!code.includes(correct)) throw new Error(`The code does not contain ${correct}`);
    const name = `Mistake${index}.${extension}`;
    writeFileSync(join(app, 'src', name), code.trimStart().replace(correct, mistake));
    return name;
  });
}

/** The names of the files with errors, and the lines about files of installed packages. */
const listReports = (output: string): string[] =>
  [...new Set(output.match(/(Correct|Mistake)\d*\.\w+|.*node_modules.*/g))].sort();

describe('the types for frameworks report each mistake, and nothing else,', () => {
  it.each(Object.entries(TYPED_APPS))('in %s', (name, typedApp) => {
    const app = installApp(name, typedApp);
    const mistakes = writeFiles(app, typedApp).sort();
    for (const check of typedApp.checks) {
      const output = runTool(check, app);
      expect(listReports(output), output).toEqual(mistakes);
    }
    rmSync(app, { recursive: true });
  });
});
