import type { Database, Statement } from './database.js';

/** The database's half of the installation mark. */
export interface DatabaseMark {
  mark: string;
  /** Whether the bucket has been seen to carry it. Until then it may still be written there. */
  isConfirmed: boolean;
}

/** Reads and writes the database's half of the installation mark. */
export class InstallationStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async readMark(): Promise<DatabaseMark | null> {
    const row = await this.#db
      .prepare('SELECT mark, confirmed FROM flare_avatar_installation WHERE id = 1')
      .first<{ mark: string; confirmed: number }>();
    return row && { mark: row.mark, isConfirmed: row.confirmed === 1 };
  }

  /** Selects a row if the mark is confirmed: to be run in a batch with other statements. */
  prepareIsConfirmed(): Statement {
    return this.#db.prepare('SELECT 1 FROM flare_avatar_installation WHERE id = 1 AND confirmed = 1');
  }

  /** Adds a mark unless there is one; returns the one that is there now. */
  async addMark(mark: string): Promise<string> {
    const added = await this.#db
      .prepare(
        `INSERT INTO flare_avatar_installation (id, mark) VALUES (1, ?1)
         ON CONFLICT (id) DO UPDATE SET id = id RETURNING mark`,
      )
      .bind(mark)
      .first<string>('mark');
    return added ?? mark;
  }

  async confirmMark(mark: string): Promise<void> {
    await this.#db
      .prepare('UPDATE flare_avatar_installation SET confirmed = 1 WHERE id = 1 AND mark = ?1')
      .bind(mark)
      .run();
  }

  /** Whether there is any avatar. */
  async hasAvatars(): Promise<boolean> {
    const select = "SELECT 1 AS found FROM flare_avatar_current WHERE owner > '' LIMIT 1";
    return (await this.#db.prepare(select).first()) !== null;
  }
}
