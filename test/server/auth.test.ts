import { env } from 'cloudflare:workers';
import { Hono } from 'hono';
import { exportJWK, generateKeyPair, type JWK, SignJWT, UnsecuredJWT } from 'jose';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { getAuthenticator, type WorkerEnv } from '../../server/auth/configured-auth.js';
import { devSignIn, getDevUser } from '../../server/auth/dev-sign-in.js';
import { type OidcOptions, oidc } from '../../server/auth/oidc.js';
import { signedCookie } from '../../server/auth/signed-cookie.js';
import worker from '../../server/worker.js';
import { createApi } from './harness.js';

const AUDIENCE = 'avatars';
const SECRET = 'a-secret-of-the-tests-that-is-long-enough';
/** The issuer of the current test. Each test has its own, so that nothing is cached. */
let issuer = '';
let responses: Record<string, () => Response>;
let keys: Awaited<ReturnType<typeof generateKeyPair>>;
let publicKey: JWK;

beforeAll(async () => {
  keys = await generateKeyPair('RS256', { extractable: true });
  publicKey = { ...(await exportJWK(keys.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' };
});

beforeEach(() => {
  issuer = `https://${crypto.randomUUID()}.test`;
  responses = {
    [`${issuer}/.well-known/openid-configuration`]: () => Response.json({ issuer, jwks_uri: `${issuer}/keys` }),
    [`${issuer}/keys`]: () => Response.json({ keys: [publicKey] }),
  };
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input) => {
    const respond = responses[String(input)];
    if (!respond) throw new Error(`Unexpected request to ${String(input)}`);
    return respond();
  });
});
afterEach(() => vi.restoreAllMocks());

interface Claims {
  iss?: string;
  aud?: string | string[];
  sub?: string;
  exp?: number;
  nbf?: number;
}

const now = () => Math.floor(Date.now() / 1000);

/** A valid token, except for what a test changes. */
function createToken(
  claims: Claims = {},
  header: { alg?: string; kid?: string } = {},
  key: CryptoKey | Uint8Array = keys.privateKey,
) {
  const all = { iss: issuer, aud: AUDIENCE, sub: 'ada', exp: now() + 60, ...claims };
  return new SignJWT({ ...all }).setProtectedHeader({ alg: 'RS256', kid: 'one', ...header }).sign(key);
}

async function sendRequest(headers: Record<string, string>, options: Partial<OidcOptions> = {}) {
  const { status, body } = await createApi(null, {
    authenticate: oidc({ issuer, audience: AUDIENCE, ...options }),
  }).call('GET', '/api/me/avatar', undefined, headers);
  return { status, code: body.code };
}
const sendToken = async (jwt: string | Promise<string>, options?: Partial<OidcOptions>) =>
  sendRequest({ authorization: `Bearer ${await jwt}` }, options);
const REFUSED = { status: 401, code: 'unauthorized' };

describe('an OIDC token', () => {
  it('authenticates its subject', async () => {
    const authenticate = oidc({ issuer, audience: AUDIENCE });
    const app = new Hono().get('/', async (c) => c.json(await authenticate(c)));
    for (const scheme of ['Bearer ', 'bearer ', '']) {
      const response = await app.request('/', { headers: { authorization: scheme + (await createToken()) } });
      expect(await response.json()).toEqual({ id: 'ada' });
    }
    // Two requests: the discovery document and the keys.
    expect(vi.mocked(fetch)).toHaveBeenCalledTimes(2);
  });

  it.each<[string, Claims]>([
    ['another issuer', { iss: 'https://evil.test' }],
    ['another audience', { aud: 'other' }],
    ['no audience', { aud: [] }],
    ['an expiry in the past', { exp: 0 }],
    ['a start in the future', { nbf: 9_999_999_999 }],
    ['no subject', { sub: '' }],
  ])('with %s is rejected', async (_, claims) => {
    expect(await sendToken(createToken(claims))).toEqual(REFUSED);
  });

  it.each<keyof Claims>(['iss', 'aud', 'sub', 'exp'])('without the claim %s is rejected', async (name) => {
    const all: Claims = { iss: issuer, aud: AUDIENCE, sub: 'ada', exp: now() + 60 };
    delete all[name];
    const jwt = new SignJWT({ ...all }).setProtectedHeader({ alg: 'RS256', kid: 'one' }).sign(keys.privateKey);
    expect(await sendToken(jwt)).toEqual(REFUSED);
  });

  it('without a subject authenticates nobody, also if the adapter is called directly', async () => {
    const authenticate = oidc({ issuer, audience: AUDIENCE });
    const app = new Hono().get('/', async (c) => c.json(await authenticate(c)));
    const response = await app.request('/', { headers: { authorization: await createToken({ sub: '' }) } });
    expect(await response.json()).toBeNull();
  });

  it('is accepted within the clock tolerance', async () => {
    expect((await sendToken(createToken({ exp: now() - 5 }))).status).toBe(200);
    expect((await sendToken(createToken({ nbf: now() + 5 }))).status).toBe(200);
    expect(await sendToken(createToken({ exp: now() - 30 }))).toEqual(REFUSED);
  });

  it('that is unsigned is rejected', async () => {
    const unsigned = new UnsecuredJWT({ sub: 'ada' })
      .setIssuer(issuer)
      .setAudience(AUDIENCE)
      .setExpirationTime('1m')
      .encode();
    expect(await sendToken(unsigned)).toEqual(REFUSED);
    const [, claims] = (await createToken()).split('.');
    expect(await sendToken(`${btoa('{"alg":"none"}').replaceAll('=', '')}.${claims}.`)).toEqual(REFUSED);
  });

  it('that is signed with the public key as a shared secret is rejected', async () => {
    const secret = new TextEncoder().encode(JSON.stringify(publicKey));
    expect(await sendToken(createToken({}, { alg: 'HS256' }, secret))).toEqual(REFUSED);
  });

  it('that is signed with another key is rejected, under a known and an unknown key id', async () => {
    const other = await generateKeyPair('RS256');
    expect(await sendToken(createToken({}, {}, other.privateKey))).toEqual(REFUSED);
    expect(await sendToken(createToken({}, { kid: 'two' }, other.privateKey))).toEqual(REFUSED);
  });

  it('with an algorithm that is not allowed is rejected', async () => {
    expect(await sendToken(createToken(), { algorithms: ['ES256'] })).toEqual(REFUSED);
    expect((await sendToken(createToken(), { algorithms: ['RS256'] })).status).toBe(200);
  });

  it.each(['', 'x', 'a.b.c', 'Basic YTpi', `${'x'.repeat(5000)}.y.z`, '{}'])('is not accepted as %j', async (text) => {
    expect(await sendRequest({ authorization: `Bearer ${text}` })).toEqual(REFUSED);
    expect(await sendRequest({ authorization: text })).toEqual(REFUSED);
  });

  it('with modified claims is rejected', async () => {
    const [header, , signature] = (await createToken()).split('.');
    const [, claims] = (await createToken({ sub: 'ben' })).split('.');
    expect(await sendToken(`${header}.${claims}.${signature}`)).toEqual(REFUSED);
  });

  it('is read from a cookie if the options name one', async () => {
    const cookie = `jwt=${await createToken()}`;
    expect(await sendRequest({ cookie })).toEqual(REFUSED);
    expect((await sendRequest({ cookie }, { cookie: 'jwt' })).status).toBe(200);
    expect(await sendRequest({ cookie, authorization: 'Bearer x' }, { cookie: 'jwt' })).toEqual(REFUSED);
  });

  it('of Cloudflare Access is read from its own header and verified with the keys at jwksUrl', async () => {
    const jwksUrl = `${issuer}/cdn-cgi/access/certs`;
    responses = { [jwksUrl]: () => Response.json({ keys: [publicKey], public_cert: {}, public_certs: [] }) };
    const options = { jwksUrl, header: 'cf-access-jwt-assertion', algorithms: ['RS256'] };
    expect((await sendRequest({ 'cf-access-jwt-assertion': await createToken() }, options)).status).toBe(200);
    expect(await sendToken(createToken(), options)).toEqual(REFUSED);
    // The token of a service has no subject.
    expect(await sendRequest({ 'cf-access-jwt-assertion': await createToken({ sub: '' }) }, options)).toEqual(REFUSED);
  });

  it('identifies the user by the claim that userId returns', async () => {
    expect((await sendToken(createToken({ sub: '' }), { userId: ({ iss }) => iss })).status).toBe(200);
  });
});

describe('an issuer', () => {
  const UNAVAILABLE = { status: 503, code: 'unavailable' };
  const discoveryUrl = () => `${issuer}/.well-known/openid-configuration`;

  it('that cannot be reached causes 503', async () => {
    responses = {};
    expect(await sendToken(createToken())).toEqual(UNAVAILABLE);
  });

  it.each([
    ['responds with 500', () => new Response('', { status: 500 })],
    ['redirects', () => new Response('', { status: 302, headers: { location: 'https://evil.test' } })],
    ['responds with HTML', () => new Response('<html>')],
    ['has no keys', () => Response.json({})],
  ])('that %s causes 503', async (_, respond) => {
    responses[`${issuer}/keys`] = respond;
    expect(await sendToken(createToken())).toEqual(UNAVAILABLE);
    responses[discoveryUrl()] = respond;
    expect(await sendToken(createToken())).toEqual(UNAVAILABLE);
  });

  it.each([
    ['another issuer', () => ({ issuer: 'https://evil.test', jwks_uri: `${issuer}/keys` })],
    ['keys without TLS', () => ({ issuer, jwks_uri: 'http://keys.test/' })],
  ])('whose discovery document has %s causes 503', async (_, description) => {
    responses[discoveryUrl()] = () => Response.json(description());
    responses['http://keys.test/'] = () => Response.json({ keys: [publicKey] });
    expect(await sendToken(createToken())).toEqual(UNAVAILABLE);
  });

  it('that was unreachable is asked again', async () => {
    const authenticate = oidc({ issuer, audience: AUDIENCE });
    const api = createApi(null, { authenticate });
    const headers = { authorization: `Bearer ${await createToken()}` };
    const former = responses;
    responses = {};
    expect((await api.call('GET', '/api/me/avatar', undefined, headers)).status).toBe(503);
    responses = former;
    expect((await api.call('GET', '/api/me/avatar', undefined, headers)).status).toBe(200);
  });

  it('is not asked without a well-formed token', async () => {
    expect(await sendRequest({})).toEqual(REFUSED);
    expect(await sendToken('x')).toEqual(REFUSED);
    expect(vi.mocked(fetch)).not.toHaveBeenCalled();
  });

  it.each<[string, Partial<OidcOptions>]>([
    ['no issuer', { issuer: '' }],
    ['no audience', { audience: '' }],
    ['an empty list of audiences', { audience: [] }],
    ['an empty audience among others', { audience: ['a', ''] }],
    ['keys without TLS', { jwksUrl: 'http://keys.test/' }],
    ['a relative URL of its keys', { jwksUrl: 'keys' }],
    ['an algorithm with a shared secret', { algorithms: ['RS256', 'HS256'] }],
    ['the algorithm none', { algorithms: ['none'] }],
  ])('with %s is refused when the adapter is created', (_, options) => {
    expect(() => oidc({ issuer, audience: AUDIENCE, ...options })).toThrow(/^oidc: /);
  });
});

describe('a signed cookie', () => {
  const session = signedCookie({ secrets: [SECRET] });
  const createApp = (use = session) =>
    new Hono()
      .post('/in/:id', async (c) => {
        await use.issue(c, c.req.param('id'));
        return c.body(null);
      })
      .post('/out', (c) => {
        use.clear(c);
        return c.body(null);
      })
      .get('/', async (c) => c.json(await use.authenticate(c)));
  const signIn = async (id = 'ada', use = session) => {
    const response = await createApp(use).request(`/in/${encodeURIComponent(id)}`, { method: 'POST' });
    return response.headers.get('set-cookie') ?? '';
  };
  const identify = async (cookie: string, use = session) =>
    (await createApp(use).request('/', { headers: { cookie: cookie.split(';')[0] ?? '' } })).json();

  it('authenticates its user, and is HttpOnly, Secure and bound to the host', async () => {
    const cookie = await signIn();
    expect(cookie).toMatch(/^__Host-session=[\w.-]+; Max-Age=604800; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    expect(await identify(cookie)).toEqual({ id: 'ada' });
  });

  it.each(['ä/b?#%', '日本', 'x'.repeat(500), 'a\u0001b'])('keeps the user id %j', async (id) => {
    expect(await identify(await signIn(id))).toEqual({ id });
  });

  it('is deleted at sign-out', async () => {
    const response = await createApp().request('/out', { method: 'POST' });
    expect(response.headers.get('set-cookie')).toMatch(/^__Host-session=; Max-Age=0; Path=\/; Secure$/);
  });

  it('is rejected after its expiry', async () => {
    const short = signedCookie({ secrets: [SECRET], seconds: 60 });
    const cookie = await signIn('ada', short);
    vi.useFakeTimers({ now: Date.now() + 59_000, toFake: ['Date'] });
    expect(await identify(cookie, short)).toEqual({ id: 'ada' });
    vi.setSystemTime(Date.now() + 2000);
    expect(await identify(cookie, short)).toBeNull();
    vi.useRealTimers();
  });

  it('is rejected if it is modified, truncated, without an expiry or signed with another secret', async () => {
    const cookie = await signIn();
    const [name, jwt = ''] = cookie.split(';')[0]?.split('=') ?? [];
    const [header, , signature] = jwt.split('.');
    const claims = btoa(JSON.stringify({ sub: 'eve', aud: name, exp: 9_999_999_999 })).replaceAll('=', '');
    const secret = new TextEncoder().encode(SECRET);
    const endless = await new SignJWT({ sub: 'ada', aud: name ?? '' })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(secret);
    const stronger = await new SignJWT({ sub: 'ada', aud: name ?? '', exp: 9_999_999_999 })
      .setProtectedHeader({ alg: 'HS512' })
      .sign(secret);
    const other = await signIn('ada', signedCookie({ secrets: [SECRET.toUpperCase()] }));
    for (const value of [
      `${header}.${claims}.${signature}`,
      jwt.slice(0, -1),
      endless,
      stronger,
      '',
      'x',
      'undefined',
    ]) {
      expect(await identify(`${name}=${value}`), value).toBeNull();
    }
    expect(await identify(other)).toBeNull();
    expect(await identify('')).toBeNull();
  });

  it('is rejected under another name, even with the same secret', async () => {
    const other = signedCookie({ secrets: [SECRET], name: 'admin' });
    const jwt = (await signIn('ada', other)).split(';')[0]?.replace('admin=', '');
    expect(await identify(`admin=${jwt}`, other)).toEqual({ id: 'ada' });
    expect(await identify(`__Host-session=${jwt}`)).toBeNull();
  });

  it('stays valid while its secret is among the former ones', async () => {
    const cookie = await signIn();
    const fresh = 'another-secret-that-has-taken-the-first-place';
    expect(await identify(cookie, signedCookie({ secrets: [fresh, SECRET] }))).toEqual({ id: 'ada' });
    expect(await identify(cookie, signedCookie({ secrets: [fresh] }))).toBeNull();
  });

  it.each([[[]], [['short']], [[SECRET, '']]])('requires secrets of at least 32 characters: %j', (secrets) => {
    expect(() => signedCookie({ secrets })).toThrow('at least 32 characters');
  });
});

describe('the reference Worker', () => {
  const fetchWorker = async (vars: Partial<WorkerEnv>, headers: Record<string, string> = {}) => {
    const request = new Request('https://avatars.example/api/me/avatar', { headers });
    const response = await worker.fetch(request, { ...env, ...vars }, {} as ExecutionContext);
    const body: { code?: string; error?: string } = await response.json();
    return { status: response.status, ...body };
  };
  const cookie = async (use = signedCookie({ secrets: [SECRET] })) => {
    const app = new Hono().get('/', async (c) => {
      await use.issue(c, 'ada');
      return c.body(null);
    });
    const response = await app.request('/');
    return { cookie: response.headers.get('set-cookie')?.split(';')[0] ?? '' };
  };

  it.each<[Partial<WorkerEnv>, string]>([
    [{}, 'AUTH must be oidc or cookie'],
    [{ AUTH: '' }, 'AUTH must be oidc or cookie'],
    [{ AUTH: 'none' }, 'AUTH must be oidc or cookie'],
    [{ AUTH: 'OIDC' }, 'AUTH must be oidc or cookie'],
    [{ AUTH: 'oidc' }, 'OIDC_ISSUER, OIDC_AUDIENCE must be set'],
    [{ AUTH: 'oidc', OIDC_ISSUER: 'https://issuer.test' }, 'OIDC_AUDIENCE must be set'],
    [{ AUTH: 'oidc', OIDC_ISSUER: 'https://issuer.test', OIDC_AUDIENCE: ' ' }, 'OIDC_AUDIENCE must be set'],
    [{ AUTH: 'oidc', OIDC_ISSUER: 'issuer', OIDC_AUDIENCE: 'a' }, 'https'],
    [{ AUTH: 'oidc', OIDC_ISSUER: 'https://issuer.test', OIDC_AUDIENCE: 'a', OIDC_ALGORITHMS: 'HS256' }, 'HS256'],
    [{ AUTH: 'cookie' }, 'SESSION_SECRET must be set'],
    [{ AUTH: 'cookie', SESSION_SECRET: 'too-short' }, '32 characters'],
    [{ AUTH: 'cookie', SESSION_SECRET: `${SECRET} short` }, '32 characters'],
  ])('responds with 503 with the settings %j and says why', async (vars, reason) => {
    const { status, code, error } = await fetchWorker(vars, await cookie());
    expect([status, code]).toEqual([503, 'unavailable']);
    expect(error).toContain(reason);
    for (const secret of [SECRET, 'too-short']) expect(error).not.toContain(secret);
  });

  it('authenticates by cookie', async () => {
    const vars = { AUTH: 'cookie', SESSION_SECRET: SECRET };
    expect((await fetchWorker(vars)).status).toBe(401);
    expect((await fetchWorker(vars, await cookie())).status).toBe(200);
    const named = signedCookie({ secrets: [SECRET], name: 'sid' });
    expect((await fetchWorker({ ...vars, SESSION_COOKIE: 'sid' }, await cookie(named))).status).toBe(200);
  });

  it('authenticates by issuer, and caches its keys between requests', async () => {
    const vars = { AUTH: 'oidc', OIDC_ISSUER: issuer, OIDC_AUDIENCE: `other ${AUDIENCE}` };
    expect((await fetchWorker(vars)).status).toBe(401);
    for (let i = 0; i < 2; i++) {
      expect((await fetchWorker(vars, { authorization: `Bearer ${await createToken()}` })).status).toBe(200);
    }
    expect(vi.mocked(fetch)).toHaveBeenCalledTimes(2);
    const all = { ...vars, OIDC_JWKS_URL: `${issuer}/keys`, OIDC_ALGORITHMS: 'ES256 RS256', OIDC_HEADER: 'x-jwt' };
    expect((await fetchWorker(all, { 'x-jwt': await createToken() })).status).toBe(200);
    expect((await fetchWorker({ ...all, OIDC_COOKIE: 'jwt' }, { cookie: `jwt=${await createToken()}` })).status).toBe(
      200,
    );
  });

  it('rejects the cookie of the development sign-in with every configuration', async () => {
    const login = await worker.fetch(
      new Request('http://localhost:5173/api/dev/login', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"user":"ada"}',
      }),
      { ...env, LOCAL_DEV: 'on', OWNER_SECRET: SECRET },
      {} as ExecutionContext,
    );
    const made = login.headers.get('set-cookie')?.split(';')[0] ?? '';
    const value = made.split('=').slice(1).join('=');
    expect(login.status).toBe(200);
    const oidcVars = { AUTH: 'oidc', OIDC_ISSUER: issuer, OIDC_AUDIENCE: AUDIENCE, OIDC_COOKIE: 'flare-local-user' };
    for (const vars of [{ AUTH: 'cookie', SESSION_SECRET: SECRET, SESSION_COOKIE: 'flare-local-user' }, oidcVars]) {
      for (const flag of [{}, { LOCAL_DEV: 'on' }]) {
        const headers = { cookie: `${made}; __Host-session=${value}` };
        expect((await fetchWorker({ ...vars, ...flag, OWNER_SECRET: SECRET }, headers)).status).toBe(401);
      }
    }
  });

  it('ignores a development session on another host', async () => {
    const app = new Hono<{ Bindings: WorkerEnv }>();
    app.route('/api/dev', devSignIn);
    app.get('/', async (c) => c.json(await getDevUser(c)));
    const fetchApp = (url: string, headers: Record<string, string>, init: RequestInit = {}) =>
      app.request(url, { ...init, headers }, { ...env, LOCAL_DEV: 'on' });
    const login = { method: 'POST', body: '{"user":"ada"}' };
    const made = await fetchApp('http://localhost:5173/api/dev/login', { 'content-type': 'application/json' }, login);
    const session = { cookie: made.headers.get('set-cookie')?.split(';')[0] ?? '' };
    expect(await (await fetchApp('http://localhost:5173/', session)).json()).toEqual({ id: 'ada' });
    expect(await (await fetchApp('https://avatars.example/', session)).json()).toBeNull();
  });

  it('creates one adapter per configuration', () => {
    const vars = { ...env, AUTH: 'cookie', SESSION_SECRET: SECRET };
    expect(getAuthenticator(vars)).toBe(getAuthenticator({ ...vars }));
    expect(getAuthenticator({ ...vars, SESSION_COOKIE: 'x' })).not.toBe(getAuthenticator(vars));
  });
});
