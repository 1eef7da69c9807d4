import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { png } from '../support/pictures.js';
import { pauseAtCall } from './fault-bindings.js';
import { createApi, createUserId, parseOwner } from './harness.js';
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
  runSweep,
  runSweepForDays,
  setMarks,
} from './storage-helpers.js';

beforeEach(async () => {
  vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
  await emptyBucket();
  await emptyDatabase();
  await setMarks('mark', 'mark');
});
afterEach(() => {
  vi.useRealTimers();
});

const objectExists = async (key: string) => (await countObjects([key])) === 1;
const getAvatar = async (user: string) => (await createApi(user).call('GET', '/api/me/avatar')).body.avatar ?? null;
const uploadAvatar = async (user: string) => (await createApi(user).upload(png(), 'image/png')).body.avatar?.key ?? '';

/** Stores an object that the database does not know. */
async function putUnknown(owner = 'f'.repeat(32)): Promise<string> {
  const key = createAvatarKey(owner);
  await env.AVATARS.put(key, png());
  return key;
}

/** Calls `before` for each request to list the bucket, and changes its options. */
const interceptList = (before: (options: R2ListOptions) => R2ListOptions) =>
  new Proxy(env.AVATARS, {
    get(bucket, name) {
      const value = Reflect.get(bucket, name);
      if (name === 'list') return (options: R2ListOptions) => bucket.list(before(options));
      return typeof value === 'function' ? value.bind(bucket) : value;
    },
  });

describe('an unknown object', () => {
  it('is only noted, and deleted once it has been unknown for 30 days', async () => {
    const user = createUserId();
    const avatar = await uploadAvatar(user);
    const key = await putUnknown();
    expect(await runSweep()).toMatchObject({ level: 'info', unknown: 1, orphans: 0, deleted: 0 });
    advanceTime(30 * DAY_MS - 1);
    expect(await runSweep()).toMatchObject({ level: 'info', unknown: 1, orphans: 0 });
    expect(await objectExists(key)).toBe(true);
    advanceTime(1);
    expect(await runSweep()).toMatchObject({ level: 'info', unknown: 1, orphans: 1, deleted: 1 });
    expect(await objectExists(key)).toBe(false);
    expect(await countRows('unknown')).toBe(0);
    expect(await objectExists(avatar)).toBe(true);
  });

  it('is deleted after the number of days in orphanDays', async () => {
    const key = await putUnknown();
    await runSweep(env, { orphanDays: 2 });
    advanceTime(2 * DAY_MS - 1);
    await runSweep(env, { orphanDays: 2 });
    expect(await objectExists(key)).toBe(true);
    advanceTime(1);
    await runSweep(env, { orphanDays: 2 });
    expect(await objectExists(key)).toBe(false);
  });

  it('counts its days anew after a walk that knew it', async () => {
    const key = await putUnknown();
    await runSweep();
    advanceTime(29 * DAY_MS);
    await insertAvatars([key]);
    expect(await runSweep()).toMatchObject({ unknown: 0 });
    expect(await countRows('unknown')).toBe(0);
    await env.DB.prepare('DELETE FROM flare_avatar_current').run();
    expect(await runSweepForDays(29)).toMatchObject({ unknown: 1, orphans: 0 });
    expect(await objectExists(key)).toBe(true);
    advanceTime(DAY_MS);
    expect(await runSweep()).toMatchObject({ orphans: 1 });
  });

  it('loses its note when it vanishes', async () => {
    const key = await putUnknown();
    await runSweep();
    await env.AVATARS.delete(key);
    expect(await runSweep()).toMatchObject({ unknown: 0 });
    expect(await countRows('unknown')).toBe(0);
  });

  it('is kept if it becomes known after the walk, before it is queued', async () => {
    const key = await putUnknown();
    await runSweep();
    advanceTime(30 * DAY_MS);
    // The batch saves the notes.
    const paused = pauseAtCall('batch', 'after');
    const swept = runSweep({ ...env, ...paused.bindings });
    await paused.reached;
    await insertAvatars([key]);
    paused.resume();
    expect(await swept).toMatchObject({ unknown: 1, orphans: 0, deleted: 0 });
    expect(await objectExists(key)).toBe(true);
  });

  it('is one that no commit is writing', async () => {
    const user = createUserId();
    const { key } = await createApi(user).presign();
    await env.AVATARS.put(key, png());
    const paused = pauseAtCall('put', 'after');
    const commit = createApi(user, {}, paused.bindings).commit(key);
    await paused.reached;
    expect(await runSweep()).toMatchObject({ walked: 3, unknown: 0 });
    paused.resume();
    expect(await objectExists((await commit).body.avatar?.key ?? '')).toBe(true);
  });

  it('is one that is not queued for deletion', async () => {
    const user = createUserId();
    const replaced = await uploadAvatar(user);
    await uploadAvatar(user);
    expect(await runSweep()).toMatchObject({ unknown: 0, deleted: 0 });
    expect(await objectExists(replaced)).toBe(true);
    advanceTime(60_000);
    expect(await runSweep()).toMatchObject({ unknown: 0, deleted: 1 });
  });

  it("is one whose key is the server's", async () => {
    const keys = ['avatars/x', 'avatars/x/y.png', 'pending/x', 'zebra', `avatars/${'F'.repeat(32)}/a.png`];
    for (const key of keys) await env.AVATARS.put(key, png());
    // And the mark.
    expect(await runSweep()).toMatchObject({ walked: keys.length + 1, unknown: 0, late: 0 });
    advanceTime(31 * DAY_MS);
    await runSweep();
    expect(await countObjects(keys)).toBe(keys.length);
  });
});

describe('an avatar whose object is missing', () => {
  it('is answered as none, and comes back with its object', async () => {
    const [user, other] = [createUserId(), createUserId()];
    const key = await uploadAvatar(user);
    const before = await getAvatar(user);
    await env.AVATARS.delete(key);
    expect(await runSweep()).toMatchObject({ level: 'info', missing: 1, lost: 0 });
    expect((await createApi(user).call('GET', '/api/me/avatar')).body).toEqual({ url: null });
    expect((await createApi(other).call('GET', `/api/users/${user}/avatar`)).status).toBe(404);
    await env.AVATARS.put(key, png());
    expect(await runSweep()).toMatchObject({ missing: 0 });
    expect(await getAvatar(user)).toEqual(before);
    expect((await createApi(other).call('GET', `/api/users/${user}/avatar`)).status).toBe(302);
  });

  it('is forgotten once it has been missing for 30 days', async () => {
    await env.AVATARS.delete(await uploadAvatar(createUserId()));
    await runSweep();
    advanceTime(30 * DAY_MS - 1);
    expect(await runSweep()).toMatchObject({ missing: 1, lost: 0 });
    expect(await countRows('current')).toBe(1);
    advanceTime(1);
    expect(await runSweep()).toMatchObject({ missing: 1, lost: 1 });
    expect(await countRows('current')).toBe(0);
  });

  it('can be replaced and removed', async () => {
    const user = createUserId();
    await env.AVATARS.delete(await uploadAvatar(user));
    await runSweep();
    const { body } = await createApi(user).upload(png(), 'image/png');
    expect(await getAvatar(user)).toEqual(body.avatar);
    advanceTime(31 * DAY_MS);
    expect(await runSweep()).toMatchObject({ missing: 0, lost: 0 });
    await env.AVATARS.delete(body.avatar?.key ?? '');
    await runSweep();
    expect((await createApi(user).call('DELETE', '/api/me/avatar')).status).toBe(200);
    expect(await countRows('current')).toBe(0);
  });

  it('is not one that was stored after the bucket was listed', async () => {
    const user = createUserId();
    const paused = pauseAtCall('list', 'after');
    const swept = runSweep({ ...env, ...paused.bindings });
    await paused.reached;
    const key = await uploadAvatar(user);
    paused.resume();
    expect(await swept).toMatchObject({ missing: 0 });
    expect((await getAvatar(user))?.key).toBe(key);
  });

  it('is not one that was replaced during the comparison', async () => {
    const user = createUserId();
    await env.AVATARS.delete(await uploadAvatar(user));
    const paused = pauseAtCall('list', 'after');
    const swept = runSweep({ ...env, ...paused.bindings });
    await paused.reached;
    const key = await uploadAvatar(user);
    paused.resume();
    await swept;
    expect((await getAvatar(user))?.key).toBe(key);
  });
});

describe('a walk', () => {
  it('continues where it stopped, with a bounded number of objects per run, and starts over at the end', async () => {
    const keys = Array.from({ length: 120 }, (_, i) => `avatars/${createOwner(i)}/x`);
    await Promise.all(keys.map((key) => env.AVATARS.put(key, 'x')));
    const lists: R2ListOptions[] = [];
    /** A bucket that lists a hundredth of the requested objects, and fails once. */
    const AVATARS = interceptList((options) => {
      // The check for the first avatar has a prefix.
      if (lists.push(options) === 3) throw new Error('R2 is down');
      return { ...options, limit: (options.limit ?? 0) / 100 };
    });
    const bindings = { ...env, AVATARS };
    expect(await runSweep(bindings)).toMatchObject({ level: 'error', walked: 20 });
    expect(await runSweep(bindings)).toMatchObject({ level: 'info', walked: 100 });
    expect(await runSweep(bindings)).toMatchObject({ level: 'info', walked: 1 });
    expect(await runSweep(bindings)).toMatchObject({ level: 'info', walked: 100 });
    expect(lists.map(({ limit }) => limit)).toEqual(new Array(24).fill(1000));
    const starts = [undefined, 9, 19, 19, 29, 39, 49, 59, 69, 79, 89, 99, 109, 119, undefined];
    expect(lists.slice(0, 15).map(({ startAfter }) => startAfter)).toEqual(starts.map((i) => keys[i ?? -1]));
  });

  it('sees every object, avatar and note once, however they are spread', async () => {
    const createKeys = (count: number, step: number) =>
      Array.from({ length: count }, (_, i) => createAvatarKey(createOwner(i * step)));
    const [unknown, both, missing, noted] = [
      createKeys(30, 701),
      createKeys(30, 1009),
      createKeys(1200, 13),
      createKeys(1200, 11),
    ];
    await Promise.all([...unknown, ...both].map((key) => env.AVATARS.put(key, 'x')));
    const owners = new Set(both.map((key) => key.slice(8, 40)));
    const others = missing.filter((key) => !owners.has(key.slice(8, 40)));
    await insertAvatars([...others, ...both]);
    const note = env.DB.prepare('INSERT INTO flare_avatar_unknown (key, first_seen) VALUES (?1, 1)');
    await env.DB.batch([...noted, ...unknown].map((key) => note.bind(key)));
    for (let i = 0; i < 2; i++) {
      expect(await runSweep()).toMatchObject({ walked: 61, unknown: 30, missing: others.length });
      expect(await countRows('unknown WHERE first_seen = 1')).toBe(30);
      expect(await countRows('current WHERE missing_since IS NOT NULL')).toBe(others.length);
    }
  });

  it('with more than 5 % and more than 20 differences deletes nothing and fails', async () => {
    const keys = await putAvatarObjects(420);
    await insertAvatars(keys.slice(21));
    const late = `pending/${createOwner(1)}/${crypto.randomUUID()}`;
    await env.AVATARS.put(late, 'x');
    // 21 of 420 are 5 %.
    expect(await runSweep()).toMatchObject({ level: 'info', unknown: 21, late: 1 });
    await env.AVATARS.put(late, 'x');
    await env.DB.prepare('DELETE FROM flare_avatar_current WHERE key = ?1').bind(keys.at(-1)).run();
    advanceTime(31 * DAY_MS);
    expect(await runSweep()).toMatchObject({
      level: 'error',
      unknown: 22,
      orphans: 0,
      late: 0,
      deleted: 0,
      errors: [
        { message: expect.stringContaining('22 of 420 avatars are only in the bucket or only in the database') },
      ],
    });
    expect(await countObjects([...keys, late])).toBe(421);
  });

  it('counts the days anew after one that failed', async () => {
    const keys = await putAvatarObjects(21);
    expect(await runSweepForDays(31)).toMatchObject({ level: 'error', unknown: 21 });
    await env.AVATARS.delete(keys[0] ?? '');
    expect(await runSweep()).toMatchObject({ level: 'info', unknown: 20, orphans: 0 });
    advanceTime(29 * DAY_MS);
    expect(await runSweep()).toMatchObject({ orphans: 0 });
    advanceTime(DAY_MS);
    expect(await runSweep()).toMatchObject({ level: 'info', orphans: 20, deleted: 20 });
  });

  it('judges all of its runs together, and deletes only at its end', async () => {
    const keys = await putAvatarObjects(125);
    await insertAvatars(keys.slice(0, 100));
    const AVATARS = interceptList((options) => ({ ...options, limit: (options.limit ?? 0) / 100 }));
    // Slices of 10: the first run walks 100, the second the other 25, of which the database knows none.
    expect(await runSweep({ ...env, AVATARS })).toMatchObject({ level: 'info', unknown: 0 });
    expect(await runSweep({ ...env, AVATARS })).toMatchObject({ level: 'error', unknown: 25 });
    await insertAvatars(keys.slice(100, 120));
    advanceTime(31 * DAY_MS);
    expect(await runSweep({ ...env, AVATARS })).toMatchObject({ level: 'info', orphans: 0 });
    expect(await runSweep({ ...env, AVATARS })).toMatchObject({ level: 'info', unknown: 5, orphans: 5 });
  });
});

describe("reconcile: 'report'", () => {
  it('counts the days, says what would be deleted, and deletes nothing', async () => {
    const unknown = await putUnknown();
    const user = createUserId();
    const missing = await uploadAvatar(user);
    await env.AVATARS.delete(missing);
    const late = `pending/${createOwner(1)}/${crypto.randomUUID()}`;
    await env.AVATARS.put(late, 'x');
    const report = { reconcile: 'report' } as const;
    expect(await runSweep(env, report)).toMatchObject({
      ...report,
      unknown: 1,
      missing: 1,
      wouldDelete: 1,
      wouldForget: 0,
    });
    advanceTime(30 * DAY_MS);
    const nothing = { orphans: 0, lost: 0, late: 0, deleted: 0 };
    expect(await runSweep(env, report)).toMatchObject({ ...report, ...nothing, wouldDelete: 2, wouldForget: 1 });
    expect(await countObjects([unknown, late])).toBe(2);
    expect(await countRows('current')).toBe(1);
    const entry = await runSweep();
    expect(entry).toMatchObject({ orphans: 1, lost: 1, late: 1, deleted: 2 });
    expect(entry).not.toHaveProperty('wouldDelete');
    expect(await countObjects([unknown, late])).toBe(0);
  });
});

describe("reconcile: 'off'", () => {
  it('compares nothing, and deletes what is queued', async () => {
    const unknown = await putUnknown();
    const queued = await putUnknown();
    await env.DB.prepare('INSERT INTO flare_avatar_deletions (key) VALUES (?1)').bind(queued).run();
    const off = { reconcile: 'off' } as const;
    expect(await runSweep(env, off)).toMatchObject({ ...off, walked: 0, unknown: 0, deleted: 1 });
    advanceTime(31 * DAY_MS);
    await runSweep(env, off);
    expect(await countObjects([unknown, queued])).toBe(1);
  });
});

describe('the sweep', () => {
  it('processes a backlog in bounded runs', async () => {
    const { key } = await createApi(createUserId()).presign();
    const owner = parseOwner(key);
    const insert = env.DB.prepare(
      `INSERT INTO flare_avatar_uploads (owner, id, content_type, commit_until) VALUES (?1, ?2, 'image/png', 1)`,
    );
    const ids = Array.from({ length: 50 }, (_, i) => String(i));
    await env.DB.batch(ids.map((id) => insert.bind(owner, id)));
    const swept: unknown[] = [];
    for (let i = 0; i < 3; i++) swept.push((await runSweep(env, { batchSize: 1 })).swept);
    expect(swept).toEqual([20, 20, 10]);
  });

  it('never deletes the object of a current avatar, whatever the queue says', async () => {
    const user = createUserId();
    const key = await uploadAvatar(user);
    await env.DB.prepare('INSERT INTO flare_avatar_deletions (key) VALUES (?1)').bind(key).run();
    expect(await runSweep()).toMatchObject({ deleted: 0 });
    expect(await objectExists(key)).toBe(true);
    expect(await countRows('deletions')).toBe(0);
  });
});
