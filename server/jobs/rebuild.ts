import type { AvatarDatabase } from '../db/database.js';
import { type KnownState, RebuildStore } from '../db/rebuild-store.js';
import { parseSizes } from '../db/rows.js';
import { Installation } from '../installation.js';
import { readAvatarObject, type StoredAvatar } from '../storage/avatar-object.js';
import type { BucketList, BucketObject } from '../storage/bucket.js';
import { getPictureName, parseCopyKey } from '../storage/object-keys.js';
import { addVariants, type VariantsAccess } from './add-variants.js';
import { type MoveAccess, type MoveCounts, moveAvatars } from './move-avatars.js';

/** Number of objects in one slice: as many as R2 lists in one call. */
const SLICE_SIZE = 1000;

/** What a rebuild works with. */
export interface RebuildAccess extends MoveAccess, VariantsAccess {
  database: Pick<AvatarDatabase, 'prepare' | 'batch'>;
}

/** What a rebuild found, and what it did. Each object is counted as found and once more; `MoveCounts` are in addition. */
export interface RebuildCounts extends MoveCounts {
  /** Objects under `avatars/`. */
  found: number;
  /** Rows added, or replaced by a newer one. */
  restored: number;
  /** Already the current avatar. */
  known: number;
  /** The same owner has a newer avatar. */
  older: number;
  /** Queued for deletion: replaced or removed. */
  obsolete: number;
  /** A commit in progress is writing it, or a removal was faster. */
  changing: number;
  /** Without the metadata that a commit writes. */
  unreadable: number;
  /** Given smaller copies. Counted in addition. */
  enriched: number;
}

/** The result of one slice. */
export interface RebuildSlice {
  counts: RebuildCounts;
  /** Keys of unreadable objects. */
  unreadable: string[];
  /** The last key of the slice, where the next one begins; null after the last slice. */
  end: string | null;
}

/**
 * Makes sure that the database may be rebuilt from the bucket. To be called first.
 * @throws Error if the database carries the installation mark of another bucket.
 */
export async function requireRebuildable({ bucket, database }: RebuildAccess): Promise<void> {
  const problem = await new Installation(bucket, database).findRebuildProblem();
  if (problem !== null) throw new Error(problem);
}

/**
 * Ends a rebuild: from now on, bucket and database carry the same installation
 * mark. To be called last, so that no job deletes anything before that.
 */
export async function finishRebuild({ bucket, database, isDryRun }: RebuildAccess): Promise<void> {
  if (!isDryRun) await new Installation(bucket, database).adoptBucketMark();
}

/**
 * Restores the rows of the next slice of the bucket. A row that is newer stays,
 * nothing is deleted, and doing it again changes nothing. The API may be in use.
 * @param after - The end of the previous slice; empty for the first one.
 */
export async function rebuildSlice(access: RebuildAccess, after: string): Promise<RebuildSlice> {
  const store = new RebuildStore(access.database);
  const list = await access.bucket.list({
    prefix: 'avatars/',
    limit: SLICE_SIZE,
    include: ['httpMetadata', 'customMetadata'],
    ...(after && { startAfter: after }),
  });
  const { objects, sizes } = separateCopies(list);
  const avatars = readAvatars(objects, sizes);
  const now = Date.now();
  const known = await store.findKnown(avatars, now);
  const sorted = sortAvatars(avatars, known);
  const added = access.isDryRun ? sorted.missing : await addAvatars(access, store, sorted.missing, after, now);
  const { avatars: current, enriched } = await addVariants(access, store, [
    ...selectKnownSizes(sorted.known, known),
    ...added,
  ]);
  const moves = await moveAvatars(access, store, current);
  const readable = new Set(avatars.map(({ key }) => key));
  const unreadable = objects.map(({ key }) => key).filter((key) => !readable.has(key));
  const counts = {
    found: objects.length,
    restored: added.length,
    known: sorted.known.length,
    older: sorted.older.length,
    obsolete: sorted.obsolete.length,
    changing: sorted.changing.length + sorted.missing.length - added.length,
    unreadable: unreadable.length,
    enriched,
    ...moves,
  };
  return { counts, unreadable, end: (list.truncated && objects.at(-1)?.key) || null };
}

/** A slice of the bucket: the objects other than copies of one of them, and the sizes of these by picture. */
interface SeparatedSlice {
  objects: BucketObject[];
  sizes: ReadonlyMap<string, number[]>;
}

/** Separates the smaller copies from their pictures, which follow them. Copies at the end are left for the next slice. */
function separateCopies({ objects, truncated }: BucketList): SeparatedSlice {
  const sizes = new Map<string, number[]>();
  const pictures = new Set(objects.filter(({ key }) => !parseCopyKey(key)).map(({ key }) => getPictureName(key)));
  const last = getPictureName(objects.at(-1)?.key ?? '');
  const others = objects.filter(({ key }) => {
    const copy = parseCopyKey(key);
    const name = getPictureName(key);
    if (!copy) return true;
    if (!pictures.has(name)) return !(truncated && name === last);
    sizes.set(
      name,
      [...(sizes.get(name) ?? []), copy.size].sort((a, b) => a - b),
    );
    return false;
  });
  return { objects: others, sizes };
}

const readAvatars = (objects: readonly BucketObject[], sizes: SeparatedSlice['sizes']): StoredAvatar[] =>
  objects
    .map(readAvatarObject)
    .filter((avatar) => avatar !== null)
    .map((avatar) => ({ ...avatar, sizes: sizes.get(getPictureName(avatar.key)) ?? [] }));

type Kind = 'known' | 'obsolete' | 'changing' | 'older' | 'missing';

/** Sorts the avatars of a slice by what is to be done with them. At most one of each owner is missing. */
function sortAvatars(
  avatars: readonly StoredAvatar[],
  known: ReadonlyMap<string, KnownState>,
): Record<Kind, StoredAvatar[]> {
  const sorted: Record<Kind, StoredAvatar[]> = { known: [], obsolete: [], changing: [], older: [], missing: [] };
  const newest = new Set<string>();
  for (const stored of avatars.toSorted((a, b) => getCreatedAt(b) - getCreatedAt(a))) {
    const kind = classifyAvatar(stored, known.get(stored.key));
    const isOlder = kind === 'missing' && newest.has(stored.owner);
    if (kind === 'missing') newest.add(stored.owner);
    sorted[isOlder ? 'older' : kind].push(stored);
  }
  return sorted;
}

function classifyAvatar(stored: StoredAvatar, state: KnownState | undefined): Kind {
  if (!state) return 'missing';
  if (state.currentKey === stored.key) return state.isMissing ? 'missing' : 'known';
  if (state.isQueued) return 'obsolete';
  if (state.isClaimed) return 'changing';
  return state.currentCreatedAt !== null && state.currentCreatedAt >= getCreatedAt(stored) ? 'older' : 'missing';
}

/** Avatars with those of their sizes that the database knows too: other copies may be queued for deletion. */
const selectKnownSizes = (avatars: readonly StoredAvatar[], known: ReadonlyMap<string, KnownState>): StoredAvatar[] =>
  avatars.map((stored) => {
    const sizes = parseSizes(known.get(stored.key)?.currentSizes ?? '[]');
    return { ...stored, sizes: stored.sizes.filter((size) => sizes.includes(size)) };
  });

const getCreatedAt = ({ avatar }: StoredAvatar): number => Date.parse(avatar.createdAt);

/**
 * Adds rows, and withdraws those whose object a removal has deleted since it was listed.
 * @returns The avatars that were added.
 */
async function addAvatars(
  { bucket }: RebuildAccess,
  store: RebuildStore,
  avatars: readonly StoredAvatar[],
  after: string,
  now: number,
): Promise<StoredAvatar[]> {
  if (avatars.length === 0) return [];
  const keys = new Set(await store.addAvatars(avatars, now));
  const added = avatars.filter(({ key }) => keys.has(key));
  const list = await bucket.list({ prefix: 'avatars/', limit: SLICE_SIZE, ...(after && { startAfter: after }) });
  const listed = new Set(list.objects.map(({ key }) => key));
  const unlisted = added.filter(({ key }) => !listed.has(key));
  const heads = await Promise.all(unlisted.map(({ key }) => bucket.head(key)));
  const gone = unlisted.filter((_, index) => heads[index] === null);
  if (gone.length > 0) await store.withdrawAvatars(gone);
  return added.filter((avatar) => !gone.includes(avatar));
}
