import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type OidcOptions, oidc } from '../../server/auth/oidc.js';
import {
  AUDIENCE,
  createSigningKey,
  now,
  REFUSED,
  type SigningKey,
  sendRequest,
  TestIssuer,
  UNAVAILABLE,
} from './test-issuer.js';

let first: TestIssuer;
let second: TestIssuer;
let secondKey: SigningKey;
let options: OidcOptions[];

beforeEach(async () => {
  [first, second, secondKey] = [await TestIssuer.start(), await TestIssuer.start(), await createSigningKey()];
  second.responses[second.jwksUrl] = () => Response.json({ keys: [secondKey.publicJwk] });
  options = [
    { issuer: first.url, audience: AUDIENCE },
    { issuer: second.url, audience: 'staff' },
  ];
});
afterEach(() => vi.restoreAllMocks());

const signSecond = (claims = {}, key = secondKey.privateKey) => second.sign({ aud: 'staff', ...claims }, {}, key);
const send = (authorization: string) => sendRequest({ authorization }, options);

async function identify(authorization: string, using: OidcOptions | OidcOptions[] = options): Promise<unknown> {
  const authenticate = oidc(using);
  const app = new Hono().get('/', async (c) => c.json(await authenticate(c)));
  return (await app.request('/', { headers: { authorization } })).json();
}

describe('users of several issuers', () => {
  it('with the same subject are different users', async () => {
    expect(await identify(await first.sign())).toEqual({ id: 'ada' });
    expect(await identify(await signSecond())).toEqual({ id: `${second.url}|ada` });
  });

  it('of the first one keep their ids when others are added', async () => {
    expect(await identify(await first.sign(), { issuer: first.url, audience: AUDIENCE })).toEqual({ id: 'ada' });
    expect(await identify(await first.sign(), options.slice(0, 1))).toEqual({ id: 'ada' });
  });

  it('of the first one cannot pass for those of another', async () => {
    expect(await identify(await first.sign({ sub: `${second.url}|ada` }))).toBeNull();
    expect(await identify(await first.sign({ sub: `${second.url}` }))).toEqual({ id: second.url });
  });

  it.each([7, {}, '', null, ['ada']])('of another one without a subject that is a text are nobody: %j', async (sub) => {
    expect(await identify(await signSecond({ sub }))).toBeNull();
  });

  it('have the ids that the userId of their issuer returns', async () => {
    options[1] = { issuer: second.url, audience: 'staff', userId: ({ email }) => `staff:${email}` };
    expect(await identify(await signSecond({ email: 'ada@example.com' }))).toEqual({ id: 'staff:ada@example.com' });
  });
});

describe('several issuers', () => {
  it('sign with their own keys only', async () => {
    expect((await send(await signSecond())).status).toBe(200);
    expect(await send(await signSecond({}, first.key.privateKey))).toEqual(REFUSED);
    expect(await send(await first.sign({}, {}, secondKey.privateKey))).toEqual(REFUSED);
  });

  it('have their own audiences only', async () => {
    expect(await send(await signSecond({ aud: AUDIENCE }))).toEqual(REFUSED);
    expect(await send(await first.sign({ aud: 'staff' }))).toEqual(REFUSED);
  });

  it('have their own headers only', async () => {
    options[1] = { issuer: second.url, audience: 'staff', header: 'x-staff' };
    expect((await sendRequest({ 'x-staff': await signSecond() }, options)).status).toBe(200);
    expect(await send(await signSecond())).toEqual(REFUSED);
    expect(await sendRequest({ 'x-staff': await first.sign() }, options)).toEqual(REFUSED);
  });

  it('are asked for the keys of their own tokens only, so that one that fails does not affect the others', async () => {
    first.responses = {};
    expect((await send(await signSecond())).status).toBe(200);
    expect(first.requests).toEqual([]);
    expect(await send(await first.sign())).toEqual(UNAVAILABLE);
    expect((await send(await signSecond())).status).toBe(200);
  });

  it('are tried one after the other if a request has a token of each', async () => {
    options[1] = { issuer: second.url, audience: 'staff', header: 'x-staff' };
    const expired = await first.sign({ exp: now() - 60 });
    const headers = { authorization: expired, 'x-staff': await signSecond() };
    expect((await sendRequest(headers, options)).status).toBe(200);
  });

  it('must be different ones, and at least one', () => {
    expect(() => oidc([])).toThrow(TypeError);
    expect(() => oidc(options.concat(options))).toThrow(TypeError);
  });

  it('are validated each', () => {
    const create = () => oidc([...options, { issuer: 'https://third.test', audience: '' }]);
    expect(create).toThrow(/^oidc: the option audience/);
  });
});
