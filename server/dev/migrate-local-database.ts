import { applyMigrations } from '../db/apply-migrations.js';
import type { AvatarDatabase, Statement } from '../db/database.js';

/** How Wrangler names the migrations of the project's database, so that it doesn't apply them again. */
export interface DevMigrations {
  /**
   * File names of this package's migrations in the project, in order.
   * @defaultValue the names in the package
   */
  migrations?: readonly string[];
  /**
   * `migrations_table` of the database in the configuration.
   * @defaultValue `d1_migrations`
   */
  migrationsTable?: string;
}

const DEFAULT_MIGRATIONS = ['0001_flare_avatar.sql'];

/** Databases that are done with. Workers pass the same binding to every request of an isolate. */
const visited = new WeakSet<AvatarDatabase>();

/**
 * Applies missing migrations to a database that Wrangler simulates on this machine, and to no other. If one fails,
 * the API says how to apply them.
 */
export async function migrateLocalDatabase(database: AvatarDatabase, options: DevMigrations): Promise<void> {
  if (visited.has(database)) return;
  try {
    if (await isSimulated(database)) {
      await applyMigrations(database, (version) => recordMigration(database, version, options));
    }
    visited.add(database);
  } catch (error) {
    console.error("Couldn't apply the avatar migrations to the local database.", error);
  }
}

/** Whether Wrangler simulates the database. With `remote` in the configuration, a local Worker has a deployed one. */
async function isSimulated(database: AvatarDatabase): Promise<boolean> {
  const { meta } = await database.prepare('SELECT 1').run();
  return 'served_by' in meta && meta.served_by === 'miniflare.db';
}

/** The statements by which Wrangler records a migration. */
function recordMigration(database: AvatarDatabase, version: number, options: DevMigrations): Statement[] {
  const { migrations = DEFAULT_MIGRATIONS, migrationsTable = 'd1_migrations' } = options;
  const table = `"${migrationsTable.replaceAll('"', '""')}"`;
  return [
    database.prepare(`CREATE TABLE IF NOT EXISTS ${table}(
      id         INTEGER PRIMARY KEY AUTOINCREMENT,
      name       TEXT UNIQUE,
      applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
    )`),
    database.prepare(`INSERT OR IGNORE INTO ${table} (name) VALUES (?1)`).bind(migrations[version - 1] ?? ''),
  ];
}
