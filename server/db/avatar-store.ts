import type { ApiErrorCode, Avatar } from '../../src/core/protocol.js';
import { type AvatarRow, type NewUpload, toAvatar, toUpload, type Upload, type UploadRow } from './rows.js';

/** The database, or one session with it. */
export type Database = Pick<D1Database, 'prepare' | 'batch'>;

/** How long one commit may hold an upload before another may take it over; milliseconds. */
export const CLAIM_LEASE = 15_000;

/** How long a commit that lost its claim may still be writing its object; milliseconds. */
export const LATE_WRITE = 10 * 60_000;

/** What publishing a claimed upload did; null if the claim was lost. */
export type Published = null | {
  /** False if a later commit, or a removal, came first: the upload counts as committed before that. */
  isCurrent: boolean;
  /** The object it replaced. */
  previousKey: string | null;
};

/**
 * What requests read and write in D1. Every query takes the owner first. Each
 * write is one statement or one batch, so that a crash at any point leaves a
 * state from which the same request can go on.
 */
export class AvatarStore {
  constructor(private readonly db: Database) {}

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
          `UPDATE uploads SET state = 'committing', claimed_at = ?4, avatar_key = ?5, superseded = 0,
             claim = 1 + COALESCE((SELECT MAX(claim) FROM uploads INDEXED BY uploads_claimed
                                   WHERE owner = ?1 AND state = 'committing'), 0)
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

  /** Ends a claimed upload for good; tells whether it did. */
  async rejectUpload(owner: string, id: string, avatarKey: string, code: ApiErrorCode): Promise<boolean> {
    const { meta } = await this.db
      .prepare(
        `UPDATE uploads SET state = 'rejected', code = ?4, avatar_key = NULL
         WHERE owner = ?1 AND id = ?2 AND state = 'committing' AND avatar_key = ?3`,
      )
      .bind(owner, id, avatarKey, code)
      .run();
    return meta.changes > 0;
  }

  /**
   * Makes the claimed upload's object the owner's avatar, and queues the one it
   * replaces for deletion, at once or not at all. Where a later claim has been
   * published already, or the avatar removed since the claim, the upload is
   * committed all the same, but its own object is the one that goes.
   */
  async publish(owner: string, id: string, avatar: Avatar): Promise<Published> {
    const mine = `FROM uploads WHERE owner = ?1 AND id = ?2 AND state = 'committing' AND avatar_key = ?3`;
    const createdAt = Date.parse(avatar.createdAt);
    const { key, contentType, size, width, height } = avatar;
    const [, replaced, current, , committed] = await this.db.batch<{ key: string }>([
      this.db
        .prepare(`INSERT OR IGNORE INTO deletions (key) SELECT ?3 ${mine} AND superseded = 1`)
        .bind(owner, id, key),
      this.db
        .prepare(
          `INSERT OR IGNORE INTO deletions (key)
           SELECT key FROM avatars WHERE owner = ?1 AND EXISTS (SELECT 1 ${mine} AND superseded = 0) RETURNING key`,
        )
        .bind(owner, id, key),
      this.db
        .prepare(
          `INSERT INTO avatars (owner, key, content_type, size, width, height, created_at)
           SELECT ?1, ?3, ?4, ?5, ?6, ?7, ?8 ${mine} AND superseded = 0
           ON CONFLICT (owner) DO UPDATE SET key = excluded.key, content_type = excluded.content_type,
             size = excluded.size, width = excluded.width, height = excluded.height,
             created_at = excluded.created_at`,
        )
        .bind(owner, id, key, contentType, size, width, height, createdAt),
      this.db
        .prepare(
          `UPDATE uploads INDEXED BY uploads_claimed SET superseded = 1
           WHERE owner = ?1 AND state = 'committing' AND claim < (SELECT claim ${mine})`,
        )
        .bind(owner, id, key),
      this.db
        .prepare(
          `UPDATE uploads SET state = 'committed', content_type = ?4, stored_size = ?5, width = ?6,
             height = ?7, committed_at = ?8
           WHERE owner = ?1 AND id = ?2 AND state = 'committing' AND avatar_key = ?3`,
        )
        .bind(owner, id, key, contentType, size, width, height, createdAt),
    ]);
    if (!committed?.meta.changes) return null;
    return { isCurrent: Boolean(current?.meta.changes), previousKey: replaced?.results[0]?.key ?? null };
  }

  async currentAvatar(owner: string): Promise<Avatar | null> {
    const row = await this.db.prepare('SELECT * FROM avatars WHERE owner = ?1').bind(owner).first<AvatarRow>();
    return row && toAvatar(row);
  }

  /**
   * Forgets the owner's avatar and queues its object for deletion, at once or
   * not at all. Commits under way count as earlier. Tells the key that was
   * current, or null.
   */
  async removeAvatar(owner: string): Promise<string | null> {
    const [, , removed] = await this.db.batch<{ key: string }>([
      this.db
        .prepare(
          `UPDATE uploads INDEXED BY uploads_claimed SET superseded = 1 WHERE owner = ?1 AND state = 'committing'`,
        )
        .bind(owner),
      this.db.prepare('INSERT OR IGNORE INTO deletions (key) SELECT key FROM avatars WHERE owner = ?1').bind(owner),
      this.db.prepare('DELETE FROM avatars WHERE owner = ?1 RETURNING key').bind(owner),
    ]);
    return removed?.results[0]?.key ?? null;
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
}
