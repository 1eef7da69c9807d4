import { Hono } from 'hono';
import { type JWTHeaderParameters, SignJWT, UnsecuredJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type OidcOptions, oidc } from '../../server/auth/oidc.js';
import { AUDIENCE, type Claims, createSigningKey, now, REFUSED, sendRequest, TestIssuer } from './test-issuer.js';

let issuer: TestIssuer;

beforeEach(async () => {
  issuer = await TestIssuer.start();
});
afterEach(() => vi.restoreAllMocks());

const send = (headers: Record<string, string>, options: Partial<OidcOptions> = {}) =>
  sendRequest(headers, { issuer: issuer.url, audience: AUDIENCE, ...options });
const sendToken = async (jwt: string | Promise<string>, options?: Partial<OidcOptions>) =>
  send({ authorization: `Bearer ${await jwt}` }, options);

describe('an OIDC token', () => {
  it('authenticates its subject', async () => {
    const authenticate = oidc({ issuer: issuer.url, audience: AUDIENCE });
    const app = new Hono().get('/', async (c) => c.json(await authenticate(c)));
    for (const scheme of ['Bearer ', 'bearer ', '']) {
      const response = await app.request('/', { headers: { authorization: scheme + (await issuer.sign()) } });
      expect(await response.json()).toEqual({ id: 'ada' });
    }
    expect(issuer.requests).toEqual([issuer.discoveryUrl, issuer.jwksUrl]);
  });

  it.each<[string, Claims]>([
    ['another issuer', { iss: 'https://evil.test' }],
    ['another audience', { aud: 'other' }],
    ['no audience', { aud: [] }],
    ['an expiry in the past', { exp: 0 }],
    ['a start in the future', { nbf: 9_999_999_999 }],
    ['no subject', { sub: '' }],
    ['a subject that is a number', { sub: 7 as unknown as string }],
    ['a subject that is an object', { sub: {} as string }],
  ])('with %s is rejected', async (_, claims) => {
    expect(await sendToken(issuer.sign(claims))).toEqual(REFUSED);
  });

  it.each(['iss', 'aud', 'sub', 'exp'])('without the claim %s is rejected', async (name) => {
    expect(await sendToken(issuer.sign({ [name]: undefined }))).toEqual(REFUSED);
  });

  it('without a subject authenticates nobody, also if the adapter is called directly', async () => {
    const authenticate = oidc({ issuer: issuer.url, audience: AUDIENCE });
    const app = new Hono().get('/', async (c) => c.json(await authenticate(c)));
    const response = await app.request('/', { headers: { authorization: await issuer.sign({ sub: '' }) } });
    expect(await response.json()).toBeNull();
  });

  it('is accepted within the clock tolerance', async () => {
    expect((await sendToken(issuer.sign({ exp: now() - 5 }))).status).toBe(200);
    expect((await sendToken(issuer.sign({ nbf: now() + 5 }))).status).toBe(200);
    expect(await sendToken(issuer.sign({ exp: now() - 30 }))).toEqual(REFUSED);
  });

  it('that is unsigned is rejected', async () => {
    const claims = { iss: issuer.url, aud: AUDIENCE, sub: 'ada', exp: now() + 60 };
    expect(await sendToken(new UnsecuredJWT(claims).encode())).toEqual(REFUSED);
    const [, payload] = (await issuer.sign()).split('.');
    expect(await sendToken(`${btoa('{"alg":"none"}').replaceAll('=', '')}.${payload}.`)).toEqual(REFUSED);
  });

  it('that is signed with the public key as a shared secret is rejected', async () => {
    const secret = new TextEncoder().encode(JSON.stringify(issuer.key.publicJwk));
    const claims = { iss: issuer.url, aud: AUDIENCE, sub: 'ada', exp: now() + 60 };
    const jwt = new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(secret);
    expect(await sendToken(jwt)).toEqual(REFUSED);
  });

  it('that is signed with another key is rejected, under a known and an unknown key id', async () => {
    const { privateKey } = await createSigningKey();
    expect(await sendToken(issuer.sign({}, {}, privateKey))).toEqual(REFUSED);
    expect(await sendToken(issuer.sign({}, { kid: 'two' }, privateKey))).toEqual(REFUSED);
  });

  it('with an algorithm that is not allowed is rejected', async () => {
    expect(await sendToken(issuer.sign(), { algorithms: ['ES256'] })).toEqual(REFUSED);
    expect((await sendToken(issuer.sign(), { algorithms: ['RS256'] })).status).toBe(200);
  });

  it.each(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'])(
    'signed with %s is accepted if the options allow it',
    async (alg) => {
      const key = await createSigningKey('one', alg);
      issuer.responses[issuer.jwksUrl] = () => Response.json({ keys: [key.publicJwk] });
      const token = await issuer.sign({}, { alg }, key.privateKey);
      expect((await sendToken(token, { algorithms: [alg] })).status).toBe(200);
      expect(await sendToken(token, { algorithms: [alg === 'RS256' ? 'ES256' : 'RS256'] })).toEqual(REFUSED);
    },
  );

  it.each(['', 'x', 'a.b.c', 'Basic YTpi', `${'x'.repeat(5000)}.y.z`, '{}', 'e30.bnVsbA.', 'e30.W10.'])(
    'is not accepted as %j',
    async (text) => {
      expect(await send({ authorization: `Bearer ${text}` })).toEqual(REFUSED);
      expect(await send({ authorization: text })).toEqual(REFUSED);
    },
  );

  it('of more than 16 kB is rejected before it is parsed', async () => {
    expect((await sendToken(issuer.sign({ groups: 'x'.repeat(11_000) }))).status).toBe(200);
    expect(await sendToken(issuer.sign({ groups: 'x'.repeat(13_000) }))).toEqual(REFUSED);
  });

  it('with modified claims is rejected', async () => {
    const [header, , signature] = (await issuer.sign()).split('.');
    const [, claims] = (await issuer.sign({ sub: 'ben' })).split('.');
    expect(await sendToken(`${header}.${claims}.${signature}`)).toEqual(REFUSED);
  });

  it('is read from a cookie if the options name one', async () => {
    const cookie = `jwt=${await issuer.sign()}`;
    expect(await send({ cookie })).toEqual(REFUSED);
    expect((await send({ cookie }, { cookie: 'jwt' })).status).toBe(200);
    expect(await send({ cookie, authorization: 'Bearer x' }, { cookie: 'jwt' })).toEqual(REFUSED);
  });

  it('identifies the user by the claim that userId returns', async () => {
    expect((await sendToken(issuer.sign({ sub: '' }), { userId: ({ iss }) => iss })).status).toBe(200);
    expect((await sendToken(issuer.sign(), { userId: () => 0 })).status).toBe(200);
    for (const id of ['', undefined, null, Number.NaN, {}, true]) {
      expect(await sendToken(issuer.sign(), { userId: () => id as string }), String(id)).toEqual(REFUSED);
    }
  });
});

describe('a token of another kind', () => {
  it.each<[string | undefined]>([
    [undefined],
    ['JWT'],
    ['jwt'],
    ['application/jwt'],
    ['at+jwt'],
    ['AT+JWT'],
    ['application/at+jwt'],
    ['Application/At+Jwt'],
  ])('is not one with the type %j', async (typ) => {
    expect((await sendToken(issuer.sign({}, typ === undefined ? {} : { typ }))).status).toBe(200);
  });

  it.each<unknown>([
    'logout+jwt',
    'LOGOUT+JWT',
    'application/logout+jwt',
    'dpop+jwt',
    'secevent+jwt',
    'application/secevent+jwt',
    'token-introspection+jwt',
    'oauth-authz-req+jwt',
    'client-authentication+jwt',
    'oauth-id-jag+jwt',
    'rt+jwt',
    'entity-statement+jwt',
    'kb+jwt',
    'pop',
    'JOSE',
    'application/application/jwt',
    'text/jwt',
    'jwt ',
    '',
    null,
    7,
    ['JWT'],
  ])('with the type %j is rejected', async (typ) => {
    const token = issuer.sign({}, { typ } as Partial<JWTHeaderParameters>);
    expect(await sendToken(token)).toEqual(REFUSED);
  });

  it.each<Claims>([
    { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } },
    { events: null },
    { cnf: { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' } },
    { cnf: { 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' } },
    { typ: 'Refresh' },
    { typ: 'Offline' },
    { typ: 'Logout' },
    { typ: 'DPoP' },
    { token_use: 'refresh' },
    { token_type: 'refresh_token' },
    { type: 'refresh' },
  ])('with the claim %j is rejected', async (claims) => {
    expect(await sendToken(issuer.sign(claims))).toEqual(REFUSED);
  });

  it.each<Claims>([
    { typ: 'Bearer' },
    { typ: 'ID' },
    { token_use: 'access' },
    { token_use: 'id' },
    { type: 'app' },
    { type: 'customer' },
    { nonce: 'n-0S6_WzA2Mj', at_hash: 'MTIzNDU2Nzg5MDEyMzQ1Ng' },
  ])('is not one with the claim %j', async (claims) => {
    expect((await sendToken(issuer.sign(claims))).status).toBe(200);
  });

  it('is not accepted under the DPoP scheme either', async () => {
    expect(await send({ authorization: `DPoP ${await issuer.sign()}` })).toEqual(REFUSED);
  });
});

describe('the audience of a token', () => {
  it.each<[string, Claims, Partial<OidcOptions>]>([
    ['is one of several in the token', { aud: ['other', AUDIENCE] }, {}],
    ['is one of several in the options', {}, { audience: ['other', AUDIENCE] }],
    [
      'is named by the claim that the options choose',
      { aud: undefined, client_id: AUDIENCE },
      { audienceClaim: 'client_id' },
    ],
    ['is named by that claim and by aud', { aud: ['x', AUDIENCE], azp: AUDIENCE }, { audienceClaim: 'azp' }],
  ])('%s', async (_, claims, options) => {
    expect((await sendToken(issuer.sign(claims), options)).status).toBe(200);
  });

  it.each<[string, Claims, Partial<OidcOptions>]>([
    ['is a part of the accepted one', { aud: 'avatar' }, {}],
    ['differs in case', { aud: 'Avatars' }, {}],
    ['is nested', { aud: [[AUDIENCE]] as unknown as string[] }, {}],
    ['is an object', { aud: { avatars: 1 } as unknown as string }, {}],
    ['is named by another claim', { aud: undefined, client_id: AUDIENCE }, {}],
    ['is missing from the chosen claim', { azp: undefined }, { audienceClaim: 'azp' }],
    ['is another in the chosen claim', { azp: 'other' }, { audienceClaim: 'azp' }],
    ['is another in aud', { aud: 'other', azp: AUDIENCE }, { audienceClaim: 'azp' }],
    ['is named by a property that every object has', { aud: undefined }, { audienceClaim: 'constructor' }],
  ])('that %s is rejected', async (_, claims, options) => {
    expect(await sendToken(issuer.sign(claims), options)).toEqual(REFUSED);
  });
});

describe('the options of oidc()', () => {
  it.each<[string, unknown]>([
    ['issuer', { issuer: '' }],
    ['issuer', { issuer: undefined }],
    ['issuer', { issuer: 'http://issuer.test' }],
    ['issuer', { issuer: 'https://issuer.test?tenant=1' }],
    ['issuer', { issuer: ' https://issuer.test' }],
    ['audience', { audience: '' }],
    ['audience', { audience: undefined }],
    ['audience', { audience: [] }],
    ['audience', { audience: ['a', ''] }],
    ['audience', { audience: 7 }],
    ['audienceClaim', { audienceClaim: '' }],
    ['jwksUrl', { jwksUrl: 'http://keys.test/' }],
    ['jwksUrl', { jwksUrl: 'keys' }],
    ['jwksUrl', { jwksUrl: '' }],
    ['jwksUrl', { jwksUrl: 'ftp://localhost/keys' }],
    ['algorithms', { algorithms: ['RS256', 'HS256'] }],
    ['algorithms', { algorithms: ['none'] }],
    ['algorithms', { algorithms: ['ES256K'] }],
    ['algorithms', { algorithms: ['RS'] }],
    ['algorithms', { algorithms: ['rs256'] }],
    ['algorithms', { algorithms: [] }],
    ['algorithms', { algorithms: 'RS256' }],
    ['header', { header: '' }],
    ['header', { header: 'a b' }],
    ['header', { header: null }],
    ['cookie', { cookie: 'a=b' }],
    ['userId', { userId: 'sub' }],
    ['audiences', { audiences: 'avatars' }],
  ])('are refused if %s is wrong: %j', (name, options) => {
    const create = () => oidc({ issuer: issuer.url, audience: AUDIENCE, ...(options as Partial<OidcOptions>) });
    expect(create).toThrow(TypeError);
    expect(create).toThrow(new RegExp(`^oidc: .*\\b${name}\\b`));
  });

  it('may be undefined', () => {
    const none = { audienceClaim: undefined, jwksUrl: undefined, algorithms: undefined, header: undefined };
    const options = { issuer: issuer.url, audience: AUDIENCE, ...none, cookie: undefined, userId: undefined };
    expect(() => oidc(options as unknown as OidcOptions)).not.toThrow();
  });
});
