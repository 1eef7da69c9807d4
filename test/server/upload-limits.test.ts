import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sweepAvatars } from '../../server/jobs/sweep.js';
import type { AvatarApiOptions } from '../../server/options.js';
import { png, text } from '../support/pictures.js';
import { type Api, createApi, createUserId, parseOwner } from './harness.js';

const DAY_MS = 24 * 60 * 60 * 1000;
/** After the last moment for a commit: 120 seconds for the PUT, 600 for the commit, and one more. */
const AFTER_EXPIRY_MS = 721_000;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const advanceTime = (milliseconds: number) => vi.setSystemTime(Date.now() + milliseconds);
const runSweep = () => sweepAvatars(env, { log: () => {} }, Date.now());
const createUser = (options: Partial<AvatarApiOptions> = {}) => createApi(createUserId(), options);

/** Presigns once; returns the key, or the seconds of `Retry-After` if the API refused with 429. */
async function tryPresign(api: Api): Promise<{ key: string } | { retryAfter: number }> {
  const { status, body, headers } = await api.call('POST', '/api/uploads/presign', { contentType: 'image/png' });
  if (status === 200) return { key: String(body.key) };
  expect([status, body.code]).toEqual([429, 'rate_limited']);
  return { retryAfter: Number(headers.get('retry-after')) };
}

async function presignMany(api: Api, count: number): Promise<string[]> {
  const keys: string[] = [];
  while (keys.length < count) keys.push((await api.presign()).key);
  return keys;
}

/** Uploads bytes that are no picture, and has them rejected. */
async function rejectUpload(api: Api, key: string): Promise<void> {
  await env.AVATARS.put(key, text('not a picture'));
  expect((await api.commit(key)).status).toBe(422);
}

/** Waits as long as the API has asked for, and not a second less. */
async function expectExactRetry(api: Api, afterWaiting: () => Promise<unknown> = async () => {}) {
  const refused = await tryPresign(api);
  const { retryAfter } = refused as { retryAfter: number };
  expect(retryAfter).toBeGreaterThan(0);
  advanceTime(retryAfter * 1000 - 1000);
  expect(await tryPresign(api)).toHaveProperty('retryAfter');
  advanceTime(1000);
  await afterWaiting();
  expect(await tryPresign(api)).toHaveProperty('key');
  return retryAfter;
}

describe('a rejected upload', () => {
  it('counts as pending until the sweep has deleted its object', async () => {
    const api = createUser({ maxPending: 2 });
    for (const key of await presignMany(api, 2)) await rejectUpload(api, key);
    expect(await tryPresign(api)).toHaveProperty('retryAfter');
    // Its time alone doesn't delete the object.
    advanceTime(AFTER_EXPIRY_MS);
    expect(await tryPresign(api)).toHaveProperty('retryAfter');
    await runSweep();
    await presignMany(api, 2);
  });

  it('can not be used to leave more objects than the limit, over and over', async () => {
    const api = createUser({ maxPending: 3 });
    const stored = new Set<string>();
    for (let i = 0; i < 12; i++) {
      const result = await tryPresign(api);
      if (!('key' in result)) continue;
      stored.add(result.key);
      await rejectUpload(api, result.key);
      await api.call('DELETE', '/api/me/avatar');
    }
    const [first = ''] = stored;
    const { objects } = await env.AVATARS.list({ prefix: `pending/${parseOwner(first)}/` });
    expect(objects).toHaveLength(3);
  });

  it('answers with the time of the sweep that will delete its object', async () => {
    const api = createUser({ maxPending: 1 });
    const [key = ''] = await presignMany(api, 1);
    await rejectUpload(api, key);
    expect(await expectExactRetry(api, runSweep)).toBeGreaterThan(720);
  });
});

describe('uploads that were committed or have expired', () => {
  it('do not count as pending', async () => {
    const api = createUser({ maxPending: 2 });
    for (let i = 0; i < 3; i++) expect((await api.upload(png(), 'image/png')).status).toBe(200);
    await presignMany(api, 2);
    expect(await tryPresign(api)).toHaveProperty('retryAfter');
    advanceTime(AFTER_EXPIRY_MS);
    await presignMany(api, 2);
  });
});

describe('the limit per day', () => {
  it('is 200 uploads, whatever became of them', async () => {
    const api = createUser();
    for (let i = 0; i < 10; i++) {
      const [committed = '', rejected = ''] = await presignMany(api, 20);
      await env.AVATARS.put(committed, png());
      expect((await api.commit(committed)).status).toBe(200);
      await api.call('DELETE', '/api/me/avatar');
      await rejectUpload(api, rejected);
      advanceTime(AFTER_EXPIRY_MS);
      await runSweep();
    }
    expect(await tryPresign(api)).toEqual({ retryAfter: DAY_MS / 1000 - (10 * AFTER_EXPIRY_MS) / 1000 });
  });

  it('answers with the time until the oldest upload is a day old', async () => {
    const api = createUser({ maxPerDay: 3 });
    await presignMany(api, 1);
    advanceTime(5_000_500);
    await presignMany(api, 2);
    advanceTime(AFTER_EXPIRY_MS);
    expect(await expectExactRetry(api, runSweep)).toBe(Math.ceil((DAY_MS - 5_000_500 - AFTER_EXPIRY_MS) / 1000));
    // The next place is free when the second upload is a day old.
    const next = await tryPresign(api);
    expect(next).toEqual({ retryAfter: expect.any(Number) });
    expect((next as { retryAfter: number }).retryAfter).toBeGreaterThan(4_999);
  });

  it('is never exceeded within any 24 hours, sweeps included', async () => {
    const api = createUser({ maxPerDay: 4 });
    const times: number[] = [];
    for (let step = 0; step < 80; step++) {
      if ('key' in (await tryPresign(api))) times.push(Date.now());
      advanceTime((step % 7) * 1_800_000 + 1);
      if (step % 5 === 0) await runSweep();
    }
    expect(times.length).toBeGreaterThanOrEqual(20);
    for (const [i, time] of times.entries())
      expect(times.slice(i).filter((each) => each - time < DAY_MS).length).toBeLessThanOrEqual(4);
  });

  it('holds for concurrent requests', async () => {
    const api = createUser({ maxPerDay: 7 });
    const results = await Promise.all(Array.from({ length: 25 }, () => tryPresign(api)));
    expect(results.filter((result) => 'key' in result)).toHaveLength(7);
  });

  it('and the limit of pending uploads at once answer with the later time', async () => {
    const api = createUser({ maxPerDay: 2, maxPending: 1 });
    await presignMany(api, 1);
    advanceTime(DAY_MS - 100_000);
    await presignMany(api, 1);
    // The first upload is a day old in 100 seconds, but the second one is pending for 720.
    const { retryAfter } = (await tryPresign(api)) as { retryAfter: number };
    expect(retryAfter).toBeGreaterThan(700);
    // With two pending ones allowed, only the daily limit counts.
    const relaxed = createUser({ maxPerDay: 2, maxPending: 2 });
    await presignMany(relaxed, 1);
    advanceTime(DAY_MS - 100_000);
    await presignMany(relaxed, 1);
    expect(await tryPresign(relaxed)).toEqual({ retryAfter: 100 });
  });

  it('is counted per user', async () => {
    const [api, other] = [createUser({ maxPerDay: 1 }), createUser({ maxPerDay: 1 })];
    await presignMany(api, 1);
    expect(await tryPresign(api)).toHaveProperty('retryAfter');
    expect(await tryPresign(other)).toHaveProperty('key');
  });
});

describe('a presign without a size', () => {
  const presign = async (fields: object) => {
    const api = createUser({ requireSize: true });
    const { status, body } = await api.call('POST', '/api/uploads/presign', { contentType: 'image/png', ...fields });
    return [status, body.code];
  };

  it('is refused if a size is required', async () => {
    expect(await presign({})).toEqual([400, 'invalid_request']);
    expect(await presign({ size: 5 * 2 ** 20 + 1 })).toEqual([413, 'too_large']);
    expect(await presign({ size: 1 })).toEqual([200, undefined]);
  });
});
