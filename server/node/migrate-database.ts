import { applyMigrations } from '../db/apply-migrations.js';
import type { AvatarDatabase } from '../db/database.js';

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
export const migrateDatabase = (database: AvatarDatabase): Promise<void> => applyMigrations(database);
