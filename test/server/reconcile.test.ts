import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AvatarStore } from '../../server/db/avatar-store.js';
import { LATE_WRITE_MS } from '../../server/db/claim.js';
import { sweepAvatars } from '../../server/jobs/sweep.js';
import type { LogEntry } from '../../server/log.js';
import { png } from '../support/pictures.js';
import { pauseAtCall } from './fault-bindings.js';
import { createApi, createUserId, parseOwner } from './harness.js';

beforeEach(async () => {
  vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
  const { objects } = await env.AVATARS.list();
  if (objects.length > 0) await env.AVATARS.delete(objects.map(({ key }) => key));
  const tables = ['current', 'uploads', 'deletions', 'reconcile'].map((name) => `flare_avatar_${name}`);
  await env.DB.batch(tables.map((table) => env.DB.prepare(`DELETE FROM ${table}`)));
});
afterEach(() => {
  vi.useRealTimers();
});

/** More than a test takes: objects get the real time, which passes while the test's clock stands still. */
const MARGIN_MS = 60_000;

const advanceTime = (milliseconds: number) => vi.setSystemTime(Date.now() + milliseconds);
const objectExists = async (key: string) => (await env.AVATARS.head(key)) !== null;
const createUnknownKey = (owner = 'f'.repeat(32)) => `avatars/${owner}/${crypto.randomUUID()}.png`;

/** Runs the cron once and returns its log entry. */
async function runSweep(bindings: Pick<Cloudflare.Env, 'DB' | 'AVATARS'> = env): Promise<LogEntry> {
  const entries: LogEntry[] = [];
  await sweepAvatars(bindings, { log: (entry) => entries.push(entry) }, Date.now()).catch(() => {});
  expect(entries).toHaveLength(1);
  return entries[0] as LogEntry;
}

describe('the reconcile job', () => {
  it('deletes unknown avatars once no commit can be writing them, and no others', async () => {
    const { body } = await createApi(createUserId()).upload(png(), 'image/png');
    const key = createUnknownKey();
    await env.AVATARS.put(key, png());
    expect(await runSweep()).toMatchObject({ level: 'info', walked: 3, orphans: 0 });
    expect(await objectExists(key)).toBe(true);
    advanceTime(LATE_WRITE_MS + MARGIN_MS);
    expect(await runSweep()).toMatchObject({ orphans: 1, deleted: 1 });
    expect(await objectExists(key)).toBe(false);
    expect(await objectExists(body.avatar?.key ?? '')).toBe(true);
  });

  it('keeps an object that a commit is writing', async () => {
    const user = createUserId();
    const { key } = await createApi(user).presign();
    await env.AVATARS.put(key, png());
    const paused = pauseAtCall('put', 'after');
    const commit = createApi(user, {}, paused.bindings).commit(key);
    await paused.reached;
    advanceTime(LATE_WRITE_MS + MARGIN_MS);
    expect(await runSweep()).toMatchObject({ orphans: 0 });
    paused.resume();
    expect(await objectExists((await commit).body.avatar?.key ?? '')).toBe(true);
  });

  it("keeps objects whose keys are not the server's", async () => {
    const keys = ['avatars/x', 'avatars/x/y.png', 'pending/x', 'zebra', `avatars/${'F'.repeat(32)}/a.png`];
    for (const key of keys) await env.AVATARS.put(key, png());
    advanceTime(LATE_WRITE_MS + MARGIN_MS);
    expect(await runSweep()).toMatchObject({ walked: keys.length, orphans: 0 });
    for (const key of keys) expect(await objectExists(key)).toBe(true);
  });

  it('forgets an avatar whose object is missing', async () => {
    const user = createUserId();
    const { body } = await createApi(user).upload(png(), 'image/png');
    await env.AVATARS.delete(body.avatar?.key ?? '');
    expect(await runSweep()).toMatchObject({ lost: 1 });
    expect((await createApi(user).call('GET', '/api/me/avatar')).body).toEqual({ url: null });
  });

  it('keeps an avatar that was stored after the bucket was listed', async () => {
    const user = createUserId();
    const paused = pauseAtCall('list', 'after');
    const swept = runSweep({ ...env, ...paused.bindings });
    await paused.reached;
    const { body } = await createApi(user).upload(png(), 'image/png');
    paused.resume();
    expect(await swept).toMatchObject({ lost: 0 });
    expect((await createApi(user).call('GET', '/api/me/avatar')).body.avatar).toEqual(body.avatar);
  });

  it('keeps an avatar that was replaced during the comparison', async () => {
    const user = createUserId();
    const first = await createApi(user).upload(png(), 'image/png');
    await env.AVATARS.delete(first.body.avatar?.key ?? '');
    const paused = pauseAtCall('head', 'after');
    const swept = runSweep({ ...env, ...paused.bindings });
    await paused.reached;
    const second = await createApi(user).upload(png(), 'image/png');
    paused.resume();
    expect(await swept).toMatchObject({ lost: 0 });
    expect((await createApi(user).call('GET', '/api/me/avatar')).body.avatar).toEqual(second.body.avatar);
  });

  it('continues where it stopped, with a bounded number of objects per run, and starts over at the end', async () => {
    const keys = Array.from({ length: 120 }, (_, i) => `avatars/${i.toString(16).padStart(32, '0')}/x`);
    await Promise.all(keys.map((key) => env.AVATARS.put(key, 'x')));
    const lists: R2ListOptions[] = [];
    /** A bucket that lists a hundredth of the requested objects, and fails once. */
    const AVATARS = new Proxy(env.AVATARS, {
      get(bucket, name) {
        const value = Reflect.get(bucket, name);
        if (name !== 'list') return typeof value === 'function' ? value.bind(bucket) : value;
        return (options: R2ListOptions) => {
          if (lists.push(options) === 3) throw new Error('R2 is down');
          return bucket.list({ ...options, limit: (options.limit ?? 0) / 100 });
        };
      },
    });
    const bindings = { ...env, AVATARS };
    expect(await runSweep(bindings)).toMatchObject({ level: 'error', walked: 20 });
    expect(await runSweep(bindings)).toMatchObject({ level: 'info', walked: 100 });
    expect(await runSweep(bindings)).toMatchObject({ level: 'info', walked: 100 });
    expect(lists.map(({ limit }) => limit)).toEqual(new Array(23).fill(1000));
    const starts = [undefined, 9, 19, 19, 29, 39, 49, 59, 69, 79, 89, 99, 109, undefined];
    expect(lists.slice(0, 14).map(({ startAfter }) => startAfter)).toEqual(starts.map((i) => keys[i ?? -1]));
  });

  it('deletes nothing if no object in the bucket is known, as with the wrong database', async () => {
    const keys = Array.from({ length: 200 }, (_, i) => createUnknownKey(i.toString(16).padStart(32, '0')));
    await Promise.all(keys.map((key) => env.AVATARS.put(key, 'x')));
    advanceTime(LATE_WRITE_MS + MARGIN_MS);
    expect(await runSweep()).toMatchObject({
      level: 'error',
      orphans: 0,
      deleted: 0,
      errors: [{ message: expect.stringContaining('different installations') }],
    });
    expect(await objectExists(keys[0] ?? '')).toBe(true);
    // One matching avatar shows that bucket and database belong together.
    await createApi(createUserId()).upload(png(), 'image/png');
    expect(await runSweep()).toMatchObject({ level: 'info', orphans: 200, deleted: 200 });
  });

  it('forgets nothing if the bucket is empty and the database is not, as with the wrong bucket', async () => {
    const insert = env.DB.prepare(
      `INSERT INTO flare_avatar_current (owner, key, content_type, size, width, height, created_at)
       VALUES (?1, 'avatars/' || ?1 || '/x.png', 'image/png', 1, 1, 1, 1)`,
    );
    const owners = Array.from({ length: 300 }, (_, i) => i.toString(16).padStart(32, '0'));
    await env.DB.batch(owners.map((owner) => insert.bind(owner)));
    expect(await runSweep()).toMatchObject({ level: 'error', lost: 0 });
    expect(await env.DB.prepare('SELECT COUNT(*) AS n FROM flare_avatar_current').first('n')).toBe(300);
  });

  it('looks up at most 200 missing objects per run', async () => {
    const insert = env.DB.prepare(
      `INSERT INTO flare_avatar_current (owner, key, content_type, size, width, height, created_at)
       VALUES (?1, 'avatars/' || ?1 || '/x.png', 'image/png', 1, 1, 1, 1)`,
    );
    const owners = Array.from({ length: 300 }, (_, i) => i.toString(16).padStart(32, '0'));
    await env.DB.batch(owners.map((owner) => insert.bind(owner)));
    await env.AVATARS.put(`avatars/${owners[0]}/x.png`, 'x');
    expect(await runSweep()).toMatchObject({ lost: 200 });
    expect(await runSweep()).toMatchObject({ lost: 99 });
    expect(await new AvatarStore(env.DB).findAvatar([owners[0] ?? ''])).toBeTruthy();
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
    for (let i = 0; i < 3; i++) {
      await sweepAvatars(env, { batchSize: 1, log: (entry) => swept.push(entry.swept) }, Date.now());
    }
    expect(swept).toEqual([20, 20, 10]);
  });
});
