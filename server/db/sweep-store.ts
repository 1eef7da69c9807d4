import type { Database } from './database.js';

/** Identifies one upload. */
export interface UploadRef {
  owner: string;
  id: string;
}

/** The uploads of all owners, as the sweep reads and writes them. Each statement is bounded. */
export class SweepStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Expired uploads whose pending objects have not been deleted yet. */
  async listUnswept(now: number, limit: number): Promise<UploadRef[]> {
    const { results } = await this.#db
      .prepare(
        'SELECT owner, id FROM flare_avatar_uploads WHERE swept = 0 AND commit_until <= ?1 ORDER BY commit_until LIMIT ?2',
      )
      .bind(now, limit)
      .all<UploadRef>();
    return results;
  }

  /**
   * Closes expired uploads, before their pending objects are deleted. A commit
   * that is still in progress loses its claim and deletes its own object. The
   * object of a commit that has died becomes unknown: after a restore of the
   * database, it may be the avatar of a commit that has succeeded since.
   */
  async closeUploads(uploads: readonly UploadRef[]): Promise<void> {
    await this.#db
      .prepare(
        `UPDATE flare_avatar_uploads SET state = 'expired', avatar_key = NULL
         WHERE (owner, id) IN (SELECT value ->> 'owner', value ->> 'id' FROM json_each(?1))
           AND state IN ('pending', 'committing')`,
      )
      .bind(JSON.stringify(uploads))
      .run();
  }

  /** Records that the pending objects of these uploads are deleted. */
  async markSwept(uploads: readonly UploadRef[]): Promise<void> {
    await this.#db
      .prepare(
        `UPDATE flare_avatar_uploads SET swept = 1 WHERE (owner, id) IN
           (SELECT value ->> 'owner', value ->> 'id' FROM json_each(?1))`,
      )
      .bind(JSON.stringify(uploads))
      .run();
  }

  /**
   * Deletes the rows of swept uploads that expired before a time.
   * @returns The number of rows.
   */
  async forgetUploads(before: number, limit: number): Promise<number> {
    const { meta } = await this.#db
      .prepare(
        `DELETE FROM flare_avatar_uploads WHERE (owner, id) IN
           (SELECT owner, id FROM flare_avatar_uploads WHERE swept = 1 AND commit_until < ?1 LIMIT ?2)`,
      )
      .bind(before, limit)
      .run();
    return meta.changes;
  }
}
