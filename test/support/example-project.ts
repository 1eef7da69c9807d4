import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Route } from 'playwright-core';
import { root } from './dev-server.js';
import { runCommand, ServerCommand } from './run-command.js';

/**
 * Folder of the installed examples, outside of this repository, so that they find no packages of it. It is kept
 * between runs: what npm has installed is installed again only if the dependencies have changed.
 */
const cache = join(tmpdir(), `flare-examples-${createHash('sha256').update(root).digest('hex').slice(0, 8)}`);

/** A path on the CDN: package, version, file. */
const PACKAGE_FILE = /^(.+)@([^/]+)\/(.+)$/;

/** Folders in node_modules in which dev servers keep the packages that they have bundled. */
const CACHE_FOLDER = /^\.(vite|cache|astro)/;

const readJson = (...path: string[]) => JSON.parse(readFileSync(join(...path), 'utf8'));

/** Packs dist/, which must be built. @returns the path of the tarball */
export async function packTarball(): Promise<string> {
  mkdirSync(cache, { recursive: true });
  // Without scripts: `prepack` would build the package again.
  await runCommand('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', cache], root);
  const { name, version } = readJson(root, 'package.json');
  return join(cache, `${name}-${version}.tgz`);
}

/** An example, installed as its users install it. */
export class ExampleProject {
  readonly folder: string;

  /** @param source - folder with the files of the application */
  constructor(
    readonly name: string,
    readonly source = join(root, 'examples', name),
  ) {
    this.folder = join(cache, name);
  }

  /** Copies the example, and installs the packages that it needs, with the tarball as `flare-avatar-upload`. */
  async install(tarball: string): Promise<void> {
    mkdirSync(this.folder, { recursive: true });
    for (const file of readdirSync(this.folder)) {
      if (file !== 'node_modules') rmSync(join(this.folder, file), { recursive: true });
    }
    cpSync(this.source, this.folder, { recursive: true, filter: isSource });
    const manifest = readJson(this.folder, 'package.json');
    manifest.dependencies['flare-avatar-upload'] = `file:${tarball}`;
    const text = JSON.stringify(manifest, null, 2);
    writeFileSync(join(this.folder, 'package.json'), text);
    const { dependencies, peerDependencies } = readJson(root, 'package.json');
    await this.#installPackages(tarball, `${text}\n${JSON.stringify({ dependencies, peerDependencies })}`);
  }

  /** @param dependencies - what the installed packages depend on */
  async #installPackages(tarball: string, dependencies: string): Promise<void> {
    const stamp = join(this.folder, 'node_modules', '.installed-for');
    const packed = join(this.folder, 'node_modules', 'flare-avatar-upload');
    if (existsSync(stamp) && readFileSync(stamp, 'utf8') === dependencies) {
      rmSync(packed, { recursive: true, force: true });
      mkdirSync(packed);
      await runCommand('tar', ['-xzf', tarball, '--strip-components=1', '-C', packed], this.folder);
      return;
    }
    rmSync(join(this.folder, 'node_modules'), { recursive: true, force: true });
    const options = ['--no-package-lock', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
    await runCommand('npm', ['install', ...options], this.folder);
    writeFileSync(stamp, dependencies);
  }

  hasScript(script: string): boolean {
    return script in (readJson(this.folder, 'package.json').scripts ?? {});
  }

  /** Runs a script of the example. Throws with its output if it fails. */
  async runScript(script: string, env: Record<string, string> = {}): Promise<void> {
    await runCommand('npm', ['run', '--silent', script], this.folder, env);
  }

  /** Starts a script that serves the example on the port in `PORT`. Resolves when it answers. */
  async startServer(script: string, port: number, env: Record<string, string>): Promise<ServerCommand> {
    return this.#serve(['run', '--silent', script], port, env);
  }

  /** Starts the dev server, which has served nothing before. Resolves when it answers. */
  async startDevServer(port: number, env: Record<string, string>): Promise<ServerCommand> {
    const modules = join(this.folder, 'node_modules');
    for (const name of readdirSync(modules)) {
      if (CACHE_FOLDER.test(name)) rmSync(join(modules, name), { recursive: true });
    }
    return this.#serve(['run', '--silent', 'dev', '--', '--port', String(port)], port, env);
  }

  #serve(args: string[], port: number, env: Record<string, string>): Promise<ServerCommand> {
    const options = { cwd: this.folder, env: { PORT: String(port), ...env } };
    return ServerCommand.start('npm', args, options, `http://localhost:${port}`);
  }

  /** Answers a request to a CDN with the file of the installed package, if that has the version in the address. */
  serveFromCdn(route: Route, cdn: string): Promise<void> {
    const [, name = '', version, path = ''] = PACKAGE_FILE.exec(route.request().url().slice(cdn.length)) ?? [];
    const headers = { 'access-control-allow-origin': '*' };
    if (this.versionOf(name) !== version) return route.fulfill({ status: 404, headers });
    return route.fulfill({ path: join(this.folder, 'node_modules', name, path), headers });
  }

  /** Version of a package that the example has installed. */
  versionOf(name: string): string {
    return readJson(this.folder, 'node_modules', name, 'package.json').version;
  }
}

const isSource = (path: string): boolean =>
  !/[\\/](node_modules|dist|\.next|\.nuxt|\.output|\.svelte-kit|\.astro|\.angular)$/.test(path);
