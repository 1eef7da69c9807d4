import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { jpeg, png } from '../support/pictures.js';
import { createApi, createUserId } from './harness.js';

afterEach(() => {
  vi.restoreAllMocks();
});

/** Counts the rows that the statements of an action read. */
async function countRowsRead(act: () => Promise<unknown>): Promise<number> {
  let rows = 0;
  const count = (result: unknown) => {
    rows += (result as D1Result).meta.rows_read;
    return result;
  };
  const statement = Object.getPrototypeOf(env.DB.prepare('SELECT 1'));
  for (const name of ['run', 'all'] as const) {
    const real = statement[name];
    vi.spyOn(statement, name).mockImplementation(async function (this: unknown, ...args: unknown[]) {
      return count(await real.apply(this, args));
    });
  }
  // `first` returns no metadata, so it is replaced by `all`.
  vi.spyOn(statement, 'first').mockImplementation(async function (this: D1PreparedStatement, column: unknown) {
    const [row] = (await this.all()).results;
    return column === undefined ? (row ?? null) : (row?.[String(column)] ?? null);
  });
  const batch = env.DB.batch.bind(env.DB);
  vi.spyOn(env.DB, 'batch').mockImplementation(async (statements) => {
    const results = await batch(statements);
    results.forEach(count);
    return results as never;
  });
  await act();
  vi.restoreAllMocks();
  return rows;
}

/** The rows that a user's requests read: the first ones, at the limit of open uploads, and with an avatar. */
async function measureCosts() {
  const user = createUserId();
  const api = createApi(user);
  const first = await countRowsRead(() => api.presign());
  for (let i = 0; i < 18; i++) await api.presign();
  const { key } = await api.presign();
  await env.AVATARS.put(key, png());
  const full = await countRowsRead(() => api.presign());
  const commit = await countRowsRead(async () => expect((await api.commit(key)).status).toBe(200));
  const next = (await api.presign({ contentType: 'image/jpeg' })).key;
  await env.AVATARS.put(next, jpeg());
  const replace = await countRowsRead(async () => expect((await api.commit(next)).status).toBe(200));
  const again = await countRowsRead(() => api.commit(next));
  const own = await countRowsRead(async () => expect((await api.call('GET', '/api/me/avatar')).body.url).toBeTruthy());
  const remove = await countRowsRead(() => api.call('DELETE', '/api/me/avatar'));
  return { first, full, commit, replace, again, own, remove };
}

describe('the rows that a request reads', () => {
  let small: Awaited<ReturnType<typeof measureCosts>>;
  beforeAll(async () => {
    // The end of a range scan reads one more row if there is one.
    const neighbor = `INSERT INTO flare_avatar_uploads (owner, id, content_type, commit_until) VALUES ('~', '1', 'image/png', 1)`;
    await env.DB.prepare(neighbor).run();
    // The first request checks the schema, and the first commit of all makes the installation mark.
    await createApi(createUserId()).upload(png(), 'image/png');
    small = await measureCosts();
  });

  it('are at most 2 for a GET and 25 for a write', () => {
    const { own, ...writes } = small;
    expect(own).toBeLessThanOrEqual(2);
    for (const [name, rows] of Object.entries(writes)) expect(rows, name).toBeLessThanOrEqual(25);
  });

  it('do not grow with the number of users, uploads and deletions', async () => {
    const many = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)`;
    const owner = `printf('%032x', i)`;
    await env.DB.batch(
      [
        `INSERT INTO flare_avatar_current (owner, key, content_type, size, width, height, created_at)
         ${many} SELECT ${owner}, 'avatars/' || ${owner} || '/x', 'image/png', 1, 1, 1, 1 FROM n`,
        `INSERT INTO flare_avatar_uploads (owner, id, content_type, commit_until, state)
         ${many} SELECT printf('%032x', i % 7), i, 'image/png', i,
           CASE i % 4 WHEN 0 THEN 'pending' WHEN 1 THEN 'committed' WHEN 2 THEN 'rejected' ELSE 'committing' END FROM n`,
        `INSERT INTO flare_avatar_deletions (key, due)
         ${many} SELECT 'avatars/' || ${owner} || '/x', CASE i % 2 WHEN 0 THEN 9e15 ELSE 1 END FROM n`,
      ].map((sql) => env.DB.prepare(sql)),
    );
    expect(await measureCosts()).toEqual(small);
  });

  it("do not grow with a user's history", async () => {
    const user = createUserId();
    const { key } = await createApi(user).presign();
    const before = await countRowsRead(() => createApi(user).presign());
    const insert = env.DB.prepare(
      `INSERT INTO flare_avatar_uploads (owner, id, content_type, commit_until, state, swept)
       VALUES (?1, ?2, 'image/png', ?3, ?4, 1)`,
    );
    const past = Array.from({ length: 2000 }, (_, i) =>
      insert.bind(key.split('/')[1], `old-${i}`, Date.now() + (i % 2 ? 1e6 : -1e6), i % 2 ? 'committed' : 'pending'),
    );
    await env.DB.batch(past);
    expect(await countRowsRead(() => createApi(user).presign())).toBeLessThanOrEqual(before + 1);
  });
});

describe('replicas', () => {
  it("serve other users' avatars, and never the user's own", async () => {
    const [user, other] = [createUserId(), createUserId()];
    await createApi(user).upload(png(), 'image/png');
    await createApi(other).upload(png(), 'image/png');
    const session = vi.spyOn(env.DB, 'withSession');
    const api = createApi(user);
    await api.call('GET', '/api/me/avatar');
    expect((await api.call('GET', `/api/users/${user}/avatar`)).status).toBe(302);
    await api.call('DELETE', '/api/me/avatar');
    expect(session).not.toHaveBeenCalled();
    expect((await api.call('GET', `/api/users/${other}/avatar`)).status).toBe(302);
    expect(session.mock.calls).toEqual([['first-unconstrained']]);
  });
});
