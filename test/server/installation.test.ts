import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CLAIM_LEASE_MS } from '../../server/db/claim.js';
import { Installation } from '../../server/installation.js';
import { MARK_KEY } from '../../server/installation-problem.js';
import { jpeg, png } from '../support/pictures.js';
import { FAILURES, failAtCall, interceptBindings, pauseAtCall } from './fault-bindings.js';
import { createApi, createUserId, listKeys, parseOwner } from './harness.js';
import {
  advanceTime,
  countObjects,
  countRows,
  createAvatarKey,
  createOwner,
  DAY_MS,
  emptyBucket,
  emptyDatabase,
  insertAvatars,
  putAvatarObjects,
  readMarks,
  runSweep,
  runSweepForDays,
  setMarks,
} from './storage-helpers.js';

beforeEach(async () => {
  vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
  await emptyBucket();
  await emptyDatabase();
});
afterEach(() => {
  vi.useRealTimers();
});

const uploadAvatar = async (user: string) => (await createApi(user).upload(png(), 'image/png')).body.avatar?.key ?? '';
const getUrl = async (user: string) => (await createApi(user).call('GET', '/api/me/avatar')).body.url;

/** Expects a run that deletes no avatar and forgets nothing, and an error that says what is wrong. */
const expectRefusal = async (...sentences: string[]) => {
  const entry = await runSweep();
  expect(entry).toMatchObject({ level: 'error', walked: 0, orphans: 0, lost: 0, deleted: 0, forgotten: 0 });
  const [error] = entry.errors as [{ name: string; message: string }];
  expect(error.name).toBe('InstallationError');
  for (const sentence of [...sentences, 'No avatar is deleted and no row forgotten', 'docs/deploy.md']) {
    expect(error.message).toContain(sentence);
  }
};

describe('the installation mark', () => {
  it('is made by the first commit, before its avatar is stored', async () => {
    const user = createUserId();
    const { key } = await createApi(user).presign();
    await env.AVATARS.put(key, png());
    const marksAtPut: unknown[] = [];
    const { AVATARS } = interceptBindings(async (name, call) => {
      if (name === 'put') marksAtPut.push((await readMarks()).confirmed);
      return call();
    });
    expect((await createApi(user, {}, { AVATARS }).commit(key)).status).toBe(200);
    // First the mark is put, then the avatar.
    expect(marksAtPut).toEqual([0, 1]);
    const { bucket, database, confirmed } = await readMarks();
    expect(bucket).toMatch(/^[0-9a-f]{32}$/);
    expect({ database, confirmed }).toEqual({ database: bucket, confirmed: 1 });
    expect(await runSweep()).toMatchObject({ level: 'info' });
  });

  it('is made by the first run of the sweep, and is another one for each installation', async () => {
    expect(await runSweep()).toMatchObject({ level: 'info' });
    const first = await readMarks();
    expect(first.database).toBe(first.bucket);
    expect(await runSweep()).toMatchObject({ level: 'info' });
    expect(await readMarks()).toEqual(first);
    await setMarks(null, null);
    await runSweep();
    expect((await readMarks()).bucket).not.toBe(first.bucket);
  });

  it.each(FAILURES)('is made by a later run if a call to D1 or R2 fails (%s)', async (failure) => {
    for (let n = 1; ; n++) {
      await setMarks(null, null);
      const fault = failAtCall(n, failure);
      await new Installation(fault.bindings.AVATARS, fault.bindings.DB).ensureMark().catch(() => {});
      if (n % 2) expect(await runSweep()).toMatchObject({ level: 'info' });
      else await uploadAvatar(createUserId());
      const { bucket, database, confirmed } = await readMarks();
      expect(bucket).toMatch(/^[0-9a-f]{32}$/);
      expect({ database, confirmed }).toEqual({ database: bucket, confirmed: 1 });
      if (!fault.wasReached()) return expect(n).toBeGreaterThan(6);
      if (n % 2 === 0) {
        await emptyBucket();
        await emptyDatabase();
      }
    }
  });

  it.each(FAILURES)('is made by a repeated first commit if a call to D1 or R2 fails (%s)', async (failure) => {
    for (let n = 1; ; n++) {
      await emptyBucket();
      await emptyDatabase();
      const user = createUserId();
      const { key } = await createApi(user).presign();
      await env.AVATARS.put(key, png());
      const fault = failAtCall(n, failure);
      await createApi(user, {}, fault.bindings).commit(key);
      advanceTime(CLAIM_LEASE_MS);
      expect((await createApi(user).commit(key)).status).toBe(200);
      const { bucket, database, confirmed } = await readMarks();
      expect({ database, confirmed }).toEqual({ database: bucket, confirmed: 1 });
      expect(await runSweep()).toMatchObject({ level: 'info' });
      if (!fault.wasReached()) return expect(n).toBeGreaterThan(12);
    }
  });

  it.each(['first', 'put', 'get'])('is one if two requests make it at the same time, paused at %s', async (call) => {
    const paused = pauseAtCall(call);
    const first = new Installation(paused.bindings.AVATARS, paused.bindings.DB).ensureMark();
    await paused.reached;
    await new Installation(env.AVATARS, env.DB).ensureMark();
    const made = await readMarks();
    paused.resume();
    expect(await first).toBe(null);
    expect(await readMarks()).toEqual(made);
    expect(made.database).toBe(made.bucket);
  });

  it('is one of two if two databases claim the same bucket at the same time', async () => {
    const paused = pauseAtCall('put');
    const first = new Installation(paused.bindings.AVATARS, env.DB).ensureMark();
    await paused.reached;
    await env.AVATARS.put(MARK_KEY, 'another');
    paused.resume();
    expect(await first).toContain('different installation marks');
    expect((await readMarks()).bucket).toBe('another');
  });

  it('is not made if only one side knows avatars', async () => {
    const [key = ''] = await putAvatarObjects(1);
    await expectRefusal('Neither bucket nor database has an installation mark', 'the binding DB is probably wrong');
    await insertAvatars([key]);
    await expectRefusal('Neither bucket nor database', 'One of the bindings AVATARS and DB is probably wrong');
    await env.AVATARS.delete(key);
    await expectRefusal('Neither bucket nor database', 'the binding AVATARS is probably wrong');
    expect(await readMarks()).toEqual({ bucket: null, database: null, confirmed: null });
  });
});

describe('without a common mark', () => {
  const MISMATCHES: [string, string | null, string | null, string][] = [
    ['the bucket has none', null, 'a', 'The binding AVATARS probably leads to another bucket'],
    ['the database has none', 'a', null, 'The binding DB probably leads to another database'],
    ['they differ', 'a', 'b', 'different installation marks'],
    ['the bucket has something else', 'a'.repeat(101), 'a', 'different installation marks'],
    ['the bucket has an empty object', '', 'a', 'different installation marks'],
  ];

  it.each(MISMATCHES)('no avatar is deleted and no row forgotten: %s', async (_, bucket, database, sentence) => {
    await setMarks('a', 'a');
    const [user, leaving] = [createUserId(), createUserId()];
    const [kept, removed] = [await uploadAvatar(user), await uploadAvatar(leaving)];
    await setMarks(bucket, database);
    const unknown = createAvatarKey(createOwner(1));
    await env.AVATARS.put(unknown, png());
    await insertAvatars([createAvatarKey(createOwner(2))]);
    // Reads, uploads, commits and removals go on.
    const replacement = (await createApi(user).upload(jpeg(), 'image/jpeg')).body.avatar?.key ?? '';
    expect(replacement).not.toBe('');
    expect((await createApi(leaving).call('DELETE', '/api/me/avatar')).status).toBe(200);
    expect(await getUrl(leaving)).toBe(null);
    const rows = [await countRows('current'), await countRows('uploads'), await countRows('deletions')];
    for (let day = 0; day < 40; day += 8) {
      await expectRefusal(sentence);
      advanceTime(8 * DAY_MS);
    }
    expect(await countObjects([kept, removed, unknown, replacement])).toBe(4);
    expect([await countRows('current'), await countRows('uploads'), await countRows('deletions')]).toEqual(rows);
    // What users have replaced or removed is deleted once both carry the same mark again.
    await setMarks('a', 'a');
    expect(await runSweep()).toMatchObject({ level: 'info', deleted: 2, orphans: 0, lost: 0 });
    expect(await countObjects([unknown, replacement])).toBe(2);
    expect(await countObjects([kept, removed])).toBe(0);
  });

  it('expired uploads are swept all the same', async () => {
    await setMarks('a', 'b');
    const { key } = await createApi(createUserId()).presign();
    await env.AVATARS.put(key, png());
    advanceTime(721_000);
    expect(await runSweep()).toMatchObject({ level: 'error', swept: 1 });
    expect(await listKeys(`pending/${parseOwner(key)}/`)).toEqual([]);
  });

  it('an object under pending/ that the database does not know is left alone', async () => {
    await setMarks('a', 'b');
    const key = `pending/${createOwner(1)}/${crypto.randomUUID()}`;
    await env.AVATARS.put(key, png());
    await runSweepForDays(2);
    expect(await countObjects([key])).toBe(1);
  });

  it('a removal whose check of the mark fails leaves the object to the sweep', async () => {
    const user = createUserId();
    const key = await uploadAvatar(user);
    const { AVATARS } = interceptBindings((name, call) => (name === 'get' ? Promise.reject(new Error('R2')) : call()));
    expect((await createApi(user, {}, { AVATARS }).call('DELETE', '/api/me/avatar')).status).toBe(200);
    expect(await countObjects([key])).toBe(1);
    expect(await runSweep()).toMatchObject({ deleted: 1 });
    expect(await countObjects([key])).toBe(0);
  });
});

describe('a lost, exchanged or restored side', () => {
  it.each([300, 150, 3])('%i avatars of another database survive, also if a user uploads', async (count) => {
    const keys = await putAvatarObjects(count);
    await runSweep();
    await uploadAvatar(createUserId());
    expect(await runSweepForDays(40)).toMatchObject({ level: 'error' });
    expect(await countObjects(keys)).toBe(count);
  });

  it('avatars survive an empty database, and one of another installation', async () => {
    const keys = await Promise.all([1, 2, 3].map(() => uploadAvatar(createUserId())));
    await emptyDatabase();
    await uploadAvatar(createUserId());
    expect(await runSweepForDays(40)).toMatchObject({ level: 'error' });
    expect(await countObjects(keys)).toBe(3);
    await env.DB.prepare("INSERT INTO flare_avatar_installation VALUES (1, 'another', 1)").run();
    await uploadAvatar(createUserId());
    expect(await runSweepForDays(40)).toMatchObject({ level: 'error' });
    expect(await countObjects(keys)).toBe(3);
  });

  it.each([
    ['an empty bucket', null],
    ['the bucket of another installation', 'another'],
  ])('rows survive %s, and come back with theirs', async (_, mark) => {
    const user = createUserId();
    const key = await uploadAvatar(user);
    const { database } = await readMarks();
    await emptyBucket();
    if (mark) await env.AVATARS.put(MARK_KEY, mark);
    await uploadAvatar(createUserId());
    expect(await runSweepForDays(40)).toMatchObject({ level: 'error' });
    expect(await countRows('current')).toBe(2);
    await env.AVATARS.put(key, png());
    await env.AVATARS.put(MARK_KEY, database ?? '');
    expect(await runSweep()).toMatchObject({ level: 'info', missing: 0 });
    expect(await getUrl(user)).toBeTruthy();
  });

  it('avatars survive a wiped mark', async () => {
    const user = createUserId();
    const key = await uploadAvatar(user);
    for (const side of ['bucket', 'database'] as const) {
      const { bucket, database } = await readMarks();
      await setMarks(side === 'bucket' ? null : bucket, side === 'database' ? null : database);
      expect(await runSweepForDays(40)).toMatchObject({ level: 'error' });
      await setMarks(bucket, database);
    }
    expect(await runSweep()).toMatchObject({ level: 'info', missing: 0, unknown: 0 });
    expect(await countObjects([key])).toBe(1);
    expect(await getUrl(user)).toBeTruthy();
  });

  it('everything committed after the state that a database is restored to survives for 30 days, and is reported', async () => {
    await runSweep();
    const rewind = await saveDatabase();
    const user = createUserId();
    // A commit that is in progress in the restored state, and succeeds afterwards.
    const { key } = await createApi(user).presign();
    await env.AVATARS.put(key, png());
    const paused = pauseAtCall('put');
    const commit = createApi(user, {}, paused.bindings).commit(key);
    await paused.reached;
    const restore = await saveDatabase();
    paused.resume();
    const keys = [(await commit).body.avatar?.key ?? ''];
    for (let i = 0; i < 4; i++) keys.push(await uploadAvatar(createUserId()));
    for (const rewindTo of [restore, rewind]) {
      await rewindTo();
      advanceTime(721_000);
      expect(await runSweep()).toMatchObject({ level: 'info', unknown: 5 });
      expect(await runSweepForDays(29)).toMatchObject({ level: 'info', unknown: 5 });
      expect(await countObjects(keys)).toBe(5);
    }
  });

  it('a database restored to a state without a large part of its avatars deletes none of the others, ever', async () => {
    await runSweep();
    const restore = await saveDatabase();
    const keys = await putAvatarObjects(30);
    await restore();
    expect(await runSweepForDays(40)).toMatchObject({ level: 'error', unknown: 30, orphans: 0 });
    expect(await countObjects(keys)).toBe(30);
  });
});

/** Copies all tables; returns a function that restores them, like D1 Time Travel. */
async function saveDatabase(): Promise<() => Promise<void>> {
  const tables = ['current', 'uploads', 'deletions', 'reconcile', 'unknown', 'installation'];
  const rows = await Promise.all(
    tables.map(async (table) => (await env.DB.prepare(`SELECT * FROM flare_avatar_${table}`).all()).results),
  );
  return async () => {
    await emptyDatabase();
    for (const [i, table] of tables.entries()) {
      for (const row of rows[i] ?? []) {
        const names = Object.keys(row);
        const values = names.map((_, at) => `?${at + 1}`);
        await env.DB.prepare(`INSERT INTO flare_avatar_${table} (${names}) VALUES (${values})`)
          .bind(...Object.values(row))
          .run();
      }
    }
  };
}
