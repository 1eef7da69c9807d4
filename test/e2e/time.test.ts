import { AwsV4Signer } from 'aws4fetch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PresignResponse } from '../../src/core/protocol.js';
import { ApiClient, putFile } from '../support/api-client.js';
import { DevServer } from '../support/dev-server.js';
import { png } from '../support/pictures.js';

/** A server of its own: a sweep in the future would end the uploads of other tests. */
let server: DevServer;
beforeAll(async () => {
  server = await DevServer.startEmpty();
});
afterAll(() => server?.stop());

const signIn = () => ApiClient.signIn(server.origin);
const put = (presigned: PresignResponse) => putFile(presigned, png());

/** Runs the cron as if that many seconds had passed. Resolves with the status. */
const sweepAfter = async (seconds: number) =>
  (await fetch(`${server.origin}/cdn-cgi/handler/scheduled?time=${Date.now() + seconds * 1000}`)).status;

/** Returns the same presigned PUT with a signature that is that many seconds old. */
async function backdate(presigned: PresignResponse, seconds: number): Promise<PresignResponse> {
  const { url, signedHeaders } = presigned;
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
  return { ...presigned, url: (await signer.sign()).url.href };
}

describe('a presigned PUT', () => {
  it('works until it expires, and not after', async () => {
    const presigned = await (await signIn()).presign();
    expect(await put(await backdate(presigned, 125))).toBeGreaterThanOrEqual(400);
    expect(await put(await backdate(presigned, 100))).toBe(200);
  });

  it.each([
    ['a later expiry', 'X-Amz-Expires', '3600'],
    ['a later date', 'X-Amz-Date', '20991231T235959Z'],
    ['another signature', 'X-Amz-Signature', '0'.repeat(64)],
    ['fewer signed headers', 'X-Amz-SignedHeaders', 'host'],
    ['other credentials', 'X-Amz-Credential', 'somebody/20260101/auto/s3/aws4_request'],
  ])('is rejected with %s', async (_, name, value) => {
    const presigned = await (await signIn()).presign();
    const tampered = new URL(presigned.url);
    tampered.searchParams.set(name, value);
    expect(await put({ ...presigned, url: tampered.href })).toBeGreaterThanOrEqual(400);
    expect(await put(presigned)).toBe(200);
  });

  it('sent again is rejected while its object exists, and changes nothing after the sweep', async () => {
    const client = await signIn();
    const presigned = await client.presign();
    expect(await put(presigned)).toBe(200);
    expect(await put(presigned)).toBe(412);
    const committed = await client.commit(presigned);
    expect(await put(presigned)).toBe(412);
    expect(await sweepAfter(725)).toBe(200);
    expect(await put(presigned)).toBe(200);
    expect(await client.commit(presigned)).toEqual(committed);
    // The next sweep deletes the late object, so that another PUT succeeds.
    expect(await sweepAfter(725)).toBe(200);
    expect(await put(presigned)).toBe(200);
    const { body } = await client.getAvatar();
    expect(body.avatar).toEqual(committed.body.avatar);
    expect((await fetch(body.url)).status).toBe(200);
  });

  it('committed after the sweep has expired; a day later its key is unknown', async () => {
    const client = await signIn();
    const presigned = await client.presign();
    await put(presigned);
    const commitCode = async () => (await client.commit(presigned)).body.code;
    await sweepAfter(725);
    expect(await commitCode()).toBe('upload_expired');
    await sweepAfter(725 + 86_400);
    expect(await commitCode()).toBe('bad_key');
    expect((await client.getAvatar()).body).toEqual({ url: null });
  });
});

describe('a rejected request with a body', () => {
  it('leaves its connection usable for the next request', async () => {
    const client = await signIn();
    const statuses: number[] = [];
    for (let i = 0; i < 100; i++) {
      for (const [path, body] of [
        ['/api/uploads/commit', 'x'.repeat(20_000)],
        ['/api/nothing', '{"key":"x"}'],
      ] as const) {
        const headers = { 'content-type': 'application/json' };
        const response = await fetch(server.origin + path, { method: 'POST', headers, body });
        await response.text();
        statuses.push(response.status);
      }
    }
    expect(new Set(statuses)).toEqual(new Set([401, 404]));
    expect((await client.getAvatar()).status).toBe(200);
  });
});
