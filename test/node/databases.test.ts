import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { runBatch } from '../../server/db/database.js';
import { SCHEMA_VERSION } from '../../server/db/schema.js';
import type { AvatarDatabase, SqlValue } from '../../server/node/index.js';
import { d1Database, libsqlDatabase, migrateDatabase, sqliteDatabase } from '../../server/node/index.js';

const D1_OPTIONS = {
  accountId: '0123456789abcdef0123456789abcdef',
  databaseId: '01234567-89ab-cdef-0123-456789abcdef',
  apiToken: 'secret-api-token',
};

interface Query {
  sql: string;
  args: SqlValue[];
}

/** Runs a batch as a remote SQLite does: one transaction, rows as arrays, and the number of changed rows. */
function runRemotely(connection: DatabaseSync, queries: readonly Query[]) {
  connection.exec('BEGIN');
  try {
    const results = queries.map(({ sql, args }) => {
      const rows = connection.prepare(sql).all(...args) as Record<string, SqlValue>[];
      const isRead = /^\s*SELECT/i.test(sql);
      const { n } = connection.prepare('SELECT changes() AS n').get() as { n: number };
      return { rows, changes: isRead ? 0 : n };
    });
    connection.exec('COMMIT');
    return results;
  } catch (error) {
    connection.exec('ROLLBACK');
    throw error;
  }
}

/** A client with the interface of `@libsql/client`, which counts no changes of a statement that returns rows. */
function createLibsqlClient() {
  const connection = new DatabaseSync(':memory:');
  return {
    batch: async (queries: Query[], _mode: string) =>
      runRemotely(connection, queries).map(({ rows, changes }) => ({
        columns: Object.keys(rows[0] ?? {}),
        rows: rows.map((row) => Object.values(row)),
        rowsAffected: rows.length > 0 ? 0 : changes,
      })),
  };
}

/** Lets `fetch` reach a D1 with Cloudflare's API; returns the requests. */
function stubD1Api() {
  const connection = new DatabaseSync(':memory:');
  const requests: Request[] = [];
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    requests.push(new Request(url, init));
    const { batch } = JSON.parse(String(init.body)) as { batch: { sql: string; params: SqlValue[] }[] };
    try {
      const results = runRemotely(
        connection,
        batch.map(({ sql, params }) => ({ sql, args: params })),
      );
      const result = results.map(({ rows, changes }) => ({ success: true, results: rows, meta: { changes } }));
      return Response.json({ success: true, errors: [], messages: [], result });
    } catch (error) {
      const message = `${(error as Error).message}: SQLITE_ERROR`;
      return Response.json(
        { success: false, errors: [{ code: 7500, message }], messages: [], result: [] },
        { status: 400 },
      );
    }
  });
  return requests;
}

const openers: [string, () => AvatarDatabase][] = [
  ['sqliteDatabase()', () => sqliteDatabase(':memory:')],
  ['sqliteDatabase() with a connection', () => sqliteDatabase(new DatabaseSync(':memory:'))],
  ['libsqlDatabase()', () => libsqlDatabase(createLibsqlClient())],
  [
    'd1Database()',
    () => {
      stubD1Api();
      return d1Database(D1_OPTIONS);
    },
  ],
];

afterEach(() => void vi.unstubAllGlobals());

const prepareInsert = (db: AvatarDatabase, key: string) =>
  db.prepare('INSERT INTO flare_avatar_unknown (first_seen, key) VALUES (?2, ?1)').bind(key, 1_800_000_000_123);
const listKeys = async (db: AvatarDatabase) =>
  (await db.prepare('SELECT key FROM flare_avatar_unknown ORDER BY key').all<{ key: string }>()).results.map(
    ({ key }) => key,
  );

describe.each(openers)('%s', (_, open) => {
  it('has the schema after the migrations, which can be applied again and at the same time', async () => {
    const database = open();
    await Promise.all([migrateDatabase(database), migrateDatabase(database)]);
    await migrateDatabase(database);
    expect(await database.prepare('SELECT version FROM flare_avatar_schema').first('version')).toBe(SCHEMA_VERSION);
  });

  it('returns rows, single values, null for none, and the number of changed rows', async () => {
    const db = open();
    await migrateDatabase(db);
    expect((await prepareInsert(db, 'a').run()).meta.changes).toBe(1);
    await prepareInsert(db, "b'; DROP TABLE flare_avatar_unknown; --").run();
    const select = db.prepare('SELECT key, first_seen FROM flare_avatar_unknown WHERE key = ?1');
    expect({ ...(await select.bind('a').first()) }).toEqual({ key: 'a', first_seen: 1_800_000_000_123 });
    expect(await select.bind('a').first('first_seen')).toBe(1_800_000_000_123);
    expect(await select.bind('z').first()).toBeNull();
    expect(await select.bind('z').first('key')).toBeNull();
    expect((await select.bind('a').all()).meta.changes).toBe(0);
    expect((await db.prepare('UPDATE flare_avatar_unknown SET first_seen = ?1').bind(2).run()).meta.changes).toBe(2);
    expect((await db.prepare('DELETE FROM flare_avatar_unknown WHERE key = ?1').bind('z').run()).meta.changes).toBe(0);
  });

  it('runs a batch as one transaction, in order', async () => {
    const db = open();
    await migrateDatabase(db);
    const remove = db.prepare('DELETE FROM flare_avatar_unknown WHERE key = ?1 RETURNING key').bind('a');
    const { added, removed, again } = await runBatch(db, {
      added: prepareInsert(db, 'a'),
      removed: remove,
      again: remove,
    });
    expect([added, removed, again].map(({ meta }) => meta.changes)).toEqual([1, 1, 0]);
    expect(removed.results.map((row) => ({ ...(row as object) }))).toEqual([{ key: 'a' }]);
    const failing = runBatch(db, { first: prepareInsert(db, 'b'), duplicate: prepareInsert(db, 'b') });
    await expect(failing).rejects.toMatchObject({ name: 'StoreError', dependency: 'database', isTransient: false });
    expect(await listKeys(db)).toEqual([]);
    await Promise.all(
      ['c', 'd', 'e'].map((key) => runBatch(db, { one: prepareInsert(db, key), two: prepareInsert(db, `${key}2`) })),
    );
    expect(await listKeys(db)).toEqual(['c', 'c2', 'd', 'd2', 'e', 'e2']);
  });
});

describe('sqliteDatabase()', () => {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });

  function createPath(): string {
    const folder = mkdtempSync(join(tmpdir(), 'flare-sqlite-'));
    folders.push(folder);
    return join(folder, 'avatars.db');
  }

  it('keeps its data in the file, and can be used by several processes', async () => {
    const path = createPath();
    const [one, two] = [sqliteDatabase(path), sqliteDatabase(path)];
    await Promise.all([migrateDatabase(one), migrateDatabase(two)]);
    await Promise.all([prepareInsert(one, 'a').run(), prepareInsert(two, 'b').run()]);
    const script = `const { DatabaseSync } = require('node:sqlite');
      new DatabaseSync(process.argv[1]).exec("INSERT INTO flare_avatar_unknown VALUES ('c', 1)")`;
    spawnSync(process.execPath, ['-e', script, path]);
    expect(await listKeys(one)).toEqual(['a', 'b', 'c']);
    expect(await listKeys(sqliteDatabase(path))).toEqual(['a', 'b', 'c']);
  });

  it('rejects as transient while another process is writing, and works again afterwards', async () => {
    const path = createPath();
    const writer = new DatabaseSync(path);
    const db = sqliteDatabase(new DatabaseSync(path, { timeout: 1 }));
    await migrateDatabase(db);
    writer.exec('BEGIN IMMEDIATE');
    const busy = { name: 'StoreError', dependency: 'database', isTransient: true };
    await expect(prepareInsert(db, 'a').run()).rejects.toMatchObject(busy);
    await expect(runBatch(db, { a: prepareInsert(db, 'a'), b: prepareInsert(db, 'b') })).rejects.toMatchObject(busy);
    writer.exec('COMMIT');
    await runBatch(db, { a: prepareInsert(db, 'a'), b: prepareInsert(db, 'b') });
    expect(await listKeys(db)).toEqual(['a', 'b']);
  });

  it.each([
    ['no timeout', {}, 2000],
    ['a timeout', { timeout: 50 }, 50],
  ])('waits for other writers on a connection that has %s', (_, options, timeout) => {
    const connection = new DatabaseSync(':memory:', options);
    sqliteDatabase(connection);
    expect(connection.prepare('PRAGMA busy_timeout').get()).toEqual({ timeout });
  });

  it.each([[''], [undefined], [null], [{}]])('throws a TypeError for %j', (source) => {
    expect(() => sqliteDatabase(source as string)).toThrow(TypeError);
  });
});

describe('libsqlDatabase()', () => {
  it.each([
    ['SQLITE_BUSY: database is locked', true],
    ['fetch failed', true],
    ['SERVER_ERROR: Server returned HTTP status 502', true],
    ['SQLITE_CONSTRAINT: UNIQUE constraint failed', false],
    ['SERVER_ERROR: Server returned HTTP status 401', false],
  ])('knows whether a failure may pass: %s', async (message, isTransient) => {
    const database = libsqlDatabase({ batch: () => Promise.reject(new Error(message)) });
    await expect(database.prepare('SELECT 1').first()).rejects.toMatchObject({ name: 'StoreError', isTransient });
  });

  it('reads without the lock for writing, and writes with it', async () => {
    const modes: string[] = [];
    const client = createLibsqlClient();
    const database = libsqlDatabase({
      batch: (queries, mode) => {
        modes.push(mode);
        return client.batch(queries, mode);
      },
    });
    await migrateDatabase(database);
    modes.length = 0;
    await listKeys(database);
    await prepareInsert(database, 'a').run();
    await database.batch([database.prepare('SELECT 1'), prepareInsert(database, 'b')]);
    expect(modes).toEqual(['read', 'write', 'write']);
  });

  it('throws a TypeError for anything but a client', () => {
    expect(() => libsqlDatabase({} as never)).toThrow(TypeError);
  });
});

describe('d1Database()', () => {
  it('sends the token to the database of the account, and to nothing else', async () => {
    const requests = stubD1Api();
    await d1Database(D1_OPTIONS).prepare('SELECT ?1 AS one').bind(1).first();
    const { accountId, databaseId, apiToken } = D1_OPTIONS;
    expect(requests[0]?.url).toBe(
      `https://api.cloudflare.com/client/v4/accounts/${accountId}/d1/database/${databaseId}/query`,
    );
    expect(requests[0]?.headers.get('authorization')).toBe(`Bearer ${apiToken}`);
  });

  it.each([
    [
      'a refusal',
      () =>
        Response.json({ success: false, errors: [{ code: 10000, message: 'Authentication error' }] }, { status: 403 }),
      false,
    ],
    ['the rate limit', () => new Response('', { status: 429 }), true],
    ['a page of a proxy', () => new Response('<html>', { status: 502 }), true],
    ['an answer that is none', () => Response.json({ success: true, result: [] }), false],
    [
      'an overload',
      () =>
        Response.json({ success: false, errors: [{ message: 'D1 DB is overloaded. Requests queued for too long.' }] }),
      true,
    ],
    ['no connection', () => Promise.reject(new TypeError('fetch failed')), true],
  ])('knows whether a failure may pass, and never shows the token: %s', async (_, respond, isTransient) => {
    vi.stubGlobal('fetch', async () => respond());
    const error = await d1Database(D1_OPTIONS)
      .prepare('SELECT 1')
      .first()
      .catch((thrown) => thrown);
    expect(error).toMatchObject({ name: 'StoreError', dependency: 'database', isTransient });
    expect(error.message).not.toMatch(/secret|https?:/);
  });

  it.each(['accountId', 'databaseId', 'apiToken'] as const)('throws a TypeError that names the option %s', (name) => {
    for (const value of [undefined, '', 'a b', 7]) {
      const open = () => d1Database({ ...D1_OPTIONS, [name]: value });
      expect(open).toThrow(TypeError);
      expect(open).toThrow(`d1Database: the option ${name} `);
    }
  });
});
