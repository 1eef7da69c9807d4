import type { BucketsConfig } from '../config.js';
import type { DeletionQueue, DueObject } from '../db/deletion-queue.js';
import type { AvatarBucket } from '../storage/bucket.js';
import { listKeysOfPicture, parsePendingKey } from '../storage/object-keys.js';
import type { UserContext } from '../user-context.js';

/** R2 deletes at most this many objects in one call. */
const BATCH_SIZE = 1000;

/**
 * Deletes the user's queued objects, unless bucket and database don't carry the
 * same installation mark. A failure is logged only: the sweep deletes what is left.
 */
export async function deleteObjectsOfOwner(context: UserContext): Promise<void> {
  try {
    await deleteBatchOfOwner(context);
  } catch (error) {
    // The entries stay in the queue.
    context.logFailure('delete-objects', error);
  }
}

/**
 * Deletes one batch of the user's queued objects, unless bucket and database
 * don't carry the same installation mark.
 * @returns Whether there may be more.
 */
export async function deleteBatchOfOwner(context: UserContext): Promise<boolean> {
  const { owners, deletions, installation } = context;
  const due = await deletions.listDueOfOwners(owners, Date.now(), BATCH_SIZE);
  if (due.length === 0 || !(await installation.isMarked())) return false;
  await deleteObjects(deletions, context, due);
  return due.length === BATCH_SIZE;
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
async function deleteObjects(queue: DeletionQueue, buckets: BucketsConfig, due: readonly DueObject[]): Promise<void> {
  await deleteKeys(
    buckets,
    due.flatMap(({ key, sizes }) => listKeysOfPicture(key, sizes)),
  );
  if (due.length > 0) await queue.removeEntries(due.map(({ key }) => key));
}

/** Deletes any number of objects, those of pending uploads from every bucket that may have them. */
export async function deleteKeys({ bucket, pendingBuckets }: BucketsConfig, keys: readonly string[]): Promise<void> {
  const pendingKeys = keys.filter((key) => parsePendingKey(key));
  for (const each of pendingBuckets) if (each !== bucket) await deleteKeysFrom(each, pendingKeys);
  await deleteKeysFrom(bucket, keys);
}

async function deleteKeysFrom(bucket: AvatarBucket, keys: readonly string[]): Promise<void> {
  for (let at = 0; at < keys.length; at += BATCH_SIZE) await bucket.delete(keys.slice(at, at + BATCH_SIZE));
}
