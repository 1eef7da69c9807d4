import type { StorageConfig } from './config.js';
import { AvatarStore } from './db/avatar-store.js';
import type { Database } from './db/database.js';
import type { StoredPicture } from './db/rows.js';
import { deriveOwners } from './storage/owner.js';

/**
 * The current pictures of several users by id, in one query. A user without a
 * picture is not in the map.
 */
export async function findPictures(
  { ownerSecrets }: StorageConfig,
  database: Database,
  ids: readonly string[],
): Promise<Map<string, StoredPicture>> {
  const owned = await Promise.all(ids.map(async (id) => ({ id, owners: await deriveOwners(ownerSecrets, id) })));
  const pictures = await new AvatarStore(database).listAvatars(owned.flatMap(({ owners }) => owners));
  return new Map(
    owned.flatMap(({ id, owners }) => {
      const found = owners.flatMap((owner) => pictures.get(owner) ?? []);
      // As in findAvatar(): the newest one counts, and the current owner's of two equally new ones.
      const [newest] = found.toSorted((a, b) => b.avatar.createdAt.localeCompare(a.avatar.createdAt));
      return newest ? [[id, newest] as const] : [];
    }),
  );
}
