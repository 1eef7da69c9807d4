import { env } from 'cloudflare:workers';
import { Hono } from 'hono';
import { describe, expect, it, vi } from 'vitest';
import type { AvatarEnv } from '../../server/config.js';
import { createAvatarApi } from '../../server/create-avatar-api.js';
import { png } from '../support/pictures.js';
import { createApi, createUserId } from './harness.js';

const PATH = '/api/users/avatars';

async function createOwner(): Promise<string> {
  const owner = createUserId();
  await createApi(owner).upload(png(), 'image/png');
  return owner;
}

describe('POST /users/avatars', () => {
  it('returns the URL of each avatar, and null where there is none or the viewer may not see it', async () => {
    const [shown, hidden, absent] = [await createOwner(), await createOwner(), createUserId()];
    const api = createApi(createUserId(), { canView: (_, ownerId) => ownerId !== hidden });
    const { status, body } = await api.call('POST', PATH, { ids: [shown, hidden, absent, shown, '__proto__', ''] });
    const picture = { url: expect.stringContaining('X-Amz-Signature'), expiresAt: expect.any(String) };
    expect(status).toBe(200);
    expect(Object.entries(body.avatars as object)).toEqual([
      [shown, picture],
      [hidden, null],
      [absent, null],
      ['__proto__', null],
      ['', null],
    ]);
  });

  it('asks the database once for 100 users, also under several secrets', async () => {
    const ids = [await createOwner(), ...Array.from({ length: 99 }, createUserId)];
    const OWNER_SECRET = `${'x'.repeat(32)} ${env.OWNER_SECRET} ${'y'.repeat(32)}`;
    const prepare = vi.spyOn(env.DB, 'prepare');
    const session = vi.spyOn(env.DB, 'withSession');
    const { body } = await createApi(ids[0] ?? '', {}, { OWNER_SECRET }).call('POST', PATH, { ids });
    expect([prepare.mock.calls.length, session.mock.calls.length]).toEqual([1, 0]);
    vi.restoreAllMocks();
    const found = Object.entries(body.avatars as object).filter(([, avatar]) => avatar !== null);
    expect(found.map(([id]) => id)).toEqual([ids[0]]);
  });

  it.each([
    {},
    { ids: 'ada' },
    { ids: [7] },
    { ids: Array.from({ length: 101 }, String) },
    ...[0, -1, 1.5, '64', null, 2 ** 60].map((size) => ({ ids: ['ada'], size })),
  ])('refuses %j', async (request) => {
    const { status, body } = await createApi(createUserId()).call('POST', PATH, request);
    expect([status, body.code]).toEqual([400, 'invalid_request']);
  });

  it('takes 100 ids of 1,000 characters each, in any JSON encoding', async () => {
    const owner = createUserId().padEnd(1000, 'é');
    await createApi(owner).upload(png(), 'image/png');
    const ids = [owner, ...Array.from({ length: 99 }, (_, i) => String(i).padEnd(1000, '😀'))];
    const encode = (id: string) =>
      id.replace(/[\s\S]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
    const body = `{"ids":[${ids.map((id) => `"${encode(id)}"`)}],"size":64}`;
    expect(body.length).toBeGreaterThan(600_000);
    for (const request of [{ ids }, body]) {
      const response = await createApi(createUserId()).call('POST', PATH, request);
      expect(response.status).toBe(200);
      expect((response.body.avatars as Record<string, unknown>)[owner]).toBeTruthy();
      expect(Object.keys(response.body.avatars as object)).toHaveLength(100);
    }
  });

  it('refuses an id of more than 1,000 characters, and a body that is larger than any valid one', async () => {
    const long = await createApi(createUserId()).call('POST', PATH, { ids: ['x'.repeat(1001)] });
    expect([long.status, long.body.code]).toEqual([400, 'invalid_request']);
    expect(long.body.error).toBe('The request body is invalid: ids.0 must have at most 1000 characters.');
    const large = await createApi(createUserId()).call('POST', PATH, { ids: [], padding: 'x'.repeat(602_000) });
    expect([large.status, large.body.code]).toEqual([413, 'too_large']);
  });

  it('refuses visitors who are not signed in, unless canView allows them', async () => {
    const [owner, other] = [await createOwner(), await createOwner()];
    const refused = await createApi(null).call('POST', PATH, { ids: [] });
    expect([refused.status, refused.body.code]).toEqual([401, 'unauthorized']);
    const canView = (viewer: unknown, id: string) => viewer === null && id === owner;
    const { body } = await createApi(null, { canView }).call('POST', PATH, { ids: [owner, other] });
    expect(body.avatars).toMatchObject({ [owner]: { url: expect.any(String) }, [other]: null });
  });

  it('refuses origins that are not trusted', async () => {
    const headers = { origin: 'https://evil.test' };
    const { status, body } = await createApi(createUserId()).call('POST', PATH, { ids: [] }, headers);
    expect([status, body.code]).toEqual([403, 'forbidden_origin']);
  });

  it('counts towards the rate limit', async () => {
    const RATE_LIMITER = { limit: async () => ({ success: false }) };
    const { status } = await createApi(createUserId(), {}, { RATE_LIMITER }).call('POST', PATH, { ids: [] });
    expect(status).toBe(429);
  });
});

describe('fallback', () => {
  const call = async (fallback: (ownerId: string) => never, id: string, canView = () => true) => {
    const app = new Hono<{ Bindings: AvatarEnv }>();
    app.route('/api', createAvatarApi({ authenticate: () => ({ id: 'ada' }), fallback, canView }));
    return app.request(`https://app.test/api/users/${id}/avatar`, {}, { ...env });
  };

  it.each(['/person.svg', new URL('https://cdn.test/person.svg')])('redirects to %s', async (url) => {
    const response = await call(() => url as never, createUserId());
    expect([response.status, response.headers.get('location')]).toEqual([302, String(url)]);
    expect(response.headers.get('cache-control')).toBe('private, max-age=30');
    expect(response.headers.get('cross-origin-resource-policy')).toBe('same-site');
  });

  it('responds alike without an avatar and for one whom the viewer may not see', async () => {
    const fallback = (id: string) =>
      new Response(id.slice(0, 4), { headers: { 'content-type': 'text/plain' } }) as never;
    const answers = [await call(fallback, createUserId()), await call(fallback, await createOwner(), () => false)];
    const [absent, hidden] = await Promise.all(
      answers.map(async (answer) => {
        const headers = [...answer.headers].filter(([name]) => name !== 'x-request-id');
        return [answer.status, headers, await answer.text()];
      }),
    );
    expect(absent).toEqual(hidden);
    expect(absent?.[0]).toBe(200);
  });

  it('is not called where there is a picture', async () => {
    const fallback = vi.fn();
    const response = await call(fallback as never, await createOwner());
    expect([response.headers.get('location')?.includes('X-Amz'), fallback.mock.calls]).toEqual([true, []]);
  });

  it('that returns null leads to 404, and one that returns anything else to 500', async () => {
    expect((await call(() => null as never, createUserId())).status).toBe(404);
    expect((await call(() => 7 as never, createUserId())).status).toBe(500);
  });
});
