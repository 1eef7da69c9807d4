import { createExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { getAuthenticator, type WorkerEnv } from '../../server/auth/configured-auth.js';
import { devSignIn, getDevUser } from '../../server/auth/dev-sign-in.js';
import { signedCookie } from '../../server/auth/signed-cookie.js';
import worker from '../../server/worker.js';
import { AUDIENCE, TestIssuer } from './test-issuer.js';

const SECRET = 'a-secret-of-the-tests-that-is-long-enough';

let issuer: TestIssuer;

beforeEach(async () => {
  issuer = await TestIssuer.start();
});
afterEach(() => vi.restoreAllMocks());

describe('the reference Worker', () => {
  const fetchWorker = async (vars: Partial<WorkerEnv>, headers: Record<string, string> = {}) => {
    const request = new Request('https://avatars.example/api/me/avatar', { headers });
    const response = await worker.fetch(request, { ...env, ...vars }, createExecutionContext());
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

  const oidcVars = { AUTH: 'oidc', OIDC_ISSUER: 'https://issuer.test', OIDC_AUDIENCE: 'a' };
  const twoVars = { AUTH: 'oidc', OIDC_ISSUER: 'https://a.test https://b.test', OIDC_AUDIENCE: 'a, b' };

  it.each<[Partial<WorkerEnv>, string]>([
    [{}, 'AUTH must be oidc or cookie'],
    [{ AUTH: '' }, 'AUTH must be oidc or cookie'],
    [{ AUTH: 'none' }, 'AUTH must be oidc or cookie'],
    [{ AUTH: 'OIDC' }, 'AUTH must be oidc or cookie'],
    [{ AUTH: 'oidc' }, 'OIDC_ISSUER, OIDC_AUDIENCE must be set'],
    [{ AUTH: 'oidc', OIDC_ISSUER: 'https://issuer.test' }, 'OIDC_AUDIENCE must be set'],
    [{ ...oidcVars, OIDC_AUDIENCE: ' ' }, 'OIDC_AUDIENCE'],
    [{ ...oidcVars, OIDC_AUDIENCE: ['a', 'b'] as unknown as string }, 'OIDC_AUDIENCE'],
    [{ ...oidcVars, OIDC_AUDIENCE: 'a, b' }, 'OIDC_AUDIENCE has 2 values'],
    [{ ...oidcVars, OIDC_ISSUER: 'issuer' }, 'OIDC_ISSUER must be an https URL'],
    [{ ...oidcVars, OIDC_ALGORITHMS: 'HS256' }, 'OIDC_ALGORITHMS must be'],
    [{ ...oidcVars, OIDC_JWKS_URL: 'https://a.test https://b.test' }, 'OIDC_JWKS_URL must be an https URL'],
    [{ ...oidcVars, OIDC_HEADER: 'x jwt' }, 'OIDC_HEADER must be'],
    [{ ...oidcVars, OIDC_COOKIE: 'a=b' }, 'OIDC_COOKIE must be'],
    [{ ...twoVars, OIDC_AUDIENCE: 'a' }, 'OIDC_AUDIENCE has 1 values'],
    [{ ...twoVars, OIDC_AUDIENCE: 'a,' }, 'OIDC_AUDIENCE is required'],
    [{ ...twoVars, OIDC_JWKS_URL: 'https://a.test/keys' }, 'OIDC_JWKS_URL has 1 values'],
    [{ ...twoVars, OIDC_AUDIENCE_CLAIM: 'azp' }, 'OIDC_AUDIENCE_CLAIM has 1 values'],
    [{ ...twoVars, OIDC_ISSUER: 'https://a.test https://a.test' }, 'each issuer once'],
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
    const vars = { AUTH: 'oidc', OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: `other ${AUDIENCE}` };
    expect((await fetchWorker(vars)).status).toBe(401);
    for (let i = 0; i < 2; i++) {
      expect((await fetchWorker(vars, { authorization: `Bearer ${await issuer.sign()}` })).status).toBe(200);
    }
    expect(issuer.requests).toHaveLength(2);
    const all = { ...vars, OIDC_JWKS_URL: issuer.jwksUrl, OIDC_ALGORITHMS: 'ES256 RS256', OIDC_HEADER: 'x-jwt' };
    expect((await fetchWorker(all, { 'x-jwt': await issuer.sign() })).status).toBe(200);
    expect((await fetchWorker({ ...all, OIDC_COOKIE: 'jwt' }, { cookie: `jwt=${await issuer.sign()}` })).status).toBe(
      200,
    );
  });

  it('authenticates by several issuers, each with its own settings', async () => {
    const other = await TestIssuer.start();
    const vars = {
      AUTH: ' oidc ',
      OIDC_ISSUER: ` ${issuer.url}  ${other.url} `,
      OIDC_AUDIENCE: 'web mobile, staff',
      OIDC_AUDIENCE_CLAIM: 'azp,',
      OIDC_HEADER: ', x-staff',
    };
    const statusOf = async (headers: Record<string, string>) => (await fetchWorker(vars, headers)).status;
    const first = await issuer.sign({ aud: undefined, azp: 'mobile' });
    const second = await other.sign({ aud: 'staff' });
    expect(await statusOf({ authorization: first })).toBe(200);
    expect(await statusOf({ 'x-staff': second })).toBe(200);
    expect(await statusOf({ 'x-staff': first })).toBe(401);
    expect(await statusOf({ authorization: second })).toBe(401);
    expect(await statusOf({ authorization: await issuer.sign({ aud: undefined, azp: 'staff' }) })).toBe(401);
    expect(await statusOf({ 'x-staff': await other.sign({ aud: 'web' }) })).toBe(401);
  });

  it('rejects the cookie of the development sign-in with every configuration', async () => {
    const login = await worker.fetch(
      new Request('http://localhost:5173/api/dev/login', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"user":"ada"}',
      }),
      { ...env, LOCAL_DEV: 'on', OWNER_SECRET: SECRET },
      createExecutionContext(),
    );
    const made = login.headers.get('set-cookie')?.split(';')[0] ?? '';
    const value = made.split('=').slice(1).join('=');
    expect(login.status).toBe(200);
    const name = 'flare-local-user';
    const withIssuer = { AUTH: 'oidc', OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: AUDIENCE, OIDC_COOKIE: name };
    for (const vars of [{ AUTH: 'cookie', SESSION_SECRET: SECRET, SESSION_COOKIE: name }, withIssuer]) {
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
