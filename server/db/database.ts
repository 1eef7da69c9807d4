import { PICTURE_LENGTH } from '../storage/object-keys.js';
import type { Owners } from '../storage/owner.js';

/** The database, or one session with it. */
export type Database = Pick<D1Database, 'prepare' | 'batch'>;

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
  statements: Readonly<Record<Name, D1PreparedStatement>>,
): Promise<Record<Name, D1Result>> {
  const names = Object.keys(statements) as Name[];
  const results = await db.batch(names.map((name) => statements[name]));
  return Object.fromEntries(names.map((name, index) => [name, results[index]])) as Record<Name, D1Result>;
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
export function readReturnedKey({ results }: D1Result): string | null {
  const [row] = results as { key: string }[];
  return row?.key ?? null;
}
