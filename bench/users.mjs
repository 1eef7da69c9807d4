/** A database with as many users as wanted, for bench/rows.mjs. */
const MINUTE = 60_000;
const BATCH = 50_000;
/** Swept uploads of each state in the history of a caller. */
const HISTORY = 100;
/** What each sweep finds to do, at any size: more than a batch of what it takes in batches. */
const DUE = { uploads: 600, deletions: 1200, forgotten: 300 };

/**
 * Calls the real API and the real sweep; and adds rows in bulk, copied from
 * ones that these have made, so that only the names of identity and time
 * columns stand here.
 */
export class Users {
  #count = 0;
  #copies = 0;
  #made = 0;
  /** Of the whole database. */
  bytes = 0;

  constructor(worker) {
    this.worker = worker;
  }

  async sql(sql, ...params) {
    const { results, bytes } = await this.worker.ask({ action: 'sql', sql, params });
    this.bytes = bytes;
    return results;
  }

  async call(user, method, path, { body, failing } = {}) {
    const answer = await this.worker.ask({ action: 'call', user, method, path, body, failing });
    if (answer.status >= 500 && !failing) throw new Error(`${method} ${path} answered ${answer.status}`);
    return answer;
  }

  async presign(user) {
    const { answer } = await this.call(user, 'POST', '/uploads/presign', { body: { contentType: 'image/png' } });
    return answer.key;
  }

  commit(user, key, failing) {
    return this.call(user, 'POST', '/uploads/commit', { body: { key }, failing });
  }

  sweep = (now) => this.worker.ask({ action: 'sweep', now });

  put = (key, isPicture) => this.worker.ask({ action: 'put', key, isPicture });

  /** One row of each kind, made by the code itself. */
  async makeTemplates() {
    for (const user of ['committed', 'rejected', 'expired']) {
      const key = await this.presign(user);
      if (user === 'expired') continue;
      await this.put(key, user === 'committed');
      await this.commit(user, key);
    }
    await this.sweep(Date.now() + 30 * MINUTE);
    const past = await this.sql('SELECT * FROM uploads');
    const owner = (await this.presign('open')).split('/')[1];
    const [open] = await this.sql('SELECT * FROM uploads WHERE owner = ?1', owner);
    const [avatar] = await this.sql('SELECT * FROM avatars');
    this.templates = { past, open, avatar };
  }

  /** Until there are so many users with an avatar, a settled upload and an open one each. */
  async growTo(users) {
    const now = Date.now();
    const { open, past, avatar } = this.templates;
    // In order, and spread as real ones are; as a text of 32 hexadecimal digits.
    const owner = `printf('%08x%024x', i * 4294, i)`;
    const settled = `${now - 23 * 60 * MINUTE} + i % ${22 * 60 * MINUTE}`;
    const ahead = `${now + 10 * MINUTE} + i % ${MINUTE}`;
    for (let from = this.#count; from < users; from += BATCH) {
      const range = [from, Math.min(from + BATCH, users)];
      await this.#copy('avatars', avatar, range, { owner });
      await this.#copy('uploads', past[((from / BATCH) % past.length) | 0], range, { owner, commit_until: settled });
      await this.#copy('uploads', open, range, { owner, commit_until: ahead });
    }
    this.#count = users;
  }

  /** What the next sweep will find: the same at any size. */
  async addDue() {
    const now = Date.now();
    const { open, past } = this.templates;
    const owner = `printf('%032x', i)`;
    const justOver = `${now} - i % ${5 * MINUTE}`;
    await this.#copy('uploads', open, this.#next(DUE.uploads), { owner, commit_until: justOver });
    const longOver = `${now - 25 * 60 * MINUTE} + i`;
    await this.#copy('uploads', past[0], this.#next(DUE.forgotten), { owner, commit_until: longOver });
    const key = `'avatars/' || ${owner} || '/0.png'`;
    await this.#copy('deletions', { key: '', due: 0 }, this.#next(DUE.deletions), { key });
  }

  /** Swept uploads of one user, in all states that they end in. */
  async addHistory(owner) {
    const settled = `${Date.now()} - i * ${MINUTE}`;
    for (const row of this.templates.past)
      await this.#copy('uploads', row, [0, HISTORY], { owner: `'${owner}'`, commit_until: settled });
  }

  #next(count) {
    this.#made += count;
    return [this.#made - count, this.#made];
  }

  /** Adds a copy of the row for each i of the range, with some columns computed from i. */
  async #copy(table, row, [from, to], computed) {
    const id = `printf('%08x-0000-4000-8000-%012x', ${++this.#copies}, i)`;
    const own = { id, key: `'avatars/' || (${computed.owner}) || '/' || ${id} || '.png'`, ...computed };
    const columns = Object.keys(row);
    const values = columns.map((name, at) => own[name] ?? `?${at + 3}`);
    await this.sql(
      `INSERT INTO ${table} (${columns}) WITH RECURSIVE n (i) AS
         (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2 - 1) SELECT ${values} FROM n`,
      from,
      to,
      ...Object.values(row),
    );
  }
}
