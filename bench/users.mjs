/** Fills a database with users, for bench/rows.mjs. */
const MINUTE = 60_000;
const BATCH = 50_000;
/** Number of swept uploads of each state in the history of a caller. */
const HISTORY = 100;
/** Rows that each sweep has to process, at every size: more than one batch of each kind. */
const SWEEP_WORK = { uploads: 600, deletions: 1200, forgotten: 300, unknown: 1200, missing: 1200 };

/**
 * Calls the real API and the real sweep, and copies rows that they have written
 * in bulk, so that this file only knows the columns for identity and time.
 */
export class Users {
  #count = 0;
  #copies = 0;
  #sweepRows = 0;
  /** Size of the whole database. */
  bytes = 0;

  constructor(worker) {
    this.worker = worker;
  }

  async sql(sql, ...params) {
    const { results, bytes } = await this.worker.send({ action: 'sql', sql, params });
    this.bytes = bytes;
    return results;
  }

  async call(user, method, path, { body, failing } = {}) {
    const result = await this.worker.send({ action: 'call', user, method, path, body, failing });
    if (result.status >= 500 && !failing) throw new Error(`${method} ${path} returned ${result.status}`);
    return result;
  }

  async presign(user) {
    const { json } = await this.call(user, 'POST', '/uploads/presign', { body: { contentType: 'image/png' } });
    return json.key;
  }

  commit(user, key, failing) {
    return this.call(user, 'POST', '/uploads/commit', { body: { key }, failing });
  }

  sweep = (now) => this.worker.send({ action: 'sweep', now });

  put = (key, isPicture) => this.worker.send({ action: 'put', key, isPicture });

  /** Lets the API and the sweep write one row of each kind. */
  async createTemplates() {
    for (const user of ['committed', 'rejected', 'expired']) {
      const key = await this.presign(user);
      if (user === 'expired') continue;
      await this.put(key, user === 'committed');
      await this.commit(user, key);
    }
    await this.sweep(Date.now() + 30 * MINUTE);
    const settled = await this.sql('SELECT * FROM flare_avatar_uploads');
    const owner = (await this.presign('open')).split('/')[1];
    const [open] = await this.sql('SELECT * FROM flare_avatar_uploads WHERE owner = ?1', owner);
    const [avatar] = await this.sql('SELECT * FROM flare_avatar_current');
    this.templates = { settled, open, avatar };
  }

  /** Adds users until there are that many. Each has an avatar, a settled upload and a pending one. */
  async growTo(users) {
    const now = Date.now();
    const { open, settled, avatar } = this.templates;
    // 32 hexadecimal digits, in ascending order and evenly distributed, like real owners.
    const owner = `printf('%08x%024x', i * 4294, i)`;
    const expired = `${now - 23 * 60 * MINUTE} + i % ${22 * 60 * MINUTE}`;
    const ahead = `${now + 10 * MINUTE} + i % ${MINUTE}`;
    for (let from = this.#count; from < users; from += BATCH) {
      const range = [from, Math.min(from + BATCH, users)];
      await this.#copy('flare_avatar_current', avatar, range, { owner });
      await this.#copy('flare_avatar_uploads', settled[((from / BATCH) % settled.length) | 0], range, {
        owner,
        commit_until: expired,
      });
      await this.#copy('flare_avatar_uploads', open, range, { owner, commit_until: ahead });
    }
    this.#count = users;
  }

  /** Adds the rows that the next sweep has to process: the same at every size. */
  async addSweepWork() {
    const now = Date.now();
    const { open, settled } = this.templates;
    const owner = `printf('%032x', i)`;
    const justExpired = `${now} - i % ${5 * MINUTE}`;
    await this.#copy('flare_avatar_uploads', open, this.#takeRange(SWEEP_WORK.uploads), {
      owner,
      commit_until: justExpired,
    });
    const longExpired = `${now - 25 * 60 * MINUTE} + i`;
    await this.#copy('flare_avatar_uploads', settled[0], this.#takeRange(SWEEP_WORK.forgotten), {
      owner,
      commit_until: longExpired,
    });
    const key = `'avatars/' || ${owner} || '/0.png'`;
    await this.#copy('flare_avatar_deletions', { key: '', due: 0 }, this.#takeRange(SWEEP_WORK.deletions), { key });
  }

  /** Adds differences that the next sweep has to delete, and moves the walk to its end: the same at every size. */
  async addDueDifferences() {
    const owner = `printf('%032x', i)`;
    const key = `'avatars/' || ${owner} || '/0.png'`;
    const missing = { ...this.templates.avatar, missing_since: 1 };
    await this.#copy('flare_avatar_unknown', { key: '', first_seen: 1 }, this.#takeRange(SWEEP_WORK.unknown), { key });
    await this.#copy('flare_avatar_current', missing, this.#takeRange(SWEEP_WORK.missing), { owner });
    await this.sql(`UPDATE flare_avatar_reconcile SET after_key = 'zzz', seen = 0, differing = 0`);
  }

  /** Adds swept uploads of one user, in every final state. */
  async addHistory(owner) {
    const expired = `${Date.now()} - i * ${MINUTE}`;
    for (const row of this.templates.settled)
      await this.#copy('flare_avatar_uploads', row, [0, HISTORY], { owner: `'${owner}'`, commit_until: expired });
  }

  #takeRange(count) {
    this.#sweepRows += count;
    return [this.#sweepRows - count, this.#sweepRows];
  }

  /** Inserts a copy of the row for each i of the range. `computed` has SQL expressions for some columns. */
  async #copy(table, row, [from, to], computed) {
    const id = `printf('%08x-0000-4000-8000-%012x', ${++this.#copies}, i)`;
    const expressions = { id, key: `'avatars/' || (${computed.owner}) || '/' || ${id} || '.png'`, ...computed };
    const columns = Object.keys(row);
    const values = columns.map((name, at) => expressions[name] ?? `?${at + 3}`);
    await this.sql(
      `INSERT INTO ${table} (${columns}) WITH RECURSIVE n (i) AS
         (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2 - 1) SELECT ${values} FROM n`,
      from,
      to,
      ...Object.values(row),
    );
  }
}
