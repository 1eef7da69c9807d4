import { AwsV4Signer } from 'aws4fetch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PresignResponse } from '../../src/core/protocol.js';
import { DevServer } from '../support/dev-server.js';
import { png } from '../support/pictures.js';

let server: DevServer;
beforeAll(async () => {
  server = await DevServer.fresh();
});
afterAll(async () => {
  await server?.stop();
});

/** A session of a user of its own. */
async function signIn() {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ user: crypto.randomUUID() });
  const login = await fetch(`${server.origin}/api/dev/login`, { method: 'POST', headers, body });
  const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? '';
  return async (method: string, path: string, fields?: unknown) => {
    const init = { method, headers: { cookie, ...headers }, ...(fields ? { body: JSON.stringify(fields) } : {}) };
    const response = await fetch(server.origin + path, init);
    return { status: response.status, body: await response.json() };
  };
}

const presign = async (call: Awaited<ReturnType<typeof signIn>>) =>
  (await call('POST', '/api/uploads/presign', { contentType: 'image/png' })).body as PresignResponse;
const put = async ({ url, signedHeaders }: PresignResponse, to = url) =>
  (await fetch(to, { method: 'PUT', headers: signedHeaders, body: png() })).status;
/** The cron, at a time in the future. */
const sweepIn = async (seconds: number) =>
  (await fetch(`${server.origin}/cdn-cgi/handler/scheduled?time=${Date.now() + seconds * 1000}`)).status;

/** The same PUT, signed with the bucket's own credentials so many seconds ago. */
async function signedAgo({ url, signedHeaders }: PresignResponse, seconds: number) {
  const { origin, pathname, searchParams } = new URL(url);
  const signer = new AwsV4Signer({
    method: 'PUT',
    url: `${origin}${pathname}?X-Amz-Expires=${searchParams.get('X-Amz-Expires')}`,
    headers: signedHeaders,
    accessKeyId: 'local-access-key',
    secretAccessKey: 'local-secret-key',
    service: 's3',
    region: 'auto',
    datetime: new Date(Date.now() - seconds * 1000).toISOString().replace(/[:-]|\.\d{3}/g, ''),
    signQuery: true,
    allHeaders: true,
  });
  return (await signer.sign()).url.href;
}

describe('a presigned PUT', () => {
  it('works until its time is over, and not after', async () => {
    const presigned = await presign(await signIn());
    expect(await put(presigned, await signedAgo(presigned, 125))).toBeGreaterThanOrEqual(400);
    expect(await put(presigned, await signedAgo(presigned, 100))).toBe(200);
  });

  it.each([
    ['a later expiry', 'X-Amz-Expires', '3600'],
    ['a later date', 'X-Amz-Date', '20991231T235959Z'],
    ['another signature', 'X-Amz-Signature', '0'.repeat(64)],
    ['fewer signed headers', 'X-Amz-SignedHeaders', 'host'],
    ['other credentials', 'X-Amz-Credential', 'somebody/20260101/auto/s3/aws4_request'],
  ])('is refused with %s', async (_, name, value) => {
    const presigned = await presign(await signIn());
    const tampered = new URL(presigned.url);
    tampered.searchParams.set(name, value);
    expect(await put(presigned, tampered.href)).toBeGreaterThanOrEqual(400);
    expect(await put(presigned)).toBe(200);
  });

  it('sent again is refused while its object is there, and harmless once it is swept', async () => {
    const call = await signIn();
    const presigned = await presign(call);
    expect(await put(presigned)).toBe(200);
    expect(await put(presigned)).toBe(412);
    const committed = await call('POST', '/api/uploads/commit', { key: presigned.key });
    expect(await put(presigned)).toBe(412);
    expect(await sweepIn(725)).toBe(200);
    expect(await put(presigned)).toBe(200);
    expect(await call('POST', '/api/uploads/commit', { key: presigned.key })).toEqual(committed);
    // What came late is gone after the next run: another PUT finds no object in its way.
    expect(await sweepIn(725)).toBe(200);
    expect(await put(presigned)).toBe(200);
    const { body } = await call('GET', '/api/me/avatar');
    expect(body.avatar).toEqual(committed.body.avatar);
    expect((await fetch(body.url)).status).toBe(200);
  });

  it('committed after the sweep is too late for ever, and unknown once it is forgotten', async () => {
    const call = await signIn();
    const presigned = await presign(call);
    await put(presigned);
    const code = async () => (await call('POST', '/api/uploads/commit', { key: presigned.key })).body.code;
    await sweepIn(725);
    expect(await code()).toBe('upload_expired');
    await sweepIn(725 + 86_400);
    expect(await code()).toBe('bad_key');
    expect((await call('GET', '/api/me/avatar')).body).toEqual({ url: null });
  });
});

describe('a refused request with a body', () => {
  it('leaves its connection usable: the next request is answered', async () => {
    const call = await signIn();
    const statuses: number[] = [];
    for (let i = 0; i < 100; i++) {
      for (const [path, body] of [
        ['/api/uploads/commit', 'x'.repeat(20_000)],
        ['/api/nothing', '{"key":"x"}'],
      ] as const) {
        const headers = { 'content-type': 'application/json' };
        const answer = await fetch(server.origin + path, { method: 'POST', headers, body });
        await answer.text();
        statuses.push(answer.status);
      }
    }
    expect(new Set(statuses)).toEqual(new Set([401, 404]));
    expect((await call('GET', '/api/me/avatar')).status).toBe(200);
  });
});
