import type { RouteContext } from '../context.js';
import type { DeletionQueue } from '../db/deletion-queue.js';

/** R2 deletes at most this many objects in one call. */
const BATCH_SIZE = 1000;

/** Deletes the user's queued objects. A failure is logged only: the sweep deletes what is left. */
export async function deleteObjectsOfOwner(context: RouteContext): Promise<void> {
  const { owners, deletions, bucket } = context;
  try {
    for (const owner of owners) {
      await deleteObjects(deletions, bucket, await deletions.listDueOfOwner(owner, Date.now(), BATCH_SIZE));
    }
  } catch (error) {
    // The entries stay in the queue.
    context.logFailure('delete-objects', error);
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
