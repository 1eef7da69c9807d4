/**
 * Attacks that a signed-in user may try. Each only affects that user's own
 * account, so that they can be run against a live server. See contract.mjs for
 * the fields of a check.
 */
import { errorFormatCheck } from './contract.mjs';
import { CheckFailure, expectPut, expectRejected, expectSuccess } from './expect.mjs';
import { areEqual, declareBytes } from './session.mjs';
import { blue, invalidImages, orange, polyglot, trailingData } from './test-images.mjs';

const UNTRUSTED_ORIGIN = 'https://evil.example';

const hostileFilenames = [
  '/../../victim/x.png',
  '..%2f..%2fvictim%2fx.png',
  '..\\..\\victim\\x.png',
  'victim\u0000.png',
  'victim?x=1#y',
  'v'.repeat(2000),
  '',
];

const malformedBodies = ['', 'null', '[]', '1', '"x"', '{', '{}', '{"__proto__":{}}', '['.repeat(9000), '\ufffe{}'];

const invalidFields = [
  { contentType: 1 },
  { contentType: null },
  { contentType: ['image/png'] },
  { contentType: '' },
  { contentType: 'image/png', size: '1' },
  { contentType: 'image/png', size: -1 },
  { contentType: 'image/png', size: 1.5 },
  { contentType: 'image/png', sha256: 'x' },
  { contentType: 'image/png', filename: {} },
];

const invalidKeys = [1, null, [], {}, '', '..', '%2e%2e', 'avatars/x', '__proto__', '\u0000', 'k'.repeat(3000)];

/** Local R2 obeys an unsigned `x-amz-copy-source`: such a copy must not count as the upload. */
export const copySourceCheck = {
  name: 'a PUT cannot copy another object',
  async run(session) {
    expectSuccess(await session.upload(blue));
    const source = new URL(await session.getAvatarUrl()).pathname.replace(/^\/cdn-cgi\/local\/r2\/(s3|public)/, '');
    const presigned = await session.presign(declareBytes(orange));
    // A body of the declared size, so that the PUT is not rejected for its signature.
    await session.put(presigned, orange, { 'x-amz-copy-source': source });
    const { status } = await session.commit(presigned.key);
    const avatar = await session.getAvatarBytes();
    if (status === 200 && !areEqual(avatar, orange)) {
      throw new CheckFailure('the copy was committed', 'Compare the stored bytes with the declared digest at commit.');
    }
  },
};

export const hostileChecks = [
  {
    name: 'the file name does not become part of the key',
    async run(session) {
      for (const filename of hostileFilenames) {
        const presigned = await session.presign({ filename });
        if (/victim|vvv|\.\.|%2e%2e|\\|%5c/i.test(presigned.key + new URL(presigned.url).pathname)) {
          throw new CheckFailure(
            `${JSON.stringify(filename.slice(0, 30))} does`,
            'Generate keys without client input.',
          );
        }
        await settleUpload(session, presigned);
      }
    },
  },
  {
    name: 'malformed request bodies are rejected',
    async run(session) {
      for (const path of ['/uploads/presign', '/uploads/commit']) {
        for (const body of malformedBodies)
          expectRejected(await session.post(path, body), JSON.stringify(body.slice(0, 20)));
      }
      for (const body of invalidFields)
        expectRejected(await session.post('/uploads/presign', body), JSON.stringify(body));
    },
  },
  {
    name: 'a request body of 20 kB is rejected',
    async run(session) {
      const body = { contentType: 'image/png', filename: 'x'.repeat(20_000) };
      expectRejected(await session.post('/uploads/presign', body), 'it', 'too_large');
    },
  },
  {
    name: 'a request body that is not sent as JSON is rejected',
    async run(session) {
      const body = '{"contentType":"image/png"}';
      for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
        const response = await session.post('/uploads/presign', body, { headers: { 'content-type': type } });
        expectRejected(response, type);
      }
    },
  },
  {
    name: 'content types that are not images, or can hold scripts, are rejected',
    async run(session) {
      for (const contentType of ['text/html', 'image/svg+xml', 'application/pdf', 'image/png; x=1', 'image/*']) {
        expectRejected(await session.post('/uploads/presign', { contentType }), contentType, 'unsupported_type');
      }
    },
  },
  {
    name: 'a declared size of one terabyte is rejected',
    async run(session) {
      expectRejected(
        await session.post('/uploads/presign', { contentType: 'image/png', size: 1e12 }),
        'it',
        'too_large',
      );
    },
  },
  {
    name: 'keys of other uploads are rejected, all with the same response',
    async run(session) {
      for (const key of invalidKeys) expectRejected(await session.commit(key), JSON.stringify(key).slice(0, 30));
      const presigned = await session.presign();
      const { key } = presigned;
      const similarKeys = [
        changeLastCharacter(key),
        key.replace(/\/./, '/_'),
        `${key}/../x`,
        `/${key}`,
        key.toUpperCase(),
      ];
      const responses = new Set();
      for (const similarKey of similarKeys.filter((other) => other !== key)) {
        const response = await session.commit(similarKey);
        expectRejected(response, "a key that resembles one of the user's own");
        responses.add(`${response.status} ${response.json?.code}`);
      }
      await settleUpload(session, presigned);
      if (responses.size > 1)
        throw new CheckFailure(`returned ${[...responses].join(', ')}`, 'This reveals which keys exist.');
    },
  },
  {
    name: 'requests from untrusted origins are rejected',
    async run(session) {
      for (const origin of [UNTRUSTED_ORIGIN, 'null', `${new URL(session.base).origin}.evil.example`]) {
        const { headers } = await session.call('GET', '/me/avatar', { headers: { origin } });
        if (headers.get('access-control-allow-origin') === origin) {
          throw new CheckFailure(`${origin} can read the response`, 'Allow only trusted origins in CORS headers.');
        }
        if (!session.usesCookie) continue;
        const response = await session.call('DELETE', '/me/avatar', { headers: { origin } });
        expectRejected(response, `a DELETE from ${origin}`, 'forbidden_origin');
      }
    },
  },
  {
    name: 'the store rejects a tampered URL',
    async run(session) {
      const presigned = await session.presign();
      const url = new URL(presigned.url);
      url.pathname = changeLastCharacter(url.pathname);
      const status = await session.put({ ...presigned, url: url.href }, blue);
      if (status < 400) throw new CheckFailure('another key could be written', 'Sign the URL and all of its headers.');
      const type = await session.put(presigned, blue, { 'content-type': 'text/html' });
      if (type < 400) throw new CheckFailure('another type could be stored', 'Sign content-type.');
      expectPut(await session.put(presigned, blue));
      expectSuccess(await session.commit(presigned.key));
    },
  },
  ...Object.entries(invalidImages).map(([name, bytes]) => ({
    name: `${name} is rejected at commit`,
    run: (session) => expectRejectedAtCommit(session, bytes, {}),
  })),
  {
    name: 'bytes that differ from the declared digest are rejected, at the same size too',
    run: (session) => expectRejectedAtCommit(session, orange, declareBytes(blue)),
  },
  {
    name: 'data after the end of an image is rejected or removed',
    async run(session) {
      const { status } = await session.upload(polyglot);
      const avatar = await session.getAvatarBytes();
      const isServed = avatar !== null && Buffer.from(avatar).includes(Buffer.from(trailingData));
      if (status < 400 && isServed) throw new CheckFailure('it is stored and served');
    },
  },
  copySourceCheck,
  {
    name: 'repeating a commit does not restore a removed avatar',
    needs: 'removed',
    async run(session) {
      const { key } = await session.upload(orange);
      await session.removeAvatar();
      await session.commit(key);
      if ((await session.getAvatarUrl()) !== null) throw new CheckFailure('the avatar is back');
    },
  },
  errorFormatCheck,
];

const changeLastCharacter = (text) => text.slice(0, -1) + (text.endsWith('0') ? '1' : '0');

/** Ends an upload with invalid bytes, so that it does not count as pending. */
async function settleUpload(session, presigned) {
  await session.put(presigned, trailingData);
  await session.commit(presigned.key);
}

/** Uploads bytes, and expects that they do not become the avatar. */
async function expectRejectedAtCommit(session, bytes, fields) {
  const before = await session.getAvatarBytes();
  const presigned = await session.presign(fields);
  const put = await session.put(presigned, bytes);
  // A store that compares digests rejects the PUT; then there is nothing to commit.
  const response = await session.commit(presigned.key);
  expectRejected(response, put < 400 ? 'the commit' : 'the commit without a file', 'invalid_image');
  const after = await session.getAvatarBytes();
  if (before === null ? after !== null : !areEqual(after, before)) throw new CheckFailure('the avatar has changed');
}
