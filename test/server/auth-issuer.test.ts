import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type OidcOptions, oidc } from '../../server/auth/oidc.js';
import { ApiError } from '../../server/errors.js';
import { AUDIENCE, createSigningKey, REFUSED, sendRequest, TestIssuer, UNAVAILABLE } from './test-issuer.js';

let issuer: TestIssuer;

beforeEach(async () => {
  issuer = await TestIssuer.start();
  vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const advance = (ms: number) => vi.setSystemTime(Date.now() + ms);

const send = async (jwt: string | Promise<string>, options: Partial<OidcOptions> = {}) =>
  sendRequest({ authorization: `Bearer ${await jwt}` }, { issuer: issuer.url, audience: AUDIENCE, ...options });
const fail = () => new Response('', { status: 500 });
const OK = { status: 200 };

/** Responses that are worth nothing, and never a reason to ask again at once. */
const FAILURES: [string, () => Response | Promise<Response>][] = [
  ['responds with 500', fail],
  ['responds with 204', () => new Response(null, { status: 204 })],
  ['redirects', () => new Response('', { status: 302, headers: { location: 'https://evil.test' } })],
  ['responds with HTML', () => new Response('<html>')],
  ['responds with nothing', () => new Response('')],
  ['responds with null', () => Response.json(null)],
  ['responds with an array', () => Response.json([])],
  ['responds with an empty object', () => Response.json({})],
  ['responds with no keys', () => Response.json({ keys: [] })],
  ['responds with keys that are no objects', () => Response.json({ keys: ['one'] })],
  ['responds with more than 256 KiB', () => Response.json({ keys: [issuer.key.publicJwk], more: 'x'.repeat(2 ** 18) })],
  [
    'breaks off',
    () => new Response(new ReadableStream({ start: (controller) => controller.error(new Error('reset')) })),
  ],
  ["can't be reached", () => Promise.reject(new TypeError('Network connection lost.'))],
];

describe('an issuer', () => {
  describe.each(FAILURES)('that %s', (_, respond) => {
    it.each(['jwksUrl', 'discoveryUrl'] as const)(
      'at its %s causes 503, and is asked once in ten seconds',
      async (url) => {
        const healthy = { ...issuer.responses };
        issuer.responses[issuer[url]] = respond;
        const token = await issuer.sign();
        const all = await Promise.all([send(token), send(token), send(token)]);
        expect(all).toEqual([UNAVAILABLE, UNAVAILABLE, UNAVAILABLE]);
        advance(10 * SECOND - 1);
        expect(await send(token)).toEqual(UNAVAILABLE);
        expect(issuer.requests.filter((each) => each === issuer[url])).toHaveLength(1);
        issuer.responses = healthy;
        advance(1);
        expect(await send(token)).toMatchObject(OK);
      },
    );
  });

  it.each([
    ['another issuer', () => ({ issuer: 'https://evil.test', jwks_uri: issuer.jwksUrl })],
    ['a template as issuer', () => ({ issuer: `${issuer.url}/{tenantid}/v2.0`, jwks_uri: issuer.jwksUrl })],
    ['keys without TLS', () => ({ issuer: issuer.url, jwks_uri: 'http://keys.test/' })],
    ['no URL of its keys', () => ({ issuer: issuer.url })],
  ])('whose discovery document has %s causes 503', async (_, describeIssuer) => {
    issuer.responses[issuer.discoveryUrl] = () => Response.json(describeIssuer());
    issuer.responses['http://keys.test/'] = () => Response.json({ keys: [issuer.key.publicJwk] });
    expect(await send(issuer.sign())).toEqual(UNAVAILABLE);
  });

  it('that fails is named as the cause, and the response says when to try again', async () => {
    issuer.responses[issuer.jwksUrl] = fail;
    const headers = { authorization: await issuer.sign() };
    let error: unknown;
    const authenticate = oidc({ issuer: issuer.url, audience: AUDIENCE });
    const app = new Hono().get('/', async (c) => c.json(await authenticate(c)));
    app.onError((thrown, c) => {
      error = thrown;
      return c.body(null);
    });
    await app.request('/', { headers });
    advance(4 * SECOND);
    await app.request('/', { headers });
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ code: 'unavailable', headers: { 'retry-after': '6' } });
    expect((error as ApiError).cause).toEqual(new Error('The issuer responded with 500 instead of 200.'));
  });

  it('is not asked without a well-formed token of its own', async () => {
    expect(await sendRequest({}, { issuer: issuer.url, audience: AUDIENCE })).toEqual(REFUSED);
    expect(await send('x')).toEqual(REFUSED);
    expect(await send(issuer.sign({ iss: 'https://other.test' }))).toEqual(REFUSED);
    const { privateKey } = await createSigningKey('one', 'RS512');
    expect(await send(issuer.sign({}, { alg: 'RS512' }, privateKey))).toEqual(REFUSED);
    expect(issuer.requests).toEqual([]);
  });

  it('is asked once by requests that come at the same time, and by all adapters', async () => {
    const token = await issuer.sign();
    const all = await Promise.all(Array.from({ length: 20 }, () => send(token)));
    expect(all.every(({ status }) => status === 200)).toBe(true);
    expect(issuer.requests).toEqual([issuer.discoveryUrl, issuer.jwksUrl]);
  });

  it('keeps its users while it is unreachable, for an hour', async () => {
    expect(await send(issuer.sign())).toMatchObject(OK);
    issuer.responses = {};
    advance(59 * MINUTE);
    expect(await send(issuer.sign())).toMatchObject(OK);
    expect(await send(issuer.sign({}, { kid: 'two' }))).toEqual(UNAVAILABLE);
    advance(2 * MINUTE);
    expect(await send(issuer.sign())).toEqual(UNAVAILABLE);
  });
});

describe("an issuer's keys", () => {
  it('that are new are found at once, and also at a new URL', async () => {
    expect(await send(issuer.sign())).toMatchObject(OK);
    const key = await createSigningKey('two');
    const moved = `${issuer.url}/moved`;
    issuer.responses[issuer.discoveryUrl] = () => Response.json({ issuer: issuer.url, jwks_uri: moved });
    issuer.responses[issuer.jwksUrl] = () => new Response('', { status: 404 });
    issuer.responses[moved] = () => Response.json({ keys: [key.publicJwk] });
    advance(10 * SECOND);
    expect(await send(issuer.sign({}, { kid: 'two' }, key.privateKey))).toMatchObject(OK);
    expect(await send(issuer.sign())).toEqual(REFUSED);
  });

  it('that are withdrawn are accepted for ten more minutes at most', async () => {
    expect(await send(issuer.sign())).toMatchObject(OK);
    const key = await createSigningKey('two');
    issuer.responses[issuer.jwksUrl] = () => Response.json({ keys: [key.publicJwk] });
    advance(10 * MINUTE);
    expect(await send(issuer.sign())).toMatchObject(OK);
    advance(1);
    expect(await send(issuer.sign())).toEqual(REFUSED);
  });

  it('are asked for once in ten seconds by tokens that name unknown ones', async () => {
    const sendMany = async () => {
      for (let i = 0; i < 20; i++) expect(await send(issuer.sign({}, { kid: crypto.randomUUID() }))).toEqual(REFUSED);
    };
    await sendMany();
    expect(issuer.requests).toHaveLength(2);
    advance(10 * SECOND);
    await sendMany();
    expect(issuer.requests).toHaveLength(4);
    expect(await send(issuer.sign())).toMatchObject(OK);
  });

  it('without an id are used if there is one', async () => {
    issuer.responses[issuer.jwksUrl] = () => Response.json({ keys: [{ ...issuer.key.publicJwk, kid: undefined }] });
    expect(await send(issuer.sign({}, { kid: undefined } as object))).toMatchObject(OK);
  });
});

describe('an issuer that never finishes', () => {
  /** Sends a request whose execution context is real, and fires its timer once the issuer is asked. */
  async function sendAndTimeOut(): Promise<number> {
    const authenticate = oidc({ issuer: issuer.url, audience: AUDIENCE });
    const app = new Hono().get('/', async (c) => c.json(await authenticate(c)));
    app.onError((error, c) => c.body(null, error instanceof ApiError ? 503 : 500));
    const headers = { authorization: await issuer.sign() };
    const response = app.request('/', { headers }, env);
    await vi.waitFor(() => expect(issuer.requests).not.toEqual([]));
    await vi.advanceTimersByTimeAsync(5 * SECOND);
    return (await response).status;
  }

  it.each<[string, () => Response | Promise<Response>]>([
    ['its response', () => new Promise<Response>(() => {})],
    ['its body', () => new Response(new ReadableStream({ pull: () => new Promise(() => {}) }))],
  ])('%s causes 503 after five seconds, and is asked again after ten more', async (_, respond) => {
    vi.useFakeTimers({ now: Date.now(), toFake: ['Date', 'setTimeout', 'clearTimeout'] });
    issuer.responses[issuer.discoveryUrl] = respond;
    expect(await sendAndTimeOut()).toBe(503);
    expect(await send(issuer.sign())).toEqual(UNAVAILABLE);
    expect(issuer.requests).toHaveLength(1);
    issuer.responses[issuer.discoveryUrl] = () => Response.json({ issuer: issuer.url, jwks_uri: issuer.jwksUrl });
    advance(10 * SECOND);
    expect(await send(issuer.sign())).toMatchObject(OK);
  });

  it('does not block later requests if the request that asked was canceled', async () => {
    issuer.responses[issuer.discoveryUrl] = () => new Promise<Response>(() => {});
    // Nobody waits for the end of this one.
    void send(issuer.sign());
    await vi.waitFor(() => expect(issuer.requests).toHaveLength(1));
    advance(MINUTE);
    expect(await send(issuer.sign())).toEqual(UNAVAILABLE);
    issuer.responses[issuer.discoveryUrl] = () => Response.json({ issuer: issuer.url, jwks_uri: issuer.jwksUrl });
    advance(10 * SECOND);
    expect(await send(issuer.sign())).toMatchObject(OK);
  });

  it('is waited for after the response, so that other requests get its keys', async () => {
    const context = createExecutionContext();
    const waitUntil = vi.spyOn(context, 'waitUntil');
    const authenticate = oidc({ issuer: issuer.url, audience: AUDIENCE });
    const app = new Hono().get('/', async (c) => c.json(await authenticate(c)));
    await app.request('/', { headers: { authorization: await issuer.sign() } }, env, context);
    expect(waitUntil).toHaveBeenCalledTimes(1);
    await waitOnExecutionContext(context);
  });
});
