import { describe, expect, it, vi } from 'vitest';
import { findRegion } from '../../server/storage/presign.js';
import { png } from '../support/pictures.js';
import { computeSha256, createApi, createUserId, parseOwner } from './harness.js';
import { verifySignature } from './sigv4.js';

const secrets = { accessKeyId: 'test-access-key', secretAccessKey: 'test-secret-key' };
const digest = await computeSha256(new Uint8Array([1]));
const full = { filename: 'me.png', contentType: 'image/png', size: 1234, sha256: digest };

it("the tests' signature verifier accepts the example in the AWS documentation", async () => {
  const url = new URL('https://examplebucket.s3.amazonaws.com/test.txt');
  for (const [name, value] of [
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
    ['X-Amz-Credential', 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request'],
    ['X-Amz-Date', '20130524T000000Z'],
    ['X-Amz-Expires', '86400'],
    ['X-Amz-SignedHeaders', 'host'],
    ['X-Amz-Signature', 'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404'],
  ] as const)
    url.searchParams.set(name, value);
  const example = {
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  };
  expect(await verifySignature('GET', url.href, {}, example)).toBe(true);
});

it.each([
  ['0123456789abcdef0123456789abcdef.r2.cloudflarestorage.com', 'auto'],
  ['localhost:9000', 'auto'],
  ['s3.amazonaws.com', 'us-east-1'],
  ['bucket.s3.amazonaws.com', 'us-east-1'],
  ['s3.eu-central-1.amazonaws.com', 'eu-central-1'],
  ['s3-us-west-2.amazonaws.com', 'us-west-2'],
  ['s3.dualstack.ap-southeast-2.amazonaws.com', 'ap-southeast-2'],
  ['s3.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
  ['s3.wasabisys.com', 'us-east-1'],
  ['s3.eu-west-2.wasabisys.com', 'eu-west-2'],
  ['s3.us-west-004.backblazeb2.com', 'us-west-004'],
])('signs for the region of the endpoint: %s, %s', (host, region) => {
  expect(findRegion(`https://${host}/avatars/key`)).toBe(region);
});

describe('a presigned PUT', () => {
  it('signs type, length, digest and if-none-match', async () => {
    const { url, signedHeaders } = await createApi(createUserId()).presign(full);
    const sent = { ...signedHeaders, 'content-length': '1234' };
    expect(await verifySignature('PUT', url, sent, secrets)).toBe(true);
    expect(new URL(url).searchParams.get('X-Amz-SignedHeaders')).toBe(
      'content-length;content-type;host;if-none-match;x-amz-checksum-sha256',
    );
  });

  it.each([
    ['another type', { 'content-type': 'text/html' }],
    ['another length', { 'content-length': '1235' }],
    ['another digest', { 'x-amz-checksum-sha256': `${digest.slice(0, -2)}8=` }],
    ['an overwrite', { 'if-none-match': 'x' }],
  ])('is refused for %s', async (_, changed) => {
    const { url, signedHeaders } = await createApi(createUserId()).presign(full);
    const sent = { ...signedHeaders, 'content-length': '1234', ...changed };
    expect(await verifySignature('PUT', url, sent, secrets)).toBe(false);
  });

  it('is refused for another key, another method and a later expiry', async () => {
    const { url, signedHeaders } = await createApi(createUserId()).presign(full);
    const sent = { ...signedHeaders, 'content-length': '1234' };
    const elsewhere = url.replace('/pending/', '/avatars/');
    const later = url.replace('X-Amz-Expires=120', 'X-Amz-Expires=3600');
    expect(await verifySignature('PUT', elsewhere, sent, secrets)).toBe(false);
    expect(await verifySignature('GET', url, sent, secrets)).toBe(false);
    expect(await verifySignature('PUT', later, sent, secrets)).toBe(false);
  });

  it('returns only headers that a page may set', async () => {
    const { signedHeaders } = await createApi(createUserId()).presign(full);
    expect(signedHeaders).toEqual({
      'content-type': 'image/png',
      'if-none-match': '*',
      'x-amz-checksum-sha256': digest,
    });
  });

  it('requires only a content type', async () => {
    const { url, signedHeaders } = await createApi(createUserId()).presign({ filename: 'me.png' });
    expect(signedHeaders).toEqual({
      'content-type': 'image/png',
      'if-none-match': '*',
      // Without a digest: a copy of another object, made by the store, does not meet this condition.
      'x-amz-copy-source-if-match': '"none"',
    });
    expect(await verifySignature('PUT', url, signedHeaders, secrets)).toBe(true);
  });

  it('is signed with the key of its day', async () => {
    vi.useFakeTimers({ now: new Date('2026-03-01T23:59:59Z'), toFake: ['Date'] });
    try {
      const before = await createApi(createUserId()).presign();
      vi.setSystemTime(new Date('2026-03-02T00:00:00Z'));
      const after = await createApi(createUserId()).presign();
      for (const { url, signedHeaders } of [before, after])
        expect(await verifySignature('PUT', url, signedHeaders, secrets)).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is signed with the configured secret', async () => {
    const other = { R2_SECRET_ACCESS_KEY: 'another-secret-key' };
    const { url, signedHeaders } = await createApi(createUserId(), {}, other).presign();
    expect(await verifySignature('PUT', url, signedHeaders, secrets)).toBe(false);
    expect(
      await verifySignature('PUT', url, signedHeaders, { ...secrets, secretAccessKey: 'another-secret-key' }),
    ).toBe(true);
  });

  it('expires after 120 seconds, at expiresAt', async () => {
    vi.useFakeTimers({ now: new Date('2026-03-01T12:00:00.900Z'), toFake: ['Date'] });
    try {
      const { url, expiresAt } = await createApi(createUserId()).presign();
      const { searchParams } = new URL(url);
      expect(searchParams.get('X-Amz-Date')).toBe('20260301T120000Z');
      expect(searchParams.get('X-Amz-Expires')).toBe('120');
      expect(expiresAt).toBe('2026-03-01T12:02:00.000Z');
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('keys', () => {
  it('have one owner per user, and different owners for different users', async () => {
    const [a, b] = [createUserId(), createUserId()];
    const owner = async (user: string) => parseOwner((await createApi(user).presign()).key);
    expect(await owner(a)).toBe(await owner(a));
    expect(await owner(a)).not.toBe(await owner(b));
  });

  const odd = [
    '../u',
    '..%2fu',
    'u/1',
    'u',
    'U',
    'é',
    'e\u0301',
    '\ud800',
    '\ud801',
    'a\0b',
    "? # + % ' ( )",
    'x'.repeat(500),
  ];
  it.each(odd)('do not contain the user id %j', async (user) => {
    const { key } = await createApi(user).presign();
    expect(key).toMatch(/^pending\/[0-9a-f]{32}\/[0-9a-f-]{36}$/);
  });

  it('have different owners for all unusual ids', async () => {
    const owners = await Promise.all(odd.map(async (user) => parseOwner((await createApi(user).presign()).key)));
    expect(new Set(owners).size).toBe(odd.length);
  });

  it.each(['/../../victim/x', '..%2f..%2fvictim', '..\\..\\victim', 'x'.repeat(2000), '', '\u0000'])(
    'do not contain the file name %j',
    async (filename) => {
      const { key, url } = await createApi(createUserId()).presign({ filename });
      expect(key).toMatch(/^pending\/[0-9a-f]{32}\/[0-9a-f-]{36}$/);
      expect(new URL(url).pathname).toBe(`/flare-avatars/${key}`);
    },
  );
});

describe('a presign is refused', () => {
  const sendPresign = async (fields: Record<string, unknown>, options = {}) => {
    const { status, body } = await createApi(createUserId(), options).call('POST', '/api/uploads/presign', fields);
    expect(body.error).toMatch(/\S/);
    return [status, body.code];
  };

  it.each([
    'image/svg+xml',
    'image/avif',
    'image/heic',
    'text/html',
    'image/jpg',
    'IMAGE/PNG',
    'image/png; charset=x',
    'image/*',
    'application/pdf',
  ])('for the type %s', async (contentType) =>
    expect(await sendPresign({ contentType })).toEqual([415, 'unsupported_type']),
  );

  it('over the size limit, and not at it', async () => {
    expect(await sendPresign({ contentType: 'image/png', size: 5 * 2 ** 20 + 1 })).toEqual([413, 'too_large']);
    expect(await sendPresign({ contentType: 'image/png', size: 1e300 })).toEqual([413, 'too_large']);
    const { key } = await createApi(createUserId()).presign({ size: 5 * 2 ** 20 });
    expect(key).toBeTruthy();
  });

  it('without a digest if one is required', async () => {
    const options = { requireDigest: true };
    expect(await sendPresign({ contentType: 'image/png' }, options)).toEqual([400, 'digest_required']);
    expect((await createApi(createUserId(), options).presign({ sha256: digest })).key).toBeTruthy();
  });

  it.each([
    {},
    { contentType: 1 },
    { contentType: null },
    { contentType: '' },
    { contentType: 'image/png', size: '5' },
    { contentType: 'image/png', size: 0 },
    { contentType: 'image/png', size: -1 },
    { contentType: 'image/png', size: 1.5 },
    { contentType: 'image/png', size: null },
    { contentType: 'image/png', filename: 7 },
    { contentType: 'image/png', sha256: 'abc' },
    { contentType: 'image/png', sha256: `${digest} ` },
    { contentType: 'image/png', sha256: [digest] },
  ])('for the fields %j', async (fields) => expect(await sendPresign(fields)).toEqual([400, 'invalid_request']));

  it.each(['', '{', '[]', 'null', '"x"', '1', '{"contentType":"image/png"'])('for the body %j', async (body) => {
    const response = await createApi(createUserId()).call('POST', '/api/uploads/presign', body, {
      'content-type': 'application/json',
    });
    expect([response.status, response.body.code]).toEqual([400, 'invalid_request']);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', ''])(
    'with the content type %j',
    async (type) => {
      const body = JSON.stringify({ contentType: 'image/png' });
      const response = await createApi(createUserId()).call('POST', '/api/uploads/presign', body, {
        'content-type': type,
      });
      expect([response.status, response.body.code]).toEqual([400, 'invalid_request']);
    },
  );

  it('for a body over 16 kB', async () => {
    expect(await sendPresign({ contentType: 'image/png', filename: 'x'.repeat(17_000) })).toEqual([413, 'too_large']);
  });

  it('while twenty uploads are pending, until one of them is committed', async () => {
    const api = createApi(createUserId());
    const first = await api.presign();
    for (let i = 1; i < 20; i++) await api.presign();
    const refused = await api.call('POST', '/api/uploads/presign', { contentType: 'image/png' });
    expect([refused.status, refused.body.code]).toEqual([429, 'rate_limited']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(600);

    const { env } = await import('cloudflare:workers');
    await env.AVATARS.put(first.key, png());
    expect((await api.commit(first.key)).status).toBe(200);
    expect((await api.presign()).key).toBeTruthy();
  });

  it('for all but twenty of thirty concurrent requests', async () => {
    const api = createApi(createUserId());
    const fields = { contentType: 'image/png' };
    const responses = await Promise.all(
      Array.from({ length: 30 }, () => api.call('POST', '/api/uploads/presign', fields)),
    );
    expect(responses.filter(({ status }) => status === 200)).toHaveLength(20);
  });
});
