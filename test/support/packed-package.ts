import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './dev-server.js';

/** The tarball that `npm publish` would upload; undefined until it is needed. */
let packed: string | undefined;

/** Packs dist/, once for all tests of a process. */
function packOnce(): string {
  if (packed) return packed;
  const folder = mkdtempSync(join(tmpdir(), 'flare-tarball-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  // Without scripts: `prepack` would build the package again.
  const name = run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], root);
  packed = join(folder, name.trim());
  return packed;
}

/** The package as `npm publish` would upload it, unpacked into the `node_modules` of an empty project. */
export class PackedPackage {
  private constructor(
    /** Folder of the project. */
    readonly project: string,
    /** Folder of the package. */
    readonly folder: string,
    readonly tarball: string,
  ) {}

  /** Unpacks what dist/, which must be built, is packed as. The project gets the dependencies that are installed here. */
  static create(): PackedPackage {
    const project = mkdtempSync(join(tmpdir(), 'flare-package-'));
    const modules = join(project, 'node_modules');
    mkdirSync(modules);
    const tarball = packOnce();
    run('tar', ['-xzf', tarball, '-C', modules], project);
    const folder = join(modules, 'flare-avatar-upload');
    renameSync(join(modules, 'package'), folder);
    for (const name of readdirSync(join(root, 'node_modules'))) {
      if (!name.startsWith('.')) symlinkSync(join(root, 'node_modules', name), join(modules, name));
    }
    return new PackedPackage(project, folder, tarball);
  }

  /** Runs a module in the project, with the Node of the tests. Returns what it prints; throws if it fails. */
  runModule(code: string): string {
    return run(process.execPath, ['--input-type=module', '--eval', code], this.project);
  }

  /**
   * Compiles TypeScript modules in the project, as a host application does.
   * Returns what the compiler complains about.
   *
   * @param types - package with the global types of the application's runtime
   */
  compileModules(modules: Readonly<Record<string, string>>, types = '@cloudflare/workers-types'): string {
    const folder = mkdtempSync(join(this.project, 'host-'));
    for (const [name, code] of Object.entries(modules)) writeFileSync(join(folder, name), code);
    const compilerOptions = {
      target: 'ES2022',
      lib: ['ES2022'],
      module: 'ESNext',
      moduleResolution: 'Bundler',
      types: [types],
      jsx: 'react-jsx',
      strict: true,
      noEmit: true,
      skipLibCheck: true,
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['.'] }));
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    return spawnSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' }).stdout;
  }

  remove(): void {
    rmSync(this.project, { recursive: true, force: true });
  }
}

/** Returns what the command prints. Throws if it fails, or if it prints a warning. */
function run(command: string, args: string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0 || stderr) throw new Error(`${command} ${args.join(' ')} failed:\n${stderr || stdout}`);
  return stdout;
}
