import { env } from 'cloudflare:workers';
import { Hono } from 'hono';
import { exportJWK, generateKeyPair, type JWK, SignJWT, UnsecuredJWT } from 'jose';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { getAuthenticator, type WorkerEnv } from '../../server/auth/configured-auth.js';
import { devSignIn, getDevUser } from '../../server/auth/dev-sign-in.js';
import { type OidcOptions, oidc } from '../../server/auth/oidc.js';
import { signedCookie } from '../../server/auth/signed-cookie.js';
import worker from '../../server/worker.js';
import { apiFor } from './harness.js';

const AUDIENCE = 'avatars';
const SECRET = 'a-secret-of-the-tests-that-is-long-enough';
/** The last issuer; each test has one of its own, with nothing known of it. */
let issuer = '';
let served: Record<string, () => Response>;
let keys: Awaited<ReturnType<typeof generateKeyPair>>;
let publicKey: JWK;

beforeAll(async () => {
  keys = await generateKeyPair('RS256', { extractable: true });
  publicKey = { ...(await exportJWK(keys.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' };
});

beforeEach(() => {
  issuer = `https://${crypto.randomUUID()}.test`;
  served = {
    [`${issuer}/.well-known/openid-configuration`]: () => Response.json({ issuer, jwks_uri: `${issuer}/keys` }),
    [`${issuer}/keys`]: () => Response.json({ keys: [publicKey] }),
  };
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input) => {
    const answer = served[String(input)];
    if (!answer) throw new Error(`nobody expected a request to ${String(input)}`);
    return answer();
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

/** A token that is right but for what a test says. */
function token(
  claims: Claims = {},
  header: { alg?: string; kid?: string } = {},
  key: CryptoKey | Uint8Array = keys.privateKey,
) {
  const all = { iss: issuer, aud: AUDIENCE, sub: 'ada', exp: now() + 60, ...claims };
  return new SignJWT({ ...all }).setProtectedHeader({ alg: 'RS256', kid: 'one', ...header }).sign(key);
}

async function ask(headers: Record<string, string>, options: Partial<OidcOptions> = {}) {
  const { status, body } = await apiFor(null, { authenticate: oidc({ issuer, audience: AUDIENCE, ...options }) }).call(
    'GET',
    '/api/me/avatar',
    undefined,
    headers,
  );
  return { status, code: body.code };
}
const bearer = async (jwt: string | Promise<string>, options?: Partial<OidcOptions>) =>
  ask({ authorization: `Bearer ${await jwt}` }, options);
const REFUSED = { status: 401, code: 'unauthorized' };

describe('an OIDC token', () => {
  it('signs its subject in', async () => {
    const authenticate = oidc({ issuer, audience: AUDIENCE });
    const app = new Hono().get('/', async (c) => c.json(await authenticate(c)));
    for (const scheme of ['Bearer ', 'bearer ', '']) {
      const answer = await app.request('/', { headers: { authorization: scheme + (await token()) } });
      expect(await answer.json()).toEqual({ id: 'ada' });
    }
    // The keys were fetched once: where they are, and they.
    expect(vi.mocked(fetch)).toHaveBeenCalledTimes(2);
  });

  it.each<[string, Claims]>([
    ['another issuer', { iss: 'https://evil.test' }],
    ['another audience', { aud: 'other' }],
    ['no audience', { aud: [] }],
    ['an end that is over', { exp: 0 }],
    ['a beginning yet to come', { nbf: 9_999_999_999 }],
    ['no subject', { sub: '' }],
  ])('that has %s is refused', async (_, claims) => {
    expect(await bearer(token(claims))).toEqual(REFUSED);
  });

  it.each<keyof Claims>(['iss', 'aud', 'sub', 'exp'])('without %s is refused', async (name) => {
    const all: Claims = { iss: issuer, aud: AUDIENCE, sub: 'ada', exp: now() + 60 };
    delete all[name];
    const jwt = new SignJWT({ ...all }).setProtectedHeader({ alg: 'RS256', kid: 'one' }).sign(keys.privateKey);
    expect(await bearer(jwt)).toEqual(REFUSED);
  });

  it('without a subject is nobody’s, for whoever calls the adapter', async () => {
    const authenticate = oidc({ issuer, audience: AUDIENCE });
    const app = new Hono().get('/', async (c) => c.json(await authenticate(c)));
    const answer = await app.request('/', { headers: { authorization: await token({ sub: '' }) } });
    expect(await answer.json()).toBeNull();
  });

  it('may be a few seconds early or late', async () => {
    expect((await bearer(token({ exp: now() - 5 }))).status).toBe(200);
    expect((await bearer(token({ nbf: now() + 5 }))).status).toBe(200);
    expect(await bearer(token({ exp: now() - 30 }))).toEqual(REFUSED);
  });

  it('that is not signed is refused', async () => {
    const unsigned = new UnsecuredJWT({ sub: 'ada' })
      .setIssuer(issuer)
      .setAudience(AUDIENCE)
      .setExpirationTime('1m')
      .encode();
    expect(await bearer(unsigned)).toEqual(REFUSED);
    const [, claims] = (await token()).split('.');
    expect(await bearer(`${btoa('{"alg":"none"}').replaceAll('=', '')}.${claims}.`)).toEqual(REFUSED);
  });

  it('that is signed by the public key, as if it were a shared secret, is refused', async () => {
    const secret = new TextEncoder().encode(JSON.stringify(publicKey));
    expect(await bearer(token({}, { alg: 'HS256' }, secret))).toEqual(REFUSED);
  });

  it('that is signed by another key is refused, under its name and under another', async () => {
    const other = await generateKeyPair('RS256');
    expect(await bearer(token({}, {}, other.privateKey))).toEqual(REFUSED);
    expect(await bearer(token({}, { kid: 'two' }, other.privateKey))).toEqual(REFUSED);
  });

  it('of an algorithm that is not on the list is refused', async () => {
    expect(await bearer(token(), { algorithms: ['ES256'] })).toEqual(REFUSED);
    expect((await bearer(token(), { algorithms: ['RS256'] })).status).toBe(200);
  });

  it.each(['', 'x', 'a.b.c', 'Basic YTpi', `${'x'.repeat(5000)}.y.z`, '{}'])('%j is none', async (text) => {
    expect(await ask({ authorization: `Bearer ${text}` })).toEqual(REFUSED);
    expect(await ask({ authorization: text })).toEqual(REFUSED);
  });

  it('that was changed is refused', async () => {
    const [header, , signature] = (await token()).split('.');
    const [, claims] = (await token({ sub: 'ben' })).split('.');
    expect(await bearer(`${header}.${claims}.${signature}`)).toEqual(REFUSED);
  });

  it('may come in a cookie where the options say so', async () => {
    const cookie = `jwt=${await token()}`;
    expect(await ask({ cookie })).toEqual(REFUSED);
    expect((await ask({ cookie }, { cookie: 'jwt' })).status).toBe(200);
    expect(await ask({ cookie, authorization: 'Bearer x' }, { cookie: 'jwt' })).toEqual(REFUSED);
  });

  it('of Cloudflare Access comes in its own header, and its keys from their own address', async () => {
    const jwksUrl = `${issuer}/cdn-cgi/access/certs`;
    served = { [jwksUrl]: () => Response.json({ keys: [publicKey], public_cert: {}, public_certs: [] }) };
    const options = { jwksUrl, header: 'cf-access-jwt-assertion', algorithms: ['RS256'] };
    expect((await ask({ 'cf-access-jwt-assertion': await token() }, options)).status).toBe(200);
    expect(await bearer(token(), options)).toEqual(REFUSED);
    // A service token has no subject.
    expect(await ask({ 'cf-access-jwt-assertion': await token({ sub: '' }) }, options)).toEqual(REFUSED);
  });

  it('may name the user by another claim', async () => {
    expect((await bearer(token({ sub: '' }), { userId: ({ iss }) => iss })).status).toBe(200);
  });
});

describe('an issuer that', () => {
  const UNAVAILABLE = { status: 503, code: 'unavailable' };
  const well = () => `${issuer}/.well-known/openid-configuration`;

  it('cannot be reached lets nobody in, and refuses nobody', async () => {
    served = {};
    expect(await bearer(token())).toEqual(UNAVAILABLE);
  });

  it.each([
    ['fails', () => new Response('', { status: 500 })],
    ['sends elsewhere', () => new Response('', { status: 302, headers: { location: 'https://evil.test' } })],
    ['answers HTML', () => new Response('<html>')],
    ['has no keys', () => Response.json({})],
  ])('%s does not either', async (_, answer) => {
    served[`${issuer}/keys`] = answer;
    expect(await bearer(token())).toEqual(UNAVAILABLE);
    served[well()] = answer;
    expect(await bearer(token())).toEqual(UNAVAILABLE);
  });

  it.each([
    ['another issuer', () => ({ issuer: 'https://evil.test', jwks_uri: `${issuer}/keys` })],
    ['keys on the open net', () => ({ issuer, jwks_uri: 'http://keys.test/' })],
  ])('describes %s is not believed', async (_, description) => {
    served[well()] = () => Response.json(description());
    served['http://keys.test/'] = () => Response.json({ keys: [publicKey] });
    expect(await bearer(token())).toEqual(UNAVAILABLE);
  });

  it('was away is asked again', async () => {
    const authenticate = oidc({ issuer, audience: AUDIENCE });
    const api = apiFor(null, { authenticate });
    const headers = { authorization: `Bearer ${await token()}` };
    const answers = served;
    served = {};
    expect((await api.call('GET', '/api/me/avatar', undefined, headers)).status).toBe(503);
    served = answers;
    expect((await api.call('GET', '/api/me/avatar', undefined, headers)).status).toBe(200);
  });

  it('is not asked where there is no token, or one that is none', async () => {
    expect(await ask({})).toEqual(REFUSED);
    expect(await bearer('x')).toEqual(REFUSED);
    expect(vi.mocked(fetch)).not.toHaveBeenCalled();
  });

  it.each<[string, Partial<OidcOptions>]>([
    ['no issuer', { issuer: '' }],
    ['no audience', { audience: '' }],
    ['an empty list of audiences', { audience: [] }],
    ['no audience among others', { audience: ['a', ''] }],
    ['keys on the open net', { jwksUrl: 'http://keys.test/' }],
    ['keys nowhere', { jwksUrl: 'keys' }],
    ['an algorithm with a shared secret', { algorithms: ['RS256', 'HS256'] }],
    ['no algorithm', { algorithms: ['none'] }],
  ])('has %s is refused at once', (_, options) => {
    expect(() => oidc({ issuer, audience: AUDIENCE, ...options })).toThrow(/^oidc: /);
  });
});

describe('a signed cookie', () => {
  const session = signedCookie({ secrets: [SECRET] });
  const app = (use = session) =>
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
    const answer = await app(use).request(`/in/${encodeURIComponent(id)}`, { method: 'POST' });
    return answer.headers.get('set-cookie') ?? '';
  };
  const who = async (cookie: string, use = session) =>
    (await app(use).request('/', { headers: { cookie: cookie.split(';')[0] ?? '' } })).json();

  it('signs its user in, out of reach of scripts and of other hosts', async () => {
    const cookie = await signIn();
    expect(cookie).toMatch(/^__Host-session=[\w.-]+; Max-Age=604800; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    expect(await who(cookie)).toEqual({ id: 'ada' });
  });

  it.each(['ä/b?#%', '日本', 'x'.repeat(500), 'a\u0001b'])('carries %j', async (id) => {
    expect(await who(await signIn(id))).toEqual({ id });
  });

  it('is taken back', async () => {
    const answer = await app().request('/out', { method: 'POST' });
    expect(answer.headers.get('set-cookie')).toMatch(/^__Host-session=; Max-Age=0; Path=\/; Secure$/);
  });

  it('is worth nothing once its time is over', async () => {
    const short = signedCookie({ secrets: [SECRET], seconds: 60 });
    const cookie = await signIn('ada', short);
    vi.useFakeTimers({ now: Date.now() + 59_000, toFake: ['Date'] });
    expect(await who(cookie, short)).toEqual({ id: 'ada' });
    vi.setSystemTime(Date.now() + 2000);
    expect(await who(cookie, short)).toBeNull();
    vi.useRealTimers();
  });

  it('is worth nothing changed, cut off, without an end, or signed by another', async () => {
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
      expect(await who(`${name}=${value}`), value).toBeNull();
    }
    expect(await who(other)).toBeNull();
    expect(await who('')).toBeNull();
  });

  it('is worth nothing under another name, even with the same secret', async () => {
    const other = signedCookie({ secrets: [SECRET], name: 'admin' });
    const jwt = (await signIn('ada', other)).split(';')[0]?.replace('admin=', '');
    expect(await who(`admin=${jwt}`, other)).toEqual({ id: 'ada' });
    expect(await who(`__Host-session=${jwt}`)).toBeNull();
  });

  it('outlives its secret while that is among the former ones', async () => {
    const cookie = await signIn();
    const fresh = 'another-secret-that-has-taken-the-first-place';
    expect(await who(cookie, signedCookie({ secrets: [fresh, SECRET] }))).toEqual({ id: 'ada' });
    expect(await who(cookie, signedCookie({ secrets: [fresh] }))).toBeNull();
  });

  it.each([[[]], [['short']], [[SECRET, '']]])('needs secrets that are long enough: %j', (secrets) => {
    expect(() => signedCookie({ secrets })).toThrow('at least 32 characters');
  });
});

describe('the reference Worker', () => {
  const visit = async (vars: Partial<WorkerEnv>, headers: Record<string, string> = {}) => {
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
    const answer = await app.request('/');
    return { cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '' };
  };

  it.each<[Partial<WorkerEnv>, string]>([
    [{}, 'AUTH must be oidc or cookie'],
    [{ AUTH: '' }, 'AUTH must be oidc or cookie'],
    [{ AUTH: 'none' }, 'AUTH must be oidc or cookie'],
    [{ AUTH: 'OIDC' }, 'AUTH must be oidc or cookie'],
    [{ AUTH: 'oidc' }, 'OIDC_ISSUER, OIDC_AUDIENCE must be set'],
    [{ AUTH: 'oidc', OIDC_ISSUER: 'https://issuer.test' }, 'OIDC_AUDIENCE must be set'],
    [{ AUTH: 'oidc', OIDC_ISSUER: 'https://issuer.test', OIDC_AUDIENCE: ' ' }, 'audience'],
    [{ AUTH: 'oidc', OIDC_ISSUER: 'issuer', OIDC_AUDIENCE: 'a' }, 'https'],
    [{ AUTH: 'oidc', OIDC_ISSUER: 'https://issuer.test', OIDC_AUDIENCE: 'a', OIDC_ALGORITHMS: 'HS256' }, 'HS256'],
    [{ AUTH: 'cookie' }, 'SESSION_SECRET must be set'],
    [{ AUTH: 'cookie', SESSION_SECRET: 'too-short' }, '32 characters'],
    [{ AUTH: 'cookie', SESSION_SECRET: `${SECRET} short` }, '32 characters'],
  ])('is closed with %j, and says why', async (vars, reason) => {
    const { status, code, error } = await visit(vars, await cookie());
    expect([status, code]).toEqual([503, 'unavailable']);
    expect(error).toContain(reason);
    for (const secret of [SECRET, 'too-short']) expect(error).not.toContain(secret);
  });

  it('signs in by a cookie', async () => {
    const vars = { AUTH: 'cookie', SESSION_SECRET: SECRET };
    expect((await visit(vars)).status).toBe(401);
    expect((await visit(vars, await cookie())).status).toBe(200);
    const named = signedCookie({ secrets: [SECRET], name: 'sid' });
    expect((await visit({ ...vars, SESSION_COOKIE: 'sid' }, await cookie(named))).status).toBe(200);
  });

  it('signs in by an issuer, whose keys are kept from request to request', async () => {
    const vars = { AUTH: 'oidc', OIDC_ISSUER: issuer, OIDC_AUDIENCE: `other ${AUDIENCE}` };
    expect((await visit(vars)).status).toBe(401);
    for (let i = 0; i < 2; i++) {
      expect((await visit(vars, { authorization: `Bearer ${await token()}` })).status).toBe(200);
    }
    expect(vi.mocked(fetch)).toHaveBeenCalledTimes(2);
    const all = { ...vars, OIDC_JWKS_URL: `${issuer}/keys`, OIDC_ALGORITHMS: 'ES256 RS256', OIDC_HEADER: 'x-jwt' };
    expect((await visit(all, { 'x-jwt': await token() })).status).toBe(200);
    expect((await visit({ ...all, OIDC_COOKIE: 'jwt' }, { cookie: `jwt=${await token()}` })).status).toBe(200);
  });

  it('believes no cookie of the local sign-in, whatever it is set up to', async () => {
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
        expect((await visit({ ...vars, ...flag, OWNER_SECRET: SECRET }, headers)).status).toBe(401);
      }
    }
  });

  it('asks a local session of nobody who comes from elsewhere', async () => {
    const app = new Hono<{ Bindings: WorkerEnv }>();
    app.route('/api/dev', devSignIn);
    app.get('/', async (c) => c.json(await getDevUser(c)));
    const at = (url: string, headers: Record<string, string>, init: RequestInit = {}) =>
      app.request(url, { ...init, headers }, { ...env, LOCAL_DEV: 'on' });
    const login = { method: 'POST', body: '{"user":"ada"}' };
    const made = await at('http://localhost:5173/api/dev/login', { 'content-type': 'application/json' }, login);
    const session = { cookie: made.headers.get('set-cookie')?.split(';')[0] ?? '' };
    expect(await (await at('http://localhost:5173/', session)).json()).toEqual({ id: 'ada' });
    expect(await (await at('https://avatars.example/', session)).json()).toBeNull();
  });

  it('makes one adapter for one configuration', () => {
    const vars = { ...env, AUTH: 'cookie', SESSION_SECRET: SECRET };
    expect(getAuthenticator(vars)).toBe(getAuthenticator({ ...vars }));
    expect(getAuthenticator({ ...vars, SESSION_COOKIE: 'x' })).not.toBe(getAuthenticator(vars));
  });
});
