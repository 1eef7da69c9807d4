import { LATE_WRITE_MS } from '../db/claim.js';
import type { DeletionQueue } from '../db/deletion-queue.js';
import type { ReconcileStore } from '../db/reconcile-store.js';
import { type AvatarKeyParts, parseAvatarKey, parsePendingKey } from '../storage/object-keys.js';

/** Maximum number of objects, and of avatars, in one slice: as many as R2 lists in one call. */
const SLICE_SIZE = 1000;

/** Maximum number of avatars per slice that are looked up one by one because the list does not contain them. */
const MAX_LOOKUPS = 200;

/** With this many differences in a slice and not one match, bucket and database belong to different installations. */
const MISMATCH_LIMIT = 200;

/** Greater than any key of the server's. */
const END = '~';

/** The result of one slice. */
export interface SliceResult {
  /** Objects compared with the database. */
  walked: number;
  /** Unknown objects, now queued for deletion. */
  orphans: number;
  /** Avatars whose objects are missing, now forgotten. */
  lost: number;
  hasMore: boolean;
}

/** Access to both sides of the comparison. */
export interface ReconcileAccess {
  bucket: R2Bucket;
  store: ReconcileStore;
  deletions: DeletionQueue;
}

/**
 * Compares the next slice of the bucket with the database, in both directions,
 * and saves the position. Objects whose keys are not the server's are ignored.
 * @throws Error if bucket and database seem to belong to different installations; then nothing is deleted.
 */
export async function reconcileSlice(access: ReconcileAccess, now: number): Promise<SliceResult> {
  const { bucket, store, deletions } = access;
  const { end, objects, avatars } = await readSlice(access);
  const unknown = parseKeys(findUnknown(objects, avatars, now - LATE_WRITE_MS), parseAvatarKey);
  const unlisted = findUnlisted(objects, avatars);
  const missing = await findMissing(bucket, unlisted);
  if (unlisted.length === avatars.length && unknown.length + missing.length >= MISMATCH_LIMIT) {
    throw new Error(
      'Bucket and database seem to belong to different installations. Check the bindings. Nothing was deleted.',
    );
  }
  const unknownAvatars = await deletions.addUnknownAvatars(unknown);
  const unknownPending = await deletions.addUnknownPending(parseKeys(objects, parsePendingKey));
  const lost = await store.forgetAvatars(missing);
  await store.savePosition(end === END ? '' : end);
  const hasMore = end !== END && missing.length === 0;
  return { walked: objects.length, orphans: unknownAvatars + unknownPending, lost, hasMore };
}

/** The objects and the avatars of the next range of keys. The range ends at the first of three limits. */
async function readSlice({ bucket, store }: ReconcileAccess) {
  const after = await store.readPosition();
  const list = await bucket.list({ limit: SLICE_SIZE, ...(after && { startAfter: after }) });
  const listEnd = (list.truncated && list.objects.at(-1)?.key) || END;
  const avatars = await store.listAvatars(after, listEnd, SLICE_SIZE);
  const unlisted = findUnlisted(list.objects, avatars);
  const bounds = [listEnd, avatars[SLICE_SIZE - 1]?.key ?? END, unlisted[MAX_LOOKUPS - 1]?.key ?? END];
  const end = bounds.reduce((a, b) => (a < b ? a : b));
  const isInSlice = ({ key }: { key: string }) => key <= end;
  return { end, objects: list.objects.filter(isInSlice), avatars: avatars.filter(isInSlice) };
}

/** Objects that are not a current avatar and that were uploaded at or before a time. */
function findUnknown(objects: R2Object[], avatars: AvatarKeyParts[], before: number): R2Object[] {
  const known = new Set(avatars.map(({ key }) => key));
  return objects.filter(({ key, uploaded }) => !known.has(key) && uploaded.getTime() <= before);
}

/** Avatars whose objects are not in the list. */
function findUnlisted(objects: R2Object[], avatars: AvatarKeyParts[]): AvatarKeyParts[] {
  const listed = new Set(objects.map(({ key }) => key));
  return avatars.filter(({ key }) => !listed.has(key));
}

/** Avatars whose objects do not exist. (An object written after the bucket was listed does.) */
async function findMissing(bucket: R2Bucket, avatars: AvatarKeyParts[]): Promise<AvatarKeyParts[]> {
  const heads = await Promise.all(avatars.map(({ key }) => bucket.head(key)));
  return avatars.filter((_, index) => heads[index] === null);
}

const parseKeys = <T>(objects: R2Object[], parse: (key: string) => T | null): T[] =>
  objects.map(({ key }) => parse(key)).filter((parts) => parts !== null);
