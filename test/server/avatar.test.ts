import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { png } from '../support/pictures.js';
import { createApi, createUserId, listKeys, parseOwner } from './harness.js';
import { isWorkerd } from './runtime.js';
import { verifySignature } from './sigv4.js';
import {
  advanceTime,
  createAvatarKey,
  createOwner,
  DAY_MS,
  emptyBucket,
  emptyDatabase,
  insertAvatars,
  runSweep,
} from './storage-helpers.js';

const secrets = { accessKeyId: 'test-access-key', secretAccessKey: 'test-secret-key' };
const getLifetime = (url: unknown) => new URL(String(url)).searchParams.get('X-Amz-Expires');

describe('GET /me/avatar', () => {
  it('returns null if there is no avatar', async () => {
    const { status, body } = await createApi(createUserId()).call('GET', '/api/me/avatar');
    expect([status, body]).toEqual([200, { url: null }]);
  });

  it('returns a presigned GET that expires at expiresAt', async () => {
    const api = createApi(createUserId());
    const { body: committed } = await api.upload(png(), 'image/png');
    const { body } = await api.call('GET', '/api/me/avatar');
    expect(body.avatar).toEqual(committed.avatar);
    expect(await verifySignature('GET', String(body.url), {}, secrets)).toBe(true);
    const signed = String(new URL(String(body.url)).searchParams.get('X-Amz-Date'));
    const at = Date.parse(signed.replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z'));
    expect(Date.parse(String(body.expiresAt))).toBe(at + 300_000);
  });

  it.each([
    ['', '300'],
    ['?expiresIn=600', '600'],
    ['?expiresIn=1', '60'],
    ['?expiresIn=-5', '60'],
    ['?expiresIn=999999', '3600'],
    ['?expiresIn=Infinity', '3600'],
    ['?expiresIn=61.9', '61'],
  ])('clamps the lifetime for %j to between a minute and an hour', async (query, seconds) => {
    const api = createApi(createUserId());
    await api.upload(png(), 'image/png');
    expect(getLifetime((await api.call('GET', `/api/me/avatar${query}`)).body.url)).toBe(seconds);
  });

  it('refuses an expiresIn that is not a number', async () => {
    const { status, body } = await createApi(createUserId()).call('GET', '/api/me/avatar?expiresIn=soon');
    expect([status, body.code]).toEqual([400, 'invalid_request']);
  });

  it.runIf(isWorkerd)('reads one row, however many users there are', async () => {
    const insert = `INSERT INTO flare_avatar_current (owner, key, content_type, size, width, height, created_at)
      VALUES (?1, ?1, 'image/png', 1, 1, 1, 1)`;
    const users = Array.from({ length: 50 }, createUserId);
    await env.DB.batch(users.map((user) => env.DB.prepare(insert).bind(user)));
    const prepare = vi.spyOn(env.DB, 'prepare');
    await createApi(createUserId()).call('GET', '/api/me/avatar');
    const statements = prepare.mock.calls.map(([sql]) => sql);
    prepare.mockRestore();
    expect(statements).toHaveLength(1);
    const { meta } = await env.DB.prepare(statements[0] ?? '')
      .bind(users[7])
      .all();
    expect(meta.rows_read).toBe(1);
  });
});

describe('every statement', () => {
  it('finds its rows by an index', async () => {
    await emptyBucket();
    await emptyDatabase();
    const prepare = vi.spyOn(env.DB, 'prepare');
    const api = createApi(createUserId(), { maxPending: 2 });
    await api.upload(png(), 'image/png');
    await api.upload(new Uint8Array([1]), 'image/png');
    await api.commit((await api.presign()).key);
    await api.presign();
    await api.presign();
    await api.call('GET', '/api/me/avatar');
    await api.call('POST', '/api/users/avatars', { ids: [createUserId()] });
    await api.call('DELETE', '/api/me/avatar');
    vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
    for (const days of [1, 31, 0]) {
      // Something new and something old of each kind that the sweep notes.
      await env.AVATARS.put(createAvatarKey(createOwner(days)), 'x');
      await env.AVATARS.put(`pending/${createOwner(days)}/${crypto.randomUUID()}`, 'x');
      await insertAvatars([createAvatarKey(createOwner(100 + days))]);
      advanceTime(days * DAY_MS);
      await runSweep(env, { reconcile: days === 31 ? 'report' : 'on' });
    }
    vi.useRealTimers();
    const statements = new Set(prepare.mock.calls.map(([sql]) => sql));
    prepare.mockRestore();
    expect(statements.size).toBeGreaterThan(35);
    for (const sql of statements) {
      const parameters = Math.max(0, ...Array.from(sql.matchAll(/\?(\d+)/g), ([, n]) => Number(n)));
      const { results } = await env.DB.prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .bind(...new Array(parameters).fill(null))
        .all<{ detail: string }>();
      const scans = results
        .map(({ detail }) => detail)
        .filter((detail) => /^SCAN (?!CONSTANT ROW|json_each|entry VIRTUAL|\(subquery)/.test(detail));
      expect(scans, sql).toEqual([]);
    }
  });
});

describe('DELETE /me/avatar', () => {
  it('removes the avatar and its object, and succeeds if there is none', async () => {
    const api = createApi(createUserId());
    const { key } = await api.upload(png(), 'image/png');
    for (let i = 0; i < 2; i++) {
      const { status, body } = await api.call('DELETE', '/api/me/avatar');
      expect([status, body]).toEqual([200, { ok: true }]);
    }
    expect((await api.call('GET', '/api/me/avatar')).body).toEqual({ url: null });
    expect(await listKeys(`avatars/${parseOwner(key)}/`)).toEqual([]);
  });

  it("does not remove another user's avatar", async () => {
    const [api, other] = [createApi(createUserId()), createApi(createUserId())];
    await other.upload(png(), 'image/png');
    await api.call('DELETE', '/api/me/avatar');
    expect((await other.call('GET', '/api/me/avatar')).body.url).toBeTruthy();
  });
});

describe('a presigned GET', () => {
  afterEach(() => void vi.useRealTimers());

  it.each([60, 61, 300, 3599, 3600])('for %i s is the same for half of its lifetime', async (life) => {
    const api = createApi(createUserId());
    await api.upload(png(), 'image/png');
    const read = async (now: number) => {
      vi.useFakeTimers({ now, toFake: ['Date'] });
      const { body } = await api.call('GET', `/api/me/avatar?expiresIn=${life}`);
      const left = Date.parse(String(body.expiresAt)) - now;
      return { url: String(body.url), left };
    };
    const windowMs = Math.floor(life / 2) * 1000;
    const start = Math.ceil(Date.now() / windowMs) * windowMs;
    const [before, first, last, next] = [
      await read(start - 1),
      await read(start),
      await read(start + windowMs - 1),
      await read(start + windowMs),
    ];
    expect(first.url).toBe(last.url);
    expect(new Set([before.url, first.url, next.url]).size).toBe(3);
    for (const { url, left } of [before, first, last, next]) {
      expect(left).toBeGreaterThanOrEqual((life * 1000) / 2);
      expect(left).toBeLessThanOrEqual(life * 1000);
      expect(getLifetime(url)).toBe(String(life));
      expect(await verifySignature('GET', url, {}, secrets)).toBe(true);
    }
  });

  it('of a user is the same for every viewer, in the redirect and in lists', async () => {
    const owner = createUserId();
    await createApi(owner).upload(png(), 'image/png');
    vi.useFakeTimers({ now: Math.ceil(Date.now() / 1_800_000) * 1_800_000, toFake: ['Date'] });
    const urls = new Set();
    for (const viewer of [owner, createUserId()]) {
      const api = createApi(viewer);
      urls.add((await api.call('GET', `/api/users/${owner}/avatar`)).headers.get('location'));
      const { body } = await api.call('POST', '/api/users/avatars', { ids: [owner] });
      urls.add((body.avatars as Record<string, { url: string }>)[owner]?.url);
      urls.add((await api.call('GET', `/api/me/avatar?expiresIn=3600`)).body.url ?? [...urls][0]);
      vi.advanceTimersByTime(1_799_999 / 2);
    }
    expect([...urls]).toEqual([expect.stringContaining('X-Amz-Expires=3600')]);
  });
});

describe('GET /users/:id/avatar', () => {
  it('redirects signed-in users to a presigned GET, cached for less than its lifetime', async () => {
    const owner = 'o/w ner?#é%';
    await createApi(owner).upload(png(), 'image/png');
    const { status, headers } = await createApi(createUserId()).call(
      'GET',
      `/api/users/${encodeURIComponent(owner)}/avatar`,
    );
    expect(status).toBe(302);
    expect(await verifySignature('GET', headers.get('location') ?? '', {}, secrets)).toBe(true);
    const kept = Number(/^private, max-age=(\d+)$/.exec(headers.get('cache-control') ?? '')?.[1]);
    expect(kept).toBeLessThan(Number(getLifetime(headers.get('location'))));
  });

  it('responds alike for a user without an avatar and for one whom the viewer may not see', async () => {
    const hidden = createUserId();
    await createApi(hidden).upload(png(), 'image/png');
    const viewer = createApi(createUserId(), { canView: (_, ownerId) => ownerId !== hidden });
    const [absent, refused] = [
      await viewer.call('GET', '/api/users/none/avatar'),
      await viewer.call('GET', `/api/users/${hidden}/avatar`),
    ];
    expect([absent.status, absent.body.code]).toEqual([404, 'not_found']);
    expect([refused.status, refused.body]).toEqual([absent.status, absent.body]);
  });

  it('responds to HEAD like GET', async () => {
    const owner = createUserId();
    await createApi(owner).upload(png(), 'image/png');
    const { status, headers } = await createApi(createUserId()).call('HEAD', `/api/users/${owner}/avatar`);
    expect([status, headers.get('cache-control')]).toEqual([302, 'private, max-age=30']);
    expect(headers.get('location')).toContain('X-Amz-Signature');
    expect((await createApi(null).call('HEAD', `/api/users/${owner}/avatar`)).status).toBe(401);
    expect((await createApi(owner).call('HEAD', '/api/users/none/avatar')).status).toBe(404);
  });

  it('shows visitors who are not signed in what canView allows, and by default nothing', async () => {
    const owner = createUserId();
    await createApi(owner).upload(png(), 'image/png');
    const path = `/api/users/${owner}/avatar`;
    const canView = (viewer: unknown, ownerId: string) => viewer === null && ownerId === owner;
    expect((await createApi(null).call('GET', path)).status).toBe(401);
    expect((await createApi(null, { canView }).call('GET', path)).status).toBe(302);
    expect((await createApi(null, { canView: () => false }).call('GET', path)).status).toBe(404);
    for (const own of ['/api/me/avatar', '/api/uploads/presign']) {
      const method = own.includes('presign') ? 'POST' : 'GET';
      expect((await createApi(null, { canView }).call(method, own)).status).toBe(401);
    }
  });

  it('calls canView with the decoded ids of viewer and owner, and with null for a visitor', async () => {
    const asked: unknown[] = [];
    const canView = async (viewer: { id: string } | null, ownerId: string) => asked.push([viewer?.id, ownerId]) > 0;
    await createApi(null, { canView }).call('GET', '/api/users/ada/avatar');
    expect(asked.pop()).toEqual([undefined, 'ada']);
    const viewer = createUserId();
    for (const id of ['ada', 'a/b?#é%', '%2F', '日本', viewer]) {
      await createApi(viewer, { canView }).call('GET', `/api/users/${encodeURIComponent(id)}/avatar`);
      expect(asked.pop()).toEqual([viewer, id]);
    }
  });

  it('responds with 500 if canView fails', async () => {
    const owner = createUserId();
    await createApi(owner).upload(png(), 'image/png');
    const canView = () => Promise.reject(new Error('no connection'));
    const { status, headers } = await createApi(createUserId(), { canView }).call('GET', `/api/users/${owner}/avatar`);
    expect([status, headers.get('location'), headers.get('cache-control')]).toEqual([500, null, 'no-store']);
  });
});
