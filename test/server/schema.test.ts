import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { SCHEMA_QUERY, SCHEMA_VERSION } from '../../server/db/schema.js';
import { sweepAvatars } from '../../server/jobs/sweep.js';
import type { LogEntry } from '../../server/log.js';
import { createApi, createUserId } from './harness.js';

const run = (sql: string) => env.DB.prepare(sql).run();

/** The database as another isolate has it, and the statements that are prepared there. */
function openDatabase() {
  const statements: string[] = [];
  const prepare = (sql: string) => {
    statements.push(sql);
    return env.DB.prepare(sql);
  };
  const DB = { prepare, batch: env.DB.batch.bind(env.DB), withSession: env.DB.withSession.bind(env.DB) } as D1Database;
  return { DB, checks: () => statements.filter((sql) => sql === SCHEMA_QUERY).length };
}

const getStatus = async (DB: D1Database) =>
  (await createApi(createUserId(), { log: () => {} }, { DB }).call('GET', '/api/me/avatar')).status;

afterEach(async () => {
  vi.restoreAllMocks();
  await run(`UPDATE flare_avatar_schema SET version = ${SCHEMA_VERSION}`);
});

describe('the schema of the database', () => {
  it('has the version that the code needs, which is the number of the last migration', async () => {
    expect(await env.DB.prepare(SCHEMA_QUERY).first('version')).toBe(SCHEMA_VERSION);
    expect(Number.parseInt(env.MIGRATIONS.at(-1)?.name ?? '', 10)).toBe(SCHEMA_VERSION);
  });

  it.each([
    ['missing', 'ALTER TABLE flare_avatar_schema RENAME TO hidden', 'ALTER TABLE hidden RENAME TO flare_avatar_schema'],
    ['empty', 'DELETE FROM flare_avatar_schema', 'INSERT INTO flare_avatar_schema (id, version) VALUES (1, 1)'],
    ['older', `UPDATE flare_avatar_schema SET version = ${SCHEMA_VERSION - 1}`, 'SELECT 1'],
  ])('that is %s gets 503 with the command that fixes it, until it is fixed', async (_, breaking, repairing) => {
    const { DB, checks } = openDatabase();
    await run(breaking);
    const log: LogEntry[] = [];
    const api = createApi(createUserId(), { log: (entry) => void log.push(entry) }, { DB });
    for (const [method, path, body] of [
      ['GET', '/api/me/avatar'],
      ['DELETE', '/api/me/avatar'],
      ['GET', '/api/users/none/avatar'],
      ['POST', '/api/uploads/presign', { contentType: 'image/png' }],
    ] as const) {
      const response = await api.call(method, path, body);
      expect([response.status, response.body.code]).toEqual([503, 'unavailable']);
      expect(response.body.error).toContain('npx wrangler d1 migrations apply DB --remote');
    }
    expect(checks()).toBe(4);
    await run(repairing);
    await run(`UPDATE flare_avatar_schema SET version = ${SCHEMA_VERSION}`);
    expect((await api.call('GET', '/api/me/avatar')).status).toBe(200);
  });

  it('that is newer is fine', async () => {
    await run(`UPDATE flare_avatar_schema SET version = ${SCHEMA_VERSION + 1}`);
    expect(await getStatus(openDatabase().DB)).toBe(200);
  });

  it('is checked once per database', async () => {
    const [first, second] = [openDatabase(), openDatabase()];
    for (let i = 0; i < 3; i++) expect(await getStatus(first.DB)).toBe(200);
    expect(await getStatus(second.DB)).toBe(200);
    expect([first.checks(), second.checks()]).toEqual([1, 1]);
  });

  it('is checked again after a check that failed for another reason', async () => {
    const { DB, checks } = openDatabase();
    const failing = vi.spyOn(DB, 'prepare').mockImplementationOnce(() => {
      throw new Error('D1 is down');
    });
    expect(await getStatus(DB)).toBe(500);
    failing.mockRestore();
    expect([await getStatus(DB), checks()]).toEqual([200, 1]);
  });

  it.each<[string, string, (DB: D1Database) => object]>([
    ['is older than the code', 'Apply the migrations', (DB) => ({ ...env, DB })],
    ['is in a binding of another kind', 'AVATARS must be a binding of an R2 bucket', (DB) => ({ DB, AVATARS: DB })],
  ])('that %s stops the sweep, which deletes nothing and says why', async (_, reason, createEnv) => {
    const remove = vi.spyOn(env.AVATARS, 'delete');
    const { key } = await createApi(createUserId()).presign();
    await env.AVATARS.put(key, 'expired');
    await run(`UPDATE flare_avatar_schema SET version = ${SCHEMA_VERSION - 1}`);
    const log: LogEntry[] = [];
    const bindings = createEnv(openDatabase().DB) as typeof env;
    const sweeping = sweepAvatars(bindings, { log: (entry) => void log.push(entry) }, Date.now() + 86_400_000);
    await expect(sweeping).rejects.toThrow(AggregateError);
    expect(remove).not.toHaveBeenCalled();
    expect(await env.AVATARS.head(key)).not.toBeNull();
    expect(log).toEqual([
      expect.objectContaining({
        level: 'error',
        event: 'sweep',
        errors: [expect.objectContaining({ message: expect.stringContaining(reason) })],
      }),
    ]);
  });

  it('that loses a table later gets 503 too', async () => {
    const { DB } = openDatabase();
    expect(await getStatus(DB)).toBe(200);
    await run('ALTER TABLE flare_avatar_current RENAME TO hidden');
    const { status, body } = await createApi(createUserId(), {}, { DB }).call('GET', '/api/me/avatar');
    await run('ALTER TABLE hidden RENAME TO flare_avatar_current');
    expect([status, body.error]).toEqual([503, expect.stringContaining('Apply the migrations')]);
  });

  it('is not blamed for an error about a table of the application', async () => {
    const authenticate = () => {
      throw new Error('D1_ERROR: no such table: sessions: SQLITE_ERROR');
    };
    expect((await createApi(null, { authenticate }).call('GET', '/api/me/avatar')).status).toBe(500);
  });
});
