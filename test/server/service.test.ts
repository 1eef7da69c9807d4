import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { avatarService } from '../../server/avatar-service.js';
import type { AvatarEnv } from '../../server/config.js';
import { ApiError } from '../../server/errors.js';
import { jpeg, png } from '../support/pictures.js';
import { failAtCall } from './fault-bindings.js';
import { createApi, createUserId } from './harness.js';
import { COPIER, createService, describeRefusal } from './service-helpers.js';

afterEach(() => vi.restoreAllMocks());

async function createOwner(): Promise<string> {
  const owner = createUserId();
  await createApi(owner).upload(png(), 'image/png');
  return owner;
}

describe('avatarService().find()', () => {
  it('returns the avatar that the commit has answered, and null where there is none', async () => {
    const user = createUserId();
    expect(await createService().find(user)).toBe(null);
    const { body } = await createApi(user).upload(png(), 'image/png');
    expect(await createService().find(user)).toEqual(body.avatar);
    await createApi(user).call('DELETE', '/api/me/avatar');
    expect(await createService().find(user)).toBe(null);
  });

  it('finds the same user for a number and for its text', async () => {
    const id = Math.floor(Math.random() * 2 ** 50);
    const { body } = await createApi(String(id)).upload(png(), 'image/png');
    for (const each of [id, String(id)]) expect(await createService().find(each)).toEqual(body.avatar);
  });
});

describe('avatarService().url()', () => {
  it('returns the URL to which the redirect leads, with its expiry, and null where there is no avatar', async () => {
    const owner = await createOwner();
    const redirect = await createApi(createUserId()).call('GET', `/api/users/${owner}/avatar`);
    const picture = await createService().url(owner);
    expect(picture?.url).toBe(redirect.headers.get('location'));
    const { searchParams } = new URL(picture?.url ?? '');
    const signedAt = searchParams.get('X-Amz-Date')?.replace(/(....)(..)(..T..)(..)(..Z)/, '$1-$2-$3:$4:$5') ?? '';
    expect(Date.parse(picture?.expiresAt ?? '')).toBe(Date.parse(signedAt) + 3_600_000);
    expect(await createService().url(createUserId())).toBe(null);
  });

  it('leads to the smallest copy that is at least as wide as size, else to the picture', async () => {
    const user = createUserId();
    const { key } = await createService({ variants: COPIER }).put(user, png({ width: 4, height: 4 }));
    const showPath = async (size?: number) => {
      const picture = await createService().url(user, size === undefined ? {} : { size });
      return new URL(picture?.url ?? '').pathname.replace('/flare-avatars/', '');
    };
    const copy = (size: number) => key.replace('.png', `.${size}.webp`);
    expect(await Promise.all([1, 2, 3, undefined].map(showPath))).toEqual([copy(1), copy(2), key, key]);
  });

  it.each([
    [1, 60],
    [-1, 60],
    [600, 600],
    [90.7, 90],
    [86_400, 3600],
    [Number.POSITIVE_INFINITY, 3600],
  ])('with expiresIn %s lives %s seconds', async (expiresIn, seconds) => {
    const picture = await createService().url(await createOwner(), { expiresIn });
    expect(new URL(picture?.url ?? '').searchParams.get('X-Amz-Expires')).toBe(String(seconds));
  });
});

describe('avatarService().urls()', () => {
  it('returns the same URLs as url(), by id, and null where there is no avatar', async () => {
    const [first, second, absent] = [await createOwner(), await createOwner(), createUserId()];
    const service = createService();
    const urls = await service.urls([first, absent, second, first, '__proto__', 7]);
    expect(Object.entries(urls)).toEqual(
      await Promise.all(['7', first, absent, second, '__proto__'].map(async (id) => [id, await service.url(id)])),
    );
    expect(urls[first]?.url).toContain('X-Amz-Signature');
  });

  it('asks the primary database once for 100 users, also under several secrets', async () => {
    const owner = await createOwner();
    const ids = [owner, ...Array.from({ length: 99 }, createUserId)];
    const OWNER_SECRET = `${'x'.repeat(32)} ${env.OWNER_SECRET} ${'y'.repeat(32)}`;
    const prepare = vi.spyOn(env.DB, 'prepare');
    const session = vi.spyOn(env.DB, 'withSession');
    const urls = await createService({}, { OWNER_SECRET }).urls(ids, { size: 40 });
    expect([prepare.mock.calls.length, session.mock.calls.length]).toEqual([1, 0]);
    expect(Object.keys(urls)).toEqual(ids);
    expect(Object.values(urls).map((picture) => picture !== null)).toEqual(ids.map((id) => id === owner));
  });
});

describe('avatarService().remove()', () => {
  it('removes the avatar with its objects, calls onRemoved once, and succeeds where there is none', async () => {
    const user = createUserId();
    const removed: unknown[] = [];
    const onRemoved = (...args: unknown[]) => void removed.push(args);
    const { key } = await createService({ variants: COPIER }).put(user, jpeg());
    for (let i = 0; i < 2; i++) expect(await createService({ onRemoved }).remove(user)).toBe(undefined);
    expect(await createService().find(user)).toBe(null);
    expect((await env.AVATARS.list({ prefix: key.slice(0, -4) })).objects).toEqual([]);
    expect(removed).toEqual([[{ user: { id: user }, key }, undefined]]);
  });
});

describe('what avatarService() refuses', () => {
  const METHODS = ['find', 'url', 'put', 'remove', 'erase'] as const;
  const WRONG_IDS = ['', null, undefined, Number.NaN, 1.5, 2 ** 60, {}, ['ada'], true];
  const call = (method: string, ...args: unknown[]): Promise<unknown> =>
    (createService() as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>)[method]?.(...args) ??
    Promise.resolve();

  it.each(METHODS.flatMap((method) => WRONG_IDS.map((id) => ({ method, id }))))(
    '$method() rejects the id $id with a TypeError',
    async ({ method, id }) => {
      await expect(call(method, id, png())).rejects.toThrow(TypeError);
      await expect(call(method, id, png())).rejects.toThrow(`${method}() was given the id`);
    },
  );

  it.each([
    ['ada', /array/],
    [new Set(['ada']), /array/],
    [undefined, /array/],
    [['ada', ''], /urls\(\) was given the id an empty string/],
    // A hole in the array.
    [new Array(1), /urls\(\) was given the id undefined/],
    [Array.from({ length: 101 }, String), /101 ids.*at most 100/],
    [new Array(101).fill('ada'), /at most 100/],
  ])('urls() rejects %j with a TypeError', async (ids, message) => {
    await expect(call('urls', ids)).rejects.toThrow(TypeError);
    await expect(call('urls', ids)).rejects.toThrow(message);
  });

  it.each([
    ...[0, -1, 1.5, '64', null, Number.NaN].map((size) => ({ size })),
    ...[Number.NaN, '600', null].map((expiresIn) => ({ expiresIn })),
    { sizes: 64 },
    64,
    null,
  ])('url() and urls() reject the options %j with a TypeError', async (options) => {
    await expect(call('url', 'ada', options)).rejects.toThrow(TypeError);
    await expect(call('urls', ['ada'], options)).rejects.toThrow(TypeError);
  });

  it.each(['bytes', null, undefined, [1, 2], {}, new Blob(['x'])])(
    'put() rejects %s instead of bytes',
    async (bytes) => {
      await expect(call('put', 'ada', bytes)).rejects.toThrow(
        new TypeError('put(): the bytes must be a Uint8Array or an ArrayBuffer.'),
      );
    },
  );

  it.each([
    [{ maxBytes: 0 }, /avatarService: the option maxBytes must be/],
    [{ onRemoved: 'x' }, /avatarService: the option onRemoved must be a function/],
    [{ variants: {} }, /avatarService: the option variants must be the result of variants\(\)/],
    [{ origin: 'app.test' }, /avatarService: the option origin must be an http or https URL/],
    [{ origin: 'javascript:1' }, /avatarService: the option origin/],
    [{ maxByte: 1 }, /avatarService: there is no option maxByte/],
    [null, /avatarService: the options must be an object/],
  ])('the options %j throw a TypeError', (options, message) => {
    expect(() => avatarService(env, options as never)).toThrow(TypeError);
    expect(() => avatarService(env, options as never)).toThrow(message);
  });

  it('the options of createAvatarApi() are accepted, so that both can share them', async () => {
    const shared = {
      maxBytes: 1000,
      authenticate: () => null,
      canView: () => false,
      maxPending: 1,
      fallback: () => null,
    };
    const user = await createOwner();
    expect(await avatarService(env, shared).find(user)).toBeTruthy();
  });

  it.each([undefined, null, 'env'])('the environment %j throws a TypeError', (bindings) => {
    expect(() => avatarService(bindings as never)).toThrow(/env must be/);
  });
});

describe('a failure of avatarService()', () => {
  const missing = (name: keyof AvatarEnv) => createService({}, { [name]: undefined });

  it.each(['OWNER_SECRET', 'AVATARS', 'DB'] as const)('names the setting %s if it is missing', async (name) => {
    const calls = [missing(name).find('ada'), missing(name).put('ada', png()), missing(name).erase('ada')];
    for (const refused of calls) await expect(refused).rejects.toThrow(new RegExp(`not configured.*${name}`));
  });

  it('is about the S3 settings only where a URL is needed', async () => {
    const user = await createOwner();
    const service = missing('R2_ACCESS_KEY_ID');
    expect(await service.find(user)).toBeTruthy();
    await expect(service.url(user)).rejects.toThrow(/R2_ACCESS_KEY_ID must be set/);
    expect(await describeRefusal(service.urls([user]))).toEqual(['ApiError', 'unavailable', 503]);
  });

  it('says that the migrations are not applied', async () => {
    const fail = () => {
      throw new Error('D1_ERROR: no such table: flare_avatar_schema');
    };
    const DB = { prepare: () => ({ first: async () => fail() }), batch: fail } as unknown as D1Database;
    await expect(createService({}, { DB }).find('ada')).rejects.toThrow(/migrations/);
  });

  it('has a code, a sentence without details, and the cause', async () => {
    const { bindings } = failAtCall(1, 'before');
    const error: unknown = await createService({}, bindings)
      .find('ada')
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ code: 'internal', status: 500, cause: { message: 'fault' } });
    expect((error as ApiError).message).not.toContain('fault');
  });
});

describe('in local development, where R2_ENDPOINT is a path', () => {
  const local = { LOCAL_DEV: 'on', R2_ENDPOINT: '/cdn-cgi/local/r2/s3' };

  it('the option origin says which site URLs belong to', async () => {
    const user = await createOwner();
    const picture = await createService({ origin: 'http://localhost:5301/people?page=2' }, local).url(user);
    expect(picture?.url).toMatch(/^http:\/\/localhost:5301\/cdn-cgi\/local\/r2\/s3\/flare-avatars\/avatars\//);
  });

  it('url() asks for the option origin, and find() works without', async () => {
    const user = await createOwner();
    expect(await createService({}, local).find(user)).toBeTruthy();
    await expect(createService({}, local).url(user)).rejects.toThrow('avatarService(env, { origin: request.url })');
  });

  it('no other site is accepted, and no origin where the flag is not set', async () => {
    const user = await createOwner();
    const elsewhere = createService({ origin: 'https://app.test' }, local).url(user);
    const deployed = createService({ origin: 'http://localhost:5173' }, { ...local, LOCAL_DEV: '' }).url(user);
    for (const refused of [elsewhere, deployed]) await expect(refused).rejects.toThrow(/only works locally/);
  });
});
