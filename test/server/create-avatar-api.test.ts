import { env } from 'cloudflare:workers';
import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { describe, expect, it, vi } from 'vitest';
import { createAvatarApi } from '../../server/create-avatar-api.js';
import worker from '../../server/worker.js';
import { createApi, createUserId } from './harness.js';

const ROUTES = [
  ['POST', '/api/uploads/presign'],
  ['POST', '/api/uploads/commit'],
  ['GET', '/api/me/avatar'],
  ['DELETE', '/api/me/avatar'],
  ['GET', '/api/users/ada/avatar'],
] as const;

describe.each(ROUTES)('%s %s', (method, path) => {
  it('responds with 401 without a session', async () => {
    const { status, body, headers } = await createApi(null).call(method, path, method === 'POST' ? {} : undefined);
    expect([status, body.code]).toEqual([401, 'unauthorized']);
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it.each([
    'https://evil.test',
    'https://app.test.evil.test',
    'https://app.tes',
    'http://app.test',
    'https://app.test:8443',
    'null',
    '',
  ])('responds with 403 to the untrusted origin %j', async (origin) => {
    const { status, body, headers } = await createApi(createUserId()).call(method, path, undefined, { origin });
    expect([status, body.code]).toEqual([403, 'forbidden_origin']);
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('requests from browsers', () => {
  const presign = (headers: Record<string, string>, overrides = {}) =>
    createApi(createUserId(), {}, overrides).call(
      'POST',
      '/api/uploads/presign',
      { contentType: 'image/png' },
      headers,
    );

  it.each(['cross-site', 'same-site'])('responds with 403 to a %s request without an origin', async (site) => {
    const { status, body } = await presign({ 'sec-fetch-site': site });
    expect([status, body.code]).toEqual([403, 'forbidden_origin']);
  });

  it.each(['same-origin', 'none'])('accepts a %s request', async (site) => {
    expect((await presign({ 'sec-fetch-site': site })).status).toBe(200);
  });

  it('accepts a navigation from another site to a picture', async () => {
    const { status } = await createApi(createUserId()).call('GET', '/api/users/none/avatar', undefined, {
      'sec-fetch-site': 'cross-site',
    });
    expect(status).toBe(404);
  });

  it('accepts trusted origins, and names exactly the requesting one in the CORS headers', async () => {
    const trusted = { TRUSTED_ORIGINS: 'https://one.example HTTPS://Two.Example:443, https://bücher.example' };
    for (const origin of [
      'https://one.example',
      'https://two.example',
      'https://xn--bcher-kva.example',
      'https://app.test',
    ]) {
      const { status, headers } = await presign({ origin, 'sec-fetch-site': 'cross-site' }, trusted);
      expect(status).toBe(200);
      expect(headers.get('access-control-allow-origin')).toBe(origin);
      expect(headers.get('access-control-allow-credentials')).toBe('true');
      expect(headers.get('vary')).toContain('Origin');
    }
    expect((await presign({ origin: 'https://three.example' }, trusted)).status).toBe(403);
  });

  it('adds CORS headers to failures', async () => {
    const origin = 'https://one.example';
    const { status, headers } = await createApi(null, {}, { TRUSTED_ORIGINS: origin }).call(
      'GET',
      '/api/me/avatar',
      undefined,
      { origin },
    );
    expect(status).toBe(401);
    expect(headers.get('access-control-allow-origin')).toBe(origin);
  });

  it('responds to preflight requests', async () => {
    const headers = {
      origin: 'https://one.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,x-csrf',
    };
    const response = await createApi(null, {}, { TRUSTED_ORIGINS: headers.origin }).call(
      'OPTIONS',
      '/api/uploads/presign',
      undefined,
      headers,
    );
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe(headers.origin);
    expect(response.headers.get('access-control-allow-headers')).toContain('x-csrf');
    expect(response.headers.get('access-control-allow-methods')).toContain('DELETE');
  });

  it.each([
    'https://one.example/',
    'https://one.example/path',
    '*',
    'https://*.example',
    'one.example',
    'ftp://one.example',
    'https://u@one.example',
  ])('responds with 503 if TRUSTED_ORIGINS is %s', async (TRUSTED_ORIGINS) => {
    const { status, body } = await presign({ origin: 'https://one.example' }, { TRUSTED_ORIGINS });
    expect([status, body.code]).toEqual([503, 'unavailable']);
  });
});

describe('the API', () => {
  it('responds to other methods with 405 and the allowed ones', async () => {
    const { status, body, headers } = await createApi(createUserId()).call('PUT', '/api/me/avatar');
    expect([status, body.code, headers.get('allow')]).toEqual([405, 'method_not_allowed', 'GET, DELETE']);
  });

  it('leaves all other paths to the host application', async () => {
    const host = new Hono();
    host.route('/api', createAvatarApi({ authenticate: () => null }));
    host.get('/api/me', (c) => c.text('host'));
    host.notFound((c) => c.text('not here', 404));
    expect(await (await host.request('https://app.test/api/me', {}, env)).text()).toBe('host');
    expect(await (await host.request('https://app.test/api/uploads', { method: 'POST' }, env)).text()).toBe('not here');
  });

  it.each(['DB', 'AVATARS', 'R2_ENDPOINT', 'R2_BUCKET', 'R2_ACCESS_KEY_ID', 'R2_SECRET_ACCESS_KEY', 'OWNER_SECRET'])(
    'responds with 503 without %s and names it',
    async (name) => {
      const { status, body } = await createApi(createUserId(), {}, { [name]: '' }).call(
        'POST',
        '/api/uploads/presign',
        {
          contentType: 'image/png',
        },
      );
      expect([status, body.code]).toEqual([503, 'unavailable']);
      expect(body.error).toContain(name);
    },
  );

  it('accepts a path as the endpoint in local development only', async () => {
    const overrides = { R2_ENDPOINT: '/cdn-cgi/local/r2/s3' };
    const closed = await createApi(createUserId(), {}, overrides).call('POST', '/api/uploads/presign', {
      contentType: 'image/png',
    });
    expect(closed.status).toBe(503);
  });

  it('responds with 401 if an authentication library throws an HTTPException with 401', async () => {
    const authenticate = () => {
      throw new HTTPException(401);
    };
    const { status, body } = await createApi(null, { authenticate }).call('GET', '/api/me/avatar');
    expect([status, body.code]).toEqual([401, 'unauthorized']);
  });

  it('hides the details of an internal error, and logs no URL', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const authenticate = () => {
      throw new Error('secret detail');
    };
    const { status, body } = await createApi(null, { authenticate }).call('GET', '/api/me/avatar?expiresIn=60');
    expect([status, body.code]).toEqual([500, 'internal']);
    expect(JSON.stringify(body)).not.toContain('secret detail');
    expect(log.mock.calls.flat().join()).not.toMatch(/expiresIn|https?:/);
    log.mockRestore();
  });
});

describe('the reference Worker', () => {
  const fetchWorker = (path: string, init: RequestInit = {}, vars = {}, origin = 'http://localhost:5173') =>
    worker.fetch(new Request(origin + path, init), { ...env, ...vars }, {} as ExecutionContext);
  const local = { LOCAL_DEV: 'on' };
  const signIn = (user: unknown, vars: object = local, origin?: string) =>
    fetchWorker(
      '/api/dev/login',
      { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ user }) },
      vars,
      origin,
    );
  const getCookie = (response: Response) => response.headers.get('set-cookie')?.split(';')[0] ?? '';

  it('responds with 503 if no authentication is configured', async () => {
    const response = await fetchWorker('/api/me/avatar');
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: 'unavailable' });
  });

  it.each(['ada', 'ä/b?#%', '日本', 'x'.repeat(500), '😀'.repeat(500), 'a\u0001b'])(
    'signs %j in and out in local development',
    async (user) => {
      const login = await signIn(user);
      expect(login.status).toBe(200);
      expect(login.headers.get('cache-control')).toBe('no-store');
      const cookie = getCookie(login);
      expect(cookie.length).toBeLessThan(4096);
      expect((await fetchWorker('/api/me/avatar', { headers: { cookie } }, local)).status).toBe(200);
      const logout = await fetchWorker('/api/dev/logout', { method: 'POST', headers: { cookie } }, local);
      expect(logout.headers.get('set-cookie')).toMatch(/^flare-local-user=;.*Max-Age=0/);
    },
  );

  it.each([undefined, 1, '', '\ud800', 'x'.repeat(2401)])('refuses to sign %j in', async (user) => {
    expect((await signIn(user)).status).toBe(400);
  });

  it('rejects a forged cookie', async () => {
    const cookie = getCookie(await signIn('ada'));
    const forged = cookie.replace('YWRh', 'YmVu');
    expect(forged).not.toBe(cookie);
    expect((await fetchWorker('/api/me/avatar', { headers: { cookie: forged } }, local)).status).toBe(401);
  });

  it('has no development sign-in, and rejects its cookies, without the flag or on another host', async () => {
    const cookie = getCookie(await signIn('ada'));
    for (const [vars, origin] of [
      [{}, undefined],
      [{ LOCAL_DEV: 'true' }, undefined],
      [local, 'https://avatars.example'],
    ] as const) {
      expect((await signIn('ada', vars, origin)).status).toBe(404);
      expect((await fetchWorker('/api/dev/logout', { method: 'POST' }, vars, origin)).status).toBe(404);
      expect((await fetchWorker('/api/me/avatar', { headers: { cookie } }, vars, origin)).status).toBe(503);
    }
  });

  it('responds with 404 as JSON for unknown paths', async () => {
    const response = await fetchWorker('/api/nothing');
    expect([response.status, await response.json()]).toEqual([404, { error: expect.any(String), code: 'not_found' }]);
    expect(response.headers.get('cache-control')).toBe('no-store');
  });
});
