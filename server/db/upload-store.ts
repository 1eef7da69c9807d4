import type { ApiErrorCode, ImageType } from '../../src/core/protocol.js';
import type { PendingKeyParts } from '../storage/object-keys.js';
import type { Owners } from '../storage/owner.js';
import { CLAIM_LEASE_MS, LATE_WRITE_MS } from './claim.js';
import { type Database, isOwnedBy, type QueryResult, runBatch } from './database.js';
import { DeletionQueue } from './deletion-queue.js';
import { InstallationStore } from './installation-store.js';
import { type NewUpload, toUpload, type Upload, type UploadRow } from './rows.js';

/** What a commit learns when it claims an upload. */
export interface Claim {
  /**
   * Orders the user's avatars, whatever the clocks say: the present time, or the
   * next millisecond that is later than the claims of the user's commits in
   * progress and than the current avatar.
   */
  order: number;
  /** Whether the database has a confirmed installation mark. */
  isMarked: boolean;
}

/** The objects that a commit may write. */
export interface ClaimedPicture {
  avatarKey: string;
  /** Widths of its smaller copies. */
  sizes: readonly number[];
}

/** An upload, by its own owner. */
export type UploadRef = Pick<PendingKeyParts, 'owner' | 'id'>;

/** How many uploads an owner may have. */
export interface OwnerLimits {
  /** At the same time, including rejected ones whose objects have not been deleted. */
  maxPending: number;
  /** Within 24 hours. */
  maxPerDay: number;
}

/** SQL for the order of a new claim of one user; see `Claim`. */
const selectNextClaim = (isOwned: string, now: string): string => `MAX(${now},
  1 + COALESCE((SELECT MAX(claim) FROM flare_avatar_uploads INDEXED BY flare_avatar_uploads_claimed
                WHERE ${isOwned} AND state = 'committing'), 0),
  1 + COALESCE((SELECT MAX(created_at) FROM flare_avatar_current WHERE ${isOwned}), 0))`;

/** The claim in the first row of a `RETURNING claim`; null if there is no row. */
function readClaim(claimed: QueryResult, marked: QueryResult): Claim | null {
  const [row] = claimed.results as { claim: number }[];
  return row ? { order: row.claim, isMarked: marked.results.length > 0 } : null;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** The interval of the cron that runs the sweep. */
const SWEEP_INTERVAL_MS = 5 * 60 * 1000;

/** SQL about one user's uploads at the time ?1, each kind by an index of its own. */
function selectUploads(isOwned: string) {
  const open = `FROM flare_avatar_uploads INDEXED BY flare_avatar_uploads_open
    WHERE ${isOwned} AND state IN ('pending', 'committing')`;
  const rejected = `FROM flare_avatar_uploads INDEXED BY flare_avatar_uploads_rejected
    WHERE ${isOwned} AND state = 'rejected' AND swept = 0`;
  const numbered = `FROM flare_avatar_uploads INDEXED BY flare_avatar_uploads_numbered WHERE ${isOwned}`;
  return {
    open,
    rejected,
    numbered,
    pendingCount: `((SELECT COUNT(*) ${open} AND commit_until > ?1) + (SELECT COUNT(*) ${rejected}))`,
    latestNumber: `COALESCE((SELECT number ${numbered} ORDER BY number DESC LIMIT 1), 0)`,
  };
}

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
   * Adds an upload unless the user has reached one of the limits. One statement
   * both counts and adds, so concurrent requests can't exceed them.
   * @returns Whether it was added.
   */
  async addUpload(owners: Owners, upload: NewUpload, limits: OwnerLimits, now: number): Promise<boolean> {
    const { numbered, pendingCount, latestNumber } = selectUploads(isOwnedBy(owners, 10));
    const { meta } = await this.#db
      .prepare(
        `INSERT INTO flare_avatar_uploads
           (owner, id, content_type, size, sha256, commit_until, presigned_at, number)
         SELECT ?2, ?3, ?4, ?5, ?6, ?7, ?1, ${latestNumber} + 1
         WHERE ${pendingCount} < ?8 AND (${latestNumber} < ?9 OR NOT EXISTS (
             SELECT 1 ${numbered} AND number = ${latestNumber} + 1 - ?9 AND presigned_at > ?1 - ${DAY_MS}))`,
      )
      .bind(
        now,
        owners[0],
        upload.id,
        upload.contentType,
        upload.size,
        upload.sha256,
        upload.commitUntil,
        limits.maxPending,
        limits.maxPerDay,
        ...owners,
      )
      .run();
    return meta.changes > 0;
  }

  /** When a user who has reached a limit is below both again, provided that no more uploads are added. */
  async findRetryTime(owners: Owners, limits: OwnerLimits, now: number): Promise<number> {
    const { open, rejected, numbered, latestNumber } = selectUploads(isOwnedBy(owners, 3));
    const row = await this.#db
      .prepare(
        `SELECT (SELECT MIN(commit_until) ${open} AND commit_until > ?1) AS expiry,
           (SELECT MIN(commit_until) + ${SWEEP_INTERVAL_MS} ${rejected}) AS sweep,
           CASE WHEN ${latestNumber} >= ?2 THEN
             (SELECT presigned_at + ${DAY_MS} ${numbered} AND number = ${latestNumber} + 1 - ?2) END AS daily`,
      )
      .bind(now, limits.maxPerDay, ...owners)
      .first<{ expiry: number | null; sweep: number | null; daily: number | null }>();
    const { expiry, sweep, daily } = row ?? { expiry: null, sweep: null, daily: null };
    const pending = Math.min(expiry ?? sweep ?? now, sweep ?? expiry ?? now);
    if (daily === null || daily <= now) return Math.max(now, pending);
    const isFull = pending > daily && (await this.#countPending(owners, now)) >= limits.maxPending;
    return isFull ? pending : daily;
  }

  async #countPending(owners: Owners, now: number): Promise<number> {
    const { pendingCount } = selectUploads(isOwnedBy(owners, 2));
    const select = this.#db.prepare(`SELECT ${pendingCount} AS count`).bind(now, ...owners);
    const count = await select.first<number>('count');
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
   * Claims an open upload for one commit, which will write a picture. A claim
   * that is older than its lease is taken over, and the object it may have
   * written is queued for deletion.
   * @returns Null if the upload was not claimed.
   */
  async claimUpload(
    owners: Owners,
    { owner, id }: UploadRef,
    { avatarKey, sizes }: ClaimedPicture,
    now: number,
  ): Promise<Claim | null> {
    const staleBefore = now - CLAIM_LEASE_MS;
    const { claimed, marked } = await runBatch(this.#db, {
      queued: this.#deletions.prepareStaleClaim(owner, id, staleBefore, now),
      claimed: this.#db
        .prepare(
          `UPDATE flare_avatar_uploads SET state = 'committing', claimed_at = ?4, avatar_key = ?5, sizes = ?6, superseded = 0,
             claim = ${selectNextClaim(isOwnedBy(owners, 7), '?4')}
           WHERE owner = ?1 AND id = ?2 AND commit_until > ?4
             AND (state = 'pending' OR (state = 'committing' AND claimed_at <= ?3)) RETURNING claim`,
        )
        .bind(owner, id, staleBefore, now, avatarKey, JSON.stringify(sizes), ...owners),
      marked: this.#installation.prepareIsConfirmed(),
    });
    return readClaim(claimed, marked);
  }

  /**
   * Adds an upload that is claimed from the start, for a picture that is already
   * here. It doesn't count towards the daily limit. If its claim is not ended,
   * the sweep closes it like any other upload.
   */
  async addClaimed(owners: Owners, id: string, picture: ClaimedPicture & { contentType: ImageType }): Promise<Claim> {
    const now = Date.now();
    const { claimed, marked } = await runBatch(this.#db, {
      claimed: this.#db
        .prepare(
          `INSERT INTO flare_avatar_uploads
             (owner, id, content_type, avatar_key, sizes, state, commit_until, claimed_at, claim)
           SELECT ?2, ?3, ?4, ?5, ?6, 'committing', ?1 + ${LATE_WRITE_MS}, ?1, ${selectNextClaim(isOwnedBy(owners, 7), '?1')}
           RETURNING claim`,
        )
        .bind(now, owners[0], id, picture.contentType, picture.avatarKey, JSON.stringify(picture.sizes), ...owners),
      marked: this.#installation.prepareIsConfirmed(),
    });
    // An INSERT without a condition adds a row.
    return readClaim(claimed, marked) as Claim;
  }

  /**
   * Releases a claimed upload, so that a later request can commit it.
   * @param mayHaveWritten - Whether the object may exist and has to be deleted.
   */
  async releaseUpload(upload: UploadRef, picture: ClaimedPicture, mayHaveWritten: boolean): Promise<void> {
    const release = `UPDATE flare_avatar_uploads SET state = 'pending', claimed_at = NULL, avatar_key = NULL`;
    await this.#endClaim(release, upload, picture, mayHaveWritten);
  }

  /**
   * Deletes a claimed upload, of which no file is pending.
   * @param mayHaveWritten - Whether the object may exist and has to be deleted.
   */
  async discardUpload(upload: UploadRef, picture: ClaimedPicture, mayHaveWritten: boolean): Promise<void> {
    await this.#endClaim('DELETE FROM flare_avatar_uploads', upload, picture, mayHaveWritten);
  }

  /** @param change - SQL that changes the rows that the condition selects. */
  async #endClaim(
    change: string,
    { owner, id }: UploadRef,
    { avatarKey, sizes }: ClaimedPicture,
    mayHaveWritten: boolean,
  ): Promise<void> {
    const ended = this.#db
      .prepare(`${change} WHERE owner = ?1 AND id = ?2 AND state = 'committing' AND avatar_key = ?3`)
      .bind(owner, id, avatarKey);
    if (!mayHaveWritten) await ended.run();
    else await runBatch(this.#db, { queued: this.#deletions.prepareUnlessCurrent(owner, avatarKey, sizes), ended });
  }

  /**
   * Rejects a claimed upload for good.
   * @returns Whether it was rejected: false if the claim was lost.
   */
  async rejectUpload({ owner, id }: UploadRef, avatarKey: string, code: ApiErrorCode): Promise<boolean> {
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
