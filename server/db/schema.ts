import { isSchemaError, schemaError } from '../errors.js';
import type { AvatarDatabase } from './database.js';

/** The schema that the code needs: the number of the last migration. Each migration ends by storing its number. */
export const SCHEMA_VERSION = 1;

/** Reads the schema that the database has. */
export const SCHEMA_QUERY = 'SELECT version FROM flare_avatar_schema';

/** Databases whose schema is known to be right. Workers pass the same binding to every request of an isolate. */
const checked = new WeakSet<AvatarDatabase>();

/**
 * Makes sure that the migrations are applied: with a query until it succeeds,
 * and without one from then on. A newer schema than the code's is fine, as
 * during a deployment.
 * @throws ApiError `unavailable` that names the command to run.
 */
export async function requireSchema(database: AvatarDatabase): Promise<void> {
  if (checked.has(database)) return;
  await checkSchema(database);
  checked.add(database);
}

/** Asks the database whether the migrations are applied. @throws like `requireSchema()`. */
export async function checkSchema(database: AvatarDatabase): Promise<void> {
  if ((await readSchemaVersion(database)) < SCHEMA_VERSION) throw schemaError();
}

/** The version of the schema; 0 if there is none. */
export async function readSchemaVersion(database: AvatarDatabase): Promise<number> {
  try {
    return (await database.prepare(SCHEMA_QUERY).first<number>('version')) ?? 0;
  } catch (error) {
    if (isSchemaError(error)) return 0;
    throw error;
  }
}
