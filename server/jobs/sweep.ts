import { type AvatarEnv, type BucketsConfig, type BucketsEnv, parseBuckets, requireValues } from '../config.js';
import type { AvatarDatabase } from '../db/database.js';
import { DeletionQueue } from '../db/deletion-queue.js';
import { ReconcileStore } from '../db/reconcile-store.js';
import { requireSchema } from '../db/schema.js';
import { SweepStore } from '../db/sweep-store.js';
import { Installation } from '../installation.js';
import { describeError, guardLog, type Log, logToConsole } from '../log.js';
import type { AvatarBucket } from '../storage/bucket.js';
import { pendingKey } from '../storage/object-keys.js';
import { functionRule, integerRule, type OptionRules, oneOfRule, readOptions } from '../validate-options.js';
import { deleteDueObjects } from './delete-objects.js';
import { type ReconcileCounts, reconcileBucket } from './reconcile.js';

/**
 * Options of `sweepAvatars()`.
 *
 * @example
 * ```ts
 * const options: SweepOptions = { batchSize: 200, log: (entry) => logger[entry.level](entry) };
 * ```
 */
export interface SweepOptions {
  /**
   * Uploads whose objects are deleted in one call to R2, at most 1,000.
   * @defaultValue `500`
   */
  batchSize?: number;
  /**
   * Whether to compare the bucket with the database. `report` notes differences
   * and counts their days, but the comparison deletes nothing: the log says what
   * `on` would delete.
   * @defaultValue `'on'`
   */
  reconcile?: 'on' | 'report' | 'off';
  /**
   * How many days in a row an object under `avatars/` has to be unknown to the
   * database before it is deleted, and the object of an avatar missing before
   * its row is deleted.
   * @defaultValue `30`
   */
  orphanDays?: number;
  /**
   * Receives the entry about the run.
   * @defaultValue one line of JSON on the console
   */
  log?: Log;
}

const RULES: OptionRules<SweepOptions> = {
  batchSize: integerRule(1, 1000),
  reconcile: oneOfRule('on', 'report', 'off'),
  orphanDays: integerRule(1, 36_500),
  log: functionRule,
};

const DEFAULTS: Required<SweepOptions> = { batchSize: 500, reconcile: 'on', orphanDays: 30, log: logToConsole };

/** Maximum number of batches of one kind per run. The next run continues. */
const MAX_BATCHES = 20;

/** How long an expired upload is remembered, so that a late commit gets 410, in milliseconds. */
const RETENTION_MS = 24 * 60 * 60 * 1000;

/** What a run did, as it is logged. */
interface SweepCounts extends ReconcileCounts {
  /** Expired uploads whose pending objects were deleted. */
  swept: number;
  /** Queued objects that were deleted. */
  deleted: number;
  /** Uploads whose rows were deleted. */
  forgotten: number;
}

const createCounts = (): SweepCounts => ({
  swept: 0,
  walked: 0,
  unknown: 0,
  missing: 0,
  orphans: 0,
  lost: 0,
  late: 0,
  deleted: 0,
  forgotten: 0,
});

/** What the sweep needs of the Worker's environment. */
type SweepEnv = Pick<AvatarEnv, 'AVATARS' | 'DB'> & Partial<BucketsEnv>;

/** One run of the sweep. */
interface SweepRun extends BucketsConfig {
  database: AvatarDatabase;
  options: Required<SweepOptions>;
  now: number;
  counts: SweepCounts;
}

/**
 * Cleans up: closes expired uploads and deletes their pending objects, compares
 * a part of the bucket with the database, deletes the queued objects and forgets
 * old uploads. Each run is bounded, and the next run continues. Running it
 * again, or twice at the same time, is safe. While bucket and database don't
 * carry the same installation mark, it only deletes pending objects, and fails.
 *
 * @param env - The Worker's environment.
 * @param options - See `SweepOptions`.
 * @param now - The scheduled time of the event, in milliseconds since 1970.
 * @throws TypeError that names an option, or `now`, that is wrong.
 * @throws AggregateError after everything was tried, if a part of it failed.
 *
 * @example
 * ```ts
 * export default {
 *   fetch: app.fetch,
 *   scheduled: (event, env) => sweepAvatars(env, {}, event.scheduledTime),
 * } satisfies ExportedHandler<AvatarEnv>;
 * ```
 */
export async function sweepAvatars(env: SweepEnv, options: SweepOptions | undefined, now: number): Promise<void> {
  const resolved = { ...DEFAULTS, ...readOptions('sweepAvatars', options, RULES) };
  if (!Number.isFinite(now)) throw new TypeError('sweepAvatars: now must be a time in milliseconds since 1970.');
  const startedAt = Date.now();
  const counts = createCounts();
  const failures = await openStores(env).then(
    (stores) => runStages({ ...stores, options: resolved, now, counts }),
    (error: unknown) => [error],
  );
  guardLog(resolved.log)({
    level: failures.length > 0 ? 'error' : 'info',
    event: 'sweep',
    ...(resolved.reconcile !== 'on' && { reconcile: resolved.reconcile }),
    ...counts,
    ms: Date.now() - startedAt,
    ...(failures.length > 0 && { errors: failures.map(describeError) }),
  });
  if (failures.length > 0) throw new AggregateError(failures, 'A part of the sweep failed.');
}

/** @throws Error if a binding is missing or wrong, or the schema older than the code: then nothing may be deleted. */
async function openStores(env: SweepEnv): Promise<BucketsConfig & Pick<SweepRun, 'database'>> {
  const { DB: database } = requireValues(env, ['AVATARS', 'DB']);
  const buckets = parseBuckets(env);
  await requireSchema(database);
  return { ...buckets, database };
}

/** Runs every stage, whether or not another one fails; returns the failures. */
async function runStages(run: SweepRun): Promise<unknown[]> {
  const failures: unknown[] = [];
  const attempt = (stage: (run: SweepRun) => Promise<void>) =>
    stage(run).then(
      () => true,
      (error: unknown) => void failures.push(error),
    );
  await attempt(sweepUploads);
  // Everything below deletes avatars or rows.
  if (!(await attempt(requireMark))) return failures;
  for (const stage of [reconcile, deleteQueued, forgetOldUploads]) await attempt(stage);
  return failures;
}

/** @throws Error if bucket and database don't belong together. */
async function requireMark({ bucket, database }: SweepRun): Promise<void> {
  const problem = await new Installation(bucket, database).ensureMark();
  if (problem) throw new InstallationError(problem);
}

/** Bucket and database don't carry the same installation mark. */
class InstallationError extends Error {
  override name = 'InstallationError';
}

async function sweepUploads({ pendingBuckets, database, options, now, counts }: SweepRun): Promise<void> {
  const store = new SweepStore(database);
  const { batchSize } = options;
  await repeatWhileMore(MAX_BATCHES, async () => {
    const swept = await sweepBatch(pendingBuckets, store, batchSize, now);
    counts.swept += swept;
    return swept === batchSize;
  });
}

/** Closes one batch of expired uploads and deletes their pending objects; returns how many. */
async function sweepBatch(
  buckets: readonly AvatarBucket[],
  store: SweepStore,
  batchSize: number,
  now: number,
): Promise<number> {
  const uploads = await store.listUnswept(now, batchSize);
  if (uploads.length === 0) return 0;
  await store.closeUploads(uploads);
  for (const bucket of buckets) await bucket.delete(uploads.map(({ owner, id }) => pendingKey(owner, id)));
  await store.markSwept(uploads);
  return uploads.length;
}

async function reconcile({ database, options, now, counts, ...buckets }: SweepRun): Promise<void> {
  if (options.reconcile === 'off') return;
  const access = { ...buckets, store: new ReconcileStore(database), deletions: new DeletionQueue(database) };
  const { orphanDays } = options;
  await reconcileBucket(access, { isReport: options.reconcile === 'report', orphanDays, now }, counts);
}

async function deleteQueued({ database, now, counts, ...buckets }: SweepRun): Promise<void> {
  const queue = new DeletionQueue(database);
  await repeatWhileMore(MAX_BATCHES, async () => {
    const { deleted, hasMore } = await deleteDueObjects(queue, buckets, now);
    counts.deleted += deleted;
    return hasMore;
  });
}

async function forgetOldUploads({ database, options, now, counts }: SweepRun): Promise<void> {
  const limit = options.batchSize * MAX_BATCHES;
  counts.forgotten = await new SweepStore(database).forgetUploads(now - RETENTION_MS, limit);
}

/** Repeats a step while it returns that there is more to do, at most `limit` times. */
async function repeatWhileMore(limit: number, step: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < limit && (await step()); i++);
}
