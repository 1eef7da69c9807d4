import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AvatarStore } from '../../server/db/avatar-store.js';
import { LATE_WRITE_MS } from '../../server/db/claim.js';
import { sweepAvatars } from '../../server/jobs/sweep.js';
import type { LogEntry } from '../../server/log.js';
import { png } from '../support/pictures.js';
import { pausingAt } from './fault-bindings.js';
import { apiFor, newUser, ownerIn } from './harness.js';

beforeEach(async () => {
  vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
  const { objects } = await env.AVATARS.list();
  if (objects.length > 0) await env.AVATARS.delete(objects.map(({ key }) => key));
  const tables = ['avatars', 'uploads', 'deletions', 'reconcile'];
  await env.DB.batch(tables.map((table) => env.DB.prepare(`DELETE FROM ${table}`)));
});
afterEach(() => {
  vi.useRealTimers();
});

/** The bucket has the real time, which goes on while the test's stands still. */
const A_WHILE = 60_000;

const pass = (milliseconds: number) => vi.setSystemTime(Date.now() + milliseconds);
const isThere = async (key: string) => (await env.AVATARS.head(key)) !== null;
const strange = (owner = 'f'.repeat(32)) => `avatars/${owner}/${crypto.randomUUID()}.png`;

/** One run of the cron, and its line in the log. */
async function sweep(bindings: Pick<Cloudflare.Env, 'DB' | 'AVATARS'> = env): Promise<LogEntry> {
  const lines: LogEntry[] = [];
  await sweepAvatars(bindings, { log: (line) => lines.push(line) }, Date.now()).catch(() => {});
  expect(lines).toHaveLength(1);
  return lines[0] as LogEntry;
}

describe('the walk through the bucket', () => {
  it('deletes avatars that nothing knows once no commit can be writing them, and no others', async () => {
    const { body } = await apiFor(newUser()).upload(png(), 'image/png');
    const key = strange();
    await env.AVATARS.put(key, png());
    expect(await sweep()).toMatchObject({ level: 'info', walked: 3, orphans: 0 });
    expect(await isThere(key)).toBe(true);
    pass(LATE_WRITE_MS + A_WHILE);
    expect(await sweep()).toMatchObject({ orphans: 1, deleted: 1 });
    expect(await isThere(key)).toBe(false);
    expect(await isThere(body.avatar?.key ?? '')).toBe(true);
  });

  it('leaves alone what a commit is writing', async () => {
    const user = newUser();
    const { key } = await apiFor(user).presign();
    await env.AVATARS.put(key, png());
    const slow = pausingAt('put', 'after');
    const commit = apiFor(user, {}, slow.bindings).commit(key);
    await slow.reached;
    pass(LATE_WRITE_MS + A_WHILE);
    expect(await sweep()).toMatchObject({ orphans: 0 });
    slow.goOn();
    expect(await isThere((await commit).body.avatar?.key ?? '')).toBe(true);
  });

  it('leaves alone what is not named as ours', async () => {
    const keys = ['avatars/x', 'avatars/x/y.png', 'pending/x', 'zebra', `avatars/${'F'.repeat(32)}/a.png`];
    for (const key of keys) await env.AVATARS.put(key, png());
    pass(LATE_WRITE_MS + A_WHILE);
    expect(await sweep()).toMatchObject({ walked: keys.length, orphans: 0 });
    for (const key of keys) expect(await isThere(key)).toBe(true);
  });

  it('forgets an avatar whose object is gone, so that nobody is shown a picture that is not there', async () => {
    const user = newUser();
    const { body } = await apiFor(user).upload(png(), 'image/png');
    await env.AVATARS.delete(body.avatar?.key ?? '');
    expect(await sweep()).toMatchObject({ lost: 1 });
    expect((await apiFor(user).call('GET', '/api/me/avatar')).body).toEqual({ url: null });
  });

  it('does not forget one that was stored after the bucket was listed', async () => {
    const user = newUser();
    const slow = pausingAt('list', 'after');
    const swept = sweep({ ...env, ...slow.bindings });
    await slow.reached;
    const { body } = await apiFor(user).upload(png(), 'image/png');
    slow.goOn();
    expect(await swept).toMatchObject({ lost: 0 });
    expect((await apiFor(user).call('GET', '/api/me/avatar')).body.avatar).toEqual(body.avatar);
  });

  it('does not forget one that was replaced while it looked', async () => {
    const user = newUser();
    const first = await apiFor(user).upload(png(), 'image/png');
    await env.AVATARS.delete(first.body.avatar?.key ?? '');
    const slow = pausingAt('head', 'after');
    const swept = sweep({ ...env, ...slow.bindings });
    await slow.reached;
    const second = await apiFor(user).upload(png(), 'image/png');
    slow.goOn();
    expect(await swept).toMatchObject({ lost: 0 });
    expect((await apiFor(user).call('GET', '/api/me/avatar')).body.avatar).toEqual(second.body.avatar);
  });

  it('goes on where it stopped, a bounded number of objects at a time, and begins again at the end', async () => {
    const keys = Array.from({ length: 120 }, (_, i) => `avatars/${i.toString(16).padStart(32, '0')}/x`);
    await Promise.all(keys.map((key) => env.AVATARS.put(key, 'x')));
    const lists: R2ListOptions[] = [];
    /** A bucket that shows a hundredth of what it is asked for, and fails once. */
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
    expect(await sweep(bindings)).toMatchObject({ level: 'error', walked: 20 });
    expect(await sweep(bindings)).toMatchObject({ level: 'info', walked: 100 });
    expect(await sweep(bindings)).toMatchObject({ level: 'info', walked: 100 });
    expect(lists.map(({ limit }) => limit)).toEqual(new Array(23).fill(1000));
    const starts = [undefined, 9, 19, 19, 29, 39, 49, 59, 69, 79, 89, 99, 109, undefined];
    expect(lists.slice(0, 14).map(({ startAfter }) => startAfter)).toEqual(starts.map((i) => keys[i ?? -1]));
  });

  it('deletes nothing where nothing in the bucket is known, as with the wrong database', async () => {
    const keys = Array.from({ length: 200 }, (_, i) => strange(i.toString(16).padStart(32, '0')));
    await Promise.all(keys.map((key) => env.AVATARS.put(key, 'x')));
    pass(LATE_WRITE_MS + A_WHILE);
    expect(await sweep()).toMatchObject({
      level: 'error',
      orphans: 0,
      deleted: 0,
      errors: [{ message: expect.stringContaining('different installations') }],
    });
    expect(await isThere(keys[0] ?? '')).toBe(true);
    // One avatar that agrees tells that the two belong together.
    await apiFor(newUser()).upload(png(), 'image/png');
    expect(await sweep()).toMatchObject({ level: 'info', orphans: 200, deleted: 200 });
  });

  it('forgets nothing where the bucket is empty and the database is not, as with the wrong bucket', async () => {
    const insert = env.DB.prepare(
      `INSERT INTO avatars (owner, key, content_type, size, width, height, created_at)
       VALUES (?1, 'avatars/' || ?1 || '/x.png', 'image/png', 1, 1, 1, 1)`,
    );
    const owners = Array.from({ length: 300 }, (_, i) => i.toString(16).padStart(32, '0'));
    await env.DB.batch(owners.map((owner) => insert.bind(owner)));
    expect(await sweep()).toMatchObject({ level: 'error', lost: 0 });
    expect(await env.DB.prepare('SELECT COUNT(*) AS n FROM avatars').first('n')).toBe(300);
  });

  it('looks for so many missing objects in one run, and no more', async () => {
    const insert = env.DB.prepare(
      `INSERT INTO avatars (owner, key, content_type, size, width, height, created_at)
       VALUES (?1, 'avatars/' || ?1 || '/x.png', 'image/png', 1, 1, 1, 1)`,
    );
    const owners = Array.from({ length: 300 }, (_, i) => i.toString(16).padStart(32, '0'));
    await env.DB.batch(owners.map((owner) => insert.bind(owner)));
    await env.AVATARS.put(`avatars/${owners[0]}/x.png`, 'x');
    expect(await sweep()).toMatchObject({ lost: 200 });
    expect(await sweep()).toMatchObject({ lost: 99 });
    expect(await new AvatarStore(env.DB).findAvatar(owners[0] ?? '')).toBeTruthy();
  });
});

describe('the sweep', () => {
  it('takes no more than its share of a backlog, and the next runs take the rest', async () => {
    const { key } = await apiFor(newUser()).presign();
    const owner = ownerIn(key);
    const insert = env.DB.prepare(
      `INSERT INTO uploads (owner, id, content_type, commit_until) VALUES (?1, ?2, 'image/png', 1)`,
    );
    const ids = Array.from({ length: 50 }, (_, i) => String(i));
    await env.DB.batch(ids.map((id) => insert.bind(owner, id)));
    const swept: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      await sweepAvatars(env, { batchSize: 1, log: (line) => swept.push(line.swept) }, Date.now());
    }
    expect(swept).toEqual([20, 20, 10]);
  });
});
