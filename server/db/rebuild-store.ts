import type { StoredAvatar } from '../storage/avatar-object.js';
import type { AvatarKeyParts } from '../storage/object-keys.js';
import { LATE_WRITE_MS } from './claim.js';
import { type Database, runBatch, type Statement } from './database.js';
import { DeletionQueue } from './deletion-queue.js';
import type { StoredPicture } from './rows.js';

/** What the database knows about an object, and about the owner in its key. */
export interface KnownState {
  key: string;
  /** Key of the owner's current avatar, or null. */
  currentKey: string | null;
  /** JSON: the sizes of the owner's current avatar, or null. */
  currentSizes: string | null;
  /** When the owner's current avatar was created, in milliseconds since 1970, or null. */
  currentCreatedAt: number | null;
  /** 1 if the object of the owner's current avatar is noted as missing. */
  isMissing: 0 | 1;
  /** 1 if the object is queued for deletion. */
  isQueued: 0 | 1;
  /** 1 if a commit may still be writing or publishing the object. */
  isClaimed: 0 | 1;
}

/** The object is queued for deletion. `entry` is the JSON of an avatar, from `json_each`. */
const IS_QUEUED = `EXISTS (SELECT 1 FROM flare_avatar_deletions WHERE key = entry.value ->> 'key')`;

/**
 * A commit has claimed the object's key and can still publish it at the time ?2.
 * (A restored database may hold older claims, of commits that succeeded afterwards.)
 */
const IS_CLAIMED = `entry.value ->> 'key' IN (SELECT avatar_key FROM flare_avatar_uploads
  INDEXED BY flare_avatar_uploads_claimed WHERE state = 'committing' AND commit_until > ?2)`;

/** The reads and writes of `npm run rebuild`. The API may be in use meanwhile. */
export class RebuildStore {
  readonly #db: Database;
  /** Where a move queues its copy, before the copy is written. */
  readonly deletions: DeletionQueue;

  constructor(db: Database) {
    this.#db = db;
    this.deletions = new DeletionQueue(db);
  }

  /** What the database knows about these objects, by key. */
  async findKnown(avatars: readonly AvatarKeyParts[], now: number): Promise<Map<string, KnownState>> {
    const { results } = await this.#db
      .prepare(
        `SELECT entry.value ->> 'key' AS key, known.key AS currentKey, known.sizes AS currentSizes, known.created_at AS currentCreatedAt,
           known.missing_since IS NOT NULL AS isMissing, ${IS_QUEUED} AS isQueued, ${IS_CLAIMED} AS isClaimed
         FROM json_each(?1) AS entry LEFT JOIN flare_avatar_current AS known ON known.owner = entry.value ->> 'owner'`,
      )
      .bind(JSON.stringify(avatars.map(({ key, owner }) => ({ key, owner }))), now - LATE_WRITE_MS)
      .all<KnownState>();
    return new Map(results.map((state) => [state.key, state]));
  }

  /**
   * Adds the rows of avatars. A row that is newer stays; an object that is
   * queued for deletion or being committed is left out.
   * @returns The keys that were added.
   */
  async addAvatars(avatars: readonly StoredAvatar[], now: number): Promise<string[]> {
    const rows = avatars.map(({ owner, avatar, sizes }) => ({
      ...avatar,
      owner,
      createdAt: Date.parse(avatar.createdAt),
      sizes: JSON.stringify(sizes),
    }));
    const { results } = await this.#db
      .prepare(
        `INSERT INTO flare_avatar_current (owner, key, content_type, size, width, height, created_at, sizes)
         SELECT entry.value ->> 'owner', entry.value ->> 'key', entry.value ->> 'contentType', entry.value ->> 'size',
           entry.value ->> 'width', entry.value ->> 'height', entry.value ->> 'createdAt',
           entry.value ->> 'sizes'
         FROM json_each(?1) AS entry WHERE NOT ${IS_QUEUED} AND NOT ${IS_CLAIMED}
         ON CONFLICT (owner) DO UPDATE SET key = excluded.key, content_type = excluded.content_type,
           size = excluded.size, width = excluded.width, height = excluded.height, created_at = excluded.created_at,
           sizes = excluded.sizes, missing_since = NULL
           WHERE excluded.created_at > flare_avatar_current.created_at
             OR (excluded.key = flare_avatar_current.key AND flare_avatar_current.missing_since IS NOT NULL)
         RETURNING key`,
      )
      .bind(JSON.stringify(rows), now - LATE_WRITE_MS)
      .all<{ key: string }>();
    return results.map(({ key }) => key);
  }

  /** Takes back rows that `addAvatars()` has added, if their objects were deleted at the same moment. */
  async withdrawAvatars(avatars: readonly AvatarKeyParts[]): Promise<void> {
    await this.#db
      .prepare(
        `DELETE FROM flare_avatar_current WHERE (owner, key) IN
           (SELECT value ->> 'owner', value ->> 'key' FROM json_each(?1))`,
      )
      .bind(JSON.stringify(avatars.map(({ key, owner }) => ({ key, owner }))))
      .run();
  }

  /**
   * Makes a claimed copy the avatar of its owner, and queues the original for
   * deletion. Nothing happens if the original is no longer current or the claim
   * of the copy is over. If the owner has a newer avatar, only the original goes.
   * @returns Whether the copy is current.
   */
  async moveAvatar(
    from: AvatarKeyParts,
    owner: string,
    { avatar, sizes }: StoredPicture,
    now: number,
  ): Promise<boolean> {
    const { key, contentType, size, width, height, createdAt } = avatar;
    const created = Date.parse(createdAt);
    const { published } = await runBatch(this.#db, {
      replaced: this.deletions.prepareReplacedWhere(
        `owner = ?3 AND created_at < ?5 AND ${IS_MOVABLE}`,
        [from.owner, from.key, owner, key, created],
        now,
      ),
      published: this.#prepare(
        `INSERT INTO flare_avatar_current (owner, key, content_type, size, width, height, created_at, sizes)
         SELECT ?3, ?4, ?6, ?7, ?8, ?9, ?5, ?10 WHERE ${IS_MOVABLE}
         ON CONFLICT (owner) DO UPDATE SET key = excluded.key, content_type = excluded.content_type,
           size = excluded.size, width = excluded.width, height = excluded.height, created_at = excluded.created_at,
           sizes = excluded.sizes, missing_since = NULL
           WHERE excluded.created_at > flare_avatar_current.created_at`,
        [from.owner, from.key, owner, key, created, contentType, size, width, height, JSON.stringify(sizes)],
      ),
      copied: this.deletions.prepareCopied(owner, key),
      queued: this.deletions.prepareReplacedWhere(IS_REPLACED, [from.owner, from.key, owner, created], now),
      forgotten: this.#prepare(`DELETE FROM flare_avatar_current WHERE ${IS_REPLACED}`, [
        from.owner,
        from.key,
        owner,
        created,
      ]),
    });
    return published.meta.changes > 0;
  }

  /**
   * Records the sizes of an avatar whose smaller copies have been written, unless
   * it is no longer current or a sweep has begun to delete them.
   * @param added - Keys of the copies, which `addCopies()` has queued.
   * @returns Whether they were recorded.
   */
  async saveSizes(owner: string, key: string, sizes: readonly number[], added: readonly string[]): Promise<boolean> {
    const { saved } = await runBatch(this.#db, {
      saved: this.#prepare(
        `UPDATE flare_avatar_current SET sizes = ?3 WHERE owner = ?1 AND key = ?2
           AND (SELECT COUNT(*) FROM flare_avatar_deletions WHERE key IN (SELECT value FROM json_each(?4))) = ?5`,
        [owner, key, JSON.stringify(sizes), JSON.stringify(added), added.length],
      ),
      kept: this.deletions.prepareKept(added),
    });
    return saved.meta.changes > 0;
  }

  #prepare(sql: string, values: (string | number)[]): Statement {
    return this.#db.prepare(sql).bind(...values);
  }
}

/** The original ?2 is the current avatar of the owner ?1, and the copy ?4 is claimed. */
const IS_MOVABLE = `EXISTS (SELECT 1 FROM flare_avatar_current WHERE owner = ?1 AND key = ?2)
  AND EXISTS (SELECT 1 FROM flare_avatar_deletions WHERE key = ?4)`;

/** The row of the original ?2 of the owner ?1, if the owner ?3 has it, created at ?4, or a newer avatar. */
const IS_REPLACED = `owner = ?1 AND key = ?2
  AND EXISTS (SELECT 1 FROM flare_avatar_current WHERE owner = ?3 AND created_at >= ?4)`;
