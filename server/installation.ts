import type { Database } from './db/database.js';
import { InstallationStore } from './db/installation-store.js';
import { describeInstallationProblem, type InstallationState, MARK_KEY } from './installation-problem.js';
import type { AvatarBucket } from './storage/bucket.js';

/** A mark has 32 characters. A larger object is not read. */
const MAX_MARK_BYTES = 64;

/**
 * The installation mark: a random text that a bucket and its database share, so
 * that nothing is deleted while one of the two is another one, or is new, empty
 * or restored.
 */
export class Installation {
  readonly #bucket: AvatarBucket;
  readonly #store: InstallationStore;

  constructor(bucket: AvatarBucket, database: Database) {
    this.#bucket = bucket;
    this.#store = new InstallationStore(database);
  }

  /** Whether bucket and database carry the same mark. */
  async isMarked(): Promise<boolean> {
    const databaseMark = await this.#store.readMark();
    return databaseMark !== null && databaseMark.mark === (await this.#readBucketMark());
  }

  /**
   * Makes the mark if both sides are new: neither has a mark, and neither knows
   * an avatar. A commit calls this before it writes its avatar. Safe to repeat
   * after a crash at any point, and to run twice at the same time.
   * @returns Why bucket and database don't belong together, or null if they do.
   */
  async ensureMark(): Promise<string | null> {
    // Another request may have made the mark between two of the reads.
    return (await this.#tryEnsureMark()) && this.#tryEnsureMark();
  }

  /**
   * Why the database must not be rebuilt from this bucket, or null: the database
   * carries another mark. (That a new database, or both sides, have none is no reason.)
   */
  async findRebuildProblem(): Promise<string | null> {
    const databaseMark = await this.#store.readMark();
    const bucketMark = await this.#readBucketMark();
    if (!databaseMark || databaseMark.mark === bucketMark) return null;
    if (bucketMark === null && !databaseMark.isConfirmed) return null;
    const state = { bucketMark, databaseMark: databaseMark.mark, ...(await this.#findAvatars()) };
    return describeInstallationProblem(state);
  }

  /** Gives a rebuilt database the mark of its bucket; makes one if neither side has one. Safe to repeat. */
  async adoptBucketMark(): Promise<void> {
    const mark = await this.#store.addMark((await this.#readBucketMark()) ?? createMark());
    await this.#bucket.put(MARK_KEY, mark, { onlyIf: { etagDoesNotMatch: '*' } });
    if ((await this.#readBucketMark()) === mark) await this.#store.confirmMark(mark);
  }

  async #tryEnsureMark(): Promise<string | null> {
    const databaseMark = await this.#store.readMark();
    const bucketMark = await this.#readBucketMark();
    // A mark that is not confirmed may not have reached the bucket yet.
    const ownMark = bucketMark === null && !databaseMark?.isConfirmed ? null : (databaseMark?.mark ?? null);
    if (bucketMark !== null && bucketMark === ownMark) {
      if (!databaseMark?.isConfirmed) await this.#store.confirmMark(bucketMark);
      return null;
    }
    const state = { bucketMark, databaseMark: ownMark, ...(await this.#findAvatars()) };
    return describeInstallationProblem(state) ?? this.#makeMark(state);
  }

  /** The row comes first and the object second. The row is confirmed last. */
  async #makeMark(state: InstallationState): Promise<string | null> {
    const mark = await this.#store.addMark(createMark());
    await this.#bucket.put(MARK_KEY, mark, { onlyIf: { etagDoesNotMatch: '*' } });
    const bucketMark = await this.#readBucketMark();
    if (bucketMark === mark) await this.#store.confirmMark(mark);
    return describeInstallationProblem({ ...state, bucketMark, databaseMark: mark });
  }

  async #findAvatars(): Promise<Pick<InstallationState, 'bucketHasAvatars' | 'databaseHasAvatars'>> {
    const [{ objects }, databaseHasAvatars] = await Promise.all([
      this.#bucket.list({ prefix: 'avatars/', limit: 1 }),
      this.#store.hasAvatars(),
    ]);
    return { bucketHasAvatars: objects.length > 0, databaseHasAvatars };
  }

  /** Null if there is none. Anything else in its place is a mark that differs from every other. */
  async #readBucketMark(): Promise<string | null> {
    const object = await this.#bucket.get(MARK_KEY);
    if (!object) return null;
    if (object.size <= MAX_MARK_BYTES) return (await object.text()).trim();
    await object.body.cancel();
    return '';
  }
}

const createMark = (): string => crypto.randomUUID().replaceAll('-', '');
