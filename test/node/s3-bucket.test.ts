import { beforeEach, describe, expect, inject, it } from 'vitest';
import { s3Bucket } from '../../server/node/index.js';
import type { AvatarBucket } from '../../server/storage/bucket.js';
import { ACCESS_KEY, BUCKETS } from './store-settings.js';

const bucket = s3Bucket({ endpoint: inject('s3'), bucket: BUCKETS[0] ?? '', ...ACCESS_KEY });

async function emptyBucket(): Promise<void> {
  const { objects } = await bucket.list();
  if (objects.length > 0) await bucket.delete(objects.map(({ key }) => key));
}
beforeEach(emptyBucket);

const readText = async (from: AvatarBucket, key: string) => (await from.get(key))?.text();

/** Keys that the server never makes, and that a URL, XML or a signature can damage. */
const HOSTILE_KEYS = [
  'a b+c%20d',
  'a&b<c>"\'d',
  "!*'();:@=$,?#[]",
  'ä/日本語/🦊',
  '%2e%2e/x',
  '~tilde_and-dash.txt',
  '&amp;/&#65;',
];

describe('a bucket that is reached by the S3 API', () => {
  it('stores bytes with headers and metadata, and returns them unchanged', async () => {
    const bytes = crypto.getRandomValues(new Uint8Array(1000));
    const httpMetadata = {
      contentType: 'image/png',
      contentDisposition: 'inline',
      cacheControl: 'private, max-age=31536000',
    };
    const customMetadata = { kind: 'avatar', 'created-at': '2026-03-01T12:00:00.000Z', user: 'YWJj+/==' };
    await bucket.put('avatars/a/1.png', bytes, { httpMetadata, customMetadata });
    const object = await bucket.get('avatars/a/1.png');
    expect(object).toMatchObject({ key: 'avatars/a/1.png', size: 1000, httpMetadata, customMetadata });
    expect(new Uint8Array((await object?.arrayBuffer()) ?? new ArrayBuffer(0))).toEqual(bytes);
    expect(await bucket.head('avatars/a/1.png')).toMatchObject({ size: 1000, httpMetadata, customMetadata });
  });

  it('stores text, buffers and empty objects', async () => {
    await bucket.put('text', 'å');
    await bucket.put('buffer', Uint8Array.from([98, 121, 116, 101, 115]).buffer);
    await bucket.put('part', new Uint8Array([0, 104, 105, 0]).subarray(1, 3));
    await bucket.put('empty', new Uint8Array(0));
    expect(await Promise.all(['text', 'buffer', 'part', 'empty'].map((key) => readText(bucket, key)))).toEqual([
      'å',
      'bytes',
      'hi',
      '',
    ]);
  });

  it('returns null for an object that does not exist', async () => {
    expect([await bucket.get('missing'), await bucket.head('missing')]).toEqual([null, null]);
  });

  it('leaves an object that exists as it is, if it is asked to', async () => {
    await bucket.put('once', 'first', { onlyIf: { etagDoesNotMatch: '*' } });
    expect(await bucket.put('once', 'second', { onlyIf: { etagDoesNotMatch: '*' } })).toBeNull();
    expect(await readText(bucket, 'once')).toBe('first');
    await bucket.put('once', 'third');
    expect(await readText(bucket, 'once')).toBe('third');
  });

  it.each(HOSTILE_KEYS)('stores, lists and deletes an object with the key %j', async (key) => {
    await bucket.put(key, key);
    expect(await readText(bucket, key)).toBe(key);
    const { objects } = await bucket.list({ prefix: key });
    expect(objects).toEqual([{ key, size: new TextEncoder().encode(key).length }]);
    await bucket.delete([key]);
    expect(await bucket.head(key)).toBeNull();
  });

  it.each(['', '/', 'a//b', '../flare-pending/x', 'avatars/../x', './x', 'x/.', '..'])(
    'refuses the key %j, which a URL would change into another one',
    async (key) => {
      for (const call of [() => bucket.get(key), () => bucket.put(key, 'x'), () => bucket.head(key)]) {
        await expect(call()).rejects.toThrow('The key of an object must not have empty segments');
      }
    },
  );

  it('lists in the order of the keys, by prefix, page by page, and after a key', async () => {
    const keys = Array.from({ length: 7 }, (_, index) => `avatars/${index}`);
    await Promise.all([...keys, 'other'].map((key) => bucket.put(key, key)));
    const found: string[] = [];
    for (let cursor: string | undefined; ; ) {
      const page = await bucket.list({ prefix: 'avatars/', limit: 3, ...(cursor && { cursor }) });
      found.push(...page.objects.map(({ key }) => key));
      if (!page.truncated) break;
      cursor = page.cursor;
    }
    expect(found).toEqual(keys);
    const rest = await bucket.list({ startAfter: 'avatars/4' });
    expect(rest.objects.map(({ key }) => key)).toEqual(['avatars/5', 'avatars/6', 'other']);
    expect(rest.truncated).toBe(false);
  });

  it('lists objects with their metadata', async () => {
    for (let index = 10; index < 30; index++) {
      const metadata = { httpMetadata: { contentType: 'image/webp' }, customMetadata: { number: `${index}` } };
      await bucket.put(`avatars/${index}`, 'x', metadata);
    }
    const { objects } = await bucket.list({ include: ['httpMetadata', 'customMetadata'] });
    expect(objects.map(({ customMetadata }) => Number(customMetadata?.number))).toEqual(
      Array.from({ length: 20 }, (_, index) => index + 10),
    );
    expect(objects[0]).toMatchObject({ size: 1, httpMetadata: { contentType: 'image/webp' } });
  });

  it('deletes many objects at once, one by its key, and none', async () => {
    await Promise.all(['a', 'b', 'c', 'd'].map((key) => bucket.put(key, key)));
    await bucket.delete(['a', 'b', 'missing']);
    await bucket.delete('c');
    await bucket.delete([]);
    expect((await bucket.list()).objects.map(({ key }) => key)).toEqual(['d']);
  });

  it('can be canceled instead of read', async () => {
    await bucket.put('large', new Uint8Array(2 ** 20));
    const object = await bucket.get('large');
    await object?.body.cancel();
    expect(object?.size).toBe(2 ** 20);
  });
});

describe('a wrong configuration', () => {
  const open = (change: Partial<Parameters<typeof s3Bucket>[0]>) =>
    s3Bucket({ endpoint: inject('s3'), bucket: BUCKETS[0] ?? '', ...ACCESS_KEY, ...change });

  it.each<[string, Record<string, unknown>]>([
    ['endpoint', { endpoint: undefined }],
    ['endpoint', { endpoint: 'http://store.example.com' }],
    ['endpoint', { endpoint: '/cdn-cgi/local/r2/s3' }],
    ['endpoint', { endpoint: 'https://dash.cloudflare.com/r2' }],
    ['bucket', { bucket: 'Not A Bucket' }],
    ['bucket', { bucket: '' }],
    ['accessKeyId', { accessKeyId: 'short' }],
    ['secretAccessKey', { secretAccessKey: 'with a space in it' }],
  ])('throws a TypeError that names the option %s: %j', (name, change) => {
    const open = () => s3Bucket({ endpoint: inject('s3'), bucket: 'flare-avatars', ...ACCESS_KEY, ...change } as never);
    expect(open).toThrow(TypeError);
    expect(open).toThrow(new RegExp(`^s3Bucket: .*\\b${name}\\b`));
    expect(open).not.toThrow(/R2_/);
  });

  it.each([
    ['another secret', { secretAccessKey: 'another-secret-key' }],
    ['an unknown access key', { accessKeyId: 'another-access-key' }],
    ['a bucket that does not exist', { bucket: 'no-such-bucket' }],
  ])('rejects every call with %s, and never says that an object is missing', async (_, change) => {
    const wrong = open(change);
    for (const call of [
      () => wrong.get('x'),
      () => wrong.head('x'),
      () => wrong.list(),
      () => wrong.put('x', 'x'),
      () => wrong.delete(['x']),
    ]) {
      const error = await call().then(
        () => null,
        (thrown: Error) => thrown,
      );
      expect(error).toMatchObject({ name: 'StoreError', dependency: 'storage', isTransient: false });
      expect(error?.message).not.toMatch(/https?:|secret-key/);
    }
  });
});
