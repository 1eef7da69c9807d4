import { type AvatarName, ownerBound, type PendingName } from '../storage/object-keys.js';
import type { Database } from './avatar-store.js';

/** What the walk through the bucket asks D1, a slice of keys at a time. */
export class ReconcileStore {
  constructor(private readonly db: Database) {}

  /** The last key the walk has seen; empty at the start of the bucket. */
  async position(): Promise<string> {
    return (await this.db.prepare('SELECT after_key FROM reconcile WHERE id = 1').first<string>('after_key')) ?? '';
  }

  async moveTo(key: string): Promise<void> {
    await this.db
      .prepare(
        `INSERT INTO reconcile (id, after_key) VALUES (1, ?1)
         ON CONFLICT (id) DO UPDATE SET after_key = excluded.after_key`,
      )
      .bind(key)
      .run();
  }

  /** Current avatars whose keys lie after one key and up to another, in order. */
  async avatarsBetween(after: string, upTo: string, limit: number): Promise<AvatarName[]> {
    const { results } = await this.db
      .prepare(
        `SELECT owner, key FROM avatars WHERE owner >= ?1 AND owner <= ?2 AND key > ?3 AND key <= ?4
         ORDER BY owner LIMIT ?5`,
      )
      .bind(ownerBound(after), ownerBound(upTo), after, upTo, limit)
      .all<AvatarName>();
    return results;
  }

  /**
   * Queues those of these objects that are no current avatar and that no commit
   * is writing. A key is claimed before its object is written and never used
   * again, so what is unknown once stays so. Tells how many are new in the queue.
   */
  async queueUnknownAvatars(avatars: readonly AvatarName[]): Promise<number> {
    const { meta } = await this.db
      .prepare(
        `INSERT OR IGNORE INTO deletions (key) SELECT value ->> 'key' FROM json_each(?1)
         WHERE NOT EXISTS (SELECT 1 FROM avatars
                           WHERE owner = json_each.value ->> 'owner' AND key = json_each.value ->> 'key')
           AND NOT EXISTS (SELECT 1 FROM uploads INDEXED BY uploads_claimed
                           WHERE owner = json_each.value ->> 'owner' AND state = 'committing'
                             AND avatar_key = json_each.value ->> 'key')`,
      )
      .bind(JSON.stringify(avatars))
      .run();
    return meta.changes;
  }

  /**
   * Queues those of these objects that no upload waits for: it is swept, or
   * forgotten. (An upload is noted before its URL is handed out.)
   */
  async queueUnknownPending(pending: readonly PendingName[]): Promise<number> {
    const { meta } = await this.db
      .prepare(
        `INSERT OR IGNORE INTO deletions (key) SELECT value ->> 'key' FROM json_each(?1)
         WHERE NOT EXISTS (SELECT 1 FROM uploads
                           WHERE owner = json_each.value ->> 'owner' AND id = json_each.value ->> 'id' AND swept = 0)`,
      )
      .bind(JSON.stringify(pending))
      .run();
    return meta.changes;
  }

  /** Forgets avatars whose objects are gone, unless they have been replaced since; tells how many. */
  async dropAvatars(avatars: readonly AvatarName[]): Promise<number> {
    const { meta } = await this.db
      .prepare(
        `DELETE FROM avatars WHERE (owner, key) IN
           (SELECT value ->> 'owner', value ->> 'key' FROM json_each(?1))`,
      )
      .bind(JSON.stringify(avatars))
      .run();
    return meta.changes;
  }
}
