import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { installPackages, isInstalled } from '../../scripts/setup.mjs';

const project = mkdtempSync(join(tmpdir(), 'flare-setup-'));
// Each test finds the packages that the one before it has installed.
const lockFile = join(project, 'package-lock.json');

beforeAll(() => {
  const dependency = join(project, 'dependency');
  mkdirSync(dependency);
  writeFileSync(join(dependency, 'package.json'), '{"name":"dependency","version":"1.0.0"}');
  runNpm('pack', './dependency');
  writeFileSync(join(project, 'package.json'), '{"devDependencies":{"dependency":"file:dependency-1.0.0.tgz"}}');
  runNpm('install', '--package-lock-only');
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

function runNpm(...args: string[]): void {
  const options = ['--offline', '--no-audit', '--no-fund', '--no-update-notifier'];
  const { status, stderr } = spawnSync('npm', [...args, ...options], { cwd: project, encoding: 'utf8' });
  expect(status, stderr).toBe(0);
}

it('a script that runs after npm ci does not install the packages again', () => {
  expect(isInstalled(project)).toBe(false);
  runNpm('ci');
  expect(isInstalled(project)).toBe(true);
  // npm ci would delete this file.
  const file = join(project, 'node_modules', 'kept');
  writeFileSync(file, 'yes');
  installPackages(project);
  expect(readFileSync(file, 'utf8')).toBe('yes');
});

it.each([
  ['has another version of a package', (lock: string) => lock.replaceAll('"version": "1.0.0"', '"version": "1.0.1"')],
  ['has another digest', (lock: string) => lock.replace('"sha512-', '"sha512-A')],
  [
    'has one more package',
    (lock: string) => lock.replace('"packages": {', '"packages": {"node_modules/more": {"version": "1.0.0"},'),
  ],
])('a script installs the packages if the lock file %s', (_, change) => {
  const lock = readFileSync(lockFile, 'utf8');
  writeFileSync(lockFile, change(lock));
  expect([change(lock) === lock, isInstalled(project)]).toEqual([false, false]);
  writeFileSync(lockFile, lock);
  expect(isInstalled(project)).toBe(true);
});

it('a script installs nothing if only a package of another platform is missing', () => {
  const more = '"packages": {"node_modules/other": {"version": "1.0.0", "optional": true},';
  const lock = readFileSync(lockFile, 'utf8');
  writeFileSync(lockFile, lock.replace('"packages": {', more));
  expect(isInstalled(project)).toBe(true);
  writeFileSync(lockFile, lock);
});

it('a script installs the packages if npm ci left out those for development', () => {
  runNpm('ci', '--omit=dev');
  expect(isInstalled(project)).toBe(false);
});
