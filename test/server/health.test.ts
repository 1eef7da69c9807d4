import { env } from 'cloudflare:workers';
import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { oidc } from '../../server/auth/oidc.js';
import type { AvatarEnv } from '../../server/config.js';
import { createAvatarApi } from '../../server/create-avatar-api.js';
import { ApiError } from '../../server/errors.js';
import type { LogEntry } from '../../server/log.js';
import worker from '../../server/worker.js';
import { interceptBindings } from './fault-bindings.js';
import { createApi } from './harness.js';
import { isWorkerd } from './runtime.js';
import { AUDIENCE, TestIssuer } from './test-issuer.js';

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const checkHealth = (overrides: Partial<AvatarEnv> = {}, options = {}) =>
  createApi(null, options, overrides).call('GET', '/api/health');

/** A database that responds to the one query of the health check. */
const createDatabase = (first: () => Promise<unknown>) =>
  ({ prepare: () => ({ first }), batch: () => {} }) as unknown as D1Database;

const readVersion = () => env.DB.prepare('SELECT version FROM flare_avatar_schema').first('version');

const SECRETS = 'secret-token-1234567890123 at https://db.internal';
const brokenDatabase = createDatabase(() => Promise.reject(new Error(`D1_ERROR: ${SECRETS}`)));
const brokenBucket = interceptBindings(async (name, call) => {
  if (name === 'head') throw new Error(`head: ${SECRETS} (1)`);
  return call();
}).AVATARS;

describe('GET /health', () => {
  it('responds with 200 and nothing else, without a session', async () => {
    const { status, body, headers } = await checkHealth();
    expect([status, body]).toEqual([200, { ok: true }]);
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it.each<[string, Partial<AvatarEnv>]>([
    ['database', { DB: brokenDatabase }],
    ['storage', { AVATARS: brokenBucket }],
    ['database, storage', { DB: brokenDatabase, AVATARS: brokenBucket }],
    ['settings', { R2_SECRET_ACCESS_KEY: '' }],
    ['settings', { R2_ENDPOINT: '/only-in-local-development' }],
    ['settings', { OWNER_SECRET: '' }],
    ['settings', { TRUSTED_ORIGINS: 'https://app.example/secret-path' }],
    ['settings, storage', { R2_BUCKET: '', AVATARS: brokenBucket }],
  ])('responds with 503 and only names %s', async (names, overrides) => {
    const { status, body, headers } = await checkHealth(overrides);
    expect(status).toBe(503);
    expect(body).toEqual({ error: `Not available: ${names}.`, code: 'unavailable' });
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('names the database if its tables are missing', async () => {
    const DB = createDatabase(() => env.DB.prepare('SELECT 1 FROM flare_avatar_no_such').first());
    const entries: LogEntry[] = [];
    const { status } = await checkHealth({ DB }, { log: (entry: LogEntry) => entries.push(entry) });
    expect(status).toBe(503);
    expect(entries).toMatchObject([
      {
        level: 'error',
        route: '/health',
        status: 503,
        dependencies: ['database'],
        error: { cause: { message: expect.stringContaining('Apply the migrations') } },
      },
    ]);
  });

  it('names the sign-in if nobody could sign in', async () => {
    for (const error of [
      new Error('sessions are down'),
      new ApiError('unavailable', 'Down.'),
      new HTTPException(500),
    ]) {
      const authenticate = () => Promise.reject(error);
      const { status, body } = await checkHealth({}, { authenticate });
      expect([status, body.error]).toEqual([503, 'Not available: sign-in.']);
    }
  });

  it('does not mind that the request itself is not signed in', async () => {
    for (const error of [new ApiError('unauthorized', 'No.'), new HTTPException(401), new HTTPException(403)]) {
      const authenticate = () => Promise.reject(error);
      expect((await checkHealth({}, { authenticate })).status).toBe(200);
    }
  });

  it.runIf(isWorkerd)('names the sign-in if the keys of an issuer can not be loaded, without a token', async () => {
    const issuer = await TestIssuer.start();
    const authenticate = oidc({ issuer: issuer.url, audience: AUDIENCE });
    const respond = issuer.responses[issuer.jwksUrl];
    issuer.responses[issuer.jwksUrl] = () => new Response(null, { status: 500 });
    vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
    const { status, body } = await checkHealth({}, { authenticate });
    expect([status, body.error]).toEqual([503, 'Not available: sign-in.']);
    Object.assign(issuer.responses, { [issuer.jwksUrl]: respond });
    vi.setSystemTime(Date.now() + 10_000);
    for (let i = 0; i < 3; i++) expect((await checkHealth({}, { authenticate })).status).toBe(200);
    expect(issuer.requests.length).toBe(4);
  });

  it('of the reference Worker names the settings of the sign-in', async () => {
    const fetchHealth = async (vars: object) => {
      const request = new Request('https://app.test/api/health');
      const response = await worker.fetch(request, { ...env, ...vars }, {} as ExecutionContext);
      return [response.status, ((await response.json()) as { error?: string }).error];
    };
    expect(await fetchHealth({})).toEqual([503, 'Not available: settings.']);
    expect(await fetchHealth({ AUTH: 'cookie', SESSION_SECRET: 's'.repeat(32) })).toEqual([200, undefined]);
  });

  it('asks the database and the bucket at most once in five seconds, however many requests arrive', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const calls: string[] = [];
    const { AVATARS } = interceptBindings((name, call) => {
      calls.push(name);
      return call();
    });
    const DB = createDatabase(() => {
      calls.push('first');
      return readVersion();
    });
    const bindings = { ...env, AVATARS, DB };
    const api = createAvatarApi({ authenticate: () => null, log: () => {} });
    const send = async () => (await api.request('https://app.test/health', {}, bindings)).status;
    expect(await Promise.all(Array.from({ length: 20 }, send))).toEqual(Array(20).fill(200));
    expect(calls.sort()).toEqual(['first', 'head']);
    vi.setSystemTime(Date.now() + 4999);
    await send();
    expect(calls).toHaveLength(2);
    vi.setSystemTime(Date.now() + 1);
    await send();
    expect(calls).toHaveLength(4);
  });

  it('recovers when the dependency does', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    let isDown = true;
    const flaky = interceptBindings((name, call) =>
      isDown && name === 'head' ? Promise.reject(new Error('down')) : call(),
    );
    const bindings = { ...env, ...flaky };
    const api = createAvatarApi({ authenticate: () => null, log: () => {} });
    const send = async () => (await api.request('https://app.test/health', {}, bindings)).status;
    expect(await send()).toBe(503);
    isDown = false;
    expect(await send()).toBe(503);
    vi.setSystemTime(Date.now() + 5000);
    expect(await send()).toBe(200);
  });

  it('does not wait for a store that never responds', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const hanging = interceptBindings((name, call) => (name === 'head' ? new Promise(() => {}) : call()));
    const response = checkHealth({ AVATARS: hanging.AVATARS });
    const tick = setInterval(() => vi.advanceTimersByTime(1000), 1);
    const { status, body } = await response;
    clearInterval(tick);
    expect([status, body.error]).toEqual([503, 'Not available: storage.']);
  });

  it('responds to HEAD, and with 405 to other methods', async () => {
    expect((await createApi(null).call('HEAD', '/api/health')).status).toBe(200);
    const { status, headers } = await createApi(null).call('POST', '/api/health', {});
    expect([status, headers.get('allow')]).toEqual([405, 'GET']);
  });

  it('works below any path', async () => {
    const host = new Hono().basePath('/tenants/:id');
    host.route('/pictures', createAvatarApi({ authenticate: () => null, log: () => {} }));
    expect((await host.request('https://app.test/tenants/7/pictures/health', {}, env)).status).toBe(200);
  });
});
