import type { PendingKeyParts } from '../storage/object-keys.js';
import type { Owners } from '../storage/owner.js';
import { CLAIMED_UPLOAD, LATE_WRITE_MS, REPLACED_KEEP_MS } from './claim.js';
import { type Database, isOwnedBy, isPartOf, runBatch, type Statement, selectPictureName } from './database.js';
import { parseSizes } from './rows.js';

/** An object to delete, with the widths of its smaller copies. */
export interface DueObject {
  key: string;
  sizes: readonly number[];
}

/** Matches the current avatar that an entry is, or of which it is a smaller copy. (`avatars/` has eight characters, an owner 32.) */
const IS_CURRENT = `EXISTS (SELECT 1 FROM flare_avatar_current AS avatar
  WHERE avatar.owner = substr(entry.key, 9, 32) AND ${isPartOf('avatar', 'entry.key')})`;

/** Matches the commit in progress that writes the object of an entry, or its picture. */
const IS_BEING_WRITTEN = `EXISTS (SELECT 1 FROM flare_avatar_uploads AS upload INDEXED BY flare_avatar_uploads_claimed
  WHERE upload.owner = substr(entry.key, 9, 32) AND upload.state = 'committing'
    AND ${selectPictureName('upload.avatar_key')} = ${selectPictureName('entry.key')})`;

/**
 * SQL that is true for the keys of one user's objects, in the folders avatars and pending.
 * (With a condition on another column, a `+` in front of that keeps its index from being used.)
 * @param first - Number of the first parameter. The owners are bound to it and the following ones.
 */
const isKeyOfOwners = (owners: Owners, first: number): string =>
  owners
    .flatMap((_, index) => ['avatars', 'pending'].map((folder) => `'${folder}/' || ?${first + index}`))
    .map((prefix) => `(key > ${prefix} || '/' AND key < ${prefix} || '/~')`)
    .join(' OR ');

/** The objects that have been unknown since ?1 or longer: the ?2 oldest. */
const LONG_UNKNOWN = `(SELECT key FROM flare_avatar_unknown WHERE first_seen <= ?1 ORDER BY first_seen LIMIT ?2)`;

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
  prepareStaleClaim(owner: string, uploadId: string, staleBefore: number, now: number): Statement {
    return this.#db
      .prepare(
        `INSERT OR IGNORE INTO flare_avatar_deletions (key, sizes, due) SELECT avatar_key, sizes, ?5 FROM flare_avatar_uploads
         WHERE owner = ?1 AND id = ?2 AND state = 'committing' AND claimed_at <= ?3 AND commit_until > ?4`,
      )
      .bind(owner, uploadId, staleBefore, now, now + LATE_WRITE_MS);
  }

  /** Queues the object of a claimed upload that a later commit, or a removal, has superseded. */
  prepareSuperseded(owner: string, uploadId: string, key: string): Statement {
    return this.#db
      .prepare(
        `INSERT OR IGNORE INTO flare_avatar_deletions (key, sizes) SELECT ?3, sizes ${CLAIMED_UPLOAD} AND superseded = 1`,
      )
      .bind(owner, uploadId, key);
  }

  /**
   * Queues the user's current avatar if a claimed upload is about to replace
   * it; returns its key. Not due at once: browsers may keep a redirect to it.
   */
  prepareReplaced(
    owners: Owners,
    { owner, id }: Pick<PendingKeyParts, 'owner' | 'id'>,
    key: string,
    now: number,
  ): Statement {
    return this.#db
      .prepare(
        `INSERT OR IGNORE INTO flare_avatar_deletions (key, sizes, due)
         SELECT key, sizes, ?4 FROM flare_avatar_current WHERE ${isOwnedBy(owners, 5)} AND key <> ?3
           AND EXISTS (SELECT 1 ${CLAIMED_UPLOAD} AND superseded = 0) RETURNING key`,
      )
      .bind(owner, id, key, now + REPLACED_KEEP_MS, ...owners);
  }

  /** Queues the user's current avatar. */
  prepareCurrent(owners: Owners): Statement {
    return this.#db
      .prepare(
        `INSERT OR IGNORE INTO flare_avatar_deletions (key, sizes)
         SELECT key, sizes FROM flare_avatar_current WHERE ${isOwnedBy(owners, 1)}`,
      )
      .bind(...owners);
  }

  /** Makes the user's replaced avatars due at once: whoever removes the present one doesn't mean to keep those. */
  prepareHasten(owners: Owners, now: number): Statement {
    return this.#db
      .prepare(`UPDATE flare_avatar_deletions SET due = 0 WHERE +due <= ?1 AND (${isKeyOfOwners(owners, 2)})`)
      .bind(now + REPLACED_KEEP_MS, ...owners);
  }

  /** Queues an object, due at once, unless it is the owner's current avatar. */
  prepareUnlessCurrent(owner: string, key: string, sizes: readonly number[]): Statement {
    return this.#db
      .prepare(
        `INSERT INTO flare_avatar_deletions (key, sizes)
         SELECT ?2, ?3 WHERE NOT EXISTS (SELECT 1 FROM flare_avatar_current WHERE owner = ?1 AND key = ?2)
         ON CONFLICT (key) DO UPDATE SET due = 0`,
      )
      .bind(owner, key, JSON.stringify(sizes));
  }

  /** Queues the objects that the user's commits in progress may write. Not due before these have ended. */
  prepareClaimed(owners: Owners): Statement {
    return this.#db
      .prepare(
        `INSERT OR IGNORE INTO flare_avatar_deletions (key, sizes, due)
         SELECT avatar_key, sizes, claimed_at + ${LATE_WRITE_MS} FROM flare_avatar_uploads
         WHERE ${isOwnedBy(owners, 1)} AND state = 'committing'`,
      )
      .bind(...owners);
  }

  /** Queues the pending objects of all the user's uploads, whether or not they exist. */
  preparePending(owners: Owners): Statement {
    return this.#db
      .prepare(
        `INSERT OR IGNORE INTO flare_avatar_deletions (key)
         SELECT 'pending/' || owner || '/' || id FROM flare_avatar_uploads WHERE ${isOwnedBy(owners, 1)}`,
      )
      .bind(...owners);
  }

  /** Queues the key of a copy before the copy is written: if the move fails, the sweep deletes the copy. */
  async addCopy(key: string, sizes: readonly number[], now: number): Promise<void> {
    await this.#db
      .prepare('INSERT INTO flare_avatar_deletions (key, sizes, due) VALUES (?1, ?2, ?3)')
      .bind(key, JSON.stringify(sizes), now + LATE_WRITE_MS)
      .run();
  }

  /** Queues the keys of smaller copies before they are written: without a row that names them, the sweep deletes them. */
  async addCopies(keys: readonly string[], now: number): Promise<void> {
    await this.#db
      .prepare(
        `INSERT INTO flare_avatar_deletions (key, due) SELECT value, ?2 FROM json_each(?1) WHERE true
         ON CONFLICT (key) DO UPDATE SET due = excluded.due`,
      )
      .bind(JSON.stringify(keys), now + LATE_WRITE_MS)
      .run();
  }

  /** Removes the entries of smaller copies that have become part of the owner's current avatar. */
  prepareKept(keys: readonly string[]): Statement {
    return this.#db
      .prepare(
        `DELETE FROM flare_avatar_deletions AS entry WHERE key IN (SELECT value FROM json_each(?1)) AND ${IS_CURRENT}`,
      )
      .bind(JSON.stringify(keys));
  }

  /** Removes the entry of a copy that has become the owner's current avatar. */
  prepareCopied(owner: string, key: string): Statement {
    return this.#db
      .prepare(
        `DELETE FROM flare_avatar_deletions WHERE key = ?2
           AND EXISTS (SELECT 1 FROM flare_avatar_current WHERE owner = ?1 AND key = ?2)`,
      )
      .bind(owner, key);
  }

  /**
   * Queues the current avatars that match a condition. Not due at once: browsers may keep redirects to them.
   * @param condition - SQL with the parameters ?1 to ?n.
   */
  prepareReplacedWhere(condition: string, values: readonly (string | number)[], now: number): Statement {
    return this.#db
      .prepare(
        `INSERT OR IGNORE INTO flare_avatar_deletions (key, sizes, due)
         SELECT key, sizes, ?${values.length + 1} FROM flare_avatar_current WHERE ${condition}`,
      )
      .bind(...values, now + REPLACED_KEEP_MS);
  }

  /** Queues objects that nothing refers to. */
  async addEntries(keys: readonly string[]): Promise<void> {
    await this.prepareEntries(keys).run();
  }

  /** Queues objects that nothing refers to once the batch has run. */
  prepareEntries(keys: readonly string[]): Statement {
    return this.#db
      .prepare('INSERT OR IGNORE INTO flare_avatar_deletions (key) SELECT value FROM json_each(?1)')
      .bind(JSON.stringify(keys));
  }

  /** Forgets that objects of the user were unknown. */
  prepareForgetUnknown(owners: Owners): Statement {
    return this.#db.prepare(`DELETE FROM flare_avatar_unknown WHERE ${isKeyOfOwners(owners, 1)}`).bind(...owners);
  }

  /**
   * Moves objects that have long been unknown into the queue, unless they have
   * become known in the meantime.
   * @returns How many were noted, at most `limit`, and how many of them are now queued.
   */
  async addLongUnknown(before: number, limit: number): Promise<{ noted: number; queued: number }> {
    const { queued, noted } = await runBatch(this.#db, {
      queued: this.#db
        .prepare(
          `INSERT OR IGNORE INTO flare_avatar_deletions (key)
           SELECT key FROM flare_avatar_unknown AS entry WHERE key IN ${LONG_UNKNOWN} AND NOT ${IS_CURRENT} AND NOT ${IS_BEING_WRITTEN}`,
        )
        .bind(before, limit),
      noted: this.#db.prepare(`DELETE FROM flare_avatar_unknown WHERE key IN ${LONG_UNKNOWN}`).bind(before, limit),
    });
    return { noted: noted.meta.changes, queued: queued.meta.changes };
  }

  /** The user's objects that are due. */
  async listDueOfOwners(owners: Owners, now: number, limit: number): Promise<DueObject[]> {
    const { results } = await this.#db
      .prepare(
        `SELECT key, sizes FROM flare_avatar_deletions AS entry
         WHERE +due <= ?1 AND (${isKeyOfOwners(owners, 3)}) AND NOT ${IS_CURRENT} LIMIT ?2`,
      )
      .bind(now, limit, ...owners)
      .all<{ key: string; sizes: string }>();
    return results.map(({ key, sizes }) => ({ key, sizes: parseSizes(sizes) }));
  }

  /**
   * Objects that are due, of all owners. The object of a current avatar is never
   * deleted: its entry is from before a restore of the database.
   */
  async listDue(now: number, limit: number): Promise<(DueObject & { isCurrent: boolean })[]> {
    const { results } = await this.#db
      .prepare(
        `SELECT key, sizes, ${IS_CURRENT} AS is_current FROM flare_avatar_deletions AS entry WHERE due <= ?1 ORDER BY due LIMIT ?2`,
      )
      .bind(now, limit)
      .all<{ key: string; sizes: string; is_current: number }>();
    return results.map(({ key, sizes, is_current }) => ({
      key,
      sizes: parseSizes(sizes),
      isCurrent: is_current === 1,
    }));
  }

  /** Removes the entries of objects that have been deleted. */
  async removeEntries(keys: readonly string[]): Promise<void> {
    await this.#db
      .prepare('DELETE FROM flare_avatar_deletions WHERE key IN (SELECT value FROM json_each(?1))')
      .bind(JSON.stringify(keys))
      .run();
  }
}
