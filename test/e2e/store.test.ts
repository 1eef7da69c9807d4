import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AvatarResponse, PresignResponse } from '../../src/core/protocol.js';
import { DevServer } from '../support/dev-server.js';
import { png } from '../support/pictures.js';

let server: DevServer;
beforeAll(async () => {
  server = await DevServer.fresh();
});
afterAll(async () => {
  await server?.stop();
});

const json = { 'content-type': 'application/json' };
type Call = (method: string, path: string, body?: unknown) => Promise<{ status: number; body: unknown }>;

/** A session of a user of its own. */
async function signIn(): Promise<Call> {
  const body = JSON.stringify({ user: crypto.randomUUID() });
  const login = await fetch(`${server.origin}/api/dev/login`, { method: 'POST', headers: json, body });
  const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? '';
  return async (method, path, body) => {
    const init = { method, headers: { cookie, ...json }, ...(body ? { body: JSON.stringify(body) } : {}) };
    const response = await fetch(server.origin + path, init);
    return { status: response.status, body: await response.json() };
  };
}

const presign = async (call: Call, fields = {}) =>
  (await call('POST', '/api/uploads/presign', { contentType: 'image/png', ...fields })).body as PresignResponse;

/** What the presigned PUT answers, with more headers than were signed. */
async function put({ url, signedHeaders }: PresignResponse, body: Uint8Array<ArrayBuffer> | null, more = {}) {
  const response = await fetch(url, { method: 'PUT', headers: { ...signedHeaders, ...more }, body });
  return response.status;
}

const commit = (call: Call, { key }: PresignResponse) => call('POST', '/api/uploads/commit', { key });

/** Uploads a picture; gives the path of its object, as the store wants it named. */
async function uploaded(call: Call): Promise<string> {
  const upload = await presign(call);
  expect(await put(upload, png())).toBe(200);
  expect((await commit(call, upload)).status).toBe(200);
  const { url } = (await call('GET', '/api/me/avatar')).body as AvatarResponse;
  const { pathname } = new URL(url ?? '');
  return pathname.slice(pathname.indexOf('/flare-avatars/'));
}

describe('a PUT that the store is told to take from another object', () => {
  const directives = [{}, { 'x-amz-metadata-directive': 'COPY' }, { 'x-amz-metadata-directive': 'REPLACE' }];

  it.each(directives)('is refused by the store where no digest is declared (%j)', async (directive) => {
    const path = await uploaded(await signIn());
    const call = await signIn();
    const upload = await presign(call);
    const copy = { 'x-amz-copy-source': path, ...directive };
    expect(await put(upload, null, copy)).toBe(412);
    expect(await commit(call, upload)).toMatchObject({ status: 409, body: { code: 'not_uploaded' } });
    // What makes the store refuse it is signed.
    expect(await put(upload, null, { ...copy, 'x-amz-copy-source-if-match': '*' })).toBe(403);
    const { 'x-amz-copy-source-if-match': _, ...signedHeaders } = upload.signedHeaders;
    expect(await put({ ...upload, signedHeaders }, null, copy)).toBe(403);
    // The upload itself is none the worse for it.
    expect(await put(upload, png())).toBe(200);
    expect((await commit(call, upload)).status).toBe(200);
  });

  it.each(directives)('does not match the digest where one is declared (%j)', async (directive) => {
    const path = await uploaded(await signIn());
    const call = await signIn();
    const hash = await crypto.subtle.digest('SHA-256', png({ width: 3 }));
    const upload = await presign(call, { sha256: btoa(String.fromCharCode(...new Uint8Array(hash))) });
    // The simulated store makes the copy; the live one may refuse it before.
    await put(upload, null, { 'x-amz-copy-source': path, ...directive });
    expect((await commit(call, upload)).status).toBeGreaterThanOrEqual(400);
    expect((await call('GET', '/api/me/avatar')).body).toEqual({ url: null });
  });
});

describe('headers that nobody signed', () => {
  it('are kept from viewers', async () => {
    const call = await signIn();
    const upload = await presign(call);
    const smuggled = {
      'cache-control': 'public, max-age=1',
      'content-disposition': 'attachment; filename="evil.html"',
      'content-encoding': 'br',
      'content-language': 'xx',
      expires: 'Thu, 01 Jan 2037 00:00:00 GMT',
      'x-amz-meta-evil': 'yes',
    };
    expect(await put(upload, png(), smuggled)).toBe(200);
    expect((await commit(call, upload)).status).toBe(200);
    const { url } = (await call('GET', '/api/me/avatar')).body as AvatarResponse;
    const { headers } = await fetch(url ?? '');
    expect(headers.get('content-type')).toBe('image/png');
    expect(headers.get('cache-control')).toBe('private, max-age=31536000, immutable');
    expect(headers.get('content-disposition')).toBe('inline');
    for (const name of ['content-encoding', 'content-language', 'expires', 'x-amz-meta-evil']) {
      expect(headers.get(name), name).toBeNull();
    }
  });
});
