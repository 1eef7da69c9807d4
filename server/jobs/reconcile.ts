import type { BucketsConfig } from '../config.js';
import type { DeletionQueue } from '../db/deletion-queue.js';
import type { ReconcileStore, WalkedAvatar, WalkPosition } from '../db/reconcile-store.js';
import type { BucketObject } from '../storage/bucket.js';
import {
  type AvatarKeyParts,
  listKeysOfPicture,
  type PendingKeyParts,
  parseAvatarKey,
  parseCopyKey,
  parsePendingKey,
} from '../storage/object-keys.js';

/** Maximum number of objects, of avatars and of notes in one slice: as many as R2 lists in one call. */
const SLICE_SIZE = 1000;

/** Maximum number of slices that a run compares with the database. */
const MAX_SLICES = 10;

/** Maximum number of batches of one kind that a run deletes. */
const MAX_BATCHES = 20;

/** Maximum number of rows or objects in one of these batches. */
const BATCH_SIZE = 1000;

/** A walk with more differences than this, and than this part of what it has seen, deletes nothing. */
const MAX_DIFFERING = { count: 20, ratio: 0.05 };

const DAY_MS = 24 * 60 * 60 * 1000;

/** Greater than any key of the server's. */
const END = '~';

/** Access to both sides of the comparison. */
export interface ReconcileAccess extends BucketsConfig {
  store: ReconcileStore;
  deletions: DeletionQueue;
}

/** What a run of the reconcile job did. */
export interface ReconcileCounts {
  /** Objects compared with the database. */
  walked: number;
  /** Objects under `avatars/` that the database doesn't know, now noted. */
  unknown: number;
  /** Avatars whose objects are missing, now noted. */
  missing: number;
  /** Objects that were unknown for long enough and are now queued for deletion. */
  orphans: number;
  /** Avatars whose objects were missing for long enough and whose rows are now deleted. */
  lost: number;
  /** Pending objects without an open upload, now queued for deletion. */
  late: number;
  /** Only in a report: objects that would be queued for deletion, and rows that would be deleted. */
  wouldDelete?: number;
  wouldForget?: number;
}

/** How a run of the reconcile job works. */
export interface ReconcileSettings {
  /** Whether to count only what would be deleted. */
  isReport: boolean;
  /** How many days an object has to be unknown, or missing, in every walk. */
  orphanDays: number;
  now: number;
}

/** What a run has walked. */
interface WalkedPart {
  /** Of the whole walk, up to the end of this part. */
  position: WalkPosition;
  isComplete: boolean;
  pending: PendingKeyParts[];
}

/**
 * Compares the next part of the bucket with the database, in both directions,
 * and notes the differences. At the end of each walk through the bucket, it
 * deletes those that every walk has seen for `orphanDays`. Objects whose keys
 * are not the server's are ignored.
 * @param counts - Counts what the run did, also if it fails.
 * @throws Error if too much of what the walk has seen differs; then it deletes nothing.
 */
export async function reconcileBucket(
  access: ReconcileAccess,
  settings: ReconcileSettings,
  counts: ReconcileCounts,
): Promise<void> {
  const { position, isComplete, pending } = await walkPart(access, settings.now, counts);
  if (isSuspicious(position)) {
    await access.store.recordFailure(settings.now);
    throw new Error(describeSuspicion(position));
  }
  const late = await selectLate(access.store, pending);
  const before = settings.now - settings.orphanDays * DAY_MS;
  const isDue = isComplete && !(await access.store.hasFailedSince(before));
  if (settings.isReport) await reportDue(access.store, isDue ? before : null, late.length, counts);
  else await deleteDue(access, isDue ? before : null, late, counts);
}

/** Walks up to `MAX_SLICES` slices, or to the end of the bucket. */
async function walkPart(access: ReconcileAccess, now: number, counts: ReconcileCounts): Promise<WalkedPart> {
  const pending: PendingKeyParts[] = [];
  let position = await access.store.readPosition();
  for (let i = 0; i < MAX_SLICES; i++) {
    const slice = await walkSlice(access, position, now, counts);
    pending.push(...slice.pending);
    position = slice.position;
    if (slice.isComplete) return { position, isComplete: true, pending };
  }
  return { position, isComplete: false, pending };
}

/** Compares one slice, and saves its notes and the position after it. */
async function walkSlice(
  access: ReconcileAccess,
  position: WalkPosition,
  now: number,
  counts: ReconcileCounts,
): Promise<WalkedPart> {
  const { end, objects, avatars, noted } = await readSlice(access, position.after);
  const listed = new Set(objects.map(({ key }) => key));
  const known = new Set(avatars.flatMap(({ key, sizes }) => listKeysOfPicture(key, sizes)));
  const avatarObjects = parseKeys(objects, parseAvatarKey);
  const candidates = [...avatarObjects, ...parseKeys(objects, parseCopyKey)].filter(({ key }) => !known.has(key));
  const unknown = await access.store.selectUnknown(candidates);
  const unknownKeys = new Set(unknown.map(({ key }) => key));
  const missing = avatars.filter(({ key }) => !listed.has(key));
  const notes = {
    unknown,
    noLongerUnknown: noted.filter((key) => !unknownKeys.has(key)),
    missing,
    noLongerMissing: avatars.filter(({ key, isNotedMissing }) => isNotedMissing && listed.has(key)),
  };
  const isComplete = end === END;
  const walked = {
    after: end,
    seen: position.seen + avatarObjects.length + missing.length,
    // Smaller copies are not counted: they would outnumber the avatars.
    differing: position.differing + unknown.filter(({ key }) => parseAvatarKey(key)).length + missing.length,
  };
  await access.store.saveSlice(notes, isComplete ? { after: '', seen: 0, differing: 0 } : walked, now);
  counts.walked += objects.length;
  counts.unknown += unknown.length;
  counts.missing += missing.length;
  return { position: walked, isComplete, pending: parseKeys(objects, parsePendingKey) };
}

/** What one slice compares: the objects, the avatars and the notes of a range of keys. */
interface SliceContent {
  /** The last key of the range. */
  end: string;
  objects: BucketObject[];
  avatars: WalkedAvatar[];
  /** Keys of objects that were unknown the last time. */
  noted: string[];
}

/**
 * Reads the next range of keys. It ends at the first of these limits: of each bucket, of the avatars and of the notes. The
 * avatars are read before the objects are listed, so that an avatar whose object
 * is not in the list, and that is still current afterwards, has none.
 */
async function readSlice({ bucket, pendingBuckets, store }: ReconcileAccess, after: string): Promise<SliceContent> {
  const avatars = await store.listAvatars(after, SLICE_SIZE);
  const noted = await store.listUnknown(after, SLICE_SIZE);
  const options = { limit: SLICE_SIZE, ...(after && { startAfter: after }) };
  // A bucket of its own for pending uploads continues the avatars, whose keys come first.
  const others = pendingBuckets.filter((each) => each !== bucket);
  const lists = await Promise.all([
    bucket.list(options),
    ...others.map((each) => each.list({ ...options, prefix: 'pending/' })),
  ]);
  const objects = lists.flatMap((list) => list.objects);
  const listEnds = lists.map((list) => (list.truncated && list.objects.at(-1)?.key) || END);
  const bounds = [...listEnds, avatars[SLICE_SIZE - 1]?.key ?? END, noted[SLICE_SIZE - 1] ?? END];
  const end = bounds.reduce((a, b) => (a < b ? a : b));
  const isInSlice = ({ key }: { key: string }) => key <= end;
  return {
    end,
    objects: objects.filter(isInSlice),
    avatars: avatars.filter(isInSlice),
    noted: noted.filter((key) => key <= end),
  };
}

const isSuspicious = ({ seen, differing }: WalkPosition): boolean =>
  differing > MAX_DIFFERING.count && differing > seen * MAX_DIFFERING.ratio;

const describeSuspicion = ({ seen, differing }: WalkPosition): string =>
  `${differing} of ${seen} avatars are only in the bucket or only in the database: one of the two was probably emptied, restored or exchanged. ` +
  'The walk deleted nothing. Check the bindings AVATARS and DB, and restore what is missing: see docs/restore.md.';

async function selectLate(store: ReconcileStore, pending: readonly PendingKeyParts[]): Promise<string[]> {
  const late: string[] = [];
  for (let at = 0; at < pending.length; at += BATCH_SIZE) {
    late.push(...(await store.selectLatePending(pending.slice(at, at + BATCH_SIZE))));
  }
  return late;
}

/** @param before - What is noted since then is due; null if nothing is. */
async function reportDue(store: ReconcileStore, before: number | null, late: number, counts: ReconcileCounts) {
  const due = before === null ? null : await store.countLong(before, MAX_BATCHES * BATCH_SIZE);
  counts.wouldDelete = late + (due?.unknown ?? 0);
  counts.wouldForget = due?.missing ?? 0;
}

/** @param before - What is noted since then is due; null if nothing is. */
async function deleteDue(access: ReconcileAccess, before: number | null, late: string[], counts: ReconcileCounts) {
  const { store, deletions } = access;
  for (let at = 0; at < late.length; at += BATCH_SIZE) await deletions.addEntries(late.slice(at, at + BATCH_SIZE));
  counts.late = late.length;
  if (before === null) return;
  await repeatWhileFull(async () => {
    const { noted, queued } = await deletions.addLongUnknown(before, BATCH_SIZE);
    counts.orphans += queued;
    return noted;
  });
  await repeatWhileFull(async () => {
    const forgotten = await store.forgetLongMissing(before, BATCH_SIZE);
    counts.lost += forgotten;
    return forgotten;
  });
}

/** Repeats a step while it returns a full batch, at most `MAX_BATCHES` times. What is left waits for the next walk. */
async function repeatWhileFull(step: () => Promise<number>): Promise<void> {
  for (let i = 0; i < MAX_BATCHES && (await step()) === BATCH_SIZE; i++);
}

const parseKeys = <T extends AvatarKeyParts>(objects: BucketObject[], parse: (key: string) => T | null): T[] =>
  objects.map(({ key }) => parse(key)).filter((parts) => parts !== null);
