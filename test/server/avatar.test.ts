import { env } from 'cloudflare:workers';
import { describe, expect, it, vi } from 'vitest';
import { sweepAvatars } from '../../server/jobs/sweep.js';
import { png } from '../support/pictures.js';
import { apiFor, keysBelow, newUser, ownerIn } from './harness.js';
import { verify } from './sigv4.js';

const secrets = { accessKeyId: 'test-access-key', secretAccessKey: 'test-secret-key' };
const life = (url: unknown) => new URL(String(url)).searchParams.get('X-Amz-Expires');

describe('GET /me/avatar', () => {
  it('answers null where there is none', async () => {
    const { status, body } = await apiFor(newUser()).call('GET', '/api/me/avatar');
    expect([status, body]).toEqual([200, { url: null }]);
  });

  it('answers a presigned GET that dies when it says', async () => {
    const api = apiFor(newUser());
    const { body: committed } = await api.upload(png(), 'image/png');
    const { body } = await api.call('GET', '/api/me/avatar');
    expect(body.avatar).toEqual(committed.avatar);
    expect(await verify('GET', String(body.url), {}, secrets)).toBe(true);
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
  ])('keeps %j within a minute and an hour', async (query, seconds) => {
    const api = apiFor(newUser());
    await api.upload(png(), 'image/png');
    expect(life((await api.call('GET', `/api/me/avatar${query}`)).body.url)).toBe(seconds);
  });

  it('refuses an expiresIn that is no number', async () => {
    const { status, body } = await apiFor(newUser()).call('GET', '/api/me/avatar?expiresIn=soon');
    expect([status, body.code]).toEqual([400, 'invalid_request']);
  });

  it('reads one row, whatever the number of users', async () => {
    const insert = `INSERT INTO avatars (owner, key, content_type, size, width, height, created_at)
      VALUES (?1, ?1, 'image/png', 1, 1, 1, 1)`;
    const users = Array.from({ length: 50 }, newUser);
    await env.DB.batch(users.map((user) => env.DB.prepare(insert).bind(user)));
    const prepare = vi.spyOn(env.DB, 'prepare');
    await apiFor(newUser()).call('GET', '/api/me/avatar');
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
    const prepare = vi.spyOn(env.DB, 'prepare');
    const api = apiFor(newUser(), { maxPending: 2 });
    await api.upload(png(), 'image/png');
    await api.upload(new Uint8Array([1]), 'image/png');
    await api.commit((await api.presign()).key);
    await api.presign();
    await api.presign();
    await api.call('GET', '/api/me/avatar');
    await api.call('DELETE', '/api/me/avatar');
    await sweepAvatars(env, {}, Date.now() + 86_400_000);
    const statements = new Set(prepare.mock.calls.map(([sql]) => sql));
    prepare.mockRestore();
    expect(statements.size).toBeGreaterThan(10);
    for (const sql of statements) {
      const parameters = Math.max(0, ...Array.from(sql.matchAll(/\?(\d)/g), ([, n]) => Number(n)));
      const { results } = await env.DB.prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .bind(...new Array(parameters).fill(null))
        .all<{ detail: string }>();
      const scans = results
        .map(({ detail }) => detail)
        .filter((detail) => /^SCAN (?!CONSTANT ROW|json_each)/.test(detail));
      expect(scans, sql).toEqual([]);
    }
  });
});

describe('DELETE /me/avatar', () => {
  it('removes the avatar and its object, and is fine when there is none', async () => {
    const api = apiFor(newUser());
    const { key } = await api.upload(png(), 'image/png');
    for (let i = 0; i < 2; i++) {
      const { status, body } = await api.call('DELETE', '/api/me/avatar');
      expect([status, body]).toEqual([200, { ok: true }]);
    }
    expect((await api.call('GET', '/api/me/avatar')).body).toEqual({ url: null });
    expect(await keysBelow(`avatars/${ownerIn(key)}/`)).toEqual([]);
  });

  it('removes nobody else’s', async () => {
    const [api, other] = [apiFor(newUser()), apiFor(newUser())];
    await other.upload(png(), 'image/png');
    await api.call('DELETE', '/api/me/avatar');
    expect((await other.call('GET', '/api/me/avatar')).body.url).toBeTruthy();
  });
});

describe('GET /users/:id/avatar', () => {
  it('redirects any signed-in user to a fresh presigned GET, for less than its life', async () => {
    const owner = 'o/w ner?#é%';
    await apiFor(owner).upload(png(), 'image/png');
    const { status, headers } = await apiFor(newUser()).call('GET', `/api/users/${encodeURIComponent(owner)}/avatar`);
    expect(status).toBe(302);
    expect(await verify('GET', headers.get('location') ?? '', {}, secrets)).toBe(true);
    const kept = Number(/^private, max-age=(\d+)$/.exec(headers.get('cache-control') ?? '')?.[1]);
    expect(kept).toBeLessThan(Number(life(headers.get('location'))));
  });

  it('answers the same for a user without a picture and for one who may not be seen', async () => {
    const hidden = newUser();
    await apiFor(hidden).upload(png(), 'image/png');
    const viewer = apiFor(newUser(), { canView: (_, ownerId) => ownerId !== hidden });
    const [absent, refused] = [
      await viewer.call('GET', '/api/users/none/avatar'),
      await viewer.call('GET', `/api/users/${hidden}/avatar`),
    ];
    expect([absent.status, absent.body.code]).toEqual([404, 'not_found']);
    expect([refused.status, refused.body]).toEqual([absent.status, absent.body]);
  });

  it('answers a HEAD as it would a GET', async () => {
    const owner = newUser();
    await apiFor(owner).upload(png(), 'image/png');
    const { status, headers } = await apiFor(newUser()).call('HEAD', `/api/users/${owner}/avatar`);
    expect([status, headers.get('cache-control')]).toEqual([302, 'private, max-age=30']);
    expect(headers.get('location')).toContain('X-Amz-Signature');
    expect((await apiFor(null).call('HEAD', `/api/users/${owner}/avatar`)).status).toBe(401);
    expect((await apiFor(owner).call('HEAD', '/api/users/none/avatar')).status).toBe(404);
  });

  it('asks the application about each viewer and owner by their own ids, once somebody is signed in', async () => {
    const asked: unknown[] = [];
    const canView = async (viewer: { id: string }, ownerId: string) => asked.push([viewer.id, ownerId]) > 0;
    await apiFor(null, { canView }).call('GET', '/api/users/ada/avatar');
    expect(asked).toEqual([]);
    const viewer = newUser();
    for (const id of ['ada', 'a/b?#é%', '%2F', '日本', viewer]) {
      await apiFor(viewer, { canView }).call('GET', `/api/users/${encodeURIComponent(id)}/avatar`);
      expect(asked.pop()).toEqual([viewer, id]);
    }
  });

  it('shows nobody anything where the application cannot say', async () => {
    const owner = newUser();
    await apiFor(owner).upload(png(), 'image/png');
    const canView = () => Promise.reject(new Error('no connection'));
    const { status, headers } = await apiFor(newUser(), { canView }).call('GET', `/api/users/${owner}/avatar`);
    expect([status, headers.get('location'), headers.get('cache-control')]).toEqual([500, null, 'no-store']);
  });
});
