import migration1 from '../migrations/0001_flare_avatar.sql?raw';
import type { AvatarDatabase, Statement } from './database.js';
import { checkSchema, readSchemaVersion, SCHEMA_VERSION } from './schema.js';

/** The migrations in order. Each ends by storing its number, which counts from 1. */
const MIGRATIONS = [migration1];

/**
 * Applies the migrations that a database lacks, each as one transaction.
 *
 * @param recordMigration - Statements of the same transaction. `version` is the number of the migration.
 * @throws Error if a migration fails; the database is as it was before that.
 */
export async function applyMigrations(
  database: AvatarDatabase,
  recordMigration: (version: number) => Statement[] = () => [],
): Promise<void> {
  for (let version = await readSchemaVersion(database); version < SCHEMA_VERSION; version++) {
    const statements = splitStatements(MIGRATIONS[version] ?? '').map((sql) => database.prepare(sql));
    try {
      await database.batch([...statements, ...recordMigration(version + 1)]);
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
