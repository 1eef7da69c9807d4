import type { Avatar } from '../../src/core/protocol.js';
import { CLAIMED_UPLOAD } from './claim.js';
import { type Database, readReturnedKey, runBatch } from './database.js';
import { DeletionQueue } from './deletion-queue.js';
import { type AvatarRow, toAvatar } from './rows.js';

/** What publishing a claimed upload did; null if the claim was lost. */
export type PublishResult = null | {
  /** False if a later commit, or a removal, came first: the upload counts as committed before that. */
  isCurrent: boolean;
  /** Key of the avatar it replaced. */
  previousKey: string | null;
};

/**
 * The current avatar of one owner at a time. Every query takes the owner first.
 * A change of the avatar and the entry in the deletion queue for the object
 * that it makes obsolete are one batch.
 */
export class AvatarStore {
  readonly #db: Database;
  readonly #deletions: DeletionQueue;

  constructor(db: Database) {
    this.#db = db;
    this.#deletions = new DeletionQueue(db);
  }

  /** Null also if the object is known to be missing. */
  async findAvatar(owner: string): Promise<Avatar | null> {
    const row = await this.#db
      .prepare('SELECT * FROM flare_avatar_current WHERE owner = ?1 AND missing_since IS NULL')
      .bind(owner)
      .first<AvatarRow>();
    return row && toAvatar(row);
  }

  /**
   * Makes the object of a claimed upload the owner's avatar and queues the
   * object it replaces for deletion. If a later claim has been published, or
   * the avatar removed since the claim, the upload still counts as committed,
   * but its own object is queued for deletion.
   */
  async publishAvatar(owner: string, uploadId: string, avatar: Avatar): Promise<PublishResult> {
    const { replaced, published, committed } = await runBatch(this.#db, {
      superseded: this.#deletions.prepareSuperseded(owner, uploadId, avatar.key),
      replaced: this.#deletions.prepareReplaced(owner, uploadId, avatar.key, Date.now()),
      published: this.#preparePublish(owner, uploadId, avatar),
      earlierClaims: this.#prepareSupersedeEarlier(owner, uploadId, avatar.key),
      committed: this.#prepareCommitted(owner, uploadId, avatar),
    });
    if (!committed.meta.changes) return null;
    return { isCurrent: published.meta.changes > 0, previousKey: readReturnedKey(replaced) };
  }

  /**
   * Removes the owner's avatar and queues its object for deletion. Commits in
   * progress count as earlier.
   * @returns The key of the removed avatar, or null if there was none.
   */
  async removeAvatar(owner: string): Promise<string | null> {
    const { removed } = await runBatch(this.#db, {
      claims: this.#db
        .prepare(
          `UPDATE flare_avatar_uploads INDEXED BY flare_avatar_uploads_claimed SET superseded = 1 WHERE owner = ?1 AND state = 'committing'`,
        )
        .bind(owner),
      queued: this.#deletions.prepareCurrent(owner),
      removed: this.#db.prepare('DELETE FROM flare_avatar_current WHERE owner = ?1 RETURNING key').bind(owner),
    });
    return readReturnedKey(removed);
  }

  #preparePublish(owner: string, uploadId: string, avatar: Avatar): D1PreparedStatement {
    const { key, contentType, size, width, height, createdAt } = avatar;
    return this.#db
      .prepare(
        `INSERT INTO flare_avatar_current (owner, key, content_type, size, width, height, created_at)
         SELECT ?1, ?3, ?4, ?5, ?6, ?7, ?8 ${CLAIMED_UPLOAD} AND superseded = 0
         ON CONFLICT (owner) DO UPDATE SET key = excluded.key, content_type = excluded.content_type,
           size = excluded.size, width = excluded.width, height = excluded.height,
           created_at = excluded.created_at, missing_since = NULL`,
      )
      .bind(owner, uploadId, key, contentType, size, width, height, Date.parse(createdAt));
  }

  /** Marks the owner's commits in progress that claimed their upload before this one. */
  #prepareSupersedeEarlier(owner: string, uploadId: string, key: string): D1PreparedStatement {
    return this.#db
      .prepare(
        `UPDATE flare_avatar_uploads INDEXED BY flare_avatar_uploads_claimed SET superseded = 1
         WHERE owner = ?1 AND state = 'committing' AND claim < (SELECT claim ${CLAIMED_UPLOAD})`,
      )
      .bind(owner, uploadId, key);
  }

  #prepareCommitted(owner: string, uploadId: string, avatar: Avatar): D1PreparedStatement {
    const { key, contentType, size, width, height, createdAt } = avatar;
    return this.#db
      .prepare(
        `UPDATE flare_avatar_uploads SET state = 'committed', content_type = ?4, stored_size = ?5, width = ?6,
           height = ?7, committed_at = ?8
         WHERE owner = ?1 AND id = ?2 AND state = 'committing' AND avatar_key = ?3`,
      )
      .bind(owner, uploadId, key, contentType, size, width, height, Date.parse(createdAt));
  }
}
