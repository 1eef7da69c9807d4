import { env } from 'cloudflare:workers';
import { Hono } from 'hono';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createAvatarApi } from '../../server/create-avatar-api.js';
import { sweepAvatars } from '../../server/jobs/sweep.js';
import type { LogEntry } from '../../server/log.js';
import { png } from '../support/pictures.js';
import { failingAt } from './fault-bindings.js';
import { apiFor, newUser } from './harness.js';

afterEach(() => {
  vi.restoreAllMocks();
});

function logged() {
  const lines: LogEntry[] = [];
  return { lines, log: (line: LogEntry) => void lines.push(line) };
}

describe('the log', () => {
  it('has a line for each answer, that names the route and never the path', async () => {
    const user = 'ada-lovelace';
    const { lines, log } = logged();
    const api = apiFor(user, { log });
    const { key, body } = await api.upload(png(), 'image/png');
    await api.call('GET', '/api/me/avatar?expiresIn=77');
    await api.call('GET', '/api/users/ada-lovelace/avatar');
    await api.commit(`${key}x`);
    await api.call('PUT', '/api/me/avatar');
    expect(lines.map(({ method, route, status, code }) => [method, route, status, code])).toEqual([
      ['POST', '/uploads/presign', 200, undefined],
      ['POST', '/uploads/commit', 200, undefined],
      ['GET', '/me/avatar', 200, undefined],
      ['GET', '/users/:id/avatar', 302, undefined],
      ['POST', '/uploads/commit', 400, 'bad_key'],
      ['PUT', '/me/avatar', 405, 'method_not_allowed'],
    ]);
    for (const line of lines) {
      expect(line).toMatchObject({ level: 'info', event: 'request', ms: expect.any(Number) });
    }
    const all = JSON.stringify(lines);
    const [, owner = ''] = key.split('/');
    for (const secret of [user, owner, key, body.avatar?.key ?? '', 'http', 'expiresIn', 'test-secret']) {
      expect(all).not.toContain(secret);
    }
  });

  it('names each request as its answer does: by Cloudflare’s name, where that is one', async () => {
    const { lines, log } = logged();
    const api = apiFor(newUser(), { log });
    const ask = async (ray: string) =>
      (await api.call('GET', '/api/me/avatar', undefined, { 'cf-ray': ray })).headers.get('x-request-id');
    expect(await ask('8f1a2b3c4d5e6f70-FRA')).toBe('8f1a2b3c4d5e6f70-FRA');
    const own = [await ask('"},{"level":"info"'), await ask('x'.repeat(65)), await ask('')];
    for (const id of own) expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(lines.map(({ requestId }) => requestId)).toEqual(['8f1a2b3c4d5e6f70-FRA', ...own]);
  });

  it('is found from every failure, whose body is what it was', async () => {
    for (const [user, path] of [
      [null, '/api/me/avatar'],
      [newUser(), '/api/users/none/avatar'],
      [newUser(), '/api/me/avatar?expiresIn=soon'],
    ] as const) {
      const { body, headers } = await apiFor(user).call('GET', path);
      expect(Object.keys(body)).toEqual(['error', 'code']);
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it('says what failed, without what looks like a secret', async () => {
    const { lines, log } = logged();
    const { bindings } = failingAt(1, 'before');
    await apiFor(newUser(), { log }, bindings).call('GET', '/api/me/avatar');
    expect(lines).toEqual([
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
    await apiFor(null, { log, authenticate }).call('GET', '/api/me/avatar');
    expect(lines[1]?.error).toMatchObject({ message: 'no such thing: <url> <key> <…>, <…> (D1_ERROR)' });
  });

  it('goes to the console as JSON, failures as errors', async () => {
    const [log, error] = [vi.spyOn(console, 'log'), vi.spyOn(console, 'error')];
    for (const spy of [log, error]) spy.mockImplementation(() => {});
    const app = new Hono<{ Bindings: Cloudflare.Env }>();
    app.route('/', createAvatarApi({ authenticate: () => ({ id: 'a' }) }));
    await app.request('https://app.test/me/avatar', {}, env);
    await app.request('https://app.test/me/avatar', {}, { ...env, ...failingAt(1, 'before').bindings });
    expect(JSON.parse(log.mock.calls[0]?.[0])).toMatchObject({ level: 'info', status: 200 });
    expect(JSON.parse(error.mock.calls[0]?.[0])).toMatchObject({ level: 'error', status: 500 });
  });

  it('has one line for a run of the sweep, also where a part of it failed', async () => {
    const { lines, log } = logged();
    await sweepAvatars(env, { log }, Date.now());
    const failed = sweepAvatars({ ...env, ...failingAt(1, 'crash').bindings }, { log }, Date.now());
    await expect(failed).rejects.toThrow(AggregateError);
    const counts = ['swept', 'walked', 'orphans', 'lost', 'deleted', 'forgotten', 'ms'];
    expect(lines.map(({ level }) => level)).toEqual(['info', 'error']);
    for (const line of lines) for (const name of counts) expect(line[name]).toEqual(expect.any(Number));
    expect(lines[1]?.errors).toHaveLength(4);
  });
});

describe('the brake', () => {
  const limiter = (success: boolean) => ({ limit: vi.fn(async (_: { key: string }) => ({ success })) });

  it.each([
    ['POST', '/api/uploads/presign', { contentType: 'image/png' }],
    ['POST', '/api/uploads/commit', { key: 'x' }],
    ['DELETE', '/api/me/avatar', undefined],
  ])('stops %s %s before anything is read', async (method, path, body) => {
    const RATE_LIMITER = limiter(false);
    const prepare = vi.spyOn(env.DB, 'prepare');
    const user = newUser();
    const answer = await apiFor(user, {}, { RATE_LIMITER }).call(method, path, body);
    expect([answer.status, answer.body.code, answer.headers.get('retry-after')]).toEqual([429, 'rate_limited', '60']);
    expect(prepare).not.toHaveBeenCalled();
    const [[{ key } = { key: '' }] = []] = RATE_LIMITER.limit.mock.calls;
    expect(key).toMatch(/^[0-9a-f]{32}$/);
  });

  it('leaves readers, and who is not signed in, alone', async () => {
    const RATE_LIMITER = limiter(false);
    expect((await apiFor(newUser(), {}, { RATE_LIMITER }).call('GET', '/api/me/avatar')).status).toBe(200);
    expect((await apiFor(null, {}, { RATE_LIMITER }).call('DELETE', '/api/me/avatar')).status).toBe(401);
    expect(RATE_LIMITER.limit).not.toHaveBeenCalled();
  });

  it('lets go where it is met by nobody, fails, or is not there', async () => {
    const broken = { limit: () => Promise.reject(new Error('down')) };
    for (const bindings of [{ RATE_LIMITER: limiter(true) }, { RATE_LIMITER: broken }]) {
      expect((await apiFor(newUser(), {}, bindings).call('DELETE', '/api/me/avatar')).status).toBe(200);
    }
    const { RATE_LIMITER: _, ...without } = env;
    const app = createAvatarApi({ authenticate: () => ({ id: 'a' }), log: () => {} });
    expect((await app.request('https://app.test/me/avatar', { method: 'DELETE' }, without)).status).toBe(200);
  });

  it('as configured is far above what a person does, and holds for each user alone', async () => {
    const ask = async (key: string) => (await env.RATE_LIMITER?.limit({ key }))?.success;
    const minute = () => Math.floor(Date.now() / 60_000);
    const other = newUser();
    for (let isOneMinute = false; !isOneMinute; ) {
      const began = minute();
      const user = newUser();
      const outcomes = await Promise.all(Array.from({ length: 700 }, () => ask(user)));
      // The count starts again with each minute.
      isOneMinute = minute() === began;
      if (isOneMinute) expect(outcomes.filter(Boolean)).toHaveLength(600);
    }
    expect(await ask(other)).toBe(true);
  });
});

describe('a body that is refused', () => {
  /** A body that is watched: how much of it was read, and whether it was cancelled. */
  function watched(chunks: number) {
    const seen = { pulled: 0, cancelled: false };
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          if (seen.pulled++ === chunks) controller.close();
          else controller.enqueue(new Uint8Array(4096).fill(0x20));
        },
        cancel() {
          seen.cancelled = true;
        },
      },
      { highWaterMark: 0 },
    );
    return { seen, body };
  }

  const send = (body: ReadableStream, headers: Record<string, string> = {}, user: string | null = 'a') => {
    const api = createAvatarApi({ authenticate: () => (user === null ? null : { id: user }), log: () => {} });
    const request = new Request('https://app.test/uploads/commit', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });
    return api.fetch(request, env);
  };

  it.each([
    ['of a declared length', { 'content-length': '17000' }],
    ['of no declared length', {}],
  ])('for its size, %s, is never taken apart', async (_, headers: Record<string, string>) => {
    const parse = vi.spyOn(JSON, 'parse');
    const { seen, body } = watched(5);
    const answer = await send(body, headers);
    expect(parse).not.toHaveBeenCalled();
    expect([answer.status, await answer.json()]).toEqual([413, { error: expect.any(String), code: 'too_large' }]);
    expect(seen.pulled).toBe(6);
  });

  it.each([
    ['of a declared length', { 'content-length': '999999999' }, 'a'],
    ['of no declared length', {}, 'a'],
    ['of somebody who is not signed in', {}, null],
  ])('and does not end, %s, is cancelled', async (_, headers: Record<string, string>, user) => {
    const { seen, body } = watched(Number.POSITIVE_INFINITY);
    expect((await send(body, headers, user)).status).toBe(user ? 413 : 401);
    expect(seen.cancelled).toBe(true);
    expect(seen.pulled * 4096).toBeLessThan(1.1 * 2 ** 20);
  });

  it('and never comes is waited for no longer than a second', async () => {
    let cancelled = false;
    const body = new ReadableStream({
      cancel() {
        cancelled = true;
      },
    });
    expect((await send(body, {}, null)).status).toBe(401);
    expect(cancelled).toBe(true);
  });

  it('because its sender is gone is no failure of the server’s', async () => {
    const body = new ReadableStream({
      pull(controller) {
        controller.error(new Error('Network connection lost.'));
      },
    });
    const answer = await send(body);
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'invalid_request' }]);
  });

  it('at the limit is taken', async () => {
    const { body } = watched(4);
    expect((await send(body)).status).toBe(400);
  });
});
