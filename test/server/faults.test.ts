import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { AvatarStore, CLAIM_LEASE, LATE_WRITE } from '../../server/avatar-store.js';
import { sweepAvatars } from '../../server/sweep.js';
import type { Avatar } from '../../src/core/protocol.js';
import { png } from '../support/pictures.js';
import { apiFor, keysBelow, newUser, ownerIn } from './harness.js';

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** The same binding, whose n-th call to one of these methods fails: before it has an effect, or after. */
function failing<T extends object>(real: T, methods: string[], n: number, when: 'before' | 'after'): T {
  let calls = 0;
  return new Proxy(real, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        const fails = methods.includes(String(name)) && ++calls === n;
        if (fails && when === 'before') throw new Error('fault');
        const result = await value.apply(target, args);
        if (fails) throw new Error('fault');
        return result;
      };
    },
  });
}

describe.each(['before', 'after'] as const)('a store that fails %s it has acted', (when) => {
  it.each([1, 2, 3])('in its %i. batch: the same commit sent again gives one avatar', async (n) => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const user = newUser();
    const { key } = await apiFor(user).presign();
    await env.AVATARS.put(key, png());
    const db = env.DB;
    const DB = { prepare: db.prepare.bind(db), batch: failing(db, ['batch'], n, when).batch } as D1Database;
    const first = await apiFor(user, {}, { DB }).commit(key);
    const again = await apiFor(user).commit(key);
    expect([200, 500]).toContain(first.status);
    expect(again.status).toBe(200);
    await sweepAvatars(env, {}, Date.now());
    expect(await keysBelow(`avatars/${ownerIn(key)}/`)).toEqual([again.body.avatar?.key]);
  });

  it.each(['get', 'put'])('in R2 %s: the same commit sent again gives one avatar', async (method) => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const user = newUser();
    const { key } = await apiFor(user).presign();
    await env.AVATARS.put(key, png());
    const AVATARS = failing(env.AVATARS, [method], 1, when);
    const first = await apiFor(user, {}, { AVATARS }).commit(key);
    expect([first.status, first.body.code]).toEqual([500, 'internal']);
    const again = await apiFor(user).commit(key);
    expect(again.status).toBe(200);
    await sweepAvatars(env, {}, Date.now());
    expect(await keysBelow(`avatars/${ownerIn(key)}/`)).toEqual([again.body.avatar?.key]);
  });
});

describe('a commit that died', () => {
  it('is taken over once its lease is over, and what it wrote is deleted', async () => {
    const user = newUser();
    const { key } = await apiFor(user).presign();
    const owner = ownerIn(key);
    await env.AVATARS.put(key, png());
    const orphan = `avatars/${owner}/${crypto.randomUUID()}.png`;
    const store = new AvatarStore(env.DB);
    expect(await store.claimUpload(owner, key.split('/')[2] ?? '', orphan, Date.now())).toBe(true);
    await env.AVATARS.put(orphan, png());
    vi.useFakeTimers({ now: Date.now() + CLAIM_LEASE + 1, toFake: ['Date'] });
    const { status, body } = await apiFor(user).commit(key);
    expect(status).toBe(200);
    // Not at once: the dead commit might still be writing it.
    expect(await keysBelow(`avatars/${owner}/`)).toHaveLength(2);
    await sweepAvatars(env, {}, Date.now() + LATE_WRITE);
    expect(await keysBelow(`avatars/${owner}/`)).toEqual([body.avatar?.key]);
    expect(await store.publish(owner, key.split('/')[2] ?? '', { ...(body.avatar as Avatar), key: orphan })).toBe(null);
  });

  it('only seemed to: when it goes on, it answers with the other’s avatar and leaves no object', async () => {
    const user = newUser();
    const { key } = await apiFor(user).presign();
    await env.AVATARS.put(key, png());
    let other: Avatar | undefined;
    const AVATARS = new Proxy(env.AVATARS, {
      get(bucket, name) {
        const value = Reflect.get(bucket, name);
        if (name !== 'put') return typeof value === 'function' ? value.bind(bucket) : value;
        return async (...args: Parameters<R2Bucket['put']>) => {
          vi.useFakeTimers({ now: Date.now() + CLAIM_LEASE + 1, toFake: ['Date'] });
          other = (await apiFor(user).commit(key)).body.avatar;
          return bucket.put(...args);
        };
      },
    });
    const { body } = await apiFor(user, {}, { AVATARS }).commit(key);
    expect(other).toBeTruthy();
    expect(body.avatar).toEqual(other);
    expect(await keysBelow(`avatars/${ownerIn(key)}/`)).toEqual([other?.key]);
  });

  it('and is never sent again leaves nothing once the sweep has closed it', async () => {
    const { key } = await apiFor(newUser()).presign();
    const owner = ownerIn(key);
    const orphan = `avatars/${owner}/${crypto.randomUUID()}.png`;
    const store = new AvatarStore(env.DB);
    await store.claimUpload(owner, key.split('/')[2] ?? '', orphan, Date.now());
    await env.AVATARS.put(orphan, png());
    await sweepAvatars(env, {}, Date.now() + 721_000);
    await sweepAvatars(env, {}, Date.now() + 721_000 + LATE_WRITE);
    expect(await keysBelow(`avatars/${owner}/`)).toEqual([]);
  });
});
