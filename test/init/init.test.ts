import { afterAll, describe, expect, it } from 'vitest';
import { HELLO_WORLD, HONO_STARTER, importModule, Project, removeProjects } from './project.js';

const { parseJsonc } = await importModule('json-config.mjs');

afterAll(removeProjects);

const readConfig = (project: Project, name = 'wrangler.jsonc') => parseJsonc(project.read(name));

/** A file of a project, changed. */
const change = (files: Readonly<Record<string, string>>, name: string, edit: (text: string) => string) => {
  const text = files[name] ?? '';
  expect(edit(text)).not.toBe(text);
  return { ...files, [name]: edit(text) };
};

const withConfig = (more: string, files = HONO_STARTER) =>
  change(files, 'wrangler.jsonc', (text) => text.replace(/("main": "[^"]*",)/, `$1\n  ${more},`));

describe('in the Hono starter', () => {
  it('adds everything, says what, and installs the packages', async () => {
    const project = new Project(HONO_STARTER);
    const { code, output } = await project.init();
    expect(code, output).toBe(0);
    expect(readConfig(project)).toEqual({
      $schema: 'node_modules/wrangler/config-schema.json',
      name: 'my-app',
      main: 'src/index.ts',
      compatibility_date: '2025-08-03',
      r2_buckets: [
        {
          binding: 'AVATARS',
          bucket_name: 'my-app-avatars',
          local_dev: {
            experimental_s3_credentials: { accessKeyId: 'local-access-key', secretAccessKey: 'local-secret-key' },
          },
        },
      ],
      d1_databases: [{ binding: 'DB', database_name: 'my-app-avatars', migrations_dir: 'migrations' }],
      vars: { R2_ENDPOINT: '', R2_BUCKET: 'my-app-avatars' },
      triggers: { crons: ['*/5 * * * *'] },
      assets: { directory: './public' },
    });
    expect(project.read('wrangler.jsonc')).toContain('  // "vars": {\n  //   "MY_VAR": "my-variable"\n');
    expect(Object.keys(project.readAll())).toEqual([
      '.dev.vars',
      '.gitignore',
      'migrations/0001_flare_avatar.sql',
      'package.json',
      'public/avatar.html',
      'public/flare-avatar-upload.LICENSES.txt',
      'public/flare-avatar-upload.js',
      'public/flare-avatar-upload.worker-1234abcd.js',
      'src/avatars.ts',
      'src/index.ts',
      'wrangler.jsonc',
    ]);
    expect(project.read('src/avatars.ts')).toContain("createDevRoutes({ migrations: ['0001_flare_avatar.sql'] })");
    expect(project.read('src/index.ts')).toContain("app.route('/api', avatarApi)\n");
    expect(Object.keys(JSON.parse(project.read('package.json')).dependencies)).toEqual(
      expect.arrayContaining([
        'hono',
        'jose',
        'aws4fetch',
        'valibot',
        '@valibot/to-json-schema',
        'flare-avatar-upload',
      ]),
    );
    for (const name of Object.keys(project.readAll())) if (name !== '.gitignore') expect(output).toContain(name);
    expect(output).toContain("+app.route('/api', avatarApi)");
    expect(output).toContain('npx wrangler dev');
    expect(project.installs).toEqual(['npm']);
  });

  it('changes nothing when it runs again', async () => {
    const project = new Project(HONO_STARTER);
    await project.init();
    const before = project.readAll();
    const { code, output } = await project.init();
    expect([code, output]).toEqual([0, expect.stringContaining('Nothing to change')]);
    expect(project.readAll()).toEqual(before);
  });

  it('with --dry-run, shows the same and changes nothing', async () => {
    const project = new Project(HONO_STARTER);
    const { code, output } = await project.init({ isDryRun: true });
    expect(code).toBe(0);
    expect(project.readAll()).toEqual(new Project(HONO_STARTER).readAll());
    expect(project.installs).toEqual([]);
    expect(output).toContain("+app.route('/api', avatarApi)");
    expect(output).toContain('Nothing was changed (--dry-run).');
  });

  it('prints no secret, neither its own nor those that are there', async () => {
    const project = new Project({ ...HONO_STARTER, '.dev.vars': 'API_TOKEN=abc123' });
    const { output } = await project.init();
    const [, secret = ''] = /^OWNER_SECRET=([\da-f]{64})$/m.exec(project.read('.dev.vars')) ?? [];
    expect(secret).not.toBe('');
    expect(project.read('.dev.vars')).toMatch(/^API_TOKEN=abc123\n/);
    for (const text of [secret, 'abc123']) expect(output).not.toContain(text);
  });

  it('fails if the packages could not be installed', async () => {
    const { code } = await new Project(HONO_STARTER).init({ canInstall: false });
    expect(code).toBe(1);
  });
});

it('wraps a plain Worker, and keeps tabs and trailing commas', async () => {
  const project = new Project(HELLO_WORLD);
  expect((await project.init()).code).toBe(0);
  expect(project.read('src/index.ts')).toMatch(
    /^export default withAvatars\(\{[\s\S]*\} satisfies ExportedHandler<Env>\);$/m,
  );
  expect(project.read('wrangler.jsonc')).toMatch(/^\t"r2_buckets": \[\n\t\t\{\n\t\t\t"binding"/m);
  expect(project.read('wrangler.jsonc')).toMatch(/\t\},\n\}\n$/);
  expect(JSON.parse(project.read('package.json')).dependencies).toMatchObject({ hono: '^4.0.0' });
  expect(project.read('.gitignore')).toBe('.dev.vars\n.wrangler\n');
});

it('writes a module in JavaScript for a Worker in JavaScript', async () => {
  const project = new Project({
    ...HELLO_WORLD,
    'wrangler.jsonc': '{ "name": "js", "main": "./src/index.js" }',
    'src/index.js': 'export default { fetch: () => new Response("Hello") };\n',
  });
  expect((await project.init()).code).toBe(0);
  const code = project.read('src/avatars.js');
  expect(code).not.toMatch(/[‹›]|: Worker|AvatarEnv|type /);
  expect(project.read('src/index.js')).toContain('from "./avatars.js"');
});

it('keeps the line endings of every file that it changes', async () => {
  const files = Object.entries(HONO_STARTER).map(([name, text]) => [name, text.replaceAll('\n', '\r\n')]);
  const project = new Project({ ...Object.fromEntries(files), '.dev.vars': 'A=1\r\n', '.gitignore': 'a\r\n' });
  expect((await project.init()).code).toBe(0);
  for (const name of [...files.map(([each]) => each ?? ''), '.dev.vars', '.gitignore', 'src/avatars.ts']) {
    expect([name, project.read(name).replaceAll('\r\n', '').includes('\n')]).toEqual([name, false]);
  }
});

it('edits wrangler.toml', async () => {
  const { 'wrangler.jsonc': _, ...files } = HONO_STARTER;
  const toml = '# mine\nname = "my-app"\nmain = "src/index.ts"\n\n[vars]\nA = "1" # one\n';
  const project = new Project({ ...files, 'wrangler.toml': toml });
  const { code, output } = await project.init();
  expect(code, output).toBe(0);
  const text = project.read('wrangler.toml');
  expect(text).toContain('# mine\nname = "my-app"');
  expect(text).toContain('[[r2_buckets]]\nbinding = "AVATARS"');
  expect(text).toContain('A = "1" # one');
  await project.init();
  expect(project.read('wrangler.toml')).toBe(text);
});

describe("keeps the project's own", () => {
  it('migrations: those of the package are numbered after them', async () => {
    const project = new Project({
      ...withConfig(
        '"d1_databases": [{ "binding": "DB", "database_name": "app", "migrations_dir": "db", "migrations_table": "applied" }]',
      ),
      'db/0001_users.sql': 'CREATE TABLE users (id);',
      'db/0011_more.sql': '',
      'db/notes.txt': '0099',
    });
    expect((await project.init()).code).toBe(0);
    expect(Object.keys(project.readAll()).filter((name) => name.endsWith('.sql'))).toEqual([
      'db/0001_users.sql',
      'db/0011_more.sql',
      'db/0012_flare_avatar.sql',
    ]);
    expect(readConfig(project).d1_databases).toHaveLength(1);
    expect(project.read('src/avatars.ts')).toContain(
      "{ migrations: ['0012_flare_avatar.sql'], migrationsTable: 'applied' }",
    );
  });

  it('database and bucket of another name, apart from those of the avatars', async () => {
    const project = new Project(
      withConfig(
        '"d1_databases": [{ "binding": "MAIN", "database_name": "app" }], "r2_buckets": [{ "binding": "FILES", "bucket_name": "my-app-avatars" }]',
      ),
    );
    expect((await project.init()).code).toBe(0);
    const { d1_databases: databases, r2_buckets: buckets } = readConfig(project);
    expect(databases).toMatchObject([{ binding: 'MAIN' }, { binding: 'DB', migrations_dir: 'avatar-migrations' }]);
    expect(buckets).toMatchObject([{ binding: 'FILES' }, { binding: 'AVATARS', bucket_name: 'flare-my-app-avatars' }]);
  });

  it('bucket AVATARS, which only lacks local credentials', async () => {
    const project = new Project(withConfig('"r2_buckets": [{ "binding": "AVATARS", "bucket_name": "mine" }]'));
    expect((await project.init()).code).toBe(0);
    expect(readConfig(project)).toMatchObject({
      r2_buckets: [{ bucket_name: 'mine', local_dev: { experimental_s3_credentials: {} } }],
      vars: { R2_BUCKET: 'mine' },
    });
  });

  it('local credentials of the bucket, which also reach .dev.vars', async () => {
    const credentials = '{ "accessKeyId": "my-access-key", "secretAccessKey": "my-secret-key" }';
    const project = new Project(
      withConfig(
        `"r2_buckets": [{ "binding": "AVATARS", "bucket_name": "mine", "local_dev": { "experimental_s3_credentials": ${credentials} } }]`,
      ),
    );
    expect((await project.init()).code).toBe(0);
    expect(project.read('.dev.vars')).toContain('R2_ACCESS_KEY_ID=my-access-key\nR2_SECRET_ACCESS_KEY=my-secret-key\n');
  });

  it('cron triggers: the sweep has one of its own', async () => {
    const project = new Project(withConfig('"triggers": { "crons": ["*/5 * * * *"] }'));
    expect((await project.init()).code).toBe(0);
    expect(readConfig(project).triggers.crons).toEqual(['*/5 * * * *', '2-57/5 * * * *']);
    expect(project.read('src/avatars.ts')).toContain("event.cron === '2-57/5 * * * *'");
  });

  it('settings, secrets and assets', async () => {
    const project = new Project({
      ...withConfig('"vars": { "A": "1" }, "assets": { "directory": "./static/" }, "secrets": { "required": ["B"] }'),
      '.dev.vars': 'B=2\nOWNER_SECRET="0123456789012345678901234567890123456789"\n',
      'static/index.html': '<h1>Mine</h1>',
    });
    expect((await project.init()).code).toBe(0);
    expect(readConfig(project)).toMatchObject({
      vars: { A: '1', LOCAL_DEV: '' },
      assets: { directory: './static/' },
      secrets: { required: ['B', 'R2_ACCESS_KEY_ID', 'R2_SECRET_ACCESS_KEY', 'OWNER_SECRET'] },
    });
    expect(project.read('.dev.vars')).toMatch(/^B=2\nOWNER_SECRET="0123[\s\S]*\nLOCAL_DEV=on\n/);
    expect(project.read('.dev.vars').match(/OWNER_SECRET/g)).toHaveLength(1);
    expect(project.read('static/avatar.html')).toContain('<flare-avatar-upload');
  });

  it('.env files, which Wrangler ignores where there is a .dev.vars', async () => {
    const project = new Project({ ...HONO_STARTER, '.env': 'A=1\n' });
    expect((await project.init()).code).toBe(0);
    expect(Object.keys(project.readAll())).not.toContain('.dev.vars');
    expect(project.read('.env')).toBe('A=1\n');
    expect(project.read('.env.local')).toContain('LOCAL_DEV=on');
    expect(project.read('.gitignore')).toMatch(/^\.env\.local$/m);
  });

  it('files: a folder `public` that is not published, and a module `avatars`', async () => {
    const project = new Project({ ...HONO_STARTER, 'public/secret.txt': '', 'src/avatars.ts': 'export const a = 1;' });
    expect((await project.init()).code).toBe(0);
    expect(readConfig(project).assets).toEqual({ directory: './avatar-example' });
    expect(project.read('src/avatars.ts')).toBe('export const a = 1;');
    expect(project.read('src/index.ts')).toContain("from './flare-avatars'");
  });

  it('API, if it is mounted already', async () => {
    const entry =
      "import { createAvatarApi } from 'flare-avatar-upload/server';\nexport default createAvatarApi({});\n";
    const project = new Project({ ...HONO_STARTER, 'src/index.ts': entry });
    expect((await project.init()).code).toBe(0);
    expect(project.read('src/index.ts')).toBe(entry);
    expect(Object.keys(project.readAll())).not.toContain('src/avatars.ts');
  });
});

it('lets `wrangler dev` answer under its own host, although the Worker has routes', async () => {
  const project = new Project(withConfig('"routes": [{ "pattern": "a.example.com", "custom_domain": true }]'));
  expect((await project.init()).code).toBe(0);
  expect(readConfig(project).dev).toEqual({ host: 'localhost:8787', port: 8787 });
  const own = new Project(withConfig('"route": "a.example.com/*", "dev": { "port": 9000 }'));
  expect((await own.init()).code).toBe(0);
  expect(readConfig(own).dev).toEqual({ host: 'localhost:9000', port: 9000 });
});

it('needs the Wrangler whose local R2 has an S3 endpoint: it raises the version of an older one that is installed', async () => {
  const files = change(HONO_STARTER, 'package.json', (text) =>
    text.replace('"dependencies"', '"devDependencies": { "wrangler": "^4.1.0" },\n  "dependencies"'),
  );
  for (const [version, range] of [
    ['4.114.2', '^4.115.0'],
    ['4.115.0', '^4.1.0'],
    ['5.0.0', '^4.1.0'],
  ]) {
    const project = new Project({ ...files, 'node_modules/wrangler/package.json': `{"version":"${version}"}` });
    await project.init();
    expect(JSON.parse(project.read('package.json')).devDependencies.wrangler).toBe(range);
  }
});

it.each([
  ['pnpm', { 'pnpm-lock.yaml': '' }],
  ['yarn', { 'yarn.lock': '' }],
  ['bun', { 'bun.lock': '' }],
])('installs with %s where the project does', async (manager, lockFile) => {
  const project = new Project({ ...HONO_STARTER, ...lockFile });
  await project.init();
  expect(project.installs).toEqual([manager]);
});

it('uses the folder `public` in a project with Vite, and adds no assets to the configuration', async () => {
  const project = new Project({ ...HONO_STARTER, 'vite.config.ts': '', 'public/favicon.ico': '' });
  const { code, output } = await project.init();
  expect([code, readConfig(project).assets]).toEqual([0, undefined]);
  expect(project.read('public/avatar.html')).toContain('<flare-avatar-upload');
  expect(output).toContain('npx vite dev');
});

describe('changes nothing, and says why,', () => {
  const { 'package.json': _, ...withoutPackageJson } = HONO_STARTER;
  const { 'wrangler.jsonc': __, ...withoutConfig } = HONO_STARTER;
  it.each<[string, Readonly<Record<string, string>>, RegExp]>([
    ['in an empty folder', {}, /No package\.json/],
    ['without a package.json', withoutPackageJson, /No package\.json/],
    ['with a broken package.json', { ...HONO_STARTER, 'package.json': '{' }, /package\.json can't be read/],
    ['without a configuration', withoutConfig, /No Wrangler configuration/],
    [
      'with a broken configuration',
      { ...HONO_STARTER, 'wrangler.jsonc': '{"name": "a",, }' },
      /wrangler\.jsonc can't be read/,
    ],
    ['with a configuration that is a list', { ...HONO_STARTER, 'wrangler.jsonc': '[]' }, /not an object/],
    ['with a broken wrangler.toml', { ...withoutConfig, 'wrangler.toml': 'name = ' }, /wrangler\.toml can't be read/],
    ['without a Worker', { ...HONO_STARTER, 'wrangler.jsonc': '{"name": "a"}' }, /no `main`/],
    ['in a Pages project', withConfig('"pages_build_output_dir": "dist"'), /Pages/],
    [
      'if AVATARS is another binding',
      withConfig('"kv_namespaces": [{ "binding": "AVATARS", "id": "1" }]'),
      /AVATARS is in use: under kv_namespaces/,
    ],
    [
      'if DB is another binding',
      withConfig('"hyperdrive": [{ "binding": "DB", "id": "1" }]'),
      /DB is in use: under hyperdrive/,
    ],
    [
      'if DB is a Durable Object',
      withConfig('"durable_objects": { "bindings": [{ "name": "DB", "class_name": "Db" }] }'),
      /DB is in use: under durable_objects/,
    ],
    [
      'if AVATARS is a queue',
      withConfig('"queues": { "producers": [{ "queue": "q", "binding": "AVATARS" }] }'),
      /AVATARS is in use: under queues/,
    ],
    ['if DB is an email binding', withConfig('"send_email": [{ "name": "DB" }]'), /DB is in use: under send_email/],
    ['if the buckets are no list', withConfig('"r2_buckets": { "binding": "AVATARS" }'), /r2_buckets .* is not a list/],
    ['if DB is a setting', withConfig('"vars": { "DB": "mysql" }'), /DB is in use: under vars/],
    ['if R2_BUCKET names another bucket', withConfig('"vars": { "R2_BUCKET": "files" }'), /R2_BUCKET is "files"/],
  ])('%s', async (_title, files, reason) => {
    const project = new Project(files);
    const { code, output } = await project.init();
    expect([code, output]).toEqual([1, expect.stringMatching(reason)]);
    expect(project.readAll()).toEqual(new Project(files).readAll());
  });
});

describe('prints the lines to add by hand, and fails, because the result does not work without them,', () => {
  it('where it does not understand the entry; everything else is done', async () => {
    const entry = 'export default class extends WorkerEntrypoint {}\n';
    const project = new Project({ ...HONO_STARTER, 'src/index.ts': entry });
    const { code, output } = await project.init();
    expect([code, output]).toEqual([
      1,
      expect.stringContaining("import { fetchAvatars, sweepAvatars } from './avatars'"),
    ]);
    expect(output).toContain('it exports a class');
    expect(project.read('src/index.ts')).toBe(entry);
    expect(project.read('src/avatars.ts')).toContain('export async function fetchAvatars');
    expect(readConfig(project).r2_buckets).toHaveLength(1);
    // The developer adds the line: from then on, nothing is missing.
    project.write('src/index.ts', `import { fetchAvatars } from './avatars';\n${entry}`);
    expect((await project.init()).code).toBe(0);
  });

  it('where the module with the API does not fit the entry any more', async () => {
    const project = new Project(HONO_STARTER);
    await project.init();
    project.write('src/index.ts', 'export default { fetch: () => new Response() };\n');
    const { code, output } = await project.init();
    expect([code, output]).toEqual([1, expect.stringContaining('Remove it, and run the command again')]);
    expect(project.read('src/index.ts')).not.toContain('withAvatars');
  });

  it('where the entry belongs to a framework', async () => {
    const files = change(HONO_STARTER, 'wrangler.jsonc', (text) =>
      text.replace('src/index.ts', '.open-next/worker.js'),
    );
    const { code, output } = await new Project(files).init();
    expect([code, output]).toEqual([1, expect.stringContaining('createAvatarApi({ authenticate })')]);
  });

  it('where a configuration has no place for a value', async () => {
    const { 'wrangler.jsonc': _, ...files } = HONO_STARTER;
    const toml = 'name = "a"\nmain = "src/index.ts"\nr2_buckets = [{ binding = "B", bucket_name = "b" }]\n';
    const { code, output } = await new Project({ ...files, 'wrangler.toml': toml }).init();
    expect([code, output]).toEqual([
      1,
      expect.stringMatching(/Add to wrangler\.toml:[\s\S]*\[\[r2_buckets\]\]\n\s*binding = "AVATARS"/),
    ]);
  });

  it('where .dev.vars has other credentials, whose values are not printed', async () => {
    const project = new Project({ ...HONO_STARTER, '.dev.vars': 'R2_ACCESS_KEY_ID=a-real-access-key\n' });
    const { code, output } = await project.init();
    expect([code, output]).toEqual([1, expect.stringContaining('R2_ACCESS_KEY_ID=local-access-key')]);
    expect(project.read('.dev.vars')).toMatch(/^R2_ACCESS_KEY_ID=a-real-access-key$/m);
    expect(output).not.toContain('a-real-access-key');
  });
});
