import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AvatarEnv } from '../../server/config.js';
import { LATE_WRITE_MS } from '../../server/db/claim.js';
import { MARK_KEY } from '../../server/installation-problem.js';
import { png, text } from '../support/pictures.js';
import { createApi, createUserId, listKeys, parseOwner } from './harness.js';
import { rebuild } from './rebuild-helpers.js';
import { COPIER, createService } from './service-helpers.js';
import { advanceTime, emptyBucket, emptyDatabase, insertAvatars, runSweep, setMarks } from './storage-helpers.js';

const PUBLIC_URL = 'https://avatars.example.com';

/** An uploads bucket of its own, and private avatars. */
const SEPARATE = { PENDING: env.SECOND_BUCKET, R2_PENDING_BUCKET: 'flare-pending' };
const PUBLIC = { ...SEPARATE, PUBLIC_URL };
const PUBLIC_CACHE = 'public, max-age=31536000, immutable';

/** After the last moment for a commit: 120 seconds for the PUT, 600 for the commit, and one more. */
const AFTER_EXPIRY_MS = 721_000;

beforeEach(async () => {
  vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
  for (const bucket of [env.AVATARS, env.SECOND_BUCKET]) await emptyBucket(bucket);
  await emptyDatabase();
});
afterEach(() => {
  vi.useRealTimers();
});

const createPublicApi = (user: string | null, options = {}, overrides: Partial<AvatarEnv> = PUBLIC) =>
  createApi(user, options, overrides);

/** Uploads a picture as a presigned PUT would, and commits it. */
async function upload(user: string, options = {}, overrides: Partial<AvatarEnv> = PUBLIC) {
  const api = createApi(user, options, overrides);
  const { key } = await api.presign();
  await (overrides.R2_PENDING_BUCKET ? env.SECOND_BUCKET : env.AVATARS).put(key, png());
  const { body } = await api.commit(key);
  return { api, key, avatarKey: body.avatar?.key ?? '' };
}

const listPending = async (bucket: R2Bucket) =>
  (await bucket.list({ prefix: 'pending/' })).objects.map(({ key }) => key);

describe('with PUBLIC_URL', () => {
  it('every endpoint answers the permanent URL of the picture, without an expiry', async () => {
    const user = createUserId();
    const { api, avatarKey } = await upload(user);
    const url = `${PUBLIC_URL}/${avatarKey}`;
    const own = await api.call('GET', '/api/me/avatar?expiresIn=60');
    expect(own.body).toEqual({ url, avatar: expect.objectContaining({ key: avatarKey }) });
    const other = createPublicApi(createUserId());
    const { body } = await other.call('POST', '/api/users/avatars', { ids: [user, 'nobody'] });
    expect(body.avatars).toEqual({ [user]: { url }, nobody: null });
    const redirect = await other.call('GET', `/api/users/${user}/avatar`);
    expect([redirect.status, redirect.headers.get('location')]).toEqual([302, url]);
    expect(redirect.headers.get('cache-control')).toBe('private, max-age=30');
    advanceTime(7 * 86_400_000);
    expect((await api.call('GET', '/api/me/avatar')).body.url).toBe(url);
  });

  it('leads to the copy of the size that is asked for', async () => {
    const user = createUserId();
    const { api, avatarKey } = await upload(user, { variants: COPIER });
    const copy = `${PUBLIC_URL}/${avatarKey.replace(/\.png$/, '.2.webp')}`;
    expect((await api.call('GET', '/api/me/avatar?size=2')).body.url).toBe(copy);
    const { body } = await api.call('POST', '/api/users/avatars', { ids: [user], size: 2 });
    expect(body.avatars).toEqual({ [user]: { url: copy } });
    const redirect = await api.call('GET', `/api/users/${user}/avatar?size=2`);
    expect(redirect.headers.get('location')).toBe(copy);
  });

  it('stores pictures and copies for shared caches, and without it for browsers only', async () => {
    for (const [overrides, expected] of [
      [PUBLIC, PUBLIC_CACHE],
      [{}, PUBLIC_CACHE.replace('public', 'private')],
    ] as const) {
      const { avatarKey } = await upload(createUserId(), { variants: COPIER }, overrides);
      const keys = await listKeys(`avatars/${parseOwner(avatarKey)}/`);
      expect(keys).toHaveLength(3);
      for (const key of keys) expect((await env.AVATARS.head(key))?.httpMetadata?.cacheControl, key).toBe(expected);
    }
  });

  it('stores uploads in a bucket of their own, and only checked pictures in that of the avatars', async () => {
    const api = createPublicApi(createUserId());
    const presigned = await api.presign();
    expect(new URL(presigned.url).pathname).toBe(`/flare-pending/${presigned.key}`);
    await env.SECOND_BUCKET.put(presigned.key, text('<script>'));
    expect((await api.commit(presigned.key)).body.code).toBe('invalid_image');
    expect(await listKeys('')).toEqual([]);
    const { avatarKey } = await upload(createUserId());
    expect(await listKeys('')).toEqual([avatarKey, MARK_KEY]);
  });

  it('deletes the object of a removed avatar at once', async () => {
    const { api, avatarKey } = await upload(createUserId(), { variants: COPIER });
    await api.call('DELETE', '/api/me/avatar');
    expect(await listKeys(`avatars/${parseOwner(avatarKey)}/`)).toEqual([]);
  });

  it('shows nobody the URL of a picture that they may not see', async () => {
    const user = createUserId();
    await upload(user);
    const visitor = createPublicApi(null, { canView: (viewer: unknown) => viewer !== null });
    expect((await visitor.call('GET', `/api/users/${user}/avatar`)).status).toBe(404);
    expect((await visitor.call('POST', '/api/users/avatars', { ids: [user] })).body.avatars).toEqual({ [user]: null });
    const guest = createPublicApi(null, { canView: () => true });
    expect((await guest.call('GET', `/api/users/${user}/avatar`)).status).toBe(302);
  });
});

describe('avatarService() with PUBLIC_URL', () => {
  it('gives permanent URLs, also for a host without an origin', async () => {
    const user = createUserId();
    const { avatarKey } = await upload(user, { variants: COPIER });
    const service = createService({ variants: COPIER }, PUBLIC);
    expect(await service.url(user, { expiresIn: 60 })).toEqual({ url: `${PUBLIC_URL}/${avatarKey}` });
    const copy = `${PUBLIC_URL}/${avatarKey.replace(/\.png$/, '.1.webp')}`;
    expect(await service.urls([user, 'nobody'], { size: 1 })).toEqual({ [user]: { url: copy }, nobody: null });
  });

  it('stores pictures for shared caches', async () => {
    const { key } = await createService({ variants: COPIER }, PUBLIC).put(createUserId(), png());
    for (const each of await listKeys(`avatars/${parseOwner(key)}/`)) {
      expect((await env.AVATARS.head(each))?.httpMetadata?.cacheControl, each).toBe(PUBLIC_CACHE);
    }
  });

  it('erases the uploads of a user from both buckets', async () => {
    const user = createUserId();
    const { key } = await upload(user);
    for (const bucket of [env.AVATARS, env.SECOND_BUCKET]) await bucket.put(key, png());
    const { key: other } = await upload(createUserId());
    await createService({}, PUBLIC).erase(user);
    expect(await listPending(env.AVATARS)).toEqual([]);
    expect(await listPending(env.SECOND_BUCKET)).toEqual([other]);
    expect(await listKeys(`avatars/${parseOwner(key)}/`)).toEqual([]);
  });
});

describe('the settings of public avatars', () => {
  const CALLS = [
    ['POST', '/api/uploads/presign', { contentType: 'image/png' }],
    ['POST', '/api/uploads/commit', { key: 'x' }],
    ['GET', '/api/me/avatar'],
    ['DELETE', '/api/me/avatar'],
    ['GET', '/api/users/ada/avatar'],
    ['POST', '/api/users/avatars', { ids: ['ada'] }],
  ] as const;

  it.each<[string, Partial<AvatarEnv>]>([
    ['PENDING', { PUBLIC_URL, R2_PENDING_BUCKET: 'flare-pending' }],
    ['R2_PENDING_BUCKET', { PUBLIC_URL, PENDING: env.SECOND_BUCKET }],
    ['PENDING, R2_PENDING_BUCKET', { PUBLIC_URL }],
    ['PENDING', { R2_PENDING_BUCKET: 'flare-pending' }],
    ['R2_PENDING_BUCKET', { ...PUBLIC, R2_PENDING_BUCKET: 'flare-avatars' }],
    ['PENDING', { ...PUBLIC, PENDING: {} as R2Bucket }],
    ['PUBLIC_URL', { ...PUBLIC, PUBLIC_URL: 'http://avatars.example.com' }],
  ])('make every call respond with 503, and name %s, if they are incomplete or wrong', async (name, settings) => {
    for (const user of ['ada', null]) {
      const api = createApi(user, { canView: () => true }, settings);
      for (const [method, path, body] of user === null ? CALLS.slice(4) : CALLS) {
        const response = await api.call(method, path, body);
        expect([response.status, response.body.code], path).toEqual([503, 'unavailable']);
        expect(response.body.error).toContain(`The server is not configured: ${name} `);
      }
    }
    expect((await createApi(null, {}, settings).call('GET', '/api/health')).body.error).toContain('settings');
    const entry = await runSweep({ ...env, ...settings });
    expect(entry).toMatchObject({ level: 'error', swept: 0, deleted: 0 });
  });

  it('may lack R2_PENDING_BUCKET without PUBLIC_URL: new uploads are then in R2_BUCKET', async () => {
    const { key } = await createApi(createUserId(), {}, { PENDING: env.SECOND_BUCKET }).presign();
    const { url } = await createApi(createUserId(), {}, SEPARATE).presign();
    expect(new URL(url).pathname).toMatch(/^\/flare-pending\//);
    expect(key).toMatch(/^pending\//);
  });

  it.each([
    ['https://avatars.example.com', PUBLIC_URL],
    [' "https://Avatars.Example.com/" ', PUBLIC_URL],
    ['https://example.com/img//', 'https://example.com/img'],
    ['https://avatars.example.com:8443/a/b', 'https://avatars.example.com:8443/a/b'],
    ['http://localhost:5173/cdn-cgi/local/r2/public/flare-avatars', null],
    ['http://127.0.0.1:8787', null],
    ['http://[::1]', null],
  ])('accept the address %s', async (address, expected) => {
    const { api, avatarKey } = await upload(createUserId(), {}, { ...PUBLIC, PUBLIC_URL: address });
    const { url } = (await api.call('GET', '/api/me/avatar')).body;
    expect(url).toBe(`${expected ?? address}/${avatarKey}`);
  });

  it.each([
    'avatars.example.com',
    '/avatars',
    '//avatars.example.com',
    'ftp://avatars.example.com',
    'javascript:alert(1)',
    'http://avatars.example.com',
    'http://localhost.example.com',
    'https://',
    'https://avatars.example.com/?size=1',
    'https://avatars.example.com?',
    'https://avatars.example.com/#top',
    'https://avatars.example.com#',
    'https://ada:secret@avatars.example.com',
    'https://abc123.r2.cloudflarestorage.com/flare-avatars',
    'https://dash.cloudflare.com/abc123/r2',
  ])('refuse the address %s, and do not repeat it', async (address) => {
    const { status, body } = await createPublicApi('ada', {}, { ...PUBLIC, PUBLIC_URL: address }).call(
      'GET',
      '/api/me/avatar',
    );
    expect([status, body.error]).toEqual([503, expect.stringContaining('PUBLIC_URL')]);
    expect(body.error?.replace('https://avatars.example.com,', '')).not.toContain(address);
  });

  it('are not healthy if PENDING leads to the bucket of the avatars', async () => {
    await upload(createUserId());
    const check = (PENDING: R2Bucket) =>
      createApi(null, {}, { ...PUBLIC, PENDING, AVATARS: env.AVATARS }).call('GET', '/api/health');
    expect((await check(env.SECOND_BUCKET)).status).toBe(200);
    expect((await check(env.AVATARS)).status).toBe(200);
    const sameBucket = new Proxy(env.AVATARS, { get: (bucket, name) => bindTo(bucket, name) });
    expect((await check(sameBucket)).body).toMatchObject({ error: 'Not available: storage.' });
  });
});

const bindTo = (bucket: R2Bucket, name: string | symbol): unknown => {
  const value = Reflect.get(bucket, name);
  return typeof value === 'function' ? value.bind(bucket) : value;
};

describe('the sweep with two buckets', () => {
  const bindings = { ...env, ...PUBLIC };

  it('deletes expired uploads from both', async () => {
    const { key } = await createPublicApi(createUserId()).presign();
    for (const bucket of [env.AVATARS, env.SECOND_BUCKET]) await bucket.put(key, png());
    advanceTime(AFTER_EXPIRY_MS);
    expect(await runSweep(bindings)).toMatchObject({ level: 'info', swept: 1 });
    expect([await listPending(env.AVATARS), await listPending(env.SECOND_BUCKET)]).toEqual([[], []]);
  });

  it('deletes uploads that arrive after that, and keeps those that are open', async () => {
    await upload(createUserId());
    const { key } = await createPublicApi(createUserId()).presign();
    const late = `pending/${'f'.repeat(32)}/${crypto.randomUUID()}`;
    for (const each of [key, late]) await env.SECOND_BUCKET.put(each, png());
    await env.AVATARS.put(late, png());
    expect(await runSweep(bindings)).toMatchObject({ level: 'info', late: 2, unknown: 0, missing: 0 });
    await runSweep(bindings);
    expect(await listPending(env.AVATARS)).toEqual([]);
    expect(await listPending(env.SECOND_BUCKET)).not.toContain(late);
    expect(await listPending(env.SECOND_BUCKET)).toContain(key);
  });

  it('compares every object of both, however they are spread', async () => {
    const owners = Array.from({ length: 40 }, (_, i) => i.toString(16).padStart(32, '0'));
    const createKeys = (prefix: string, end = '') => owners.map((o) => `${prefix}/${o}/${crypto.randomUUID()}${end}`);
    const [avatars, late, other] = [createKeys('avatars', '.png'), createKeys('pending'), createKeys('pending')];
    await Promise.all([...avatars, ...other].map((key) => env.AVATARS.put(key, 'x')));
    await Promise.all(late.map((key) => env.SECOND_BUCKET.put(key, 'x')));
    const foreign = `avatars/${owners[0]}/${crypto.randomUUID()}.png`;
    await env.SECOND_BUCKET.put(foreign, 'x');
    await insertAvatars(avatars);
    await setMarks('mark', 'mark');
    const limit = (bucket: R2Bucket) =>
      new Proxy(bucket, {
        get: (target, name) =>
          name === 'list'
            ? (options: R2ListOptions) => target.list({ ...options, limit: (options.limit ?? 0) / 100 || 1 })
            : bindTo(target, name),
      });
    const small = { ...bindings, AVATARS: limit(env.AVATARS), PENDING: limit(env.SECOND_BUCKET) };
    // Slices of ten objects of each bucket. The mark is an object too.
    const all = { walked: 121, unknown: 0, missing: 0, late: 80, deleted: 80 };
    expect(await runSweep(small)).toMatchObject({ level: 'info', ...all });
    expect([await listPending(env.AVATARS), await listPending(env.SECOND_BUCKET)]).toEqual([[], []]);
    expect((await env.SECOND_BUCKET.list()).objects.map(({ key }) => key)).toEqual([foreign]);
    expect(await listKeys('avatars/')).toHaveLength(40);
  });
});

describe('moving between private and public avatars', () => {
  it('commits and sweeps uploads that were begun before the uploads had a bucket of their own', async () => {
    const user = createUserId();
    const [done, open] = [await createApi(user).presign(), await createApi(user).presign()];
    for (const { key } of [done, open]) await env.AVATARS.put(key, png());
    for (const settings of [SEPARATE, PUBLIC]) {
      expect((await createApi(user, {}, settings).commit(done.key)).status).toBe(200);
    }
    expect((await createApi(user, {}, PUBLIC).call('GET', '/api/me/avatar')).body.url).toContain(PUBLIC_URL);
    advanceTime(AFTER_EXPIRY_MS);
    await runSweep({ ...env, ...PUBLIC });
    expect(await listPending(env.AVATARS)).toEqual([]);
  });

  it('commits and sweeps uploads that were begun in a bucket that is no longer used for new ones', async () => {
    const user = createUserId();
    const [done, open] = [await createPublicApi(user).presign(), await createPublicApi(user).presign()];
    for (const { key } of [done, open]) await env.SECOND_BUCKET.put(key, png());
    const api = createApi(user, {}, { PENDING: env.SECOND_BUCKET });
    expect((await api.commit(done.key)).status).toBe(200);
    const { body } = await api.call('GET', '/api/me/avatar');
    expect([body.url, body.expiresAt]).toEqual([expect.stringContaining('X-Amz-Signature'), expect.any(String)]);
    advanceTime(AFTER_EXPIRY_MS);
    await runSweep({ ...env, PENDING: env.SECOND_BUCKET });
    expect(await listPending(env.SECOND_BUCKET)).toEqual([]);
  });

  it('keeps every avatar, in both directions', async () => {
    const user = createUserId();
    const { avatarKey } = await upload(user, {}, {});
    for (const settings of [SEPARATE, PUBLIC, SEPARATE, { PENDING: env.SECOND_BUCKET }, {}]) {
      const { body } = await createApi(user, {}, settings).call('GET', '/api/me/avatar');
      expect(body.avatar?.key).toBe(avatarKey);
      expect(String(body.url).startsWith(`${PUBLIC_URL}/`)).toBe('PUBLIC_URL' in settings);
      expect(await runSweep({ ...env, ...settings })).toMatchObject({ level: 'info', unknown: 0, missing: 0 });
      advanceTime(LATE_WRITE_MS);
    }
  });

  it('gives the copies that npm run rebuild makes the headers of public objects', async () => {
    const secrets = `new-owner-secret-of-at-least-32-chars ${env.OWNER_SECRET}`;
    const { avatarKey } = await upload(createUserId(), {}, {});
    const { counts } = await rebuild({ secrets, encoder: COPIER, isPublic: true });
    expect(counts).toMatchObject({ moved: 1, enriched: 1 });
    const keys = (await listKeys('avatars/')).filter((key) => parseOwner(key) !== parseOwner(avatarKey));
    // The picture, and the one copy that is smaller.
    expect(keys).toHaveLength(2);
    for (const key of keys) expect((await env.AVATARS.head(key))?.httpMetadata?.cacheControl).toBe(PUBLIC_CACHE);
  });
});
