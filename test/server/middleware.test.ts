import { env } from 'cloudflare:workers';
import { Hono } from 'hono';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { oidc } from '../../server/auth/oidc.js';
import { createAvatarApi } from '../../server/create-avatar-api.js';
import { ApiError } from '../../server/errors.js';
import { sweepAvatars } from '../../server/jobs/sweep.js';
import type { LogEntry } from '../../server/log.js';
import type { AvatarApiOptions } from '../../server/options.js';
import { png } from '../support/pictures.js';
import { failAtCall, interceptBindings } from './fault-bindings.js';
import { createApi, createUserId } from './harness.js';
import { isWorkerd } from './runtime.js';

afterEach(() => {
  vi.restoreAllMocks();
});

function createLog() {
  const entries: LogEntry[] = [];
  return { entries, log: (entry: LogEntry) => void entries.push(entry) };
}

describe('the log', () => {
  it('has an entry for each response, with the route and never the path', async () => {
    const user = 'ada-lovelace';
    const { entries, log } = createLog();
    const api = createApi(user, { log });
    const { key, body } = await api.upload(png(), 'image/png');
    await api.call('GET', '/api/me/avatar?expiresIn=77');
    await api.call('GET', '/api/users/ada-lovelace/avatar');
    await api.commit(`${key}x`);
    await api.call('PUT', '/api/me/avatar');
    expect(entries.map(({ method, route, status, code }) => [method, route, status, code])).toEqual([
      ['POST', '/uploads/presign', 200, undefined],
      ['POST', '/uploads/commit', 200, undefined],
      ['GET', '/me/avatar', 200, undefined],
      ['GET', '/users/:id/avatar', 302, undefined],
      ['POST', '/uploads/commit', 400, 'bad_key'],
      ['PUT', '/me/avatar', 405, 'method_not_allowed'],
    ]);
    for (const entry of entries) {
      expect(entry).toMatchObject({ level: 'info', event: 'request', ms: expect.any(Number) });
    }
    const all = JSON.stringify(entries);
    const [, owner = ''] = key.split('/');
    for (const secret of [user, owner, key, body.avatar?.key ?? '', 'http', 'expiresIn', 'test-secret']) {
      expect(all).not.toContain(secret);
    }
  });

  it('identifies a request like its response header: by a valid Ray ID, else by a new UUID', async () => {
    const { entries, log } = createLog();
    const api = createApi(createUserId(), { log });
    const sendRequest = async (ray: string) =>
      (await api.call('GET', '/api/me/avatar', undefined, { 'cf-ray': ray })).headers.get('x-request-id');
    expect(await sendRequest('8f1a2b3c4d5e6f70-FRA')).toBe('8f1a2b3c4d5e6f70-FRA');
    const own = [await sendRequest('"},{"level":"info"'), await sendRequest('x'.repeat(65)), await sendRequest('')];
    for (const id of own) expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(entries.map(({ requestId }) => requestId)).toEqual(['8f1a2b3c4d5e6f70-FRA', ...own]);
  });

  it('is linked from every failure by the header x-request-id', async () => {
    for (const [user, path] of [
      [null, '/api/me/avatar'],
      [createUserId(), '/api/users/none/avatar'],
      [createUserId(), '/api/me/avatar?expiresIn=soon'],
    ] as const) {
      const { body, headers } = await createApi(user).call('GET', path);
      expect(Object.keys(body)).toEqual(['error', 'code']);
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it('describes a failure without anything that looks like a secret', async () => {
    const { entries, log } = createLog();
    const { bindings } = failAtCall(1, 'before');
    await createApi(createUserId(), { log }, bindings).call('GET', '/api/me/avatar');
    expect(entries).toEqual([
      expect.objectContaining({
        level: 'error',
        status: 500,
        code: 'internal',
        error: { name: 'Error', message: 'fault' },
      }),
    ]);
    const owner = 'ab12'.repeat(8);
    const authenticate = () => {
      throw new Error(
        `no such thing: https://r2.test/x?X-Amz-Signature=1, avatars/${owner}/x.png, ${owner}, eyJhbGciOiJIUzI1NiJ9-abcdef (D1_ERROR)`,
      );
    };
    await createApi(null, { log, authenticate }).call('GET', '/api/me/avatar');
    expect(entries[1]?.error).toMatchObject({ message: 'no such thing: <url> <key> <…>, <…> (D1_ERROR)' });
  });

  it.each<[string, string, Partial<AvatarApiOptions>, object, object]>([
    [
      'a missing setting',
      '/api/me/avatar',
      {},
      { OWNER_SECRET: '' },
      { dependencies: ['settings'], error: { message: expect.stringContaining('OWNER_SECRET') } },
    ],
    [
      'an invalid list of origins',
      '/api/me/avatar',
      {},
      { TRUSTED_ORIGINS: 'app.example' },
      { dependencies: ['settings'], error: { cause: { message: expect.stringContaining('"app.example"') } } },
    ],
    [
      'an issuer that cannot be reached',
      '/api/me/avatar',
      { authenticate: oidc({ issuer: 'https://issuer.test', audience: 'avatars' }) },
      {},
      { dependencies: ['sign-in'], error: { cause: { message: expect.stringMatching(/./) } } },
    ],
    [
      "the host's own maintenance",
      '/api/me/avatar',
      {
        authenticate: () => {
          throw new ApiError('unavailable', 'Down for maintenance.');
        },
      },
      {},
      { error: { message: 'Down for maintenance.' } },
    ],
  ])('has a 503 as an error with its cause: %s', async (_, path, options, bindings, expected) => {
    const { entries, log } = createLog();
    vi.spyOn(globalThis, 'fetch').mockRejectedValue(new TypeError('connection refused'));
    const token = `${btoa('{"alg":"RS256","typ":"JWT"}')}.${btoa('{"iss":"https://issuer.test"}')}.c2ln`.replaceAll(
      '=',
      '',
    );
    const headers = { authorization: `Bearer ${token}`, origin: 'https://app.test' };
    const { status } = await createApi('ada', { log, ...options }, bindings).call('GET', path, undefined, headers);
    expect(status).toBe(503);
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({ level: 'error', code: 'unavailable', ...expected });
    expect(JSON.stringify(entries)).not.toContain(token);
  });

  it.runIf(isWorkerd)('names the database or the bucket if one of them fails', async () => {
    const { entries, log } = createLog();
    const user = createUserId();
    const prepare = () => env.DB.prepare('SELECT 1 FROM no_such_table');
    const broken = { DB: { prepare, batch: prepare } as unknown as D1Database };
    await createApi(user, { log }, broken).call('GET', '/api/me/avatar');
    const api = createApi(user, { log });
    const { key } = await api.presign();
    const invalidKey = () => env.AVATARS.get('x'.repeat(2000));
    const { AVATARS } = interceptBindings((name, call) => (name === 'get' ? invalidKey() : call()));
    await createApi(user, { log }, { AVATARS }).commit(key);
    const failures = entries.filter(({ level }) => level === 'error');
    expect(failures.map(({ status, dependencies }) => [status, dependencies])).toEqual([
      [500, ['database']],
      [500, ['storage']],
    ]);
  });

  it('has an entry for a background deletion that fails, and the response is a success', async () => {
    const { entries, log } = createLog();
    const user = createUserId();
    const { AVATARS } = interceptBindings((name, call) =>
      name === 'delete' ? Promise.reject(new Error('delete: at https://r2.test/avatars/x (10001)')) : call(),
    );
    await createApi(user).upload(png(), 'image/png');
    expect((await createApi(user, { log }, { AVATARS }).call('DELETE', '/api/me/avatar')).status).toBe(200);
    expect(entries.find(({ event }) => event === 'background')).toEqual({
      level: 'error',
      event: 'background',
      requestId: expect.any(String),
      task: 'delete-objects',
      dependencies: ['storage'],
      error: { name: 'Error', message: 'delete: at <url> (10001)' },
    });
  });

  it('has an entry for a rejection that could not be stored', async () => {
    const { entries, log } = createLog();
    const user = createUserId();
    const { key } = await createApi(user).presign();
    await env.AVATARS.put(key, 'no picture');
    let isRead = false;
    const bindings = interceptBindings((name, call) => {
      isRead ||= name === 'get';
      return isRead && name === 'run' ? Promise.reject(new Error('D1_ERROR: down')) : call();
    });
    expect((await createApi(user, { log }, bindings).commit(key)).status).toBe(422);
    expect(entries.find(({ event }) => event === 'background')).toMatchObject({
      level: 'error',
      task: 'end-claim',
      dependencies: ['database'],
      error: { message: 'D1_ERROR: down' },
    });
  });

  it('is written to the console as JSON, failures as errors', async () => {
    const [log, error] = [vi.spyOn(console, 'log'), vi.spyOn(console, 'error')];
    for (const spy of [log, error]) spy.mockImplementation(() => {});
    const app = new Hono<{ Bindings: Cloudflare.Env }>();
    app.route('/', createAvatarApi({ authenticate: () => ({ id: 'a' }) }));
    await app.request('https://app.test/me/avatar', {}, env);
    await app.request('https://app.test/me/avatar', {}, { ...env, ...failAtCall(1, 'before').bindings });
    expect(JSON.parse(log.mock.calls[0]?.[0])).toMatchObject({ level: 'info', status: 200 });
    expect(JSON.parse(error.mock.calls[0]?.[0])).toMatchObject({ level: 'error', status: 500 });
  });

  it('has one entry per run of the sweep, also if a part of it fails', async () => {
    const { entries, log } = createLog();
    await sweepAvatars(env, { log }, Date.now());
    const failed = sweepAvatars({ ...env, ...failAtCall(1, 'crash').bindings }, { log }, Date.now());
    await expect(failed).rejects.toThrow(AggregateError);
    const counts = ['swept', 'walked', 'unknown', 'missing', 'orphans', 'lost', 'late', 'deleted', 'forgotten', 'ms'];
    expect(entries.map(({ level }) => level)).toEqual(['info', 'error']);
    for (const entry of entries) for (const name of counts) expect(entry[name]).toEqual(expect.any(Number));
    expect(entries[1]?.errors).toHaveLength(2);
  });
});

describe('rate limiting', () => {
  const createLimiter = (success: boolean) => ({ limit: vi.fn(async (_: { key: string }) => ({ success })) });

  it.each([
    ['POST', '/api/uploads/presign', { contentType: 'image/png' }],
    ['POST', '/api/uploads/commit', { key: 'x' }],
    ['DELETE', '/api/me/avatar', undefined],
  ])('responds with 429 to %s %s before any query', async (method, path, body) => {
    const RATE_LIMITER = createLimiter(false);
    const prepare = vi.spyOn(env.DB, 'prepare');
    const user = createUserId();
    const response = await createApi(user, {}, { RATE_LIMITER }).call(method, path, body);
    expect([response.status, response.body.code, response.headers.get('retry-after')]).toEqual([
      429,
      'rate_limited',
      '60',
    ]);
    expect(prepare).not.toHaveBeenCalled();
    const [[{ key } = { key: '' }] = []] = RATE_LIMITER.limit.mock.calls;
    expect(key).toMatch(/^[0-9a-f]{32}$/);
  });

  it('does not count GET requests or requests without a session', async () => {
    const RATE_LIMITER = createLimiter(false);
    expect((await createApi(createUserId(), {}, { RATE_LIMITER }).call('GET', '/api/me/avatar')).status).toBe(200);
    expect((await createApi(null, {}, { RATE_LIMITER }).call('DELETE', '/api/me/avatar')).status).toBe(401);
    expect(RATE_LIMITER.limit).not.toHaveBeenCalled();
  });

  it('lets requests pass below the limit, if the binding fails and without a binding', async () => {
    const broken = { limit: () => Promise.reject(new Error('down')) };
    for (const bindings of [{ RATE_LIMITER: createLimiter(true) }, { RATE_LIMITER: broken }]) {
      expect((await createApi(createUserId(), {}, bindings).call('DELETE', '/api/me/avatar')).status).toBe(200);
    }
    const { RATE_LIMITER: _, ...without } = env;
    const app = createAvatarApi({ authenticate: () => ({ id: 'a' }), log: () => {} });
    expect((await app.request('https://app.test/me/avatar', { method: 'DELETE' }, without)).status).toBe(200);
  });

  it.runIf(isWorkerd)('allows 600 requests per minute and user, as configured', async () => {
    const countRequest = async (key: string) => (await env.RATE_LIMITER?.limit({ key }))?.success;
    const getMinute = () => Math.floor(Date.now() / 60_000);
    const other = createUserId();
    for (let isOneMinute = false; !isOneMinute; ) {
      const began = getMinute();
      const user = createUserId();
      const outcomes = await Promise.all(Array.from({ length: 700 }, () => countRequest(user)));
      // The count starts again with each minute.
      isOneMinute = getMinute() === began;
      if (isOneMinute) expect(outcomes.filter(Boolean)).toHaveLength(600);
    }
    expect(await countRequest(other)).toBe(true);
  });
});

describe('a request body', () => {
  /** A body of chunks that records how many were read and whether it was canceled. */
  function createBody(chunks: number) {
    const seen = { pulled: 0, canceled: false };
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          if (seen.pulled++ === chunks) controller.close();
          else controller.enqueue(new Uint8Array(4096).fill(0x20));
        },
        cancel() {
          seen.canceled = true;
        },
      },
      { highWaterMark: 0 },
    );
    return { seen, body };
  }

  const sendBody = (body: ReadableStream, headers: Record<string, string> = {}, user: string | null = 'a') => {
    const api = createAvatarApi({ authenticate: () => (user === null ? null : { id: user }), log: () => {} });
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
      // Required in Node.
      duplex: 'half',
    };
    return api.fetch(new Request('https://app.test/uploads/commit', init), env);
  };

  it.each([
    ['with a content length', { 'content-length': '17000' }],
    ['without a content length', {}],
  ])('over the limit, %s, is not parsed', async (_, headers: Record<string, string>) => {
    const parse = vi.spyOn(JSON, 'parse');
    const { seen, body } = createBody(5);
    const response = await sendBody(body, headers);
    expect(parse).not.toHaveBeenCalled();
    expect([response.status, await response.json()]).toEqual([413, { error: expect.any(String), code: 'too_large' }]);
    expect(seen.pulled).toBe(6);
  });

  it.each([
    ['with a content length', { 'content-length': '999999999' }, 'a'],
    ['without a content length', {}, 'a'],
    ['without a session', {}, null],
  ])('without an end, %s, is canceled', async (_, headers: Record<string, string>, user) => {
    const { seen, body } = createBody(Number.POSITIVE_INFINITY);
    expect((await sendBody(body, headers, user)).status).toBe(user ? 413 : 401);
    expect(seen.canceled).toBe(true);
    expect(seen.pulled * 4096).toBeLessThan(1.1 * 2 ** 20);
  });

  it('that never arrives is canceled after a second', async () => {
    let canceled = false;
    const body = new ReadableStream({
      cancel() {
        canceled = true;
      },
    });
    expect((await sendBody(body, {}, null)).status).toBe(401);
    expect(canceled).toBe(true);
  });

  it('whose client disconnects responds with 400, not 500', async () => {
    const body = new ReadableStream({
      pull(controller) {
        controller.error(new Error('Network connection lost.'));
      },
    });
    const response = await sendBody(body);
    expect([response.status, await response.json()]).toMatchObject([400, { code: 'invalid_request' }]);
  });

  it('at the limit is parsed', async () => {
    const { body } = createBody(4);
    expect((await sendBody(body)).status).toBe(400);
  });
});
