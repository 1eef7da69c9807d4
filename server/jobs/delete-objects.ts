import type { BucketsConfig } from '../config.js';
import type { RouteContext } from '../context.js';
import type { DeletionQueue, DueObject } from '../db/deletion-queue.js';
import { listKeysOfPicture, parsePendingKey } from '../storage/object-keys.js';

/** R2 deletes at most this many objects in one call. */
const BATCH_SIZE = 1000;

/**
 * Deletes the user's queued objects, unless bucket and database don't carry the
 * same installation mark. A failure is logged only: the sweep deletes what is left.
 */
export async function deleteObjectsOfOwner(context: RouteContext): Promise<void> {
  const { owners, deletions, installation } = context;
  try {
    const now = Date.now();
    const lists = await Promise.all(owners.map((owner) => deletions.listDueOfOwner(owner, now, BATCH_SIZE)));
    const due = lists.flat().slice(0, BATCH_SIZE);
    if (due.length > 0 && (await installation.isMarked())) await deleteObjects(deletions, context, due);
  } catch (error) {
    // The entries stay in the queue.
    context.logFailure('delete-objects', error);
  }
}

/** Deletes one batch of the objects that are due, of all owners. */
export async function deleteDueObjects(
  queue: DeletionQueue,
  buckets: BucketsConfig,
  now: number,
): Promise<{ deleted: number; hasMore: boolean }> {
  const due = await queue.listDue(now, BATCH_SIZE);
  const obsolete = due.filter(({ isCurrent }) => !isCurrent);
  await deleteObjects(queue, buckets, obsolete);
  if (obsolete.length < due.length) await queue.removeEntries(due.map(({ key }) => key));
  return { deleted: obsolete.length, hasMore: due.length === BATCH_SIZE };
}

/** Deletes the objects first and their entries last: a crash in between only repeats the deletion. */
async function deleteObjects(
  queue: DeletionQueue,
  { bucket, pendingBuckets }: BucketsConfig,
  due: readonly DueObject[],
): Promise<void> {
  const keys = due.flatMap(({ key, sizes }) => listKeysOfPicture(key, sizes));
  const pendingKeys = keys.filter((key) => parsePendingKey(key));
  for (const each of pendingBuckets) if (each !== bucket) await deleteKeys(each, pendingKeys);
  await deleteKeys(bucket, keys);
  if (due.length > 0) await queue.removeEntries(due.map(({ key }) => key));
}

/** Deletes any number of objects. */
async function deleteKeys(bucket: R2Bucket, keys: readonly string[]): Promise<void> {
  for (let at = 0; at < keys.length; at += BATCH_SIZE) await bucket.delete(keys.slice(at, at + BATCH_SIZE));
}
