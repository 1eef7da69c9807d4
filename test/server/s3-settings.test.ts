import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import type { AvatarEnv } from '../../server/config.js';
import { readConfig, resolveS3 } from '../../server/config.js';
import { ApiError } from '../../server/errors.js';
import type { LogEntry } from '../../server/log.js';
import { createApi, createUserId } from './harness.js';

const ID = '0123456789abcdef0123456789abcdef';
const HOST = `${ID}.r2.cloudflarestorage.com`;
const BUCKET = env.R2_BUCKET ?? '';

/** Like a binding of another Worker, whose every property can be called. */
const WORKER = new Proxy({ fetch() {} }, { get: () => () => {} });

/** The bucket's URL under these settings, or the message of the refusal. */
function resolve(settings: Partial<AvatarEnv>, requestUrl = 'https://app.test/'): string {
  try {
    return resolveS3(readConfig({ ...env, ...settings }), requestUrl).bucketUrl;
  } catch (error) {
    if (error instanceof ApiError && error.code === 'unavailable') return error.message;
    throw error;
  }
}

/** Presigns with these settings, and returns what the caller sees. */
async function presign(settings: Partial<AvatarEnv>) {
  const { status, body } = await createApi(createUserId(), {}, settings).call('POST', '/api/uploads/presign', {
    contentType: 'image/png',
  });
  return { status, body, url: typeof body.url === 'string' ? new URL(body.url) : null };
}

describe('R2_ENDPOINT', () => {
  it.each([
    `https://${HOST}`,
    `https://${HOST}/`,
    `https://${HOST}//`,
    `https://${HOST}:443/`,
    `https://${HOST}/${BUCKET}`,
    `https://${HOST}/${BUCKET}/`,
    `https://${BUCKET}.${HOST}/`,
    ` https://${HOST}/${BUCKET}\n`,
    `\ufeffhttps://${HOST}\u200b`,
    `"https://${HOST}"`,
    `' https://${HOST}/ '`,
    `HTTPS://${HOST.toUpperCase()}`,
    `HTTPS://${HOST}/${BUCKET}`.toUpperCase(),
    HOST,
    `${HOST}/${BUCKET}`,
    `http://${HOST}/${BUCKET}`,
  ])('works as people copy it: %j', async (R2_ENDPOINT) => {
    const { status, url } = await presign({ R2_ENDPOINT });
    expect([status, url?.origin]).toEqual([200, `https://${HOST}`]);
    expect(url?.pathname).toMatch(new RegExp(`^/${BUCKET}/pending/`));
  });

  it.each(['eu', 'fedramp'])('keeps the jurisdiction %s', (jurisdiction) => {
    const host = HOST.replace(ID, `${ID}.${jurisdiction}`);
    for (const R2_ENDPOINT of [host, `https://${host}/${BUCKET}`, `https://${BUCKET}.${host}`]) {
      expect(resolve({ R2_ENDPOINT })).toBe(`https://${host}/${BUCKET}`);
    }
  });

  it('is not shortened if the bucket is named like its first label', () => {
    expect(resolve({ R2_ENDPOINT: 'https://avatars.r2.cloudflarestorage.com', R2_BUCKET: 'avatars' })).toBe(
      'https://avatars.r2.cloudflarestorage.com/avatars',
    );
  });

  it.each([
    ['https://account.r2.test/', 'https://account.r2.test'],
    [`https://s3.example/prefix/${BUCKET}/`, 'https://s3.example/prefix'],
    ['http://localhost:9000', 'http://localhost:9000'],
    ['http://127.0.0.1:9000/s3/', 'http://127.0.0.1:9000/s3'],
  ])('may be another S3 store: %j', (R2_ENDPOINT, base) => {
    expect(resolve({ R2_ENDPOINT })).toBe(`${base}/${BUCKET}`);
  });

  it.each([
    `https://${HOST}/other-bucket`,
    `https://${HOST}/${BUCKET}/pending`,
    `https://${HOST}/${BUCKET}?x=1`,
    `https://${HOST}/#x`,
    `https://key:secret@${HOST}`,
    `https://${HOST}:8443`,
    `https://${HOST}.`,
    `https://other.bucket.${HOST}`,
    'https://r2.cloudflarestorage.com',
    'https://<account>.r2.cloudflarestorage.com',
    'https://account-id.r2.cloudflarestorage.com',
    `https://dash.cloudflare.com/${ID}/r2/default/buckets/${BUCKET}`,
    `https://api.cloudflare.com/client/v4/accounts/${ID}/r2/buckets/${BUCKET}`,
    `https://pub-${ID}.r2.dev`,
    'https://avatars.someone.workers.dev',
    'http://account.r2.test',
    'http://169.254.169.254',
    'account.r2.test',
    `s3://${BUCKET}`,
    ID,
    BUCKET,
    'not a url',
    `https:\\\\${HOST}`,
    'javascript:alert(1)',
  ])('is refused by name, with the fix: %j', async (R2_ENDPOINT) => {
    const { status, body } = await presign({ R2_ENDPOINT });
    expect([status, body.code]).toEqual([503, 'unavailable']);
    expect(body.error).toMatch(
      /^The server is not configured: R2_ENDPOINT .*(https:\/\/<account id>\.r2|check R2_BUCKET)/,
    );
    // The value itself is not for strangers.
    expect(body.error).not.toContain(R2_ENDPOINT);
  });

  it('may be a path in local development only', () => {
    const R2_ENDPOINT = '/cdn-cgi/local/r2/s3/';
    expect(resolve({ R2_ENDPOINT, LOCAL_DEV: 'on' }, 'http://localhost:5173/api/me/avatar')).toBe(
      `http://localhost:5173/cdn-cgi/local/r2/s3/${BUCKET}`,
    );
    expect(resolve({ R2_ENDPOINT, LOCAL_DEV: 'on' })).toContain('R2_ENDPOINT is a path');
    expect(resolve({ R2_ENDPOINT }, 'http://localhost:5173/')).toContain('R2_ENDPOINT is a path');
  });
});

describe('R2_BUCKET', () => {
  it.each([` ${BUCKET} `, `"${BUCKET}"`, `${BUCKET}\n`])('works as people copy it: %j', (R2_BUCKET) => {
    expect(resolve({ R2_BUCKET })).toBe(`https://account.r2.test/${BUCKET}`);
  });

  it.each([
    `${BUCKET}/`,
    `/${BUCKET}`,
    `${BUCKET}/pending`,
    `https://${HOST}/${BUCKET}`,
    'Flare-Avatars',
    'flare_avatars',
    'a b',
    '..',
    'ab',
    '-abc',
    'x'.repeat(64),
    '<bucket>',
  ])('is refused by name: %j', (R2_BUCKET) => {
    expect(resolve({ R2_BUCKET })).toMatch(/^The server is not configured: R2_BUCKET must be the name of a bucket/);
  });
});

describe('the access key', () => {
  const id = 'a1'.repeat(16);
  const secret = 'b2'.repeat(32);
  const resolveKey = (R2_ACCESS_KEY_ID: string, R2_SECRET_ACCESS_KEY: string, R2_ENDPOINT = `https://${HOST}`) =>
    resolve({ R2_ENDPOINT, R2_ACCESS_KEY_ID, R2_SECRET_ACCESS_KEY });

  it.each([
    [id, secret],
    [`${id}\n`, ` ${secret}\r\n`],
    [`"${id}"`, `'${secret}'`],
    ['test-access-key', 'test-secret-key'],
  ])('works as people copy it: %j', async (R2_ACCESS_KEY_ID, R2_SECRET_ACCESS_KEY) => {
    const { status, url } = await presign({ R2_ACCESS_KEY_ID, R2_SECRET_ACCESS_KEY });
    expect([status, url?.searchParams.get('X-Amz-Credential')?.split('/')[0]]).toEqual([
      200,
      R2_ACCESS_KEY_ID.replace(/["\n]/g, ''),
    ]);
  });

  it.each([
    ['that is swapped', 'R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY are swapped', secret, id],
    ['whose two values are the same', 'R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY are the same', id, id],
    ['with the id twice', 'are swapped', id, 'a2'.repeat(16)],
    ['with the secret twice', 'are swapped', secret, 'b3'.repeat(32)],
    ['with a short id', 'R2_ACCESS_KEY_ID is too short', 'abc', secret],
    ['with a short secret', 'R2_SECRET_ACCESS_KEY is too short', id, 'abc'],
    ['with a line break in the id', 'R2_ACCESS_KEY_ID contains', `${id}\n${id}`, secret],
    ['with a space in the secret', 'R2_SECRET_ACCESS_KEY contains', id, `${secret} ${id}`],
    ['whose id lost a character', 'R2_ACCESS_KEY_ID has 31 characters', id.slice(1), secret],
    ['whose secret lost a character', 'R2_SECRET_ACCESS_KEY has 63 characters', id, secret.slice(1)],
    ['whose secret is the API token', 'R2_SECRET_ACCESS_KEY is the API token', id, `v1-_${'Z'.repeat(36)}`],
  ])('%s is refused by name', (_, message, first, second) => {
    const refusal = resolveKey(first, second);
    expect(refusal).toContain('The server is not configured: ');
    expect(refusal).toContain(message);
    for (const value of [id, secret, first, second]) expect(refusal).not.toContain(value);
  });
});

describe('the log of a wrong setting', () => {
  it.each<[string, Partial<AvatarEnv>]>([
    ['R2_SECRET_ACCESS_KEY', { R2_SECRET_ACCESS_KEY: '' }],
    ['R2_SECRET_ACCESS_KEY', { R2_SECRET_ACCESS_KEY: 'short' }],
    ['R2_ENDPOINT', { R2_ENDPOINT: 'https://dash.cloudflare.com/' }],
    ['R2_BUCKET', { R2_BUCKET: 'a/b' }],
    ['AVATARS', { AVATARS: 'avatars' as never }],
  ])('names %s and the fix, as the response does', async (name, settings) => {
    const log: LogEntry[] = [];
    const api = createApi(createUserId(), { log: (entry) => void log.push(entry) }, settings);
    const { body } = await api.call('POST', '/api/uploads/presign', { contentType: 'image/png' });
    expect(body.error).toContain(name);
    expect(log).toEqual([
      expect.objectContaining({ level: 'error', status: 503, error: expect.objectContaining({ message: body.error }) }),
    ]);
  });
});

describe('a binding', () => {
  it.each<[string, string, unknown]>([
    ['AVATARS', 'an R2 bucket', env.DB],
    ['AVATARS', 'an R2 bucket', 'flare-avatars'],
    ['AVATARS', 'an R2 bucket', WORKER],
    ['AVATARS', 'an R2 bucket', { get() {}, put() {}, list() {}, delete() {}, getWithMetadata() {} }],
    ['DB', 'a D1 database', env.AVATARS],
    ['DB', 'a D1 database', 'flare-avatars'],
    ['DB', 'a D1 database', WORKER],
    ['RATE_LIMITER', 'a rate limit', env.DB],
    ['RATE_LIMITER', 'a rate limit', 600],
  ])('%s that is not %s is refused by name', async (name, kind, value) => {
    const { status, body } = await presign({ [name]: value });
    expect([status, body.code, body.error]).toEqual([
      503,
      'unavailable',
      `The server is not configured: ${name} must be a binding of ${kind}. Check the configuration.`,
    ]);
  });

  it.each<[string, unknown]>([
    ['R2_BUCKET', 5],
    ['R2_ENDPOINT', ['https://account.r2.test']],
    ['R2_SECRET_ACCESS_KEY', { get: async () => 'a secret of a Secrets Store' }],
    ['OWNER_SECRET', true],
  ])('in place of the text %s is refused by name', async (name, value) => {
    const { status, body } = await presign({ [name]: value });
    expect([status, body.error]).toEqual([
      503,
      `The server is not configured: ${name} must be text. Check the configuration.`,
    ]);
  });
});
