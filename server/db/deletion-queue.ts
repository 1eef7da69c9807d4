import type { Database } from './avatar-store.js';

/** R2 deletes at most this many objects in one call. */
const BATCH = 1000;

/** The queue of objects that nothing points to any more, and the one place that deletes avatars. */
export class Deletions {
  constructor(
    private readonly db: Database,
    private readonly bucket: R2Bucket,
  ) {}

  /** Deletes what the owner no longer points to. Nothing is lost if it fails: the sweep goes on with the queue. */
  async deleteOwn(owner: string, now: number): Promise<void> {
    await this.#dueOf(owner, now)
      .then((keys) => this.#deleteKeys(keys))
      .catch(() => {});
  }

  /** Deletes what is due, of all owners: one batch of it. Tells how many objects. */
  async deleteDue(now: number): Promise<{ deleted: number; hasMore: boolean }> {
    const keys = await this.#due(now);
    await this.#deleteKeys(keys);
    return { deleted: keys.length, hasMore: keys.length === BATCH };
  }

  async #dueOf(owner: string, now: number): Promise<string[]> {
    const prefix = `avatars/${owner}/`;
    const { results } = await this.db
      .prepare('SELECT key FROM deletions WHERE key > ?1 AND key < ?2 AND due <= ?3 LIMIT ?4')
      .bind(prefix, `${prefix}~`, now, BATCH)
      .all<{ key: string }>();
    return results.map((row) => row.key);
  }

  async #due(now: number): Promise<string[]> {
    const { results } = await this.db
      .prepare('SELECT key FROM deletions WHERE due <= ?1 ORDER BY due LIMIT ?2')
      .bind(now, BATCH)
      .all<{ key: string }>();
    return results.map((row) => row.key);
  }

  /** First the objects, then their queue entries: a crash in between only repeats the deletion. */
  async #deleteKeys(keys: string[]): Promise<void> {
    if (keys.length === 0) return;
    await this.bucket.delete(keys);
    await this.db
      .prepare('DELETE FROM deletions WHERE key IN (SELECT value FROM json_each(?1))')
      .bind(JSON.stringify(keys))
      .run();
  }
}
