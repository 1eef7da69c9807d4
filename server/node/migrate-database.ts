import type { AvatarDatabase } from '../db/database.js';
import { checkSchema, readSchemaVersion, SCHEMA_VERSION } from '../db/schema.js';
import migration1 from '../migrations/0001_flare_avatar.sql?raw';

/** The migrations in order. Each ends by storing its number, which counts from 1. */
const MIGRATIONS = [migration1];

/**
 * Applies the migrations that a database lacks, each as one transaction. To be
 * called at the start of the server; does nothing if the schema is the present
 * one or a newer one. For databases whose migrations Wrangler doesn't apply.
 *
 * @throws Error if a migration fails; the database is as it was before that.
 *
 * @example
 * ```ts
 * const database = sqliteDatabase('avatars.db');
 * await migrateDatabase(database);
 * ```
 */
export async function migrateDatabase(database: AvatarDatabase): Promise<void> {
  for (let version = await readSchemaVersion(database); version < SCHEMA_VERSION; version++) {
    const statements = splitStatements(MIGRATIONS[version] ?? '');
    try {
      await database.batch(statements.map((sql) => database.prepare(sql)));
    } catch (error) {
      // Another instance may have applied it at the same time.
      if ((await readSchemaVersion(database)) <= version) throw error;
    }
  }
  await checkSchema(database);
}

/** The statements of a migration, none of which contains a semicolon or a comment in a text. */
const splitStatements = (sql: string): string[] =>
  sql
    .replace(/--.*$/gm, '')
    .split(';')
    .map((statement) => statement.trim())
    .filter(Boolean);
