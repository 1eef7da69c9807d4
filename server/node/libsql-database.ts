import type { AvatarDatabase, QueryResult, SqlValue } from '../db/database.js';
import { StoreError } from '../errors.js';
import { createDatabase } from './statements.js';

/**
 * What `libsqlDatabase()` uses of a client: that of `@libsql/client`, for Turso
 * and other libSQL servers.
 *
 * @example
 * ```ts
 * const client: LibsqlClient = createClient({ url: 'libsql://avatars.turso.io', authToken });
 * ```
 */
export interface LibsqlClient {
  batch(statements: { sql: string; args: SqlValue[] }[], mode: 'write' | 'read'): Promise<LibsqlResult[]>;
}

/** What `LibsqlClient` returns for each statement. */
export interface LibsqlResult {
  columns: string[];
  rows: ArrayLike<unknown>[];
  rowsAffected: number;
}

/** Errors of a server or connection that may pass. */
const IS_TRANSIENT =
  /SQLITE_(?:BUSY|LOCKED)|database is locked|fetch failed|SERVER_ERROR.*\b(?:429|50[0234])\b|HRANA_WEBSOCKET|ECONN|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|UND_ERR|socket/i;

/** A statement that changes nothing, and so doesn't wait for writers. */
const IS_SELECT = /^\s*SELECT\b/i;

/** A statement that returns each row that it changes. */
const RETURNS_CHANGED_ROWS = /\bRETURNING\b/i;

/**
 * A database of libSQL or Turso. To stand in the environment as `DB`. Apply the
 * migrations with `migrateDatabase()`.
 *
 * @param client - The client of `@libsql/client`.
 * @throws TypeError if it is something else.
 *
 * @example
 * ```ts
 * const database = libsqlDatabase(createClient({ url: 'libsql://avatars.turso.io', authToken }));
 * ```
 */
export function libsqlDatabase(client: LibsqlClient): AvatarDatabase {
  if (typeof client?.batch !== 'function') {
    throw new TypeError('libsqlDatabase: the client must be that of createClient() of @libsql/client.');
  }
  return createDatabase(async (queries) => {
    const statements = queries.map(({ sql, values }) => ({ sql, args: [...values] }));
    const isRead = queries.every(({ sql }) => IS_SELECT.test(sql));
    try {
      const results = await client.batch(statements, isRead ? 'read' : 'write');
      return results.map((result, index) => toQueryResult(queries[index]?.sql ?? '', result));
    } catch (error) {
      throw describeFailure(error);
    }
  });
}

/** Rows as plain objects. For files, the client counts no changes of a statement that returns the changed rows. */
const toQueryResult = (sql: string, { columns, rows, rowsAffected }: LibsqlResult): QueryResult => ({
  results: rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index]]))),
  meta: { changes: RETURNS_CHANGED_ROWS.test(sql) ? rows.length : rowsAffected },
});

function describeFailure(error: unknown): StoreError {
  const { message, cause } = error instanceof Error ? error : new Error(String(error));
  const reason = cause instanceof Error ? `${message} ${cause.message}` : message;
  return new StoreError('database', `libSQL: ${message}`, IS_TRANSIENT.test(reason), error);
}
