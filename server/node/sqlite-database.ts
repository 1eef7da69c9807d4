import type { AvatarDatabase, QueryResult } from '../db/database.js';
import { StoreError } from '../errors.js';
import { createDatabase, type Query } from './statements.js';

/**
 * What `sqliteDatabase()` uses of a connection: a `DatabaseSync` of `node:sqlite`,
 * or a `Database` of `bun:sqlite`.
 *
 * @example
 * ```ts
 * const connection: SqliteConnection = new DatabaseSync('avatars.db');
 * ```
 */
export interface SqliteConnection {
  exec(sql: string): unknown;
  prepare(sql: string): { all(...values: (string | number | null)[]): unknown[] };
}

/** How long a statement waits for another process that is writing, in milliseconds. It blocks the event loop. */
const BUSY_TIMEOUT_MS = 2000;

/** What a connection says about a database that another one is writing to. */
const IS_BUSY = /database (?:table |schema )?is locked|SQLITE_(?:BUSY|LOCKED)/;

/**
 * An SQLite database in a file, or in memory. To stand in the environment as `DB`.
 * Apply the migrations with `migrateDatabase()`.
 *
 * @param source - Path of the file, which is created if it doesn't exist; or an
 * open connection that nothing else uses in transactions of its own.
 * @throws Error if the file can't be opened, or if the runtime has no `node:sqlite`.
 *
 * @example
 * ```ts
 * const database = sqliteDatabase('avatars.db');
 * await migrateDatabase(database);
 * ```
 */
export function sqliteDatabase(source: string | SqliteConnection): AvatarDatabase {
  const connection = typeof source === 'string' ? openFile(source) : source;
  if (typeof connection?.exec !== 'function' || typeof connection.prepare !== 'function') {
    throw new TypeError('sqliteDatabase: the source must be a path, or a DatabaseSync of node:sqlite.');
  }
  setBusyTimeout(connection);
  return createDatabase(async (queries) => {
    try {
      return queries.length === 1 ? queries.map((query) => runQuery(connection, query)) : runAll(connection, queries);
    } catch (error) {
      throw describeFailure(error);
    }
  });
}

function openFile(path: string): SqliteConnection {
  if (path === '') throw new TypeError('sqliteDatabase: the path must not be empty.');
  const { DatabaseSync } = loadSqlite();
  const connection = new DatabaseSync(path);
  // Readers and a writer in other processes don't wait for each other.
  setBusyTimeout(connection);
  connection.exec('PRAGMA journal_mode = WAL');
  return connection;
}

/** Unless the connection has a timeout of its own. Without one, a statement fails as soon as another process writes. */
function setBusyTimeout(connection: SqliteConnection): void {
  const [row] = connection.prepare('PRAGMA busy_timeout').all() as { timeout: number }[];
  if (!row?.timeout) connection.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
}

/** The module is loaded when it is needed: not every runtime has it. */
function loadSqlite(): typeof import('node:sqlite') {
  const sqlite = process.getBuiltinModule?.('node:sqlite');
  if (sqlite) return sqlite;
  throw new Error(
    'sqliteDatabase: this runtime has no node:sqlite. Use Node 22.13 or newer, or give it a connection: in Bun, new Database(path) of bun:sqlite.',
  );
}

/** One transaction. It takes the lock for writing at once, so that it can't fail halfway for want of it. */
function runAll(connection: SqliteConnection, queries: readonly Query[]): QueryResult[] {
  connection.exec('BEGIN IMMEDIATE');
  try {
    const results = queries.map((query) => runQuery(connection, query));
    connection.exec('COMMIT');
    return results;
  } catch (error) {
    rollBack(connection);
    throw error;
  }
}

/** SQLite has already rolled back after some errors, such as a full disk. */
function rollBack(connection: SqliteConnection): void {
  try {
    connection.exec('ROLLBACK');
  } catch {
    // There is no transaction any more.
  }
}

function runQuery(connection: SqliteConnection, { sql, values }: Query): QueryResult {
  const before = countChanges(connection);
  const results = connection.prepare(sql).all(...values);
  return { results, meta: { changes: countChanges(connection) - before } };
}

/** The number of rows changed on this connection so far: `changes()` would keep that of an earlier statement. */
function countChanges(connection: SqliteConnection): number {
  const [row] = connection.prepare('SELECT total_changes() AS total').all() as { total: number }[];
  return row?.total ?? 0;
}

function describeFailure(error: unknown): StoreError {
  const message = error instanceof Error ? error.message : String(error);
  return new StoreError('database', `SQLite: ${message}`, IS_BUSY.test(message), error);
}
