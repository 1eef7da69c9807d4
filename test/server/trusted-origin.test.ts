import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { parseOrigins } from '../../server/parse-origins.js';
import worker from '../../server/worker.js';
import { createApi, createUserId } from './harness.js';

const APP = 'https://app.example';
const trusted = { TRUSTED_ORIGINS: `${APP}, http://localhost:3000` };
const body = { contentType: 'image/png' };

describe('TRUSTED_ORIGINS', () => {
  it.each([
    ['', []],
    [' , \n', []],
    ['https://a.test https://b.test,\nhttps://c.test', ['https://a.test', 'https://b.test', 'https://c.test']],
    ['HTTPS://App.Example', ['https://app.example']],
    ['https://app.example:443', ['https://app.example']],
    ['http://app.example:80', ['http://app.example']],
    ['http://app.example:443', ['http://app.example:443']],
    ['https://bücher.example', ['https://xn--bcher-kva.example']],
    [
      'http://localhost:5173 http://127.0.0.1:1 http://[::1]:2',
      ['http://localhost:5173', 'http://127.0.0.1:1', 'http://[::1]:2'],
    ],
  ])('%j is parsed as %j', (text, origins) => {
    expect(parseOrigins(text)).toEqual(origins);
  });

  it.each([
    '*',
    'null',
    'app.example',
    '//app.example',
    'https://*.example',
    'https://app.example/',
    'https://app.example/path',
    'https://app.example?x',
    'https://app.example#x',
    'https://app.example\\',
    'https:\\\\app.example',
    'https:app.example',
    'https://',
    'https://u@app.example',
    'https://u:p@app.example',
    'https://%61pp.example',
    'https://app.example"',
    'https://app.example;https://b.test',
    'https://app.example:99999',
    'ftp://app.example',
    'file:///app',
    'javascript:alert(1)',
    '["https://app.example"]',
  ])('%s is refused, and the error names it', (text) => {
    expect(() => parseOrigins(`https://good.test ${text}`)).toThrow(`TRUSTED_ORIGINS: "${text}" is not an origin.`);
  });
});

describe('an origin that looks like a trusted one', () => {
  it.each([
    'https://app.example.evil.test',
    'https://evilapp.example',
    'https://app.example.',
    'https://app.example:8443',
    'https://app.example:443',
    'http://app.example',
    'https://app.exampl',
    'https://app.example/',
    'https://user@app.example',
    'HTTPS://APP.EXAMPLE',
    'https://App.example',
    'https://www.app.example',
    'https://app.example, https://evil.test',
    'http://localhost:3001',
    'http://localhost',
    'null',
    'file://',
    '',
  ])('%j is refused', async (origin) => {
    for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS']) {
      const api = createApi(createUserId(), {}, trusted);
      const { status, headers } = await api.call(method, '/api/me/avatar', undefined, { origin });
      expect(status).toBe(403);
      expect(headers.get('access-control-allow-origin')).toBeNull();
      expect(headers.get('access-control-allow-credentials')).toBeNull();
    }
  });
});

describe('a form on another site', () => {
  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/json'])(
    'cannot send a %s body, whatever its Origin and Sec-Fetch-Site',
    async (type) => {
      const sendForm = (headers: Record<string, string>) =>
        createApi(createUserId(), {}, trusted).call('POST', '/api/uploads/presign', body, {
          'content-type': type,
          ...headers,
        });
      for (const headers of [
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
        { 'sec-fetch-site': 'nonsense' },
        { origin: 'https://evil.test' },
        { origin: 'null', 'sec-fetch-site': 'cross-site' },
        // Origin takes precedence over Sec-Fetch-Site.
        { origin: 'https://evil.test', 'sec-fetch-site': 'same-origin' },
      ]) {
        expect((await sendForm(headers)).body.code).toBe('forbidden_origin');
      }
      // With neither header it is no current browser, and no form can send JSON.
      expect((await sendForm({})).status).toBe(type === 'application/json' ? 200 : 400);
    },
  );

  it('cannot sign anyone in or out in local development', async () => {
    for (const path of ['/api/dev/login', '/api/dev/logout']) {
      const headers = { origin: 'https://evil.test', 'content-type': 'application/json' };
      const request = new Request(`http://localhost:5173${path}`, { method: 'POST', headers, body: '{"user":"eve"}' });
      const { status } = await worker.fetch(request, { ...env, LOCAL_DEV: 'on' }, {} as ExecutionContext);
      expect(status).toBe(403);
    }
  });
});

describe('a page of a trusted origin', () => {
  const from = { origin: APP, 'sec-fetch-site': 'cross-site' };

  it.each([
    ['not signed in', 401, null, 'GET', '/api/me/avatar', undefined],
    ['no picture', 404, 'ada', 'GET', '/api/users/none/avatar', undefined],
    ['method not allowed', 405, 'ada', 'PUT', '/api/me/avatar', undefined],
    ['not JSON', 400, 'ada', 'POST', '/api/uploads/commit', '{'],
    ['body too large', 413, 'ada', 'POST', '/api/uploads/commit', 'x'.repeat(20_000)],
    ['OpenAPI document', 200, null, 'GET', '/api/openapi.json', undefined],
  ])('can read the response: %s', async (_, expected, user, method, path, text) => {
    const { status, headers } = await createApi(user, {}, trusted).call(method, path, text, from);
    expect(status).toBe(expected);
    expect(headers.get('access-control-allow-origin')).toBe(APP);
    expect(headers.get('access-control-allow-credentials')).toBe('true');
    expect(headers.get('vary')).toContain('Origin');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('can read Retry-After', async () => {
    const api = createApi(createUserId(), { maxPending: 1 }, trusted);
    await api.presign();
    const { status, headers } = await api.call('POST', '/api/uploads/presign', body, from);
    expect(status).toBe(429);
    expect(headers.get('retry-after')).toMatch(/^\d+$/);
    expect(headers.get('access-control-expose-headers')).toContain('Retry-After');
    expect(headers.get('access-control-allow-origin')).toBe(APP);
  });

  it('can read an internal error', async () => {
    const authenticate = () => Promise.reject(new Error('broken'));
    const { status, headers } = await createApi(null, { authenticate }, trusted).call(
      'GET',
      '/api/me/avatar',
      undefined,
      from,
    );
    expect([status, headers.get('access-control-allow-origin')]).toEqual([500, APP]);
  });

  it('gets its preflight requests accepted without a session', async () => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const headers = { ...from, 'access-control-request-method': method };
      const response = await createApi(null, {}, trusted).call('OPTIONS', '/api/me/avatar', undefined, headers);
      expect(response.status).toBe(204);
      expect(response.headers.get('access-control-allow-methods')?.split(',')).toContain(method);
      expect(response.headers.get('access-control-allow-origin')).toBe(APP);
    }
  });

  it("may also be on the API's own host, under any of its names", async () => {
    for (const host of ['https://avatars.example', 'https://flare.me.workers.dev', 'http://localhost:5173']) {
      const fetchWorker = (origin: string) =>
        worker.fetch(new Request(`${host}/api/openapi.json`, { headers: { origin } }), env, {} as ExecutionContext);
      expect((await fetchWorker(host)).headers.get('access-control-allow-origin')).toBe(host);
      expect((await fetchWorker('https://other.workers.dev')).status).toBe(403);
    }
  });
});

it('a response to a request without an origin varies by origin', async () => {
  const { headers } = await createApi(createUserId()).call('GET', '/api/me/avatar');
  expect(headers.get('vary')).toBe('Origin');
});
