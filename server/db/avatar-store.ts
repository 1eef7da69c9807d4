import type { Avatar } from '../../src/core/protocol.js';
import type { Owners } from '../storage/owner.js';
import { CLAIMED_UPLOAD } from './claim.js';
import { type Database, isOwnedBy, readReturnedKey, runBatch, type Statement } from './database.js';
import { DeletionQueue } from './deletion-queue.js';
import { type AvatarRow, type StoredPicture, toStoredPicture } from './rows.js';
import type { UploadRef } from './upload-store.js';

/** What publishing a claimed upload did; null if the claim was lost. */
export type PublishResult = null | {
  /** False if a later commit, or a removal, came first: the upload counts as committed before that. */
  isCurrent: boolean;
  /** Key of the avatar it replaced. */
  previousKey: string | null;
};

/**
 * The current avatar of one user at a time. Every query takes the user's owners
 * first. There is one row, under whichever secret was current at its commit;
 * should two deployments with different secrets have written two, the newer one counts.
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
  async findAvatar(owners: Owners): Promise<StoredPicture | null> {
    const row = await this.#db
      .prepare(
        `SELECT * FROM flare_avatar_current WHERE ${isOwnedBy(owners, 1)} AND missing_since IS NULL
         ORDER BY created_at DESC, owner = ?1 DESC LIMIT 1`,
      )
      .bind(...owners)
      .first<AvatarRow>();
    return row && toStoredPicture(row);
  }

  /**
   * The avatars of several users, in one query. By owner: of a user with several
   * owners, each row is under its own.
   */
  async listAvatars(owners: readonly string[]): Promise<Map<string, StoredPicture>> {
    const { results } = await this.#db
      .prepare(
        `SELECT * FROM flare_avatar_current
         WHERE owner IN (SELECT value FROM json_each(?1)) AND missing_since IS NULL`,
      )
      .bind(JSON.stringify(owners))
      .all<AvatarRow & { owner: string }>();
    return new Map(results.map((row) => [row.owner, toStoredPicture(row)]));
  }

  /**
   * Makes the object of a claimed upload the user's avatar, under the current
   * owner, and queues the object it replaces for deletion. If a later claim has
   * been published, or the avatar removed since the claim, the upload still
   * counts as committed, but its own object is queued for deletion.
   */
  async publishAvatar(owners: Owners, upload: UploadRef, picture: StoredPicture): Promise<PublishResult> {
    const { avatar } = picture;
    const { replaced, published, committed } = await runBatch(this.#db, {
      superseded: this.#deletions.prepareSuperseded(upload.owner, upload.id, avatar.key),
      replaced: this.#deletions.prepareReplaced(owners, upload, avatar.key, Date.now()),
      moved: this.#prepareForgetFormer(owners, upload, avatar.key),
      published: this.#preparePublish(owners[0], upload, picture),
      earlierClaims: this.#prepareSupersedeEarlier(owners, upload, avatar.key),
      committed: this.#prepareCommitted(upload, avatar),
    });
    if (!committed.meta.changes) return null;
    return { isCurrent: published.meta.changes > 0, previousKey: readReturnedKey(replaced) };
  }

  /**
   * Removes the user's avatar and queues its object for deletion, and those that
   * it has replaced in the last minute. Commits in progress count as earlier.
   * @returns The key of the removed avatar, or null if there was none.
   */
  async removeAvatar(owners: Owners): Promise<string | null> {
    const isOwned = isOwnedBy(owners, 1);
    const { removed } = await runBatch(this.#db, {
      claims: this.#db
        .prepare(
          `UPDATE flare_avatar_uploads INDEXED BY flare_avatar_uploads_claimed SET superseded = 1 WHERE ${isOwned} AND state = 'committing'`,
        )
        .bind(...owners),
      queued: this.#deletions.prepareCurrent(owners),
      hastened: this.#deletions.prepareHasten(owners, Date.now()),
      removed: this.#prepareRemove(owners),
    });
    return readReturnedKey(removed);
  }

  /**
   * Deletes every row of the user, and queues the objects of all of them for
   * deletion. Commits in progress lose their claims.
   * @param keys - Objects of the user that the bucket holds, whether or not a row refers to them.
   * @returns The key of the avatar, or null if there was none.
   */
  async eraseUser(owners: Owners, keys: readonly string[]): Promise<string | null> {
    const isOwned = isOwnedBy(owners, 1);
    const { removed } = await runBatch(this.#db, {
      queuedClaims: this.#deletions.prepareClaimed(owners),
      queuedUploads: this.#deletions.preparePending(owners),
      queuedAvatars: this.#deletions.prepareCurrent(owners),
      queuedObjects: this.#deletions.prepareEntries(keys),
      hastened: this.#deletions.prepareHasten(owners, Date.now()),
      notes: this.#deletions.prepareForgetUnknown(owners),
      uploads: this.#db.prepare(`DELETE FROM flare_avatar_uploads WHERE ${isOwned}`).bind(...owners),
      removed: this.#prepareRemove(owners),
    });
    return readReturnedKey(removed);
  }

  #prepareRemove(owners: Owners): Statement {
    return this.#db
      .prepare(`DELETE FROM flare_avatar_current WHERE ${isOwnedBy(owners, 1)} RETURNING key`)
      .bind(...owners);
  }

  /** Deletes the user's rows under former secrets if a claimed upload is about to replace them. */
  #prepareForgetFormer(owners: Owners, upload: UploadRef, key: string): Statement {
    return this.#db
      .prepare(
        `DELETE FROM flare_avatar_current WHERE ${isOwnedBy(owners, 4)} AND owner <> ?4
           AND EXISTS (SELECT 1 ${CLAIMED_UPLOAD} AND superseded = 0)`,
      )
      .bind(upload.owner, upload.id, key, ...owners);
  }

  #preparePublish(owner: string, upload: UploadRef, { avatar, sizes }: StoredPicture): Statement {
    const { key, contentType, size, width, height, createdAt } = avatar;
    return this.#db
      .prepare(
        `INSERT INTO flare_avatar_current (owner, key, content_type, size, width, height, created_at, sizes)
         SELECT ?9, ?3, ?4, ?5, ?6, ?7, ?8, ?10 ${CLAIMED_UPLOAD} AND superseded = 0
         ON CONFLICT (owner) DO UPDATE SET key = excluded.key, content_type = excluded.content_type,
           size = excluded.size, width = excluded.width, height = excluded.height,
           created_at = excluded.created_at, sizes = excluded.sizes, missing_since = NULL`,
      )
      .bind(
        upload.owner,
        upload.id,
        key,
        contentType,
        size,
        width,
        height,
        Date.parse(createdAt),
        owner,
        JSON.stringify(sizes),
      );
  }

  /** Marks the user's commits in progress that claimed their upload before this one. */
  #prepareSupersedeEarlier(owners: Owners, upload: UploadRef, key: string): Statement {
    return this.#db
      .prepare(
        `UPDATE flare_avatar_uploads INDEXED BY flare_avatar_uploads_claimed SET superseded = 1
         WHERE ${isOwnedBy(owners, 4)} AND state = 'committing' AND claim < (SELECT claim ${CLAIMED_UPLOAD})`,
      )
      .bind(upload.owner, upload.id, key, ...owners);
  }

  #prepareCommitted(upload: UploadRef, avatar: Avatar): Statement {
    const { key, contentType, size, width, height, createdAt } = avatar;
    return this.#db
      .prepare(
        `UPDATE flare_avatar_uploads SET state = 'committed', content_type = ?4, stored_size = ?5, width = ?6,
           height = ?7, committed_at = ?8
         WHERE owner = ?1 AND id = ?2 AND state = 'committing' AND avatar_key = ?3`,
      )
      .bind(upload.owner, upload.id, key, contentType, size, width, height, Date.parse(createdAt));
  }
}
