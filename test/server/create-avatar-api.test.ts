import { env } from 'cloudflare:workers';
import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { describe, expect, it, vi } from 'vitest';
import { createAvatarApi } from '../../server/create-avatar-api.js';
import worker from '../../server/worker.js';
import { apiFor, newUser } from './harness.js';

const ROUTES = [
  ['POST', '/api/uploads/presign'],
  ['POST', '/api/uploads/commit'],
  ['GET', '/api/me/avatar'],
  ['DELETE', '/api/me/avatar'],
  ['GET', '/api/users/ada/avatar'],
] as const;

describe.each(ROUTES)('%s %s', (method, path) => {
  it('is for nobody who is not signed in', async () => {
    const { status, body, headers } = await apiFor(null).call(method, path, method === 'POST' ? {} : undefined);
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
  ])('is for no page of the origin %j', async (origin) => {
    const { status, body, headers } = await apiFor(newUser()).call(method, path, undefined, { origin });
    expect([status, body.code]).toEqual([403, 'forbidden_origin']);
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('browsers', () => {
  const presign = (headers: Record<string, string>, overrides = {}) =>
    apiFor(newUser(), {}, overrides).call('POST', '/api/uploads/presign', { contentType: 'image/png' }, headers);

  it.each(['cross-site', 'same-site'])('may not send a %s request without an origin', async (site) => {
    const { status, body } = await presign({ 'sec-fetch-site': site });
    expect([status, body.code]).toEqual([403, 'forbidden_origin']);
  });

  it.each(['same-origin', 'none'])('may send a %s request', async (site) => {
    expect((await presign({ 'sec-fetch-site': site })).status).toBe(200);
  });

  it('may follow a link to a picture from another site', async () => {
    const { status } = await apiFor(newUser()).call('GET', '/api/users/none/avatar', undefined, {
      'sec-fetch-site': 'cross-site',
    });
    expect(status).toBe(404);
  });

  it('may call from a trusted origin, which is told so, exactly', async () => {
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

  it('are told of failures across origins too', async () => {
    const origin = 'https://one.example';
    const { status, headers } = await apiFor(null, {}, { TRUSTED_ORIGINS: origin }).call(
      'GET',
      '/api/me/avatar',
      undefined,
      { origin },
    );
    expect(status).toBe(401);
    expect(headers.get('access-control-allow-origin')).toBe(origin);
  });

  it('get their preflight answered', async () => {
    const headers = {
      origin: 'https://one.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,x-csrf',
    };
    const answer = await apiFor(null, {}, { TRUSTED_ORIGINS: headers.origin }).call(
      'OPTIONS',
      '/api/uploads/presign',
      undefined,
      headers,
    );
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-origin')).toBe(headers.origin);
    expect(answer.headers.get('access-control-allow-headers')).toContain('x-csrf');
    expect(answer.headers.get('access-control-allow-methods')).toContain('DELETE');
  });

  it.each([
    'https://one.example/',
    'https://one.example/path',
    '*',
    'https://*.example',
    'one.example',
    'ftp://one.example',
    'https://u@one.example',
  ])('find the API closed where TRUSTED_ORIGINS says %s', async (TRUSTED_ORIGINS) => {
    const { status, body } = await presign({ origin: 'https://one.example' }, { TRUSTED_ORIGINS });
    expect([status, body.code]).toEqual([503, 'unavailable']);
  });
});

describe('the API', () => {
  it('answers other methods with 405 and those it has', async () => {
    const { status, body, headers } = await apiFor(newUser()).call('PUT', '/api/me/avatar');
    expect([status, body.code, headers.get('allow')]).toEqual([405, 'method_not_allowed', 'GET, DELETE']);
  });

  it('leaves every other path to its host', async () => {
    const host = new Hono();
    host.route('/api', createAvatarApi({ authenticate: () => null }));
    host.get('/api/me', (c) => c.text('host'));
    host.notFound((c) => c.text('not here', 404));
    expect(await (await host.request('https://app.test/api/me', {}, env)).text()).toBe('host');
    expect(await (await host.request('https://app.test/api/uploads', { method: 'POST' }, env)).text()).toBe('not here');
  });

  it.each(['DB', 'AVATARS', 'R2_ENDPOINT', 'R2_BUCKET', 'R2_ACCESS_KEY_ID', 'R2_SECRET_ACCESS_KEY', 'OWNER_SECRET'])(
    'is closed without %s, and names it',
    async (name) => {
      const { status, body } = await apiFor(newUser(), {}, { [name]: '' }).call('POST', '/api/uploads/presign', {
        contentType: 'image/png',
      });
      expect([status, body.code]).toEqual([503, 'unavailable']);
      expect(body.error).toContain(name);
    },
  );

  it('takes an endpoint given as a path in local development only', async () => {
    const overrides = { R2_ENDPOINT: '/cdn-cgi/local/r2/s3' };
    const closed = await apiFor(newUser(), {}, overrides).call('POST', '/api/uploads/presign', {
      contentType: 'image/png',
    });
    expect(closed.status).toBe(503);
  });

  it('takes a 401 that an authentication library throws for what it is', async () => {
    const authenticate = () => {
      throw new HTTPException(401);
    };
    const { status, body } = await apiFor(null, { authenticate }).call('GET', '/api/me/avatar');
    expect([status, body.code]).toEqual([401, 'unauthorized']);
  });

  it('tells nothing of what went wrong inside, and logs no address', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const authenticate = () => {
      throw new Error('secret detail');
    };
    const { status, body } = await apiFor(null, { authenticate }).call('GET', '/api/me/avatar?expiresIn=60');
    expect([status, body.code]).toEqual([500, 'internal']);
    expect(JSON.stringify(body)).not.toContain('secret detail');
    expect(log.mock.calls.flat().join()).not.toMatch(/expiresIn|https?:/);
    log.mockRestore();
  });
});

describe('the Worker', () => {
  const ask = (path: string, init: RequestInit = {}, vars = {}, origin = 'http://localhost:5173') =>
    worker.fetch(new Request(origin + path, init), { ...env, ...vars }, {} as ExecutionContext);
  const local = { LOCAL_DEV: 'on' };
  const signIn = (user: unknown, vars: object = local, origin?: string) =>
    ask(
      '/api/dev/login',
      { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ user }) },
      vars,
      origin,
    );
  const cookieOf = (response: Response) => response.headers.get('set-cookie')?.split(';')[0] ?? '';

  it('is closed where no authentication is configured', async () => {
    const response = await ask('/api/me/avatar');
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: 'unavailable' });
  });

  it.each(['ada', 'ä/b?#%', '日本', 'x'.repeat(500), '😀'.repeat(500), 'a\u0001b'])(
    'signs %j in, and out, locally',
    async (user) => {
      const login = await signIn(user);
      expect(login.status).toBe(200);
      expect(login.headers.get('cache-control')).toBe('no-store');
      const cookie = cookieOf(login);
      expect(cookie.length).toBeLessThan(4096);
      expect((await ask('/api/me/avatar', { headers: { cookie } }, local)).status).toBe(200);
      const logout = await ask('/api/dev/logout', { method: 'POST', headers: { cookie } }, local);
      expect(logout.headers.get('set-cookie')).toMatch(/^flare-local-user=;.*Max-Age=0/);
    },
  );

  it.each([undefined, 1, '', '\ud800', 'x'.repeat(2401)])('does not sign %j in', async (user) => {
    expect((await signIn(user)).status).toBe(400);
  });

  it('believes no cookie that it has not signed', async () => {
    const cookie = cookieOf(await signIn('ada'));
    const forged = cookie.replace('YWRh', 'YmVu');
    expect(forged).not.toBe(cookie);
    expect((await ask('/api/me/avatar', { headers: { cookie: forged } }, local)).status).toBe(401);
  });

  it('knows no local sign-in, and believes none of its cookies, where the flag is not set or the name is not local', async () => {
    const cookie = cookieOf(await signIn('ada'));
    for (const [vars, origin] of [
      [{}, undefined],
      [{ LOCAL_DEV: 'true' }, undefined],
      [local, 'https://avatars.example'],
    ] as const) {
      expect((await signIn('ada', vars, origin)).status).toBe(404);
      expect((await ask('/api/dev/logout', { method: 'POST' }, vars, origin)).status).toBe(404);
      expect((await ask('/api/me/avatar', { headers: { cookie } }, vars, origin)).status).toBe(503);
    }
  });

  it('answers 404 as JSON elsewhere', async () => {
    const response = await ask('/api/nothing');
    expect([response.status, await response.json()]).toEqual([404, { error: expect.any(String), code: 'not_found' }]);
    expect(response.headers.get('cache-control')).toBe('no-store');
  });
});
