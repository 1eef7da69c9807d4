import { AvatarStore } from './avatar-store.js';
import { deleteQueued } from './deletions.js';
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
  await store.expireUploads(now);
  for (let turn = 0; turn < TURNS; turn++) {
    const uploads = await store.unsweptUploads(now, batchSize);
    if (uploads.length > 0) {
      await env.AVATARS.delete(uploads.map(({ owner, id }) => pendingKey(owner, id)));
      await store.markSwept(uploads);
    }
    if (uploads.length < batchSize) break;
  }
  for (let turn = 0; turn < TURNS; turn++) {
    if (!(await deleteQueued(env.AVATARS, store, null))) break;
  }
  await store.forgetUploads(now - MEMORY, batchSize * TURNS);
}
