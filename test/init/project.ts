import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { format } from 'node:util';
import { vi } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Imports a module of the command, which is JavaScript. */
export const importModule = (name: string) => import(pathToFileURL(join(root, 'init', name)).href);

const temporary: string[] = [];

export function removeProjects(): void {
  for (const folder of temporary.splice(0)) rmSync(folder, { recursive: true, force: true });
}

function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'flare-init-'));
  temporary.push(folder);
  return folder;
}

/** A package as it is installed: what the command reads of it. */
function createPackage(): string {
  const folder = createFolder();
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'));
  mkdirSync(join(folder, 'dist', 'cdn'), { recursive: true });
  writeFileSync(join(folder, 'dist', 'cdn', 'flare-avatar-upload.iife.js'), 'customElements;\n');
  writeFileSync(join(folder, 'dist', 'cdn', 'flare-avatar-upload.worker-1234abcd.js'), 'onmessage;\n');
  writeFileSync(join(folder, 'dist', 'cdn', 'LICENSES.txt'), 'Lit\n');
  const migrations = join(folder, 'dist', 'server', 'migrations');
  mkdirSync(migrations, { recursive: true });
  for (const name of readdirSync(join(root, 'server', 'migrations'))) {
    copyFileSync(join(root, 'server', 'migrations', name), join(migrations, name));
  }
  return folder;
}

export type Files = Readonly<Record<string, string>>;

/** The project that `npm create hono` makes for Workers. */
export const HONO_STARTER: Files = {
  'package.json': '{\n  "type": "module",\n  "dependencies": {\n    "hono": "^4.13.3"\n  }\n}\n',
  'wrangler.jsonc': `{
  "$schema": "node_modules/wrangler/config-schema.json",
  "name": "my-app",
  "main": "src/index.ts",
  "compatibility_date": "2025-08-03"
  // "vars": {
  //   "MY_VAR": "my-variable"
  // },
}`,
  '.gitignore': '# deps\nnode_modules/\n.wrangler\n\n# env\n.dev.vars\n',
  'src/index.ts': `import { Hono } from 'hono'

const app = new Hono()

app.get('/', (c) => {
  return c.text('Hello Hono!')
})

export default app
`,
};

/** The "Hello World" Worker that `npm create cloudflare` makes. */
export const HELLO_WORLD: Files = {
  'package.json': '{\n\t"name": "hello",\n\t"devDependencies": {\n\t\t"wrangler": "^4"\n\t}\n}\n',
  'wrangler.jsonc': `{
	"name": "hello",
	"main": "src/index.ts",
	"compatibility_date": "2026-01-01",
	"observability": {
		"enabled": true,
	},
}
`,
  'src/index.ts': `/**
 * Welcome to Cloudflare Workers! This is your first worker.
 */

export default {
	async fetch(request, env, ctx): Promise<Response> {
		return new Response("Hello World!");
	},
} satisfies ExportedHandler<Env>;
`,
};

/** A project in a temporary folder, in which the command runs. */
export class Project {
  readonly folder = createFolder();
  readonly #packageFolder = createPackage();
  /** Package managers that were run. */
  readonly installs: string[] = [];

  constructor(files: Files) {
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  write(name: string, text: string): void {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  read(name: string): string {
    return readFileSync(join(this.folder, name), 'utf8');
  }

  /** All files, by their names. */
  readAll(): Record<string, string> {
    const entries = readdirSync(this.folder, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    const names = entries.map(({ parentPath, name }) => join(parentPath, name).slice(this.folder.length + 1));
    return Object.fromEntries(names.sort().map((name) => [name, this.read(name)]));
  }

  /** Runs `init`. Resolves with the exit code and everything that was printed. */
  async init(options: { isDryRun?: boolean; canInstall?: boolean } = {}): Promise<{ code: number; output: string }> {
    const { isDryRun = false, canInstall = true } = options;
    const { runInit } = await importModule('run-init.mjs');
    let output = '';
    const print = (...values: unknown[]) => {
      output += `${format(...values)}\n`;
    };
    const spies = (['log', 'error'] as const).map((name) => vi.spyOn(console, name).mockImplementation(print));
    const install = (manager: string) => {
      this.installs.push(manager);
      return canInstall;
    };
    try {
      const code = runInit({ folder: this.folder, packageFolder: this.#packageFolder, isDryRun, install });
      return { code, output };
    } finally {
      for (const spy of spies) spy.mockRestore();
    }
  }
}
