import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import { Installation } from '../../server/installation.js';
import { MARK_KEY } from '../../server/installation-problem.js';
import { sweepAvatars } from '../../server/jobs/sweep.js';
import { jpeg, png } from '../support/pictures.js';
import { failAtCall, interceptBindings, pauseAtCall } from './fault-bindings.js';
import { createApi, createUserId, listKeys, parseOwner } from './harness.js';
import { listRows, loseDatabase, rebuild } from './rebuild-helpers.js';

beforeEach(async () => {
  await loseDatabase();
  const keys = await listKeys('');
  if (keys.length > 0) await env.AVATARS.delete(keys);
});

const getAvatar = async (user: string) => (await createApi(user).call('GET', '/api/me/avatar')).body.avatar ?? null;

/** Stores avatars of new users; returns them by user. */
async function uploadAvatars(count: number) {
  const users = Array.from({ length: count }, createUserId);
  const uploads = users.map(async (user) => {
    const { body } = await createApi(user).upload(png(), 'image/png');
    return [user, body.avatar] as const;
  });
  return new Map(await Promise.all(uploads));
}

/** A copy of an avatar's object under a new key of the same owner, created at another time. */
async function copyObject(key: string, createdAt: number): Promise<string> {
  const object = await env.AVATARS.get(key);
  const copy = `avatars/${parseOwner(key)}/${crypto.randomUUID()}.png`;
  await env.AVATARS.put(copy, (await object?.arrayBuffer()) ?? null, {
    httpMetadata: object?.httpMetadata ?? {},
    customMetadata: { ...object?.customMetadata, 'created-at': new Date(createdAt).toISOString() },
  });
  return copy;
}

/** Bindings whose `list` returns at most this many objects. */
const limitLists = (limit: number) => ({
  DB: env.DB,
  AVATARS: new Proxy(env.AVATARS, {
    get: (target, name) =>
      name === 'list'
        ? (options: R2ListOptions) => target.list({ ...options, limit })
        : Reflect.get(target, name).bind(target),
  }),
});

describe('a rebuild after the loss of the database', () => {
  it('restores every current avatar, with every field', async () => {
    const avatars = await uploadAvatars(5);
    const rows = await listRows();
    await loseDatabase();
    expect(await rebuild()).toMatchObject({ counts: { found: 5, restored: 5, unreadable: 0 } });
    expect(await listRows()).toEqual(rows);
    for (const [user, avatar] of avatars) expect(await getAvatar(user)).toEqual(avatar);
  });

  it('restores the avatar with the latest claim, also if an earlier commit has written its object later', async () => {
    // Makes the installation mark, so that the first put below is that of the avatar.
    await uploadAvatars(1);
    const user = createUserId();
    const keys = [(await createApi(user).presign()).key, (await createApi(user).presign()).key];
    for (const key of keys) await env.AVATARS.put(key, png());
    const paused = pauseAtCall('put');
    // The Worker of the first commit dies after it has written its object.
    let isDead = false;
    const { DB } = interceptBindings((_, call) => (isDead ? Promise.reject(new Error('dead')) : call()));
    const first = createApi(user, {}, { DB, AVATARS: paused.bindings.AVATARS }).commit(keys[0] ?? '');
    await paused.reached;
    const { body } = await createApi(user).commit(keys[1] ?? '');
    isDead = true;
    paused.resume();
    expect((await first).status).toBe(500);
    await loseDatabase();
    expect(await rebuild()).toMatchObject({ counts: { found: 3, restored: 2, older: 1 } });
    expect(await getAvatar(user)).toEqual(body.avatar);
  });

  it('ignores replaced avatars whose objects still exist, on whichever side of a slice they are', async () => {
    const [[user, avatar] = []] = await uploadAvatars(1);
    const { key = '', createdAt = '' } = avatar ?? {};
    for (let i = 1; i <= 6; i++) await copyObject(key, Date.parse(createdAt) - i * 1000);
    for (const limit of [1, 2, 1000]) {
      await loseDatabase();
      await rebuild({ bindings: limitLists(limit) });
      expect(await getAvatar(user ?? '')).toEqual(avatar);
    }
  });

  it('reports objects that a commit has not written, and restores all others', async () => {
    const avatars = await uploadAvatars(2);
    const foreign = [`avatars/${'a'.repeat(32)}/${crypto.randomUUID()}.png`, 'avatars/readme.txt'];
    for (const key of foreign) await env.AVATARS.put(key, png());
    for (const width of ['0', '-1', 'x', '1.5']) {
      const [{ key } = { key: '' }] = [...avatars.values()].flatMap((avatar) => avatar ?? []);
      const copy = `avatars/${'b'.repeat(32)}/${crypto.randomUUID()}.png`;
      const { httpMetadata = {}, customMetadata = {} } = (await env.AVATARS.head(key)) ?? {};
      await env.AVATARS.put(copy, png(), { httpMetadata, customMetadata: { ...customMetadata, width } });
      foreign.push(copy);
    }
    await loseDatabase();
    const { counts, unreadable } = await rebuild();
    expect(counts).toMatchObject({ found: 8, restored: 2, unreadable: 6 });
    expect(unreadable.sort()).toEqual(foreign.sort());
  });

  it('can be repeated, interrupted and run twice at the same time', async () => {
    await uploadAvatars(7);
    const rows = await listRows();
    await loseDatabase();
    for (let n = 1; n <= 12; n++) {
      const bindings = failAtCall(n, n % 2 ? 'crash' : 'after').bindings;
      await rebuild({ bindings: { ...limitLists(3), DB: bindings.DB } }).catch(() => {});
    }
    await Promise.all([rebuild({ bindings: limitLists(2) }), rebuild()]);
    expect(await listRows()).toEqual(rows);
    expect((await rebuild()).counts).toMatchObject({ known: 7, restored: 0, older: 0 });
    expect(await listRows()).toEqual(rows);
  });

  it('as a dry run only counts', async () => {
    await uploadAvatars(3);
    await loseDatabase();
    expect((await rebuild({ isDryRun: true })).counts).toMatchObject({ found: 3, restored: 3 });
    expect(await listRows()).toEqual([]);
  });
});

describe('the installation mark', () => {
  const isMarked = () => new Installation(env.AVATARS, env.DB).isMarked();

  it('of the bucket is given to the rebuilt database, once everything is restored', async () => {
    await uploadAvatars(3);
    const mark = await (await env.AVATARS.get(MARK_KEY))?.text();
    await loseDatabase();
    await rebuild({ isDryRun: true });
    expect(await isMarked()).toBe(false);
    const failing = limitLists(2);
    const { DB } = failAtCall(4, 'crash').bindings;
    await rebuild({ bindings: { ...failing, DB } }).catch(() => {});
    expect([await isMarked(), (await listRows()).length]).toEqual([false, 2]);
    await rebuild();
    expect([await isMarked(), (await listRows()).length]).toEqual([true, 3]);
    expect(await (await env.AVATARS.get(MARK_KEY))?.text()).toBe(mark);
  });

  it('is made if neither side has one', async () => {
    await uploadAvatars(1);
    await loseDatabase();
    await env.AVATARS.delete(MARK_KEY);
    await rebuild();
    expect(await isMarked()).toBe(true);
  });

  it.each([true, false])(
    'of another installation ends the rebuild before it has changed anything (%s)',
    async (has) => {
      await uploadAvatars(1);
      const rows = await listRows();
      if (has) await env.AVATARS.put(MARK_KEY, 'another');
      else await env.AVATARS.delete(MARK_KEY);
      await env.DB.prepare('DELETE FROM flare_avatar_current').run();
      await expect(rebuild()).rejects.toThrow('installation mark');
      expect([rows.length, await listRows()]).toEqual([1, []]);
      expect(await isMarked()).toBe(false);
    },
  );
});

describe('a rebuild of a database in use', () => {
  it('brings back an avatar whose object was missing', async () => {
    const [[user = '', avatar] = []] = await uploadAvatars(1);
    await env.DB.prepare('UPDATE flare_avatar_current SET missing_since = 1').run();
    expect(await getAvatar(user)).toBe(null);
    expect((await rebuild()).counts).toMatchObject({ restored: 1 });
    expect(await getAvatar(user)).toEqual(avatar);
  });

  it('does not bring back what a removed avatar had just replaced', async () => {
    const [[user = ''] = []] = await uploadAvatars(1);
    await createApi(user).upload(png(), 'image/png');
    await createApi(user).call('DELETE', '/api/me/avatar');
    await loseDatabase();
    expect((await rebuild()).counts).toMatchObject({ found: 0, restored: 0 });
  });

  it('never replaces a newer row', async () => {
    const [[user, avatar] = []] = await uploadAvatars(1);
    const { key = '', createdAt = '' } = avatar ?? {};
    await copyObject(key, Date.parse(createdAt) - 1);
    await copyObject(key, Date.parse(createdAt));
    expect((await rebuild()).counts).toMatchObject({ known: 1, older: 2, restored: 0 });
    expect(await getAvatar(user ?? '')).toEqual(avatar);
  });

  it('adds what is newer than a restored backup', async () => {
    const user = createUserId();
    await createApi(user).upload(png(), 'image/png');
    const backup = (await listRows()) as Record<string, string>[];
    const { body } = await createApi(user).upload(jpeg(), 'image/jpeg');
    await loseDatabase();
    const columns = Object.keys(backup[0] ?? {});
    const insert = `INSERT INTO flare_avatar_current (${columns}) VALUES (${columns.map(() => '?')})`;
    await env.DB.prepare(insert)
      .bind(...Object.values(backup[0] ?? {}))
      .run();
    await rebuild();
    expect(await getAvatar(user)).toEqual(body.avatar);
  });

  it('leaves objects alone that are queued for deletion', async () => {
    const [[user, avatar] = []] = await uploadAvatars(1);
    const { AVATARS } = interceptBindings((name, call) => {
      if (name === 'delete') throw new Error('R2 fails.');
      return call();
    });
    await createApi(user ?? '', {}, { AVATARS }).call('DELETE', '/api/me/avatar');
    expect(await env.AVATARS.head(avatar?.key ?? '')).toBeTruthy();
    expect((await rebuild()).counts).toMatchObject({ obsolete: 1, restored: 0 });
    expect(await getAvatar(user ?? '')).toBe(null);
  });

  it('leaves a commit in progress alone', async () => {
    const [[user = '', avatar] = []] = await uploadAvatars(1);
    const { key } = await createApi(user).presign();
    await env.AVATARS.put(key, png());
    const paused = pauseAtCall('put', 'after');
    const commit = createApi(user, {}, paused.bindings).commit(key);
    await paused.reached;
    expect((await rebuild()).counts).toMatchObject({ known: 1, changing: 1, restored: 0 });
    expect(await getAvatar(user)).toEqual(avatar);
    paused.resume();
    expect(await getAvatar(user)).toEqual((await commit).body.avatar);
  });

  it('does not restore an avatar whose object is deleted at the same moment', async () => {
    const [[user = '', avatar] = []] = await uploadAvatars(1);
    await loseDatabase();
    const { AVATARS } = interceptBindings(async (name, call) => {
      const result = await call();
      if (name === 'list') await env.AVATARS.delete(avatar?.key ?? '');
      return result;
    });
    expect((await rebuild({ bindings: { DB: env.DB, AVATARS } })).counts).toMatchObject({ restored: 0, changing: 1 });
    expect(await getAvatar(user)).toBe(null);
  });

  it('changes nothing that the sweep would not keep', async () => {
    const avatars = await uploadAvatars(4);
    await rebuild();
    for (const days of [0, 1, 2]) await sweepAvatars(env, {}, Date.now() + days * 86_400_000);
    for (const [user, avatar] of avatars) expect(await getAvatar(user)).toEqual(avatar);
  });
});
