import { env } from 'cloudflare:workers';
import { Hono } from 'hono';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AvatarEnv } from '../../server/config.js';
import { createAvatarApi } from '../../server/create-avatar-api.js';
import { createDevRoutes, getDevUser } from '../../server/dev/index.js';

const LOCAL = 'http://localhost:8787';

/** A host application as `npx flare-avatar-upload init` writes it, with two routes of its own. */
const app = new Hono<{ Bindings: AvatarEnv }>();
app.route('/api', createDevRoutes({ migrations: ['0007_flare_avatar.sql'] }));
app.route('/api', createAvatarApi({ authenticate: getDevUser }));
app.all('/api/dev/tools', (c) => c.text('tools of the host'));
app.all('*', (c) => c.text('the host'));

/** Tables of the package, and the migrations that Wrangler believes to be applied. */
async function readDatabase(table = 'd1_migrations') {
  const find = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'flare_avatar_%'";
  const { results: tables } = await env.DB.prepare(find).all();
  const names = await env.DB.prepare(`SELECT name FROM ${table}`)
    .all<{ name: string }>()
    .catch(() => ({ results: [] }));
  return { tables: tables.length, applied: names.results.map(({ name }) => name) };
}

async function emptyDatabase(): Promise<void> {
  const { results } = await env.DB.prepare(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND (name LIKE 'flare_avatar_%' OR name LIKE '%migrations')",
  ).all<{ name: string }>();
  const statements = results.map(({ name }) => env.DB.prepare(`DROP TABLE ${name}`));
  if (statements.length > 0) await env.DB.batch(statements);
}

/** The binding as a new isolate gets it. `servedBy` is what D1 says about itself. */
function createBinding(servedBy?: string): AvatarEnv['DB'] {
  const prepare = (sql: string) => {
    const statement = env.DB.prepare(sql);
    if (servedBy === undefined || sql !== 'SELECT 1') return statement;
    const run = async () => ({ results: [], meta: { changes: 0, served_by: servedBy } });
    return Object.assign(Object.create(statement), { run });
  };
  return { prepare, batch: (statements) => env.DB.batch(statements as D1PreparedStatement[]) } as AvatarEnv['DB'];
}

const fetchApp = (url: string, init: RequestInit = {}, settings: Partial<AvatarEnv> = {}, host = app) =>
  host.request(url, init, { ...env, LOCAL_DEV: 'on', DB: createBinding(), ...settings });

const signIn = (origin = LOCAL, settings: Partial<AvatarEnv> = {}) =>
  fetchApp(
    `${origin}/api/dev/login`,
    { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"user":"ada"}' },
    settings,
  );

const readCookie = (response: Response): string => response.headers.get('set-cookie')?.split(';')[0] ?? '';

beforeEach(emptyDatabase);
// The next file applies the migrations anew.
afterAll(emptyDatabase);

describe('createDevRoutes()', () => {
  it('creates the tables of an empty local database with the first request, and records the migration as Wrangler does', async () => {
    expect(await readDatabase()).toEqual({ tables: 0, applied: [] });
    const cookie = readCookie(await signIn());
    const response = await fetchApp(`${LOCAL}/api/me/avatar`, { headers: { cookie } });
    expect([response.status, await response.json()]).toEqual([200, { url: null }]);
    const { tables, applied } = await readDatabase();
    expect([tables > 3, applied]).toEqual([true, ['0007_flare_avatar.sql']]);
  });

  it('creates them once, if several requests come at the same time', async () => {
    const statuses = await Promise.all(
      Array.from({ length: 5 }, async () => (await fetchApp(`${LOCAL}/api/health`)).status),
    );
    expect(statuses).toEqual([200, 200, 200, 200, 200]);
    expect((await readDatabase()).applied).toEqual(['0007_flare_avatar.sql']);
  });

  it.each<[string, object]>([
    ['migrations', { migrations: '0001_flare_avatar.sql' }],
    ['migrations', { migrations: [] }],
    ['migrationsTable', { migrationsTable: '' }],
    ['migration', { migration: '0001_flare_avatar.sql' }],
  ])('refuses the option %s: %j', (name, options) => {
    expect(() => createDevRoutes(options)).toThrow(new RegExp(`^createDevRoutes: .*\\b${name}\\b`));
  });

  it("records it in the table that the project's configuration names", async () => {
    const host = new Hono<{ Bindings: AvatarEnv }>().route('/', createDevRoutes({ migrationsTable: 'my_migrations' }));
    await fetchApp(`${LOCAL}/`, {}, {}, host);
    expect((await readDatabase('my_migrations')).applied).toEqual(['0001_flare_avatar.sql']);
  });

  it.each<[string, string, Partial<AvatarEnv>]>([
    ['without LOCAL_DEV', LOCAL, { LOCAL_DEV: '' }],
    ['with another value of LOCAL_DEV', LOCAL, { LOCAL_DEV: 'true' }],
    ['at another host', 'https://app.example.com', {}],
    ['at a host that only begins like this machine', 'http://localhost.example.com', {}],
  ])('does nothing %s: no table, no sign-in', async (_, origin, settings) => {
    const cookie = readCookie(await signIn());
    await emptyDatabase();
    expect(cookie).not.toBe('');
    const answers = await Promise.all([
      signIn(origin, settings),
      fetchApp(`${origin}/api/dev/logout`, { method: 'POST' }, settings),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([404, 404]);
    expect(await readDatabase()).toEqual({ tables: 0, applied: [] });
    // A session of local development is worth nothing there.
    const response = await fetchApp(`${origin}/api/me/avatar`, { headers: { cookie } }, settings);
    expect(response.status).toBe(401);
  });

  it('changes no deployed database, which a local Worker reaches by a remote binding', async () => {
    await signIn(LOCAL, { DB: createBinding('v3-prod') });
    expect(await readDatabase()).toEqual({ tables: 0, applied: [] });
  });

  it('leaves a failed migration to the API, which says how to apply it', async () => {
    await env.DB.prepare('CREATE TABLE flare_avatar_uploads (another INTEGER)').run();
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const response = await fetchApp(`${LOCAL}/api/users/ada/avatar`, {
      headers: { cookie: readCookie(await signIn()) },
    });
    log.mockRestore();
    expect(response.status).toBe(503);
    expect(await response.text()).toContain('migrations apply');
  });

  it.each(['/api/dev/tools', '/api/dev', '/other'])('leaves %s to the host application', async (path) => {
    for (const settings of [{}, { LOCAL_DEV: '' }]) {
      const response = await fetchApp(LOCAL + path, { method: 'POST', body: 'anything' }, settings);
      expect(await response.text()).toMatch(/the host/);
    }
  });
});
