import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { s3Bucket } from '../../server/node/index.js';
import { HttpServer } from '../support/http-server.js';
import { ACCESS_KEY } from './store-settings.js';

type Answer = (response: ServerResponse) => void;

const stores: HttpServer[] = [];

/** A store that gives these answers, one after the other; the last one from then on. */
async function openStore(...answers: Answer[]) {
  const requests: string[] = [];
  const store = new HttpServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    request.resume();
    request.on('end', () => answers[Math.min(requests.length, answers.length) - 1]?.(response));
  });
  stores.push(store);
  const bucket = s3Bucket({ endpoint: await store.start(), bucket: 'flare-avatars', ...ACCESS_KEY });
  return { bucket, requests };
}

afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(stores.splice(0).map((store) => store.stop()));
});

const fail =
  (status: number, code: string): Answer =>
  (response) =>
    void response.writeHead(status, { 'content-type': 'application/xml' }).end(`<Error><Code>${code}</Code></Error>`);
const drop: Answer = (response) => void response.destroy();
const succeed: Answer = (response) =>
  void response.writeHead(200, { 'content-type': 'image/png', 'content-length': 5 }).end('bytes');

describe('a store that fails', () => {
  it.each([
    ['503', fail(503, 'SlowDown')],
    ['429', fail(429, 'TooManyRequests')],
    ['500', fail(500, 'InternalError')],
    ['a lost connection', drop],
  ])('is asked once more after %s', async (_, answer) => {
    const { bucket, requests } = await openStore(answer, succeed);
    expect(await (await bucket.get('key'))?.text()).toBe('bytes');
    expect(requests).toHaveLength(2);
  });

  it.each([
    ['503', fail(503, 'SlowDown'), 'get: the store responded with 503 SlowDown.'],
    ['a lost connection', drop, "get: the store can't be reached"],
    [
      'a page of a proxy',
      (response: ServerResponse) => void response.writeHead(502).end('<html>'),
      'responded with 502.',
    ],
  ])('rejects as transient if it still fails: %s', async (_, answer, message) => {
    const { bucket, requests } = await openStore(answer);
    const error = await bucket.get('secret-key').catch((thrown) => thrown);
    expect(error).toMatchObject({ name: 'StoreError', dependency: 'storage', isTransient: true });
    expect(error.message).toContain(message);
    expect(error.message).not.toMatch(/http:|secret-key/);
    expect(requests).toHaveLength(2);
  });

  it('rejects for good after a refusal, without asking again', async () => {
    const { bucket, requests } = await openStore(fail(403, 'AccessDenied'));
    await expect(bucket.put('key', 'x')).rejects.toMatchObject({
      isTransient: false,
      message: expect.stringContaining('403 AccessDenied'),
    });
    expect(requests).toHaveLength(1);
  });

  it.each([
    ['is no store', (response: ServerResponse) => void response.writeHead(404).end('<h1>Not found</h1>')],
    ['has no such bucket', fail(404, 'NoSuchBucket')],
  ])('never takes an object as missing if the server %s', async (_, answer) => {
    const { bucket } = await openStore(answer);
    await expect(bucket.get('flare-avatar-installation')).rejects.toThrow('get: the store responded with 404');
    await expect(bucket.head('flare-avatar-installation')).rejects.toThrow('list: the store responded with 404');
  });

  it('rejects if it has not deleted every object, although it answers 200', async () => {
    for (const [code, isTransient] of [
      ['InternalError', true],
      ['SlowDown', true],
      ['AccessDenied', false],
    ]) {
      const { bucket } = await openStore(
        (response) => void response.end(`<DeleteResult><Error><Key>b</Key><Code>${code}</Code></Error></DeleteResult>`),
      );
      await expect(bucket.delete(['a', 'b'])).rejects.toMatchObject({
        isTransient,
        message: `delete: the store could not delete an object: ${code}.`,
      });
    }
  });

  it('rejects if the response to a list is something else, instead of listing nothing', async () => {
    const { bucket } = await openStore((response) => void response.end('<html>Sign in to this network</html>'));
    await expect(bucket.list()).rejects.toMatchObject({
      isTransient: false,
      message: 'list: the response is not a list of objects. Check the endpoint.',
    });
  });

  it('takes keys as they are if the store has not encoded them', async () => {
    const list = (encoding: string, key: string): Answer => {
      const contents = `<Contents><Key>${key}</Key><Size>1</Size></Contents>`;
      return (response) => void response.end(`<ListBucketResult xmlns="x">${encoding}${contents}</ListBucketResult>`);
    };
    const { bucket } = await openStore(list('', 'a+b%20c'), list('<EncodingType>url</EncodingType>', 'a%2Bb+c'));
    const keys = [await bucket.list(), await bucket.list()].map(({ objects }) => objects[0]?.key);
    expect(keys).toEqual(['a+b%20c', 'a+b c']);
  });

  it('rejects as transient if it does not say how large an object is', async () => {
    const { bucket } = await openStore((response) => {
      response.writeHead(200, { 'transfer-encoding': 'chunked' });
      response.end('bytes');
    });
    await expect(bucket.get('key')).rejects.toMatchObject({
      isTransient: true,
      message: 'get: the response has no Content-Length header.',
    });
  });

  it('does not follow redirects, which would take the signature elsewhere', async () => {
    const { bucket, requests } = await openStore(
      (response) => void response.writeHead(301, { location: '/other' }).end(),
    );
    await expect(bucket.get('key')).rejects.toThrow('get: the store responded with 301.');
    expect(requests).toHaveLength(1);
  });

  it.each([
    ['before it responds', (_: ServerResponse) => {}],
    [
      'in the middle of an object',
      (response: ServerResponse) => void response.writeHead(200, { 'content-length': '9' }).write('part'),
    ],
  ])('that hangs %s is given up after 30 seconds', async (_, hang) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let isHanging = Promise.withResolvers<void>();
    const { bucket } = await openStore((response) => {
      hang(response);
      isHanging.resolve();
    });
    const outcome = bucket
      .get('key')
      .then((object) => object?.arrayBuffer())
      .catch((error) => error);
    let isSettled = false;
    void outcome.then(() => {
      isSettled = true;
    });
    while (!isSettled) {
      await Promise.race([isHanging.promise, outcome]);
      isHanging = Promise.withResolvers<void>();
      // Only time moves on: the store never answers.
      for (let step = 0; step < 40 && !isSettled; step++) {
        await vi.advanceTimersByTimeAsync(1000);
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    expect(await outcome).toMatchObject({ isTransient: true, message: 'get: no complete response within 30 seconds.' });
  });
});

describe('an object with a content encoding, which only an upload can have', () => {
  it('reads as empty, instead of being decompressed to any size', async () => {
    const bomb = gzipSync(new Uint8Array(50 * 2 ** 20));
    const { bucket } = await openStore(
      (response) =>
        void response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': bomb.length }).end(bomb),
    );
    const object = await bucket.get('pending/x');
    expect(object?.size).toBe(bomb.length);
    expect((await object?.arrayBuffer())?.byteLength).toBe(0);
    await object?.body.cancel();
  });
});
