import type { ApiErrorCode } from '../../src/core/protocol.js';
import { CLAIM_LEASE_MS } from './claim.js';
import { type Database, runBatch } from './database.js';
import { DeletionQueue } from './deletion-queue.js';
import { InstallationStore } from './installation-store.js';
import { type NewUpload, toUpload, type Upload, type UploadRow } from './rows.js';

/** What a commit learns when it claims an upload. */
export interface Claim {
  /** Whether the database has a confirmed installation mark. */
  isMarked: boolean;
}

/** How many uploads an owner may have. */
export interface OwnerLimits {
  /** At the same time, including rejected ones whose objects have not been deleted. */
  maxPending: number;
  /** Within 24 hours. */
  maxPerDay: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** The interval of the cron that runs the sweep. */
const SWEEP_INTERVAL_MS = 5 * 60 * 1000;

// The uploads of the owner ?1 at the time ?2, each kind by an index of its own.
const OPEN_UPLOADS = `FROM flare_avatar_uploads INDEXED BY flare_avatar_uploads_open
  WHERE owner = ?1 AND state IN ('pending', 'committing')`;
const REJECTED_UPLOADS = `FROM flare_avatar_uploads INDEXED BY flare_avatar_uploads_rejected
  WHERE owner = ?1 AND state = 'rejected' AND swept = 0`;
const COUNT_PENDING = `((SELECT COUNT(*) ${OPEN_UPLOADS} AND commit_until > ?2) + (SELECT COUNT(*) ${REJECTED_UPLOADS}))`;
const NUMBERED_UPLOADS = `FROM flare_avatar_uploads INDEXED BY flare_avatar_uploads_numbered WHERE owner = ?1`;
const LATEST_NUMBER = `COALESCE((SELECT number ${NUMBERED_UPLOADS} ORDER BY number DESC LIMIT 1), 0)`;

/**
 * The uploads of one owner at a time. Every query takes the owner first. Each
 * write is one statement or one batch, so that a crash at any point leaves a
 * state from which the same request can continue.
 */
export class UploadStore {
  readonly #db: Database;
  readonly #deletions: DeletionQueue;
  readonly #installation: InstallationStore;

  constructor(db: Database) {
    this.#db = db;
    this.#deletions = new DeletionQueue(db);
    this.#installation = new InstallationStore(db);
  }

  /**
   * Adds an upload unless the owner has reached one of the limits. One statement
   * both counts and adds, so concurrent requests can't exceed them.
   * @returns Whether it was added.
   */
  async addUpload(owner: string, upload: NewUpload, limits: OwnerLimits, now: number): Promise<boolean> {
    const { meta } = await this.#db
      .prepare(
        `INSERT INTO flare_avatar_uploads
           (owner, id, content_type, size, sha256, commit_until, presigned_at, number)
         SELECT ?1, ?3, ?4, ?5, ?6, ?7, ?2, ${LATEST_NUMBER} + 1
         WHERE ${COUNT_PENDING} < ?8 AND (${LATEST_NUMBER} < ?9 OR NOT EXISTS (
             SELECT 1 ${NUMBERED_UPLOADS} AND number = ${LATEST_NUMBER} + 1 - ?9 AND presigned_at > ?2 - ${DAY_MS}))`,
      )
      .bind(
        owner,
        now,
        upload.id,
        upload.contentType,
        upload.size,
        upload.sha256,
        upload.commitUntil,
        limits.maxPending,
        limits.maxPerDay,
      )
      .run();
    return meta.changes > 0;
  }

  /** When an owner who has reached a limit is below both again, provided that no more uploads are added. */
  async findRetryTime(owner: string, limits: OwnerLimits, now: number): Promise<number> {
    const row = await this.#db
      .prepare(
        `SELECT (SELECT MIN(commit_until) ${OPEN_UPLOADS} AND commit_until > ?2) AS expiry,
           (SELECT MIN(commit_until) + ${SWEEP_INTERVAL_MS} ${REJECTED_UPLOADS}) AS sweep,
           CASE WHEN ${LATEST_NUMBER} >= ?3 THEN
             (SELECT presigned_at + ${DAY_MS} ${NUMBERED_UPLOADS} AND number = ${LATEST_NUMBER} + 1 - ?3) END AS daily`,
      )
      .bind(owner, now, limits.maxPerDay)
      .first<{ expiry: number | null; sweep: number | null; daily: number | null }>();
    const { expiry, sweep, daily } = row ?? { expiry: null, sweep: null, daily: null };
    const pending = Math.min(expiry ?? sweep ?? now, sweep ?? expiry ?? now);
    if (daily === null || daily <= now) return Math.max(now, pending);
    const isFull = pending > daily && (await this.#countPending(owner, now)) >= limits.maxPending;
    return isFull ? pending : daily;
  }

  async #countPending(owner: string, now: number): Promise<number> {
    const count = await this.#db.prepare(`SELECT ${COUNT_PENDING} AS count`).bind(owner, now).first<number>('count');
    return count ?? 0;
  }

  async findUpload(owner: string, id: string): Promise<Upload | null> {
    const row = await this.#db
      .prepare('SELECT * FROM flare_avatar_uploads WHERE owner = ?1 AND id = ?2')
      .bind(owner, id)
      .first<UploadRow>();
    return row && toUpload(row);
  }

  /**
   * Claims an open upload for one commit, which will write `avatarKey`. A claim
   * that is older than its lease is taken over, and the object it may have
   * written is queued for deletion.
   * @returns Null if the upload was not claimed.
   */
  async claimUpload(owner: string, id: string, avatarKey: string, now: number): Promise<Claim | null> {
    const staleBefore = now - CLAIM_LEASE_MS;
    const { claimed, marked } = await runBatch(this.#db, {
      queued: this.#deletions.prepareStaleClaim(owner, id, staleBefore, now),
      claimed: this.#db
        .prepare(
          `UPDATE flare_avatar_uploads SET state = 'committing', claimed_at = ?4, avatar_key = ?5, superseded = 0,
             claim = 1 + COALESCE((SELECT MAX(claim) FROM flare_avatar_uploads INDEXED BY flare_avatar_uploads_claimed
                                   WHERE owner = ?1 AND state = 'committing'), 0)
           WHERE owner = ?1 AND id = ?2 AND commit_until > ?4
             AND (state = 'pending' OR (state = 'committing' AND claimed_at <= ?3))`,
        )
        .bind(owner, id, staleBefore, now, avatarKey),
      marked: this.#installation.prepareIsConfirmed(),
    });
    return claimed.meta.changes > 0 ? { isMarked: marked.results.length > 0 } : null;
  }

  /**
   * Releases a claimed upload, so that a later request can commit it.
   * @param mayHaveWritten - Whether the object may exist and has to be deleted.
   */
  async releaseUpload(owner: string, id: string, avatarKey: string, mayHaveWritten: boolean): Promise<void> {
    const released = this.#db
      .prepare(
        `UPDATE flare_avatar_uploads SET state = 'pending', claimed_at = NULL, avatar_key = NULL
         WHERE owner = ?1 AND id = ?2 AND state = 'committing' AND avatar_key = ?3`,
      )
      .bind(owner, id, avatarKey);
    if (!mayHaveWritten) await released.run();
    else await runBatch(this.#db, { queued: this.#deletions.prepareUnlessCurrent(owner, avatarKey), released });
  }

  /**
   * Rejects a claimed upload for good.
   * @returns Whether it was rejected: false if the claim was lost.
   */
  async rejectUpload(owner: string, id: string, avatarKey: string, code: ApiErrorCode): Promise<boolean> {
    const { meta } = await this.#db
      .prepare(
        `UPDATE flare_avatar_uploads SET state = 'rejected', code = ?4, avatar_key = NULL
         WHERE owner = ?1 AND id = ?2 AND state = 'committing' AND avatar_key = ?3`,
      )
      .bind(owner, id, avatarKey, code)
      .run();
    return meta.changes > 0;
  }
}
