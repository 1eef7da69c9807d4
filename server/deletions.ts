import type { AvatarStore } from './avatar-store.js';

/** R2 deletes at most this many objects in one call. */
const BATCH = 1000;

/** Deletes what the owner no longer points to. Nothing is lost if it fails: the sweep goes on with the queue. */
export async function deleteOwn(bucket: R2Bucket, store: AvatarStore, owner: string): Promise<void> {
  await store
    .dueDeletionsOf(owner, Date.now(), BATCH)
    .then((keys) => deleteKeys(bucket, store, keys))
    .catch(() => {});
}

/** Deletes what is due, of all owners; tells whether more may be left. */
export async function deleteDue(bucket: R2Bucket, store: AvatarStore, now: number): Promise<boolean> {
  const keys = await store.dueDeletions(now, BATCH);
  await deleteKeys(bucket, store, keys);
  return keys.length === BATCH;
}

/** First the objects, then their queue entries: a crash in between only repeats the deletion. */
async function deleteKeys(bucket: R2Bucket, store: AvatarStore, keys: string[]): Promise<void> {
  if (keys.length === 0) return;
  await bucket.delete(keys);
  await store.dropDeletions(keys);
}
