import { PICTURE_LENGTH } from '../storage/object-keys.js';
import type { Owners } from '../storage/owner.js';

/**
 * The database: what the server uses of D1. A D1 binding of a Worker is one as it
 * is; elsewhere `sqliteDatabase()`, `libsqlDatabase()` and `d1Database()` from
 * `flare-avatar-upload/server/node` make one.
 *
 * @example
 * ```ts
 * const database: AvatarDatabase = sqliteDatabase('avatars.db');
 * ```
 */
export interface AvatarDatabase extends Database {
  /** Where the database has read replicas: a session that may read from any of them. */
  withSession?(constraint: 'first-unconstrained'): Database;
}

/** The database, or one session with it. */
export interface Database {
  /** @param sql - One statement, with the parameters ?1, ?2 and so on. */
  prepare(sql: string): Statement;
  /** Runs the statements in order, as one transaction. */
  batch(statements: Statement[]): Promise<QueryResult[]>;
}

/** A value of a parameter. */
export type SqlValue = string | number | null;

/** A prepared statement. */
export interface Statement {
  /** The statement with these values for its parameters. */
  bind(...values: SqlValue[]): Statement;
  /** The value of one column in the first row, or null if there is no row. */
  first<T = unknown>(column: string): Promise<T | null>;
  /** The first row, or null if there is none. */
  first<T = Record<string, unknown>>(): Promise<T | null>;
  all<T = Record<string, unknown>>(): Promise<QueryResult<T>>;
  run<T = Record<string, unknown>>(): Promise<QueryResult<T>>;
}

/** What a statement returned and changed. */
export interface QueryResult<T = unknown> {
  results: T[];
  /** `changes`: the number of rows that it added, changed or deleted. */
  meta: { changes: number };
}

/** A database or session that may read from a replica, for reads that may be some seconds old. */
export const openReadSession = (database: AvatarDatabase): Database =>
  database.withSession?.('first-unconstrained') ?? database;

/**
 * Runs statements as one transaction, in the order in which they are named, and
 * returns the result of each under its name. (Names that are integers would be
 * reordered by JavaScript.)
 *
 * @example
 * ```ts
 * const { removed } = await runBatch(db, {
 *   queued: db.prepare('INSERT …'),
 *   removed: db.prepare('DELETE … RETURNING key'),
 * });
 * ```
 */
export async function runBatch<Name extends string>(
  db: Database,
  statements: Readonly<Record<Name, Statement>>,
): Promise<Record<Name, QueryResult>> {
  const names = Object.keys(statements) as Name[];
  const results = await db.batch(names.map((name) => statements[name]));
  return Object.fromEntries(names.map((name, index) => [name, results[index]])) as Record<Name, QueryResult>;
}

/**
 * SQL that is true for the rows of one user, whichever of their owners they are stored under.
 * @param first - Number of the first parameter. The owners are bound to it and the following ones.
 */
export const isOwnedBy = (owners: Owners, first: number): string =>
  `owner IN (${owners.map((_, index) => `?${first + index}`).join(', ')})`;

/** SQL for the part of a key that an avatar and its smaller copies share. */
export const selectPictureName = (key: string): string => `substr(${key}, 1, ${PICTURE_LENGTH})`;

/**
 * SQL that is true if a key is that of an avatar, or of one of its smaller copies.
 * @param avatar - Name of a row with `key` and `sizes`.
 */
export const isPartOf = (avatar: string, key: string): string =>
  `(${avatar}.key = ${key} OR ${key} IN (
    SELECT ${selectPictureName(`${avatar}.key`)} || '.' || value || '.webp' FROM json_each(${avatar}.sizes)))`;

/** The key in the first row of a `RETURNING key`, or null if there is no row. */
export function readReturnedKey({ results }: QueryResult): string | null {
  const [row] = results as { key: string }[];
  return row?.key ?? null;
}
