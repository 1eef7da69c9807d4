import type { AvatarStore } from './avatar-store.js';

/** R2 deletes at most this many objects in one call. */
const BATCH = 1000;

/**
 * Deletes the objects that are queued, of one owner or of all, and then their
 * queue entries: in that order, so that a crash in between only repeats the
 * deletion. Tells whether more are left.
 */
export async function deleteQueued(bucket: R2Bucket, store: AvatarStore, owner: string | null): Promise<boolean> {
  const keys = await store.queuedDeletions(owner, BATCH);
  if (keys.length === 0) return false;
  await bucket.delete(keys);
  await store.dropDeletions(keys);
  return keys.length === BATCH;
}
