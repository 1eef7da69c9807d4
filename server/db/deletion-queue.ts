import type { AvatarKeyParts, PendingKeyParts } from '../storage/object-keys.js';
import type { Owners } from '../storage/owner.js';
import { CLAIMED_UPLOAD, LATE_WRITE_MS } from './claim.js';
import { type Database, isOwnedBy } from './database.js';

/**
 * The queue of objects to delete, and the only writer of its table. Methods
 * that begin with `prepare` return a statement, to be run in one batch with the
 * change that makes an object obsolete.
 */
export class DeletionQueue {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Queues the object of a claim that is older than its lease. Not due at once: its commit may still be writing it. */
  prepareStaleClaim(owner: string, uploadId: string, staleBefore: number, now: number): D1PreparedStatement {
    return this.#db
      .prepare(
        `INSERT OR IGNORE INTO flare_avatar_deletions (key, due) SELECT avatar_key, ?5 FROM flare_avatar_uploads
         WHERE owner = ?1 AND id = ?2 AND state = 'committing' AND claimed_at <= ?3 AND commit_until > ?4`,
      )
      .bind(owner, uploadId, staleBefore, now, now + LATE_WRITE_MS);
  }

  /** Queues the object of a claimed upload that a later commit, or a removal, has superseded. */
  prepareSuperseded(owner: string, uploadId: string, key: string): D1PreparedStatement {
    return this.#db
      .prepare(`INSERT OR IGNORE INTO flare_avatar_deletions (key) SELECT ?3 ${CLAIMED_UPLOAD} AND superseded = 1`)
      .bind(owner, uploadId, key);
  }

  /** Queues the user's current avatar if a claimed upload is about to replace it; returns its key. */
  prepareReplaced(
    owners: Owners,
    { owner, id }: Pick<PendingKeyParts, 'owner' | 'id'>,
    key: string,
  ): D1PreparedStatement {
    return this.#db
      .prepare(
        `INSERT OR IGNORE INTO flare_avatar_deletions (key)
         SELECT key FROM flare_avatar_current WHERE ${isOwnedBy(owners, 4)} AND key <> ?3
           AND EXISTS (SELECT 1 ${CLAIMED_UPLOAD} AND superseded = 0) RETURNING key`,
      )
      .bind(owner, id, key, ...owners);
  }

  /** Queues the user's current avatar. */
  prepareCurrent(owners: Owners): D1PreparedStatement {
    return this.#db
      .prepare(
        `INSERT OR IGNORE INTO flare_avatar_deletions (key)
         SELECT key FROM flare_avatar_current WHERE ${isOwnedBy(owners, 1)}`,
      )
      .bind(...owners);
  }

  /** Queues an object, due at once, unless it is the owner's current avatar. */
  prepareUnlessCurrent(owner: string, key: string): D1PreparedStatement {
    return this.#db
      .prepare(
        `INSERT INTO flare_avatar_deletions (key)
         SELECT ?2 WHERE NOT EXISTS (SELECT 1 FROM flare_avatar_current WHERE owner = ?1 AND key = ?2)
         ON CONFLICT (key) DO UPDATE SET due = 0`,
      )
      .bind(owner, key);
  }

  /**
   * Queues the objects that commits of these uploads are writing.
   * @param uploads - JSON: an array of objects with `owner` and `id`.
   */
  prepareClaimed(uploads: string, now: number): D1PreparedStatement {
    return this.#db
      .prepare(
        `INSERT OR IGNORE INTO flare_avatar_deletions (key, due) SELECT avatar_key, ?2 FROM flare_avatar_uploads
         WHERE (owner, id) IN (SELECT value ->> 'owner', value ->> 'id' FROM json_each(?1)) AND state = 'committing'`,
      )
      .bind(uploads, now + LATE_WRITE_MS);
  }

  /**
   * Queues those of these objects that are not a current avatar and that no
   * commit is writing. A key is claimed before its object is written and never
   * used again, so an unknown object stays unknown.
   * @returns The number of objects added.
   */
  async addUnknownAvatars(avatars: readonly AvatarKeyParts[]): Promise<number> {
    const { meta } = await this.#db
      .prepare(
        `INSERT OR IGNORE INTO flare_avatar_deletions (key) SELECT value ->> 'key' FROM json_each(?1)
         WHERE NOT EXISTS (SELECT 1 FROM flare_avatar_current
                           WHERE owner = json_each.value ->> 'owner' AND key = json_each.value ->> 'key')
           AND NOT EXISTS (SELECT 1 FROM flare_avatar_uploads INDEXED BY flare_avatar_uploads_claimed
                           WHERE owner = json_each.value ->> 'owner' AND state = 'committing'
                             AND avatar_key = json_each.value ->> 'key')`,
      )
      .bind(JSON.stringify(avatars))
      .run();
    return meta.changes;
  }

  /**
   * Queues those of these objects whose upload is swept or forgotten. (An
   * upload is stored before its URL is handed out.)
   * @returns The number of objects added.
   */
  async addUnknownPending(pending: readonly PendingKeyParts[]): Promise<number> {
    const { meta } = await this.#db
      .prepare(
        `INSERT OR IGNORE INTO flare_avatar_deletions (key) SELECT value ->> 'key' FROM json_each(?1)
         WHERE NOT EXISTS (SELECT 1 FROM flare_avatar_uploads
                           WHERE owner = json_each.value ->> 'owner' AND id = json_each.value ->> 'id' AND swept = 0)`,
      )
      .bind(JSON.stringify(pending))
      .run();
    return meta.changes;
  }

  /** Keys of the owner's avatars that are due. */
  async listDueOfOwner(owner: string, now: number, limit: number): Promise<string[]> {
    const prefix = `avatars/${owner}/`;
    const { results } = await this.#db
      .prepare('SELECT key FROM flare_avatar_deletions WHERE key > ?1 AND key < ?2 AND due <= ?3 LIMIT ?4')
      .bind(prefix, `${prefix}~`, now, limit)
      .all<{ key: string }>();
    return results.map(({ key }) => key);
  }

  /** Keys that are due, of all owners. */
  async listDue(now: number, limit: number): Promise<string[]> {
    const { results } = await this.#db
      .prepare('SELECT key FROM flare_avatar_deletions WHERE due <= ?1 ORDER BY due LIMIT ?2')
      .bind(now, limit)
      .all<{ key: string }>();
    return results.map(({ key }) => key);
  }

  /** Removes the entries of objects that have been deleted. */
  async removeEntries(keys: readonly string[]): Promise<void> {
    await this.#db
      .prepare('DELETE FROM flare_avatar_deletions WHERE key IN (SELECT value FROM json_each(?1))')
      .bind(JSON.stringify(keys))
      .run();
  }
}
