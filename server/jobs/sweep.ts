import type { AvatarEnv } from '../config.js';
import { Deletions } from '../db/deletion-queue.js';
import { ReconcileStore } from '../db/reconcile-store.js';
import { SweepStore } from '../db/sweep-store.js';
import { describeError, type Log, logToConsole } from '../log.js';
import { pendingKey } from '../storage/object-keys.js';
import { reconcileSlice } from './reconcile.js';

/** What one cron event does, and where it tells of it. */
export interface SweepOptions {
  /** Uploads whose objects are deleted in one call, at most 1,000. Default: 500. */
  batchSize?: number;
  /** Takes the line about the run. Default: the console, as JSON. */
  log?: Log;
}

/** Batches of one kind that a run goes through at most; what is left is the next run's. */
const TURNS = 20;

/** Slices of the bucket that a run compares with D1 at most. */
const SLICES = 10;

/**
 * How long an upload is remembered after its last moment for a commit, so that
 * a late commit is told that it is late; milliseconds.
 */
const MEMORY = 24 * 60 * 60 * 1000;

/** What one run did. */
interface Counts {
  /** Uploads that are over: their pending objects are gone. */
  swept: number;
  /** Objects compared with D1. */
  walked: number;
  /** Objects that nothing knew. */
  orphans: number;
  /** Avatars whose objects were gone. */
  lost: number;
  /** Objects deleted from the queue. */
  deleted: number;
  /** Uploads whose rows are gone. */
  forgotten: number;
}

/**
 * One run of the cron: closes uploads whose time is over and deletes their
 * pending objects, compares a slice of the bucket with D1, deletes every object
 * in the queue, and forgets old uploads. Bounded: what is left is done by the
 * next runs. Running it again, or twice at once, does no harm.
 * @param now milliseconds since 1970: the scheduled time of the event.
 * @throws {AggregateError} once everything has been tried, if a part of it failed.
 */
export async function sweepAvatars(
  env: Pick<AvatarEnv, 'AVATARS' | 'DB'>,
  { batchSize = 500, log = logToConsole }: SweepOptions,
  now: number,
): Promise<void> {
  const began = Date.now();
  const counts: Counts = { swept: 0, walked: 0, orphans: 0, lost: 0, deleted: 0, forgotten: 0 };
  // One stage that fails must not keep the others from their work.
  const failures: unknown[] = [];
  for (const stage of stages(env, batchSize, now, counts)) {
    await stage().catch((error: unknown) => failures.push(error));
  }
  log({
    level: failures.length > 0 ? 'error' : 'info',
    event: 'sweep',
    ...counts,
    ms: Date.now() - began,
    ...(failures.length > 0 && { errors: failures.map(describeError) }),
  });
  if (failures.length > 0) throw new AggregateError(failures, 'The sweep has not done all of its work.');
}

function stages({ AVATARS, DB }: Pick<AvatarEnv, 'AVATARS' | 'DB'>, batchSize: number, now: number, counts: Counts) {
  const store = new SweepStore(DB);
  const walk = new ReconcileStore(DB);
  const deletions = new Deletions(DB, AVATARS);
  return [
    () =>
      inTurns(TURNS, async () => {
        const swept = await sweepBatch(AVATARS, store, batchSize, now);
        counts.swept += swept;
        return swept === batchSize;
      }),
    () =>
      inTurns(SLICES, async () => {
        const { walked, orphans, lost, hasMore } = await reconcileSlice(AVATARS, walk, now);
        counts.walked += walked;
        counts.orphans += orphans;
        counts.lost += lost;
        return hasMore;
      }),
    () =>
      inTurns(TURNS, async () => {
        const { deleted, hasMore } = await deletions.deleteDue(now);
        counts.deleted += deleted;
        return hasMore;
      }),
    async () => {
      counts.forgotten = await store.forgetUploads(now - MEMORY, batchSize * TURNS);
    },
  ];
}

/** Ends one batch of uploads whose time is over; tells how many. */
async function sweepBatch(bucket: R2Bucket, store: SweepStore, batchSize: number, now: number): Promise<number> {
  const uploads = await store.unsweptUploads(now, batchSize);
  if (uploads.length === 0) return 0;
  await store.closeUploads(uploads, now);
  await bucket.delete(uploads.map(({ owner, id }) => pendingKey(owner, id)));
  await store.markSwept(uploads);
  return uploads.length;
}

/** Repeats a turn while it says that more is left, within bounds. */
async function inTurns(most: number, turn: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < most && (await turn()); i++);
}
