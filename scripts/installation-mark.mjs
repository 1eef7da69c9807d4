/** The installation mark, which bucket and database share: an object at the bucket's root, and a row. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countObjects } from './installation.mjs';
import {
  CliError,
  queryDatabase,
  requireWrangler,
  requireWranglerJson,
  runWrangler,
  wranglerError,
} from './wrangler.mjs';

const loadRules = () => import('../server/installation-problem.ts');

/** Each creates the mark if there is no row, and returns it. `ADD` keeps one whose way to the bucket was interrupted. */
const CREATE = 'INTO flare_avatar_installation (id, mark) VALUES (1, lower(hex(randomblob(16))))';
const ADD = `INSERT ${CREATE} ON CONFLICT (id) DO UPDATE SET id = id RETURNING mark`;
const REPLACE = `INSERT OR REPLACE ${CREATE} RETURNING mark`;

/**
 * Makes the mark of a new installation. (The Worker does it too, at its first
 * use.) For `npm run deploy`, after the migrations.
 *
 * @throws CliError if bucket and database don't belong together
 */
export async function ensureMark(config) {
  const state = await readState(config);
  const { describeInstallationProblem } = await loadRules();
  const problem = describeInstallationProblem(state);
  if (problem) throw new CliError(problem);
  if (state.bucketMark === null) await writeMark(config, ADD);
}

/** Returns why bucket and database don't belong together, or null. */
export async function findMarkProblem(config) {
  const { describeInstallationProblem } = await loadRules();
  return describeInstallationProblem(await readState(config));
}

/**
 * Gives bucket and database a new common mark: the user has said that they
 * belong together. A third side with the former mark no longer matches.
 *
 * @returns whether it was necessary
 */
export async function adoptInstallation(config) {
  const { bucketMark, databaseMark } = await readState(config);
  if (bucketMark !== null && bucketMark === databaseMark) return false;
  await writeMark(config, REPLACE);
  return true;
}

/** Both halves of the mark, and whether either side has avatars: an `InstallationState`. */
async function readState(config) {
  const bucketMark = await readBucketMark(config);
  const row = await readDatabaseMark(config);
  // A mark that is not confirmed may not have reached the bucket yet.
  const isUnconfirmed = row !== undefined && row.confirmed === 0 && bucketMark === null;
  return {
    bucketMark,
    databaseMark: isUnconfirmed ? null : (row?.mark ?? null),
    bucketHasAvatars: await hasOtherObjects(config, bucketMark),
    databaseHasAvatars: (await queryDatabase(config, 'SELECT 1 AS found FROM flare_avatar_current LIMIT 1')).length > 0,
  };
}

async function readBucketMark(config) {
  const args = ['r2', 'object', 'get', await getObjectPath(config), '--pipe', '--remote'];
  const result = await runWrangler(config, args);
  if (result.code === 0) return result.output.trim();
  // After any other error, there may be a mark.
  if (/specified key does not exist/i.test(result.errors + result.output)) return null;
  throw wranglerError(args, result);
}

async function readDatabaseMark(config) {
  const [row] = await queryDatabase(config, 'SELECT mark, confirmed FROM flare_avatar_installation WHERE id = 1');
  return row;
}

/** Whether the bucket has objects other than the mark. (Wrangler counts objects, but can't list them.) */
async function hasOtherObjects(config, bucketMark) {
  const info = await requireWranglerJson(config, ['r2', 'bucket', 'info', config.bucket, '--json']);
  return countObjects(info) > (bucketMark === null ? 0 : 1);
}

/** The row first and the object second. The row is confirmed last, so that a later run can complete it. */
async function writeMark(config, sql) {
  const [{ mark }] = await queryDatabase(config, sql);
  await putMark(config, mark);
  await queryDatabase(config, `UPDATE flare_avatar_installation SET confirmed = 1 WHERE id = 1 AND mark = '${mark}'`);
}

async function putMark(config, mark) {
  const folder = mkdtempSync(join(tmpdir(), 'flare-mark-'));
  try {
    const file = join(folder, 'mark');
    writeFileSync(file, mark);
    await requireWrangler(config, ['r2', 'object', 'put', await getObjectPath(config), '--file', file, '--remote']);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const getObjectPath = async ({ bucket }) => `${bucket}/${(await loadRules()).MARK_KEY}`;
