import { build } from 'esbuild';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { convertV4MiniflareOptions, Miniflare, Response } from 'miniflare';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { root } from '../support/dev-server.js';

const ISSUER = 'https://issuer.test';

/** A Worker that responds with the user of each request. */
const WORKER = `
  import { Hono } from 'hono';
  import { oidc } from './server/auth/oidc.js';
  const authenticate = oidc({ issuer: '${ISSUER}', audience: 'avatars' });
  export default new Hono().get('/', async (c) => c.json(await authenticate(c)));
`;

let worker: Miniflare;
let origin: URL;
let token: string;
/** Requests that the issuer has received, each with a function that responds. */
const requests: { path: string; respond: () => void }[] = [];
let onRequest = () => {};

beforeAll(async () => {
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const documents: Record<string, unknown> = {
    '/.well-known/openid-configuration': { issuer: ISSUER, jwks_uri: `${ISSUER}/keys` },
    '/keys': { keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256' }] },
  };
  token = await new SignJWT({ iss: ISSUER, aud: 'avatars', sub: 'ada' })
    .setProtectedHeader({ alg: 'RS256', kid: 'one' })
    .setExpirationTime('1h')
    .sign(privateKey);
  const stdin = { contents: WORKER, resolveDir: root, loader: 'ts' as const };
  const { outputFiles } = await build({ stdin, bundle: true, format: 'esm', write: false, external: ['cloudflare:*'] });
  const options = {
    modules: true,
    script: outputFiles[0]?.text ?? '',
    compatibilityDate: '2026-09-15',
    outboundService: (request: { url: string }) =>
      new Promise<Response>((resolve) => {
        const path = new URL(request.url).pathname;
        requests.push({ path, respond: () => resolve(Response.json(documents[path])) });
        onRequest();
      }),
  };
  // Miniflare comes with Wrangler. Its own options have another form, which is not documented yet.
  worker = new Miniflare(convertV4MiniflareOptions({ cf: false, workers: [{ name: 'worker', ...options }] }));
  origin = await worker.ready;
});
afterAll(() => worker?.dispose());

const send = async () => (await fetch(origin, { headers: { authorization: token } })).json();

/** Resolves when the issuer has received a number of requests. */
const received = (count: number) =>
  new Promise<void>((resolve) => {
    onRequest = () => requests.length >= count && resolve();
    onRequest();
  });

it('shares the load of an issuer’s keys between requests of workerd, also if the first client has left', async () => {
  const left = new AbortController();
  const first = fetch(origin, { headers: { authorization: token }, signal: left.signal }).catch(() => 'left');
  await received(1);
  const others = [send(), send(), send()];
  left.abort();
  expect(await first).toBe('left');
  requests[0]?.respond();
  await received(2);
  requests[1]?.respond();
  expect(await Promise.all(others)).toEqual([{ id: 'ada' }, { id: 'ada' }, { id: 'ada' }]);
  expect(requests.map(({ path }) => path)).toEqual(['/.well-known/openid-configuration', '/keys']);
});
