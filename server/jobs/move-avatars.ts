import type { RebuildStore } from '../db/rebuild-store.js';
import { describeAvatarObject, describeCopyObject, type StoredAvatar } from '../storage/avatar-object.js';
import type { AvatarBucket } from '../storage/bucket.js';
import { createAvatarKey, createCopyKey } from '../storage/object-keys.js';
import { deriveOwner, type OwnerSecrets } from '../storage/owner.js';
import { openUserId, sealUserId } from '../storage/sealed-user.js';

/** Number of avatars that are moved at the same time. Each is held in memory. */
const PARALLEL_MOVES = 8;

/** What moving avatars works with. */
export interface MoveAccess {
  bucket: AvatarBucket;
  /** The current secret, to which avatars are moved, and former ones; null leaves every avatar where it is. */
  secrets: OwnerSecrets | null;
  /** Whether avatars are public, as the objects' headers say. */
  isPublic: boolean;
  /** Only counts what would be done. */
  isDryRun: boolean;
}

/** How many current avatars were moved. */
export interface MoveCounts {
  /** Moved to the current secret. */
  moved: number;
  /** Left where they are, because none of the secrets reveals their user. */
  unmovable: number;
}

/** An avatar to be moved, with its user. */
interface Move {
  from: StoredAvatar;
  userId: string;
}

/** Moves those of these current avatars that are stored under a former secret. */
export async function moveAvatars(
  access: MoveAccess,
  store: RebuildStore,
  avatars: readonly StoredAvatar[],
): Promise<MoveCounts> {
  const { secrets, isDryRun } = access;
  const counts = { moved: 0, unmovable: 0 };
  if (!secrets) return counts;
  const moves: Move[] = [];
  for (const from of avatars) {
    const [userId, secret] = await findUser(secrets, from);
    if (userId === null) counts.unmovable++;
    else if (secret !== secrets[0]) moves.push({ from, userId });
  }
  if (isDryRun) return { ...counts, moved: moves.length };
  for (let i = 0; i < moves.length; i += PARALLEL_MOVES) {
    const batch = moves.slice(i, i + PARALLEL_MOVES);
    const results = await Promise.all(batch.map((move) => moveAvatar(access, store, secrets[0], move)));
    counts.moved += results.filter(Boolean).length;
  }
  return counts;
}

/** The user of an avatar and the secret it is stored under, or nulls if none of the secrets fits. */
async function findUser(secrets: OwnerSecrets, { owner, sealedUser }: StoredAvatar) {
  for (const secret of sealedUser === null ? [] : secrets) {
    const userId = await openUserId(secret, owner, sealedUser ?? '');
    if (userId !== null) return [userId, secret] as const;
  }
  return [null, null] as const;
}

/**
 * Copies an avatar to a new key under the secret, then replaces its row. A commit
 * or a removal in between takes precedence.
 * @returns Whether it was moved.
 */
async function moveAvatar(
  access: MoveAccess,
  store: RebuildStore,
  secret: string,
  { from, userId }: Move,
): Promise<boolean> {
  const owner = await deriveOwner(secret, userId);
  const copy = { ...from.avatar, key: createAvatarKey(owner, from.avatar.contentType) };
  const { bucket, isPublic } = access;
  const object = await bucket.get(from.key);
  if (!object) return false;
  await store.deletions.addCopy(copy.key, from.sizes, Date.now());
  const sizes = await copySmaller(access, from, copy.key);
  const options = describeAvatarObject(copy, await sealUserId(secret, owner, userId), isPublic);
  await bucket.put(copy.key, await object.arrayBuffer(), options);
  return store.moveAvatar(from, owner, { avatar: copy, sizes }, Date.now());
}

/** Copies the smaller copies of an avatar; returns the sizes of those that exist. */
async function copySmaller({ bucket, isPublic }: MoveAccess, from: StoredAvatar, key: string): Promise<number[]> {
  const sizes: number[] = [];
  for (const size of from.sizes) {
    const object = await bucket.get(createCopyKey(from.key, size));
    if (!object) continue;
    await bucket.put(createCopyKey(key, size), await object.arrayBuffer(), describeCopyObject(isPublic));
    sizes.push(size);
  }
  return sizes;
}
