import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { createServer } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Files, HELLO_WORLD, HONO_STARTER } from '../init/project.js';
import { connectBrowser, openPage, pickFile, toFile, waitForEnd } from '../support/browser.js';
import { parseResults } from '../support/commands.js';
import { root } from '../support/dev-server.js';
import { findFreePort } from '../support/free-port.js';
import { PackedPackage } from '../support/packed-package.js';
import { png } from '../support/pictures.js';

const tool = (...path: string[]): string => join(root, 'node_modules', ...path);
const WRANGLER = tool('wrangler', 'bin', 'wrangler.js');

/** The Hono starter with the Vite plugin of Cloudflare. */
const VITE: Files = {
  ...HONO_STARTER,
  'vite.config.ts': `import { cloudflare } from '@cloudflare/vite-plugin'
import { defineConfig } from 'vite'

export default defineConfig({ plugins: [cloudflare({ inspectorPort: false })] })
`,
};

/** A Worker in JavaScript with a TOML configuration, a database and a cron job of its own. */
const GROWN: Files = {
  'package.json': '{ "name": "grown", "dependencies": { "hono": "^4.0.0" } }\n',
  'wrangler.toml': `name = "grown" # mine
main = "src/worker.js"
compatibility_date = "2026-01-01"

[vars]
GREETING = "Hello"

[[d1_databases]]
binding = "DB"
database_name = "grown"
database_id = "11111111-2222-3333-4444-555555555555"

[triggers]
crons = ["*/5 * * * *"]
`,
  '.dev.vars': 'TOKEN=secret\n',
  'migrations/0001_notes.sql': 'CREATE TABLE notes (text TEXT);',
  'src/worker.js': `const worker = {
  async fetch(request, env) {
    if (new URL(request.url).pathname !== '/') return new Response(await request.text(), { status: 404 })
    return new Response(env.GREETING + env.TOKEN)
  },
  async scheduled(event) {
    console.log('own cron job: ' + event.cron)
  },
}

export default worker
`,
};

let packed: PackedPackage;
beforeAll(() => {
  packed = PackedPackage.create();
  // Everything is installed already.
  const npm = join(packed.project, 'bin', 'npm');
  mkdirSync(dirname(npm));
  writeFileSync(npm, '#!/bin/sh\nexit 0\n');
  chmodSync(npm, 0o755);
});
afterAll(() => packed.remove());

/** A running command. */
class Command {
  output = '';
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;

  constructor(folder: string, args: string[], env: Record<string, string> = {}) {
    const path = `${join(packed.project, 'bin')}${delimiter}${process.env.PATH}`;
    const settings = {
      PATH: path,
      CI: 'true',
      WRANGLER_SEND_METRICS: 'false',
      CLOUDFLARE_CF_FETCH_ENABLED: 'false',
      NO_COLOR: '1',
    };
    this.#child = spawn(process.execPath, args, { cwd: folder, env: { ...process.env, ...settings, ...env } });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk) => {
        this.output += chunk;
      });
    }
    this.ended = new Promise((resolve) => this.#child.on('close', resolve));
  }

  /** Resolves with the address that the server prints. */
  async waitForOrigin(): Promise<string> {
    for (;;) {
      const [, port] = /(?:Ready on|Local:)\s+http:\/\/localhost:(\d+)/.exec(this.output) ?? [];
      if (port) return `http://localhost:${port}`;
      const isEnded = await Promise.race([
        this.ended,
        new Promise((resolve) => this.#child.stdout?.once('data', () => resolve('data'))),
      ]);
      if (isEnded !== 'data') throw new Error(`The server exited:\n${this.output}`);
    }
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.ended;
  }
}

function createProject(name: string, files: Files): string {
  const folder = join(packed.project, name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/** All files of a project but those of its tools. */
function readProject(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.wrangler|node_modules/.test(entry.parentPath))
    .map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(names.sort().map((name) => [name, readFileSync(name, 'utf8')]));
}

async function runCommand(folder: string, args: string[], env: Record<string, string> = {}) {
  const command = new Command(folder, args, env);
  return { code: await command.ended, output: command.output };
}

const init = (folder: string, ...options: string[]) =>
  runCommand(folder, [join(packed.folder, 'dist', 'cli.js'), 'init', ...options]);

async function signIn(origin: string): Promise<string> {
  const response = await fetch(`${origin}/api/dev/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"user":"check"}',
  });
  expect(response.status).toBe(200);
  return response.headers.get('set-cookie')?.split(';')[0] ?? '';
}

/** Uploads a picture on the example page, then loads the page again. Resolves with the width of the picture shown. */
async function uploadPicture(origin: string): Promise<number> {
  const browser = await connectBrowser();
  const page = await openPage(browser);
  const warnings: string[] = [];
  page.on('console', (message) => message.type() === 'warning' && warnings.push(message.text()));
  await page.goto(`${origin}/avatar.html`);
  await page.waitForFunction(() => customElements.get('flare-avatar-upload'));
  await pickFile(page, toFile(png({ width: 40, height: 30 })));
  expect(await waitForEnd(page)).toBe('success');
  await page.reload();
  const width = await page.waitForFunction(() => {
    const image = document.querySelector('flare-avatar-upload')?.shadowRoot?.querySelector('img');
    return image?.complete && image.naturalWidth;
  });
  const value = Number(await width.jsonValue());
  expect(warnings).toEqual([]);
  await browser.close();
  return value;
}

describe.each<[string, Files, string[], string]>([
  ['hono', HONO_STARTER, [WRANGLER, 'dev', '--port', '0'], 'Hello Hono!'],
  ['plain', HELLO_WORLD, [WRANGLER, 'dev', '--port', '0'], 'Hello World!'],
  ['vite', VITE, [tool('vite', 'bin', 'vite.js'), '--port', '5510'], 'Hello Hono!'],
  ['grown', GROWN, [WRANGLER, 'dev', '--port', '0'], 'Hellosecret'],
])('init in the project %s', (name, files, start, greeting) => {
  let folder: string;
  beforeAll(() => {
    folder = createProject(name, files);
  });

  it('with --dry-run, changes nothing', async () => {
    const before = readProject(folder);
    const { code, output } = await init(folder, '--dry-run');
    expect([code, readProject(folder)], output).toEqual([0, before]);
  });

  it('makes the Worker serve the avatar API, to which the example page uploads, and which is conformant', async () => {
    const { code, output } = await init(folder);
    expect(code, output).toBe(0);
    const server = new Command(folder, start);
    try {
      const origin = await server.waitForOrigin();
      const cookie = await signIn(origin);
      const check = await runCommand(folder, [join(packed.folder, 'dist', 'cli.js'), 'check', origin], {
        FLARE_HEADERS: `cookie: ${cookie}`,
      });
      const { failed, missing, skipped } = parseResults(check.output);
      expect([check.code, failed, missing, skipped], check.output).toEqual([0, [], [], []]);
      expect(await (await fetch(origin)).text()).toBe(greeting);
      expect(await uploadPicture(origin)).toBeGreaterThan(0);
    } finally {
      await server.stop();
    }
  });

  it('has created the tables of the local database as Wrangler does', async () => {
    const { code, output } = await runCommand(folder, [WRANGLER, 'd1', 'migrations', 'list', 'DB', '--local']);
    expect(code, output).toBe(0);
    expect(output).not.toContain('flare_avatar');
  });

  it('changes nothing when it runs again', async () => {
    const before = readProject(folder);
    const { code, output } = await init(folder);
    expect([code, output, readProject(folder)]).toEqual([0, expect.stringContaining('Nothing to change'), before]);
  });

  it('writes modules that the compiler accepts', () => {
    if (name === 'grown') return;
    const modules = Object.fromEntries(
      ['avatars.ts', 'index.ts'].map((file) => [file, readFileSync(join(folder, 'src', file), 'utf8')]),
    );
    const env = 'interface Env {}\n';
    expect(packed.compileModules({ ...modules, 'env.d.ts': env })).toBe('');
  });
});

/** A dev server that passes the API on, as docs/local-development.md says. */
async function startProxy(target: string, port: number, changeOrigin: boolean) {
  const proxy = {
    '/api': { target, changeOrigin },
    ...(!changeOrigin && { '/cdn-cgi/local': { target, changeOrigin } }),
  };
  // The page is that of the example.
  const publicDir = join(packed.project, 'hono', 'public');
  const server = await createServer({
    configFile: false,
    root: packed.project,
    publicDir,
    logLevel: 'error',
    server: { port, strictPort: true, proxy },
  });
  return server.listen();
}

it.each([
  ['keeps the Host', false],
  ['replaces the Host, with TRUSTED_ORIGINS', true],
])('the example page uploads behind another dev server that %s', async (_, changeOrigin) => {
  const port = await findFreePort();
  const trusted = changeOrigin ? ['--var', `TRUSTED_ORIGINS:http://localhost:${port}`] : [];
  const worker = new Command(join(packed.project, 'hono'), [WRANGLER, 'dev', '--port', '0', ...trusted]);
  try {
    const proxy = await startProxy(await worker.waitForOrigin(), port, changeOrigin);
    expect(await uploadPicture(`http://localhost:${port}`)).toBeGreaterThan(0);
    await proxy.close();
  } finally {
    await worker.stop();
  }
});

it("init keeps a Worker's own cron job apart from the sweep", async () => {
  const folder = join(packed.project, 'crons');
  cpSync(join(packed.project, 'grown'), folder, { recursive: true });
  const server = new Command(folder, [WRANGLER, 'dev', '--port', '0', '--test-scheduled']);
  try {
    const origin = await server.waitForOrigin();
    const run = (cron: string) => fetch(`${origin}/cdn-cgi/handler/scheduled?cron=${encodeURIComponent(cron)}`);
    expect([(await run('2-57/5 * * * *')).status, (await run('*/5 * * * *')).status]).toEqual([200, 200]);
    // The output of the second is there when a request after it was answered.
    await fetch(origin);
  } finally {
    await server.stop();
  }
  expect(server.output).toContain('"event":"sweep"');
  expect(server.output.match(/own cron job: .*/g)).toEqual(['own cron job: */5 * * * *']);
});
