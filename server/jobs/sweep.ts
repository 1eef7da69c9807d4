import { type AvatarEnv, requireValues } from '../config.js';
import { DeletionQueue } from '../db/deletion-queue.js';
import { ReconcileStore } from '../db/reconcile-store.js';
import { requireSchema } from '../db/schema.js';
import { SweepStore } from '../db/sweep-store.js';
import { describeError, guardLog, type Log, logToConsole } from '../log.js';
import { pendingKey } from '../storage/object-keys.js';
import { functionRule, integerRule, type OptionRules, readOptions } from '../validate-options.js';
import { deleteDueObjects } from './delete-objects.js';
import { reconcileSlice } from './reconcile.js';

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
   * Receives the entry about the run.
   * @defaultValue one line of JSON on the console
   */
  log?: Log;
}

const RULES: OptionRules<SweepOptions> = { batchSize: integerRule(1, 1000), log: functionRule };

/** Maximum number of batches of one kind per run. The next run continues. */
const MAX_BATCHES = 20;

/** Maximum number of slices of the bucket that a run compares with the database. */
const MAX_SLICES = 10;

/** How long an expired upload is remembered, so that a late commit gets 410, in milliseconds. */
const RETENTION_MS = 24 * 60 * 60 * 1000;

/** What a run did, as it is logged. */
interface SweepCounts {
  /** Expired uploads whose pending objects were deleted. */
  swept: number;
  /** Objects compared with the database. */
  walked: number;
  /** Unknown objects that were queued for deletion. */
  orphans: number;
  /** Avatars that were forgotten because their objects are missing. */
  lost: number;
  /** Queued objects that were deleted. */
  deleted: number;
  /** Uploads whose rows were deleted. */
  forgotten: number;
}

/** One run of the sweep. */
interface SweepRun {
  bucket: R2Bucket;
  database: D1Database;
  batchSize: number;
  now: number;
  counts: SweepCounts;
}

/**
 * Cleans up: closes expired uploads and deletes their pending objects, compares
 * a part of the bucket with the database, deletes the queued objects and forgets
 * old uploads. Each run is bounded, and the next run continues. Running it
 * again, or twice at the same time, is safe.
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
export async function sweepAvatars(
  env: Pick<AvatarEnv, 'AVATARS' | 'DB'>,
  options: SweepOptions | undefined,
  now: number,
): Promise<void> {
  const { batchSize = 500, log = logToConsole } = readOptions('sweepAvatars', options, RULES);
  if (!Number.isFinite(now)) throw new TypeError('sweepAvatars: now must be a time in milliseconds since 1970.');
  const startedAt = Date.now();
  const counts: SweepCounts = { swept: 0, walked: 0, orphans: 0, lost: 0, deleted: 0, forgotten: 0 };
  const failures = await openStores(env).then(
    (stores) => runStages({ ...stores, batchSize, now, counts }),
    (error: unknown) => [error],
  );
  guardLog(log)({
    level: failures.length > 0 ? 'error' : 'info',
    event: 'sweep',
    ...counts,
    ms: Date.now() - startedAt,
    ...(failures.length > 0 && { errors: failures.map(describeError) }),
  });
  if (failures.length > 0) throw new AggregateError(failures, 'A part of the sweep failed.');
}

/** @throws Error if a binding is missing or wrong, or the schema older than the code: then nothing may be deleted. */
async function openStores(env: Pick<AvatarEnv, 'AVATARS' | 'DB'>): Promise<Pick<SweepRun, 'bucket' | 'database'>> {
  const { AVATARS: bucket, DB: database } = requireValues(env, ['AVATARS', 'DB']);
  await requireSchema(database);
  return { bucket, database };
}

/** Runs every stage, whether or not another one fails; returns the failures. */
async function runStages(run: SweepRun): Promise<unknown[]> {
  const failures: unknown[] = [];
  for (const runStage of [sweepUploads, reconcileBucket, deleteQueued, forgetOldUploads]) {
    await runStage(run).catch((error: unknown) => failures.push(error));
  }
  return failures;
}

async function sweepUploads({ bucket, database, batchSize, now, counts }: SweepRun): Promise<void> {
  const store = new SweepStore(database);
  await repeatWhileMore(MAX_BATCHES, async () => {
    const swept = await sweepBatch(bucket, store, batchSize, now);
    counts.swept += swept;
    return swept === batchSize;
  });
}

/** Closes one batch of expired uploads and deletes their pending objects; returns how many. */
async function sweepBatch(bucket: R2Bucket, store: SweepStore, batchSize: number, now: number): Promise<number> {
  const uploads = await store.listUnswept(now, batchSize);
  if (uploads.length === 0) return 0;
  await store.closeUploads(uploads, now);
  await bucket.delete(uploads.map(({ owner, id }) => pendingKey(owner, id)));
  await store.markSwept(uploads);
  return uploads.length;
}

async function reconcileBucket({ bucket, database, now, counts }: SweepRun): Promise<void> {
  const access = { bucket, store: new ReconcileStore(database), deletions: new DeletionQueue(database) };
  await repeatWhileMore(MAX_SLICES, async () => {
    const { walked, orphans, lost, hasMore } = await reconcileSlice(access, now);
    counts.walked += walked;
    counts.orphans += orphans;
    counts.lost += lost;
    return hasMore;
  });
}

async function deleteQueued({ bucket, database, now, counts }: SweepRun): Promise<void> {
  const queue = new DeletionQueue(database);
  await repeatWhileMore(MAX_BATCHES, async () => {
    const { deleted, hasMore } = await deleteDueObjects(queue, bucket, now);
    counts.deleted += deleted;
    return hasMore;
  });
}

async function forgetOldUploads({ database, batchSize, now, counts }: SweepRun): Promise<void> {
  counts.forgotten = await new SweepStore(database).forgetUploads(now - RETENTION_MS, batchSize * MAX_BATCHES);
}

/** Repeats a step while it returns that there is more to do, at most `limit` times. */
async function repeatWhileMore(limit: number, step: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < limit && (await step()); i++);
}
