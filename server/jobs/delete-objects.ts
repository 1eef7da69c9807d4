import type { DeletionQueue } from '../db/deletion-queue.js';
import type { Owners } from '../storage/owner.js';

/** R2 deletes at most this many objects in one call. */
const BATCH_SIZE = 1000;

/** Deletes the user's queued objects. Failures are ignored: the sweep deletes what is left. */
export async function deleteObjectsOfUser(queue: DeletionQueue, bucket: R2Bucket, owners: Owners): Promise<void> {
  try {
    for (const owner of owners) {
      await deleteObjects(queue, bucket, await queue.listDueOfOwner(owner, Date.now(), BATCH_SIZE));
    }
  } catch {
    // The entries stay in the queue.
  }
}

/** Deletes one batch of the objects that are due, of all owners. */
export async function deleteDueObjects(
  queue: DeletionQueue,
  bucket: R2Bucket,
  now: number,
): Promise<{ deleted: number; hasMore: boolean }> {
  const keys = await queue.listDue(now, BATCH_SIZE);
  await deleteObjects(queue, bucket, keys);
  return { deleted: keys.length, hasMore: keys.length === BATCH_SIZE };
}

/** Deletes the objects first and their entries last: a crash in between only repeats the deletion. */
async function deleteObjects(queue: DeletionQueue, bucket: R2Bucket, keys: string[]): Promise<void> {
  if (keys.length === 0) return;
  await bucket.delete(keys);
  await queue.removeEntries(keys);
}
