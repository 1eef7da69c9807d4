import { describe, expect, inject, it } from 'vitest';
import { ApiClient, putFile } from '../support/api-client.js';
import { png } from '../support/pictures.js';

const signIn = () => ApiClient.signIn(inject('origin'));

/** Uploads an avatar. Resolves with the path of its object, in the form of `x-amz-copy-source`. */
async function uploadAvatar(): Promise<string> {
  const client = await signIn();
  const presigned = await client.presign();
  expect(await putFile(presigned, png())).toBe(200);
  expect((await client.commit(presigned)).status).toBe(200);
  const { pathname } = new URL((await client.getAvatar()).body.url);
  return pathname.slice(pathname.indexOf('/flare-avatars/'));
}

describe('a PUT that tells the store to copy another object', () => {
  const directives = [{}, { 'x-amz-metadata-directive': 'COPY' }, { 'x-amz-metadata-directive': 'REPLACE' }];

  it.each(directives)('is rejected by the store if no digest was declared (%j)', async (directive) => {
    const path = await uploadAvatar();
    const client = await signIn();
    const presigned = await client.presign();
    const copy = { 'x-amz-copy-source': path, ...directive };
    expect(await putFile(presigned, null, copy)).toBe(412);
    expect(await client.commit(presigned)).toMatchObject({ status: 409, body: { code: 'not_uploaded' } });
    // The header that makes the store reject copies is signed: it can be neither changed nor left out.
    expect(await putFile(presigned, null, { ...copy, 'x-amz-copy-source-if-match': '*' })).toBe(403);
    const { 'x-amz-copy-source-if-match': _, ...signedHeaders } = presigned.signedHeaders;
    expect(await putFile({ ...presigned, signedHeaders }, null, copy)).toBe(403);
    // The upload itself still works.
    expect(await putFile(presigned, png())).toBe(200);
    expect((await client.commit(presigned)).status).toBe(200);
  });

  it.each(directives)('does not match the digest if one was declared (%j)', async (directive) => {
    const path = await uploadAvatar();
    const client = await signIn();
    const hash = await crypto.subtle.digest('SHA-256', png({ width: 3 }));
    const presigned = await client.presign({ sha256: btoa(String.fromCharCode(...new Uint8Array(hash))) });
    // The local store makes the copy; R2 itself may reject the PUT.
    await putFile(presigned, null, { 'x-amz-copy-source': path, ...directive });
    expect((await client.commit(presigned)).status).toBeGreaterThanOrEqual(400);
    expect((await client.getAvatar()).body).toEqual({ url: null });
  });
});

describe('unsigned headers of a PUT', () => {
  it('are not served to viewers', async () => {
    const client = await signIn();
    const presigned = await client.presign();
    const unsigned = {
      'cache-control': 'public, max-age=1',
      'content-disposition': 'attachment; filename="evil.html"',
      'content-encoding': 'br',
      'content-language': 'xx',
      expires: 'Thu, 01 Jan 2037 00:00:00 GMT',
      'x-amz-meta-evil': 'yes',
    };
    expect(await putFile(presigned, png(), unsigned)).toBe(200);
    expect((await client.commit(presigned)).status).toBe(200);
    const { headers } = await fetch((await client.getAvatar()).body.url);
    expect(headers.get('content-type')).toBe('image/png');
    expect(headers.get('cache-control')).toBe('private, max-age=31536000, immutable');
    expect(headers.get('content-disposition')).toBe('inline');
    for (const name of ['content-encoding', 'content-language', 'expires', 'x-amz-meta-evil']) {
      expect(headers.get(name), name).toBeNull();
    }
  });
});
