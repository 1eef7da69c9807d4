import { type Database, LATE_WRITE } from './avatar-store.js';

/** Names one upload. */
export interface UploadName {
  owner: string;
  id: string;
}

/** What the sweep reads and writes in D1, of all owners. Each statement is bounded. */
export class SweepStore {
  constructor(private readonly db: Database) {}

  /** Uploads past their last moment whose pending objects have not been deleted yet. */
  async unsweptUploads(now: number, limit: number): Promise<UploadName[]> {
    const { results } = await this.db
      .prepare('SELECT owner, id FROM uploads WHERE swept = 0 AND commit_until <= ?1 ORDER BY commit_until LIMIT ?2')
      .bind(now, limit)
      .all<UploadName>();
    return results;
  }

  /**
   * Closes uploads whose time is over, before their pending objects go. A
   * commit that is still under way loses its claim: its object is queued.
   */
  async closeUploads(uploads: readonly UploadName[], now: number): Promise<void> {
    const these = `(owner, id) IN (SELECT value ->> 'owner', value ->> 'id' FROM json_each(?1))`;
    const names = JSON.stringify(uploads);
    await this.db.batch([
      this.db
        .prepare(
          `INSERT OR IGNORE INTO deletions (key, due)
           SELECT avatar_key, ?2 FROM uploads WHERE ${these} AND state = 'committing'`,
        )
        .bind(names, now + LATE_WRITE),
      this.db
        .prepare(
          `UPDATE uploads SET state = 'expired', avatar_key = NULL
           WHERE ${these} AND state IN ('pending', 'committing')`,
        )
        .bind(names),
    ]);
  }

  /** Notes that the pending objects of these uploads are gone. */
  async markSwept(uploads: readonly UploadName[]): Promise<void> {
    await this.db
      .prepare(
        `UPDATE uploads SET swept = 1 WHERE (owner, id) IN
           (SELECT value ->> 'owner', value ->> 'id' FROM json_each(?1))`,
      )
      .bind(JSON.stringify(uploads))
      .run();
  }

  /** Forgets swept uploads whose last moment lies before a time; tells how many. */
  async forgetUploads(before: number, limit: number): Promise<number> {
    const { meta } = await this.db
      .prepare(
        `DELETE FROM uploads WHERE (owner, id) IN
           (SELECT owner, id FROM uploads WHERE swept = 1 AND commit_until < ?1 LIMIT ?2)`,
      )
      .bind(before, limit)
      .run();
    return meta.changes;
  }
}
