/** What of an installation already exists in the account: the bucket, the database, and data in them. */
import { setInConfig } from './edit-config.mjs';
import {
  CliError,
  queryDatabase,
  requireWrangler,
  requireWranglerJson,
  runWrangler,
  wranglerError,
} from './wrangler.mjs';

/** `database_id` in wrangler.jsonc before the first deployment. */
const PLACEHOLDER_ID = '00000000-0000-0000-0000-000000000000';

/** Returns what is known about the bucket, or null if there is none. */
async function findBucket(config, bucket = config.bucket) {
  const args = ['r2', 'bucket', 'info', bucket, '--json'];
  const result = await runWrangler(config, args);
  if (result.code === 0) return JSON.parse(result.output);
  // Error 10006. After any other error, the bucket may exist.
  if (/\b10006\b|bucket does not exist/.test(result.errors + result.output)) return null;
  throw wranglerError(args, result);
}

/** The number of objects in what `r2 bucket info --json` prints, such as "1,234". */
export const countObjects = ({ object_count }) => Number(String(object_count ?? 0).replace(/\D/g, ''));

/** Creates the buckets that are missing. */
export async function ensureBuckets(config) {
  for (const bucket of [config.bucket, ...(config.pendingBucket ? [config.pendingBucket] : [])]) {
    if (!(await findBucket(config, bucket))) await requireWrangler(config, ['r2', 'bucket', 'create', bucket]);
  }
}

export const hasDatabaseId = ({ database }) => database.database_id && database.database_id !== PLACEHOLDER_ID;

/** Writes the id of the account's database of that name to the configuration. @returns whether there is one */
async function adoptDatabase(config) {
  const { database } = config;
  const databases = await requireWranglerJson(config, ['d1', 'list', '--json']);
  const id = databases.find(({ name }) => name === database.database_name)?.uuid;
  if (!id) return false;
  setInConfig(config.path, [...config.databaseKeys, 'database_id'], id);
  database.database_id = id;
  return true;
}

export async function ensureDatabase(config) {
  if (hasDatabaseId(config) || (await adoptDatabase(config))) return;
  const { database_name: name } = config.database;
  const { jurisdiction } = config;
  await requireWrangler(config, ['d1', 'create', name, ...(jurisdiction ? ['--jurisdiction', jurisdiction] : [])]);
  if (!(await adoptDatabase(config))) {
    throw new CliError(`The database ${name} was created, but wrangler d1 list doesn't show it yet.`);
  }
}

/** Returns a sentence about the data that an earlier deployment has stored, or null if there is none. */
export async function findInstallation(config) {
  if ((hasDatabaseId(config) || (await adoptDatabase(config))) && (await hasRows(config))) {
    return `The database ${config.database.database_name} holds the data of an installation`;
  }
  const bucket = await findBucket(config);
  const count = bucket ? countObjects(bucket) : 0;
  return count > 0 ? `The bucket ${config.bucket} holds ${count} objects of an installation` : null;
}

async function hasRows(config) {
  const tables = await queryDatabase(config, "SELECT name FROM sqlite_master WHERE type = 'table'");
  // The migrations write the version of the schema.
  const isData = (name) => /^flare_avatar_\w+$/.test(name) && name !== 'flare_avatar_schema';
  const names = tables.map(({ name }) => name).filter(isData);
  if (names.length === 0) return false;
  const counts = await queryDatabase(config, names.map((name) => `SELECT 1 AS found FROM ${name} LIMIT 1`).join('; '));
  return counts.length > 0;
}
