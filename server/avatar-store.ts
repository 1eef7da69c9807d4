import type { ApiErrorCode, Avatar, ImageType } from '../src/core/protocol.js';

/** An upload as presigned and declared. Times are milliseconds since 1970. */
export interface NewUpload {
  id: string;
  contentType: ImageType;
  size: number | null;
  sha256: string | null;
  /** The first moment a commit is too late. */
  commitUntil: number;
}

/** An upload as stored. */
export interface Upload extends NewUpload {
  state: 'pending' | 'committing' | 'committed' | 'rejected' | 'expired';
  /** When a commit took it. */
  claimedAt: number | null;
  /** Why it was rejected. */
  code: ApiErrorCode | null;
  /** What its commit made current; null until then. */
  avatar: Avatar | null;
}

/** How long one commit may hold an upload before another may take it over; milliseconds. */
export const CLAIM_LEASE = 15_000;

/** How long a commit that lost its claim may still be writing its object; milliseconds. */
export const LATE_WRITE = 10 * 60_000;

/**
 * All reads and writes of D1. Every query that concerns a user takes the owner
 * first. Each write is one statement or one batch, so that a crash at any point
 * leaves a state from which the same request can go on.
 */
export class AvatarStore {
  constructor(private readonly db: D1Database) {}

  /** Adds an upload unless the owner has `max` open ones; tells whether it did. */
  async addUpload(owner: string, upload: NewUpload, max: number, now: number): Promise<boolean> {
    const { meta } = await this.db
      .prepare(
        `INSERT INTO uploads (owner, id, content_type, size, sha256, commit_until)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6
         WHERE (SELECT COUNT(*) FROM uploads INDEXED BY uploads_open
                WHERE owner = ?1 AND commit_until > ?7 AND state IN ('pending', 'committing')) < ?8`,
      )
      .bind(owner, upload.id, upload.contentType, upload.size, upload.sha256, upload.commitUntil, now, max)
      .run();
    return meta.changes > 0;
  }

  /** When the first of the owner's open uploads ends, or null if there is none. */
  async nextExpiry(owner: string, now: number): Promise<number | null> {
    return this.db
      .prepare(
        `SELECT MIN(commit_until) AS next FROM uploads INDEXED BY uploads_open
         WHERE owner = ?1 AND commit_until > ?2 AND state IN ('pending', 'committing')`,
      )
      .bind(owner, now)
      .first<number>('next');
  }

  async findUpload(owner: string, id: string): Promise<Upload | null> {
    const row = await this.db
      .prepare('SELECT * FROM uploads WHERE owner = ?1 AND id = ?2')
      .bind(owner, id)
      .first<UploadRow>();
    return row && toUpload(row);
  }

  /**
   * Takes an open upload for one commit, which will write `avatarKey`; tells
   * whether it did. A claim that outlived its lease is taken over, and the
   * object it may have written is queued for deletion.
   */
  async claimUpload(owner: string, id: string, avatarKey: string, now: number): Promise<boolean> {
    const stale = now - CLAIM_LEASE;
    const [, claimed] = await this.db.batch([
      this.db
        .prepare(
          `INSERT OR IGNORE INTO deletions (key, due) SELECT avatar_key, ?5 FROM uploads
           WHERE owner = ?1 AND id = ?2 AND state = 'committing' AND claimed_at <= ?3 AND commit_until > ?4`,
        )
        .bind(owner, id, stale, now, now + LATE_WRITE),
      this.db
        .prepare(
          `UPDATE uploads SET state = 'committing', claimed_at = ?4, avatar_key = ?5
           WHERE owner = ?1 AND id = ?2 AND commit_until > ?4
             AND (state = 'pending' OR (state = 'committing' AND claimed_at <= ?3))`,
        )
        .bind(owner, id, stale, now, avatarKey),
    ]);
    return (claimed?.meta.changes ?? 0) > 0;
  }

  /**
   * Gives a claimed upload back, to be committed by a later request.
   * @param hasWritten whether the object may be there, and has to go.
   */
  async releaseUpload(owner: string, id: string, avatarKey: string, hasWritten: boolean): Promise<void> {
    const release = this.db
      .prepare(
        `UPDATE uploads SET state = 'pending', claimed_at = NULL, avatar_key = NULL
         WHERE owner = ?1 AND id = ?2 AND state = 'committing' AND avatar_key = ?3`,
      )
      .bind(owner, id, avatarKey);
    await this.db.batch(hasWritten ? [this.#queueUnlessCurrent(owner, avatarKey), release] : [release]);
  }

  /** Ends a claimed upload for good. */
  async rejectUpload(owner: string, id: string, avatarKey: string, code: ApiErrorCode): Promise<void> {
    await this.db
      .prepare(
        `UPDATE uploads SET state = 'rejected', code = ?4, avatar_key = NULL
         WHERE owner = ?1 AND id = ?2 AND state = 'committing' AND avatar_key = ?3`,
      )
      .bind(owner, id, avatarKey, code)
      .run();
  }

  /**
   * Makes the claimed upload's object the owner's avatar, and queues the one it
   * replaces for deletion, at once or not at all. Tells whether it did: not if
   * the claim was lost.
   */
  async publish(owner: string, id: string, avatar: Avatar): Promise<boolean> {
    const mine = `FROM uploads WHERE owner = ?1 AND id = ?2 AND state = 'committing' AND avatar_key = ?3`;
    const createdAt = Date.parse(avatar.createdAt);
    const { key, contentType, size, width, height } = avatar;
    const [, , published] = await this.db.batch([
      this.db
        .prepare(
          `INSERT OR IGNORE INTO deletions (key)
           SELECT key FROM avatars WHERE owner = ?1 AND EXISTS (SELECT 1 ${mine})`,
        )
        .bind(owner, id, key),
      this.db
        .prepare(
          `INSERT INTO avatars (owner, key, content_type, size, width, height, created_at)
           SELECT ?1, ?3, ?4, ?5, ?6, ?7, ?8 ${mine}
           ON CONFLICT (owner) DO UPDATE SET key = excluded.key, content_type = excluded.content_type,
             size = excluded.size, width = excluded.width, height = excluded.height,
             created_at = excluded.created_at`,
        )
        .bind(owner, id, key, contentType, size, width, height, createdAt),
      this.db
        .prepare(
          `UPDATE uploads SET state = 'committed', content_type = ?4, stored_size = ?5, width = ?6,
             height = ?7, committed_at = ?8
           WHERE owner = ?1 AND id = ?2 AND state = 'committing' AND avatar_key = ?3`,
        )
        .bind(owner, id, key, contentType, size, width, height, createdAt),
    ]);
    return (published?.meta.changes ?? 0) > 0;
  }

  async currentAvatar(owner: string): Promise<Avatar | null> {
    const row = await this.db.prepare('SELECT * FROM avatars WHERE owner = ?1').bind(owner).first<AvatarRow>();
    return row && toAvatar(row);
  }

  /** Forgets the owner's avatar and queues its object for deletion, at once or not at all. */
  async removeAvatar(owner: string): Promise<void> {
    await this.db.batch([
      this.db.prepare('INSERT OR IGNORE INTO deletions (key) SELECT key FROM avatars WHERE owner = ?1').bind(owner),
      this.db.prepare('DELETE FROM avatars WHERE owner = ?1').bind(owner),
    ]);
  }

  /** Queues an object that a lost claim wrote. */
  async queueDeletion(owner: string, key: string): Promise<void> {
    await this.#queueUnlessCurrent(owner, key).run();
  }

  #queueUnlessCurrent(owner: string, key: string): D1PreparedStatement {
    return this.db
      .prepare(
        `INSERT INTO deletions (key)
         SELECT ?2 WHERE NOT EXISTS (SELECT 1 FROM avatars WHERE owner = ?1 AND key = ?2)
         ON CONFLICT (key) DO UPDATE SET due = 0`,
      )
      .bind(owner, key);
  }

  /** Objects of one owner that are due for deletion. */
  async dueDeletionsOf(owner: string, now: number, limit: number): Promise<string[]> {
    const prefix = `avatars/${owner}/`;
    const { results } = await this.db
      .prepare('SELECT key FROM deletions WHERE key > ?1 AND key < ?2 AND due <= ?3 LIMIT ?4')
      .bind(prefix, `${prefix}~`, now, limit)
      .all<{ key: string }>();
    return results.map((row) => row.key);
  }

  /** Objects that are due for deletion. */
  async dueDeletions(now: number, limit: number): Promise<string[]> {
    const { results } = await this.db
      .prepare('SELECT key FROM deletions WHERE due <= ?1 ORDER BY due LIMIT ?2')
      .bind(now, limit)
      .all<{ key: string }>();
    return results.map((row) => row.key);
  }

  /** Drops queue entries whose objects are gone. */
  async dropDeletions(keys: readonly string[]): Promise<void> {
    await this.db
      .prepare('DELETE FROM deletions WHERE key IN (SELECT value FROM json_each(?1))')
      .bind(JSON.stringify(keys))
      .run();
  }

  /** Uploads past their last moment whose pending objects have not been deleted yet. */
  async unsweptUploads(now: number, limit: number): Promise<{ owner: string; id: string }[]> {
    const { results } = await this.db
      .prepare('SELECT owner, id FROM uploads WHERE swept = 0 AND commit_until <= ?1 ORDER BY commit_until LIMIT ?2')
      .bind(now, limit)
      .all<{ owner: string; id: string }>();
    return results;
  }

  /**
   * Closes uploads whose time is over, before their pending objects go. A
   * commit that is still under way loses its claim: its object is queued.
   */
  async expireUploads(now: number): Promise<void> {
    await this.db.batch([
      this.db
        .prepare(
          `INSERT OR IGNORE INTO deletions (key, due) SELECT avatar_key, ?2 FROM uploads
           WHERE swept = 0 AND commit_until <= ?1 AND state = 'committing'`,
        )
        .bind(now, now + LATE_WRITE),
      this.db
        .prepare(
          `UPDATE uploads SET state = 'expired', avatar_key = NULL
           WHERE swept = 0 AND commit_until <= ?1 AND state IN ('pending', 'committing')`,
        )
        .bind(now),
    ]);
  }

  /** Notes that the pending objects of these uploads are gone. */
  async markSwept(uploads: readonly { owner: string; id: string }[]): Promise<void> {
    await this.db
      .prepare(
        `UPDATE uploads SET swept = 1 WHERE (owner, id) IN
           (SELECT value ->> 'owner', value ->> 'id' FROM json_each(?1))`,
      )
      .bind(JSON.stringify(uploads))
      .run();
  }

  /** Forgets swept uploads whose last moment lies before a time. */
  async forgetUploads(before: number, limit: number): Promise<void> {
    await this.db
      .prepare(
        `DELETE FROM uploads WHERE (owner, id) IN
           (SELECT owner, id FROM uploads WHERE swept = 1 AND commit_until < ?1 LIMIT ?2)`,
      )
      .bind(before, limit)
      .run();
  }
}

interface UploadRow {
  id: string;
  content_type: ImageType;
  size: number | null;
  sha256: string | null;
  commit_until: number;
  state: Upload['state'];
  claimed_at: number | null;
  avatar_key: string | null;
  code: ApiErrorCode | null;
  stored_size: number;
  width: number;
  height: number;
  committed_at: number;
}

interface AvatarRow {
  key: string;
  content_type: ImageType;
  size: number;
  width: number;
  height: number;
  created_at: number;
}

function toUpload(row: UploadRow): Upload {
  const { id, size, sha256, state, code } = row;
  const committed = state === 'committed' && row.avatar_key !== null;
  return {
    id,
    size,
    sha256,
    state,
    code,
    contentType: row.content_type,
    commitUntil: row.commit_until,
    claimedAt: row.claimed_at,
    avatar: committed
      ? toAvatar({ ...row, key: row.avatar_key ?? '', size: row.stored_size, created_at: row.committed_at })
      : null,
  };
}

function toAvatar(row: AvatarRow): Avatar {
  const { key, size, width, height } = row;
  return {
    key,
    contentType: row.content_type,
    size,
    width,
    height,
    createdAt: new Date(row.created_at).toISOString(),
  };
}
