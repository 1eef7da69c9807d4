import { type AvatarKeyParts, type PendingKeyParts, toOwnerBound } from '../storage/object-keys.js';
import { type Database, isPartOf, runBatch, type Statement, selectPictureName } from './database.js';
import { parseSizes } from './rows.js';

/** How far a walk has come. */
export interface WalkPosition {
  /** The last key that was compared; empty at the start of the bucket. */
  after: string;
  /** Avatars that the walk has seen, in the bucket or in the database. */
  seen: number;
  /** Those of them that only one side has. */
  differing: number;
}

/** A current avatar, as the walk sees it. */
export interface WalkedAvatar extends AvatarKeyParts {
  /** Widths of its smaller copies. */
  sizes: readonly number[];
  /** Whether its object was missing the last time. */
  isNotedMissing: boolean;
}

/** What a slice changes in the notes. */
export interface SliceNotes {
  unknown: readonly AvatarKeyParts[];
  /** Keys of objects that were unknown the last time. */
  noLongerUnknown: readonly string[];
  missing: readonly AvatarKeyParts[];
  noLongerMissing: readonly AvatarKeyParts[];
}

/** Matches an entry of ?1, a JSON array of objects with `owner` and `key`. */
const IS_LISTED = `(owner, key) IN (SELECT value ->> 'owner', value ->> 'key' FROM json_each(?1))`;

/** Avatars whose objects have been missing since ?1 or longer: the ?2 first. */
const LONG_MISSING =
  '(SELECT owner FROM flare_avatar_current WHERE missing_since <= ?1 ORDER BY missing_since LIMIT ?2)';

/**
 * Reads and writes of the reconcile job, one range of keys at a time. It notes
 * unknown objects in a table of their own, and missing ones with their avatar,
 * so that reads of the avatar need no other query.
 */
export class ReconcileStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async readPosition(): Promise<WalkPosition> {
    const row = await this.#db
      .prepare('SELECT after_key AS after, seen, differing FROM flare_avatar_reconcile WHERE id = 1')
      .first<WalkPosition>();
    return row ?? { after: '', seen: 0, differing: 0 };
  }

  /** Current avatars after a key, in the order of their keys. */
  async listAvatars(after: string, limit: number): Promise<WalkedAvatar[]> {
    const { results } = await this.#db
      .prepare(
        `SELECT owner, key, sizes, missing_since FROM flare_avatar_current WHERE owner >= ?1 AND key > ?2
         ORDER BY owner LIMIT ?3`,
      )
      .bind(toOwnerBound(after), after, limit)
      .all<AvatarKeyParts & { sizes: string; missing_since: number | null }>();
    return results.map(({ owner, key, sizes, missing_since }) => ({
      owner,
      key,
      sizes: parseSizes(sizes),
      isNotedMissing: missing_since !== null,
    }));
  }

  /** Keys of objects noted as unknown, after a key and in order. */
  async listUnknown(after: string, limit: number): Promise<string[]> {
    const { results } = await this.#db
      .prepare('SELECT key FROM flare_avatar_unknown WHERE key > ?1 ORDER BY key LIMIT ?2')
      .bind(after, limit)
      .all<{ key: string }>();
    return results.map(({ key }) => key);
  }

  /**
   * Selects those of these objects that nothing accounts for: they are not a
   * current avatar, no commit is writing them, and they are not queued for
   * deletion. A key is claimed before its object is written and never used again.
   */
  async selectUnknown(objects: readonly AvatarKeyParts[]): Promise<AvatarKeyParts[]> {
    if (objects.length === 0) return [];
    const { results } = await this.#db
      .prepare(
        `SELECT value ->> 'owner' AS owner, value ->> 'key' AS key FROM json_each(?1) AS entry
         WHERE NOT EXISTS (SELECT 1 FROM flare_avatar_current AS avatar
                           WHERE avatar.owner = entry.value ->> 'owner' AND ${isPartOf('avatar', "entry.value ->> 'key'")})
           AND NOT EXISTS (SELECT 1 FROM flare_avatar_uploads INDEXED BY flare_avatar_uploads_claimed
                           WHERE owner = entry.value ->> 'owner' AND state = 'committing'
                             AND ${selectPictureName('avatar_key')} = ${selectPictureName("entry.value ->> 'key'")})
           AND NOT EXISTS (SELECT 1 FROM flare_avatar_deletions
                           WHERE key >= ${selectPictureName("entry.value ->> 'key'")}
                             AND key < ${selectPictureName("entry.value ->> 'key'")} || '~')`,
      )
      .bind(JSON.stringify(objects))
      .all<AvatarKeyParts>();
    return results;
  }

  /** Selects those of these objects whose upload is swept or forgotten. (An upload is stored before its URL is handed out.) */
  async selectLatePending(objects: readonly PendingKeyParts[]): Promise<string[]> {
    if (objects.length === 0) return [];
    const { results } = await this.#db
      .prepare(
        `SELECT value ->> 'key' AS key FROM json_each(?1)
         WHERE NOT EXISTS (SELECT 1 FROM flare_avatar_uploads
                           WHERE owner = json_each.value ->> 'owner' AND id = json_each.value ->> 'id' AND swept = 0)`,
      )
      .bind(JSON.stringify(objects))
      .all<{ key: string }>();
    return results.map(({ key }) => key);
  }

  /**
   * Saves the notes of a slice together with the position after it. A note that
   * exists keeps its time. An avatar that was replaced since it was read has
   * another key and is left alone.
   */
  async saveSlice(notes: SliceNotes, { after, seen, differing }: WalkPosition, now: number): Promise<void> {
    const { unknown, noLongerUnknown, missing, noLongerMissing } = notes;
    const statements = [
      ...prepareIfAny('unknown', unknown, (objects) => this.#prepareUnknown(objects, now)),
      ...prepareIfAny('noLongerUnknown', noLongerUnknown, (keys) => this.#prepareNoLongerUnknown(keys)),
      ...prepareIfAny('missing', missing, (avatars) => this.#prepareMissing(avatars, now)),
      ...prepareIfAny('noLongerMissing', noLongerMissing, (avatars) => this.#prepareNoLongerMissing(avatars)),
    ];
    const position = this.#preparePosition(after, seen, differing);
    await runBatch(this.#db, { ...Object.fromEntries(statements), position });
  }

  #preparePosition(after: string, seen: number, differing: number): Statement {
    return this.#db
      .prepare(
        `INSERT INTO flare_avatar_reconcile (id, after_key, seen, differing) VALUES (1, ?1, ?2, ?3)
         ON CONFLICT (id) DO UPDATE SET after_key = ?1, seen = ?2, differing = ?3`,
      )
      .bind(after, seen, differing);
  }

  #prepareUnknown(unknown: readonly AvatarKeyParts[], now: number): Statement {
    return this.#db
      .prepare(
        `INSERT OR IGNORE INTO flare_avatar_unknown (key, first_seen) SELECT value ->> 'key', ?2 FROM json_each(?1)`,
      )
      .bind(JSON.stringify(unknown), now);
  }

  #prepareNoLongerUnknown(keys: readonly string[]): Statement {
    return this.#db
      .prepare('DELETE FROM flare_avatar_unknown WHERE key IN (SELECT value FROM json_each(?1))')
      .bind(JSON.stringify(keys));
  }

  #prepareMissing(missing: readonly AvatarKeyParts[], now: number): Statement {
    return this.#db
      .prepare(`UPDATE flare_avatar_current SET missing_since = COALESCE(missing_since, ?2) WHERE ${IS_LISTED}`)
      .bind(JSON.stringify(missing), now);
  }

  #prepareNoLongerMissing(avatars: readonly AvatarKeyParts[]): Statement {
    return this.#db
      .prepare(`UPDATE flare_avatar_current SET missing_since = NULL WHERE ${IS_LISTED}`)
      .bind(JSON.stringify(avatars));
  }

  /** Records that a walk has seen too many differences: from now on, the days count anew. */
  async recordFailure(now: number): Promise<void> {
    await this.#db.prepare('UPDATE flare_avatar_reconcile SET failed_at = ?1 WHERE id = 1').bind(now).run();
  }

  /** Whether a walk has failed since a time. */
  async hasFailedSince(time: number): Promise<boolean> {
    const failedAt = await this.#db
      .prepare('SELECT failed_at FROM flare_avatar_reconcile WHERE id = 1')
      .first<number>('failed_at');
    return failedAt !== null && failedAt > time;
  }

  /**
   * Deletes the rows of avatars whose objects have long been missing.
   * @returns The number of rows, at most `limit`.
   */
  async forgetLongMissing(before: number, limit: number): Promise<number> {
    const { meta } = await this.#db
      .prepare(`DELETE FROM flare_avatar_current WHERE owner IN ${LONG_MISSING}`)
      .bind(before, limit)
      .run();
    return meta.changes;
  }

  /** Counts what has long been unknown and missing, up to a limit each. */
  async countLong(before: number, limit: number): Promise<{ unknown: number; missing: number }> {
    const counts = await this.#db
      .prepare(
        `SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM flare_avatar_unknown WHERE first_seen <= ?1 LIMIT ?2)) AS unknown,
                (SELECT COUNT(*) FROM ${LONG_MISSING}) AS missing`,
      )
      .bind(before, limit)
      .first<{ unknown: number; missing: number }>();
    return counts ?? { unknown: 0, missing: 0 };
  }
}

/** A named statement; none for an empty list. */
const prepareIfAny = <T>(
  name: string,
  items: readonly T[],
  prepare: (items: readonly T[]) => Statement,
): [string, Statement][] => (items.length > 0 ? [[name, prepare(items)]] : []);
