import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { decodeJwt, SignJWT } from 'jose';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Session, type SignedCookieOptions, signedCookie } from '../../server/auth/signed-cookie.js';
import { ApiError } from '../../server/errors.js';
import { createApi } from './harness.js';

const SECRET = 'a-secret-of-the-tests-that-is-long-enough';

afterEach(() => vi.useRealTimers());

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

/** A cookie as another service could issue it. */
const sign = (claims: Record<string, unknown>) =>
  new SignJWT({ sub: 'ada', aud: '__Host-session', exp: 9_999_999_999, ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(SECRET));

describe('a signed cookie', () => {
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

  it('that a browser would ignore is not issued', async () => {
    const issue = async (id: unknown) => {
      const app = new Hono().get('/', async (c) => c.body(await session.issue(c, id as string).then(() => null)));
      app.onError((error, c) => c.text(`${error.name}: ${error.message}`, 500));
      return (await app.request('/')).text();
    };
    expect(await issue('x'.repeat(2700))).toBe('');
    expect(await issue('x'.repeat(3000))).toBe(
      'TypeError: signedCookie: the user id is too long for a cookie of 4,096 bytes.',
    );
    for (const id of ['', 7, null, undefined]) expect(await issue(id)).toMatch(/^TypeError: .* must be a string/);
  });

  it('over 4,096 bytes is not verified', async () => {
    const verify = vi.spyOn(crypto.subtle, 'verify');
    expect(await identify(`__Host-session=${await sign({ sub: 'x'.repeat(4000) })}`)).toBeNull();
    expect(verify).not.toHaveBeenCalled();
    expect(await identify(await signIn())).toEqual({ id: 'ada' });
    expect(verify).toHaveBeenCalled();
  });

  it('from the future is rejected, apart from a small difference between clocks', async () => {
    const now = Date.now() / 1000;
    expect(await identify(`__Host-session=${await sign({ iat: now + 8 })}`)).toEqual({ id: 'ada' });
    expect(await identify(`__Host-session=${await sign({ iat: now + 60 })}`)).toBeNull();
  });

  it.each<[string, Record<string, unknown>]>([
    ['secrets', { secrets: [] }],
    ['secrets', { secrets: undefined }],
    ['secrets', { secrets: SECRET }],
    ['secrets', { secrets: ['short'] }],
    ['secrets', { secrets: [SECRET, ''] }],
    ['secrets', { secrets: [SECRET, undefined] }],
    ['name', { name: '' }],
    ['name', { name: 'a;b' }],
    ['seconds', { seconds: 0 }],
    ['seconds', { seconds: Number.NaN }],
    ['seconds', { seconds: '60' }],
    ['isRevoked', { isRevoked: true }],
    ['secret', { secret: SECRET }],
  ])('cannot be set up if %s is wrong: %j', (name, options) => {
    const create = () => signedCookie({ secrets: [SECRET], ...options });
    expect(create).toThrow(TypeError);
    expect(create).toThrow(new RegExp(`^signedCookie: .*\\b${name}\\b`));
    expect(create).not.toThrow(SECRET);
  });
});

describe('the revocation hook of a signed cookie', () => {
  type IsRevoked = NonNullable<SignedCookieOptions['isRevoked']>;
  /** Sends a cookie to the API with a hook. */
  const send = async (isRevoked: IsRevoked, cookie: string) => {
    const { authenticate } = signedCookie({ secrets: [SECRET], isRevoked });
    const headers = { cookie: cookie.split(';')[0] ?? '' };
    const { status, body } = await createApi(null, { authenticate }).call('GET', '/api/me/avatar', undefined, headers);
    return [status, body.code];
  };

  it('receives user, session id, start and end, and the context of the request', async () => {
    vi.useFakeTimers({ now: 1_800_000_000_123, toFake: ['Date'] });
    const cookie = await signIn();
    const isRevoked = vi.fn<IsRevoked>(() => false);
    expect(await send(isRevoked, cookie)).toEqual([200, undefined]);
    expect(isRevoked.mock.calls.map(([{ id, ...described }, c]) => [typeof id, described, c.req.method])).toEqual([
      [
        'string',
        { userId: 'ada', issuedAt: new Date(1_800_000_000_123), expiresAt: new Date(1_800_604_800_000) },
        'GET',
      ],
    ]);
  });

  it('receives an id that is different for each session and stays the same for one', async () => {
    const ids: (string | null)[] = [];
    const isRevoked = ({ id }: Session) => ids.push(id) === 0;
    const [one, two] = [await signIn(), await signIn()];
    for (const cookie of [one, one, two]) await send(isRevoked, cookie);
    expect(new Set(ids).size).toBe(2);
    expect(ids[0]).toBe(ids[1]);
    expect(decodeJwt(one.split('=')[1]?.split(';')[0] ?? '').jti).toBe(ids[0]);
  });

  it('ends a session if it returns true, and is not asked without a valid cookie', async () => {
    expect(await send(() => true, await signIn())).toEqual([401, 'unauthorized']);
    expect(await send(async () => true, await signIn())).toEqual([401, 'unauthorized']);
    const isRevoked = vi.fn(() => false);
    expect(await send(isRevoked, '__Host-session=x')).toEqual([401, 'unauthorized']);
    expect(isRevoked).not.toHaveBeenCalled();
  });

  it('ends sessions that are older than a moment, and no newer ones', async () => {
    vi.useFakeTimers({ now: 1_800_000_000_400, toFake: ['Date'] });
    const before = await signIn();
    vi.setSystemTime(1_800_000_000_500);
    const isRevoked = ({ issuedAt }: Session) => issuedAt.getTime() < 1_800_000_000_500;
    expect(await send(isRevoked, before)).toEqual([401, 'unauthorized']);
    expect(await send(isRevoked, await signIn())).toEqual([200, undefined]);
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('D1 is down');
      },
    ],
    ['rejects', () => Promise.reject(new Error('D1 is down'))],
    ['returns nothing', () => undefined],
    ['returns null', () => null],
    ['returns 0', () => 0],
    ['returns a word', async () => 'false'],
  ])('that %s admits nobody: the response is 503', async (_, isRevoked) => {
    expect(await send(isRevoked as IsRevoked, await signIn())).toEqual([503, 'unavailable']);
  });

  it('may choose the response by throwing', async () => {
    const limited = () => Promise.reject(new ApiError('rate_limited', 'Wait.', { 'retry-after': '1' }));
    expect(await send(limited, await signIn())).toEqual([429, 'rate_limited']);
    const expired = () => Promise.reject(new HTTPException(401));
    expect(await send(expired, await signIn())).toEqual([401, 'unauthorized']);
  });

  it('receives a cookie of an older version without an id, and as from 1970 if it has no start', async () => {
    const isRevoked = vi.fn<IsRevoked>(() => false);
    await send(isRevoked, `__Host-session=${await sign({ jti: undefined, iat: 1_700_000_000 })}`);
    await send(isRevoked, `__Host-session=${await sign({ jti: undefined, iat: undefined })}`);
    const sessions = isRevoked.mock.calls.map(([{ id, issuedAt }]) => [id, issuedAt]);
    expect(sessions).toEqual([
      [null, new Date(1_700_000_000_000)],
      [null, new Date(0)],
    ]);
  });
});
