import { env } from 'cloudflare:workers';
import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { describe, expect, it, vi } from 'vitest';
import { createAvatarApi } from '../../server/create-avatar-api.js';
import { ApiError } from '../../server/errors.js';
import { sweepAvatars } from '../../server/jobs/sweep.js';
import type { LogEntry } from '../../server/log.js';
import type { AvatarApiOptions } from '../../server/options.js';
import { png } from '../support/pictures.js';
import { createApi, createUserId } from './harness.js';

/** The status, code, text and headers of a request to an API with these options, and its log. */
async function send(options: Partial<AvatarApiOptions>, path = '/me/avatar', init: RequestInit = {}) {
  const log: LogEntry[] = [];
  const api = createAvatarApi({
    authenticate: () => ({ id: 'ada' }),
    log: (entry) => void log.push(entry),
    ...options,
  });
  const response = await api.request(`https://app.test${path}`, init, env);
  const { code, error } = await response.json<{ code?: string; error?: string }>().catch(() => ({}) as never);
  return { status: response.status, code, error, headers: response.headers, log };
}

const throwing = (thrown: unknown) => () => {
  throw thrown;
};

describe('the user that authenticate returns', () => {
  it.each([0, 7, -1, 2 ** 53 - 1])('may have the number %d as id, which stands for its text', async (id) => {
    const upload = await createApi(null, { authenticate: () => ({ id }) }).presign();
    const sameUser = await createApi(String(id)).presign();
    expect(upload.key.split('/')[1]).toBe(sameUser.key.split('/')[1]);
  });

  it('is passed on with its id as text, and its other fields', async () => {
    const user = { id: 7, role: 'admin' };
    const canView = vi.fn(() => true);
    await send({ authenticate: () => user, canView }, '/users/7/avatar');
    expect(canView).toHaveBeenCalledWith({ id: '7', role: 'admin' }, '7');
    expect(user.id).toBe(7);
  });

  it.each<[string, unknown]>([
    ['NaN', { id: Number.NaN }],
    ['Infinity', { id: Number.POSITIVE_INFINITY }],
    ['0.5', { id: 0.5 }],
    ['9007199254740992', { id: 2 ** 53 }],
    ['an empty string', { id: '' }],
    ['a bigint', { id: 7n }],
    ['a boolean', { id: true }],
    ['a object', { id: {} }],
    ['a object', { id: ['ada'] }],
    ['a object', { id: new String('ada') }],
    ['a symbol', { id: Symbol('ada') }],
    ['a function', { id: () => 'ada' }],
    ['a string instead of {id}', 'ada'],
    ['a number instead of {id}', 7],
    ['a boolean instead of {id}', true],
  ])('is refused with 500 if it is or has %s: %o, and the log says why', async (found, user) => {
    const { status, code, log } = await send({ authenticate: () => user as never });
    expect([status, code]).toEqual([500, 'internal']);
    expect(log).toEqual([
      expect.objectContaining({ status: 500, error: { name: 'TypeError', message: expect.stringContaining(found) } }),
    ]);
  });

  it.each([null, undefined, false, '', 0, {}, { id: null }, { id: undefined }])(
    'is nobody if it is %j',
    async (user) => {
      const { status, code } = await send({ authenticate: () => user as never });
      expect([status, code]).toEqual([401, 'unauthorized']);
    },
  );
});

describe('an HTTPException', () => {
  it.each([
    [400, 'invalid_request'],
    [401, 'unauthorized'],
    [402, 'forbidden'],
    [403, 'forbidden'],
    [404, 'not_found'],
    [405, 'method_not_allowed'],
    [409, 'not_uploaded'],
    [410, 'upload_expired'],
    [413, 'too_large'],
    [415, 'unsupported_type'],
    [418, 'forbidden'],
    [422, 'moderated'],
    [429, 'rate_limited'],
    [451, 'forbidden'],
    [500, 'internal'],
    [501, 'internal'],
    [502, 'unavailable'],
    [503, 'unavailable'],
    [504, 'unavailable'],
    [599, 'internal'],
  ] as const)('with %i keeps its status, with the code %s', async (status, code) => {
    const error = new HTTPException(status as 400);
    for (const [options, path] of [
      [{ authenticate: throwing(error) }, '/me/avatar'],
      [{ authenticate: async () => throwing(error)() }, '/me/avatar'],
      [{ canView: throwing(error) }, '/users/ben/avatar'],
    ] as const) {
      const response = await send(options, path);
      expect([response.status, response.code, typeof response.error]).toEqual([status, code, 'string']);
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(response.log).toEqual([expect.objectContaining({ status, code })]);
    }
  });

  it.each([0, 99, 200, 302, 304, 600, 1000, Number.NaN, '403'])(
    'with the status %s is an internal error',
    async (status) => {
      const { status: answered, code } = await send({ authenticate: throwing(new HTTPException(status as 400)) });
      expect([answered, code]).toEqual([500, 'internal']);
    },
  );

  it('keeps its message, unless its status is 500', async () => {
    const message = 'Your account is suspended.';
    expect((await send({ authenticate: throwing(new HTTPException(403, { message })) })).error).toBe(message);
    expect((await send({ authenticate: throwing(new HTTPException(500, { message })) })).error).not.toBe(message);
  });

  it('keeps the headers of its response that tell a client how to go on, and no others', async () => {
    const headers = { 'www-authenticate': 'Bearer', 'retry-after': '120', 'content-type': 'text/html', 'x-other': '1' };
    const res = new Response('<h1>No</h1>', { headers });
    const response = await send({ authenticate: throwing(new HTTPException(401, { res })) });
    expect([response.status, response.code]).toEqual([401, 'unauthorized']);
    const names = ['www-authenticate', 'retry-after', 'content-type', 'x-other'];
    expect(names.map((name) => response.headers.get(name))).toEqual(['Bearer', '120', 'application/json', null]);
  });

  it('with 429 always has Retry-After', async () => {
    const { headers } = await send({ authenticate: throwing(new HTTPException(429)) });
    expect(headers.get('retry-after')).toBe('60');
  });

  it('of another copy of Hono is recognized', async () => {
    const foreign = Object.assign(new Error('Pay first.'), { status: 402, getResponse: () => new Response() });
    expect(await send({ authenticate: throwing(foreign) })).toMatchObject({ status: 402, error: 'Pay first.' });
  });

  it.each([
    [new HTTPException(403, { message: 'Not this one.' }), 403, 'forbidden'],
    [new ApiError('rate_limited', 'Slow down.', { 'retry-after': '9' }), 429, 'rate_limited'],
  ])(
    'or an ApiError from moderate is the response, and the upload can be committed again',
    async (error, status, code) => {
      const user = createUserId();
      const api = createApi(user);
      const { key } = await api.presign();
      await env.AVATARS.put(key, png());
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ key }) };
      const refused = await send(
        { authenticate: () => ({ id: user }), moderate: throwing(error) },
        '/uploads/commit',
        init,
      );
      expect([refused.status, refused.code]).toEqual([status, code]);
      expect((await api.commit(key)).status).toBe(200);
    },
  );
});

describe('a function of the application that throws', () => {
  const THROWN = [null, undefined, 'a text', 7, Symbol('x'), {}, Object.create(null), Promise.resolve()];

  it.each(THROWN.map((thrown) => [typeof thrown, thrown] as const))(
    'a value of the type %s gets 500, and a log entry',
    async (_, thrown) => {
      for (const [options, path] of [
        [{ authenticate: throwing(thrown) }, '/me/avatar'],
        [{ authenticate: () => Promise.reject(thrown) }, '/me/avatar'],
        [{ canView: throwing(thrown) }, '/users/ben/avatar'],
      ] as const) {
        const { status, code, headers, log } = await send(options, path);
        expect([status, code, headers.get('cache-control')]).toEqual([500, 'internal', 'no-store']);
        expect(log).toEqual([expect.objectContaining({ level: 'error', error: expect.any(Object) })]);
      }
    },
  );

  it.each(THROWN.map((thrown) => [typeof thrown, thrown] as const))(
    'a value of the type %s is logged if it is a hook',
    async (_, thrown) => {
      const user = createUserId();
      const log: LogEntry[] = [];
      const options = { onRemoved: throwing(thrown), log: (entry: LogEntry) => void log.push(entry) };
      expect((await createApi(user, { moderate: throwing(thrown) }).upload(png(), 'image/png')).status).toBe(503);
      expect((await createApi(user).upload(png(), 'image/png')).status).toBe(200);
      expect((await createApi(user, options).call('DELETE', '/api/me/avatar')).status).toBe(200);
      expect(log).toContainEqual(expect.objectContaining({ event: 'hook', hook: 'onRemoved', level: 'error' }));
    },
  );

  it.each([1, 'yes', {}, [], undefined, null])('hides an avatar if it is canView and returns %j', async (result) => {
    const owner = createUserId();
    await createApi(owner).upload(png(), 'image/png');
    expect((await send({ canView: () => result as boolean }, `/users/${owner}/avatar`)).status).toBe(404);
  });
});

describe('a log that fails', () => {
  it.each<[string, () => unknown]>([
    ['throws', throwing(new Error('log'))],
    ['throws null', throwing(null)],
    ['rejects', () => Promise.reject(new Error('log'))],
    ['never ends', () => new Promise(() => {})],
  ])('changes no answer if it %s', async (_, log) => {
    const fallback = [vi.spyOn(console, 'log'), vi.spyOn(console, 'error')].map((spy) =>
      spy.mockImplementation(() => {}),
    );
    const options = { log: log as () => void, onRemoved: throwing(new Error('hook')) };
    const api = createApi(createUserId(), options);
    expect((await api.upload(png(), 'image/png')).status).toBe(200);
    expect((await api.call('GET', '/api/users/none/avatar')).status).toBe(404);
    expect((await api.call('DELETE', '/api/me/avatar')).status).toBe(200);
    expect(
      (await createApi(null, { ...options, authenticate: throwing(null) }).call('GET', '/api/me/avatar')).status,
    ).toBe(500);
    await sweepAvatars(env, { log: log as () => void }, Date.now());
    for (const spy of fallback) spy.mockRestore();
  });

  it('has its entries written to the console', async () => {
    const spy = vi.spyOn(console, 'log').mockImplementation(() => {});
    await send({ log: throwing(new Error('log')) });
    await vi.waitFor(() => expect(spy).toHaveBeenCalledWith(expect.stringContaining('"status":200')));
    spy.mockRestore();
  });
});

describe('the API below a path with parameters', () => {
  /** Mounts the API, and records what `canView` is asked. */
  function mount(path: string) {
    const asked: string[] = [];
    const api = createAvatarApi({
      authenticate: () => ({ id: 'viewer' }),
      canView: (_, ownerId) => asked.push(ownerId) > 0,
      log: () => {},
    });
    const host = new Hono<{ Bindings: Cloudflare.Env }>();
    host.use(path.replace(/[^/]+$/, '*'), (_, next) => next());
    host.route(path, api);
    return { host, asked };
  }

  const MOUNTS = [
    ['/tenants/:tenant/users/:id/api', '/tenants/t1/users/host/api'],
    ['/:id', '/host'],
    ['/:id/:avatar', '/host/host'],
    ['/users/:id/avatar', '/users/host/avatar'],
    ['/:id{[a-z]+}/api', '/host/api'],
  ] as const;

  it.each(MOUNTS)('%s asks canView about the user in the path of the avatar', async (path, base) => {
    const owner = createUserId();
    await createApi(owner).upload(png(), 'image/png');
    const { host, asked } = mount(path);
    const response = await host.request(`https://app.test${base}/users/${owner}/avatar`, {}, env);
    expect([response.status, asked]).toEqual([302, [owner]]);
  });

  it.each(['a/b', '../host', 'ä ö', '日本', '😀', 'a.b', '.hidden', '%2F', 'a?b#c', '0', ':id'])(
    'decodes the id %j once',
    async (id) => {
      for (const [path, base] of MOUNTS) {
        const { host, asked } = mount(path);
        await host.request(`https://app.test${base}/users/${encodeURIComponent(id)}/avatar`, {}, env);
        expect(asked, path).toEqual([id]);
      }
    },
  );

  it('answers its other routes, and describes itself', async () => {
    const { host } = mount('/tenants/:tenant/users/:id/api');
    const base = 'https://app.test/tenants/t1/users/host/api';
    expect((await host.request(`${base}/me/avatar`, {}, env)).status).toBe(200);
    const document = await (await host.request(`${base}/openapi.json`, {}, env)).json<{ paths: object }>();
    expect(Object.keys(document.paths)).toContain('/tenants/t1/users/host/api/users/{id}/avatar');
  });
});
