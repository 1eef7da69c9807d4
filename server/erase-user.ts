import { DependencyError } from './errors.js';
import { deleteBatchOfOwner, deleteKeys } from './jobs/delete-objects.js';
import { notifyRemoved } from './remove-avatar.js';
import type { AvatarBucket } from './storage/bucket.js';
import type { UserContext } from './user-context.js';

/**
 * Erases everything of a user: rows and objects, under every owner secret. The
 * objects are listed before the rows are deleted, and queued in the same batch:
 * after a crash, the sweep deletes them. A commit in progress publishes nothing
 * any more, and deletes what it has written.
 * @throws ApiError `unavailable` if bucket and database don't belong together; nothing has changed.
 */
export async function eraseUser(context: UserContext): Promise<void> {
  const { owners, avatars, installation } = context;
  const problem = await installation.ensureMark();
  if (problem !== null) throw new DependencyError(['storage', 'database'], problem);
  const keys = await listKeysOfUser(context);
  const avatarKey = await avatars.eraseUser(owners, keys);
  try {
    // All that was listed, also what a commit that is in progress, or has died, has written.
    await deleteKeys(context, keys);
    while (await deleteBatchOfOwner(context));
  } finally {
    if (avatarKey !== null) await notifyRemoved(context, avatarKey);
  }
}

async function listKeysOfUser({ owners, bucket, pendingBuckets }: UserContext): Promise<string[]> {
  const lists = owners.flatMap((owner) => [
    listKeys(bucket, `avatars/${owner}/`),
    ...pendingBuckets.map((each) => listKeys(each, `pending/${owner}/`)),
  ]);
  return (await Promise.all(lists)).flat();
}

async function listKeys(bucket: AvatarBucket, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for (let cursor = ''; ; ) {
    const page = await bucket.list({ prefix, ...(cursor && { cursor }) });
    keys.push(...page.objects.map(({ key }) => key));
    if (!page.truncated) return keys;
    cursor = page.cursor;
  }
}
