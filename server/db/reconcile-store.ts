import { type AvatarKeyParts, toOwnerBound } from '../storage/object-keys.js';
import type { Database } from './database.js';

/** Reads and writes of the reconcile job, one range of keys at a time. */
export class ReconcileStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** The last key that was compared; empty at the start of the bucket. */
  async readPosition(): Promise<string> {
    return (
      (await this.#db
        .prepare('SELECT after_key FROM flare_avatar_reconcile WHERE id = 1')
        .first<string>('after_key')) ?? ''
    );
  }

  async savePosition(key: string): Promise<void> {
    await this.#db
      .prepare(
        `INSERT INTO flare_avatar_reconcile (id, after_key) VALUES (1, ?1)
         ON CONFLICT (id) DO UPDATE SET after_key = excluded.after_key`,
      )
      .bind(key)
      .run();
  }

  /**
   * Current avatars in a range of keys, in order.
   * @param after - Exclusive lower bound.
   * @param upTo - Inclusive upper bound.
   */
  async listAvatars(after: string, upTo: string, limit: number): Promise<AvatarKeyParts[]> {
    const { results } = await this.#db
      .prepare(
        `SELECT owner, key FROM flare_avatar_current WHERE owner >= ?1 AND owner <= ?2 AND key > ?3 AND key <= ?4
         ORDER BY owner LIMIT ?5`,
      )
      .bind(toOwnerBound(after), toOwnerBound(upTo), after, upTo, limit)
      .all<AvatarKeyParts>();
    return results;
  }

  /**
   * Deletes the rows of avatars whose objects are missing, unless the avatars have been replaced since.
   * @returns The number of rows.
   */
  async forgetAvatars(avatars: readonly AvatarKeyParts[]): Promise<number> {
    const { meta } = await this.#db
      .prepare(
        `DELETE FROM flare_avatar_current WHERE (owner, key) IN
           (SELECT value ->> 'owner', value ->> 'key' FROM json_each(?1))`,
      )
      .bind(JSON.stringify(avatars))
      .run();
    return meta.changes;
  }
}
