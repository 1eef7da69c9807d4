import { AvatarStore } from './avatar-store.js';
import { deleteDue } from './deletions.js';
import type { AvatarEnv } from './env.js';
import { pendingKey } from './object-key.js';

/** A bound on what one cron event does. */
export interface SweepOptions {
  /** Uploads whose objects are deleted in one call, at most 1,000. Default: 500. */
  batchSize?: number;
}

/** Turns of one batch each that a run makes at most. */
const TURNS = 20;

/**
 * How long an upload is remembered after its last moment for a commit, so that
 * a late commit is told that it is late; milliseconds.
 */
const MEMORY = 24 * 60 * 60 * 1000;

/**
 * One run of the cron: closes uploads whose time is over, deletes their pending
 * objects and every object queued for deletion, and forgets old uploads.
 * Running it again, or twice at once, does no harm.
 * @param now milliseconds since 1970: the scheduled time of the event.
 */
export async function sweepAvatars(
  env: Pick<AvatarEnv, 'AVATARS' | 'DB'>,
  { batchSize = 500 }: SweepOptions,
  now: number,
): Promise<void> {
  const store = new AvatarStore(env.DB);
  // One stage that fails must not keep the others from their work.
  const stages = [
    () => sweepUploads(env.AVATARS, store, batchSize, now),
    () => inTurns(() => deleteDue(env.AVATARS, store, now)),
    () => store.forgetUploads(now - MEMORY, batchSize * TURNS),
  ];
  const failures: unknown[] = [];
  for (const stage of stages) await stage().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw new AggregateError(failures, 'The sweep has not done all of its work.');
}

async function sweepUploads(bucket: R2Bucket, store: AvatarStore, batchSize: number, now: number): Promise<void> {
  await store.expireUploads(now);
  await inTurns(async () => {
    const uploads = await store.unsweptUploads(now, batchSize);
    if (uploads.length === 0) return false;
    await bucket.delete(uploads.map(({ owner, id }) => pendingKey(owner, id)));
    await store.markSwept(uploads);
    return uploads.length === batchSize;
  });
}

/** Repeats a turn while it says that more is left, within bounds. */
async function inTurns(turn: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < TURNS && (await turn()); i++);
}
