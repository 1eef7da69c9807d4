import { LATE_WRITE } from '../db/avatar-store.js';
import type { ReconcileStore } from '../db/reconcile-store.js';
import { type AvatarName, avatarName, pendingName } from '../storage/object-keys.js';

/** Objects, and avatars, that one slice holds at most: as many as R2 lists in one call. */
const SLICE = 1000;

/** Avatars of one slice that are asked for one by one because the list does not show them. */
const CHECKS = 200;

/** So many differences in one slice, and nothing in it that agrees, are no accident. */
const STRANGERS = 200;

/** Greater than any key of ours. */
const END = '~';

/** What one slice of the walk found. */
export interface Slice {
  walked: number;
  /** Objects that nothing knows, now queued for deletion. */
  orphans: number;
  /** Avatars whose objects are gone, now forgotten. */
  lost: number;
  hasMore: boolean;
}

/**
 * Compares the next slice of the bucket with D1, both ways, and notes how far
 * it came. Objects that are not named as ours are left alone.
 * @throws where bucket and database do not seem to belong together: then nothing is deleted.
 */
export async function reconcileSlice(bucket: R2Bucket, store: ReconcileStore, now: number): Promise<Slice> {
  const { end, objects, rows } = await readSlice(bucket, store);
  const [known, listed] = [new Set(rows.map(({ key }) => key)), new Set(objects.map(({ key }) => key))];
  const isSettled = ({ uploaded }: R2Object) => uploaded.getTime() <= now - LATE_WRITE;
  const unknown = names(
    objects.filter((object) => !known.has(object.key) && isSettled(object)),
    avatarName,
  );
  const missing = rows.filter(({ key }) => !listed.has(key));
  const absent = await areAbsent(bucket, missing);
  if (missing.length === rows.length && unknown.length + absent.length >= STRANGERS) {
    throw new Error('Bucket and database do not seem to belong together. Are the bindings right? Nothing was deleted.');
  }
  const pending = names(objects, pendingName);
  const orphans = (await store.queueUnknownAvatars(unknown)) + (await store.queueUnknownPending(pending));
  const lost = await store.dropAvatars(absent);
  await store.moveTo(end === END ? '' : end);
  return { walked: objects.length, orphans, lost, hasMore: end !== END && absent.length === 0 };
}

/** The objects and the avatars between two keys: where the first of the bounds is reached, the slice ends. */
async function readSlice(bucket: R2Bucket, store: ReconcileStore) {
  const after = await store.position();
  const list = await bucket.list({ limit: SLICE, ...(after && { startAfter: after }) });
  const listEnd = (list.truncated && list.objects.at(-1)?.key) || END;
  const rows = await store.avatarsBetween(after, listEnd, SLICE);
  const listed = new Set(list.objects.map(({ key }) => key));
  const missing = rows.filter(({ key }) => !listed.has(key));
  const bounds = [listEnd, rows[SLICE - 1]?.key ?? END, missing[CHECKS - 1]?.key ?? END];
  const end = bounds.reduce((a, b) => (a < b ? a : b));
  const isWithin = ({ key }: { key: string }) => key <= end;
  return { end, objects: list.objects.filter(isWithin), rows: rows.filter(isWithin) };
}

const names = <T>(objects: R2Object[], nameOf: (key: string) => T | null): T[] =>
  objects.map(({ key }) => nameOf(key)).filter((name) => name !== null);

/** Those whose objects are really gone: one that was written after the list was made is not. */
async function areAbsent(bucket: R2Bucket, avatars: AvatarName[]): Promise<AvatarName[]> {
  const heads = await Promise.all(avatars.map(({ key }) => bucket.head(key)));
  return avatars.filter((_, i) => heads[i] === null);
}
