/**
 * The HTTP contract that the element needs from a back end, and its optional
 * parts. A check has these fields:
 *
 * - `name`: what a conformant back end does
 * - `run(session, shared)`: throws a `CheckFailure`; `shared` carries values to later checks
 * - `needs`: name of the value in `shared` without which the check is skipped
 * - `needsAccount`: the check is skipped if no user is signed in
 * - `optional`: the element works without it
 * - `isGuard`: it protects users; with `--hostile` it is not optional
 */
import { CheckFailure, expectPut, expectRejected, expectSuccess, statusOf } from './expect.mjs';
import { areEqual, declareBytes } from './session.mjs';
import { blue, orange } from './test-images.mjs';

/** Looks at all error responses so far. */
export const errorFormatCheck = {
  name: 'error responses are JSON: {error}',
  async run(session) {
    const wrong = session.errorResponses.find(({ json }) => typeof json?.error !== 'string');
    if (wrong) throw new CheckFailure(`${wrong.call} returns ${wrong.headers.get('content-type') ?? 'no body'}`);
  },
};

export const contractChecks = [
  {
    name: 'GET /me/avatar returns {url: null} when there is no avatar',
    async run(session) {
      if ((await session.getAvatarUrl()) !== null) throw new CheckFailure('there is an avatar');
    },
  },
  {
    name: `requests without a session get ${statusOf('unauthorized')}`,
    needsAccount: true,
    async run(session) {
      const calls = [
        ['GET', '/me/avatar'],
        ['POST', '/uploads/presign', { contentType: 'image/png' }],
        ['POST', '/uploads/commit', { key: 'x' }],
      ];
      for (const [method, path, body] of calls) {
        const { status } = await session.call(method, path, { body, as: {} });
        if (status !== statusOf('unauthorized')) throw new CheckFailure(`${method} ${path} returns ${status}`);
      }
    },
  },
  {
    name: 'POST /uploads/presign returns {url, signedHeaders, key}',
    async run(session, shared) {
      shared.first = await session.presign();
      const type = Object.entries(shared.first.signedHeaders).find(([name]) => name.toLowerCase() === 'content-type');
      if (type?.[1] !== 'image/png') {
        throw new CheckFailure(
          'signedHeaders does not contain the content type',
          'Sign it: otherwise any type can be stored.',
        );
      }
    },
  },
  {
    name: `POST /uploads/commit before the PUT returns ${statusOf('not_uploaded')}`,
    optional: true,
    needs: 'first',
    async run(session, { first }) {
      const { status } = await session.commit(first.key);
      if (status !== statusOf('not_uploaded')) throw new CheckFailure(`returned ${status}`);
    },
  },
  {
    name: 'PUT with exactly the signed headers stores the file',
    needs: 'first',
    async run(session, shared) {
      await session.store(shared.first, blue);
      shared.stored = true;
    },
  },
  {
    name: 'a second PUT to the same URL is rejected',
    optional: true,
    isGuard: true,
    needs: 'stored',
    async run(session, { first }) {
      const status = await session.put(first, orange);
      if (status < 400) throw new CheckFailure(`the store returned ${status}`, 'Sign if-none-match: *.');
    },
  },
  {
    name: 'POST /uploads/commit returns {ok: true}',
    needs: 'stored',
    async run(session, shared) {
      const response = await session.commit(shared.first.key);
      expectSuccess(response);
      if (response.json.ok !== true) throw new CheckFailure('`ok` is not true');
      shared.committed = response.json;
    },
  },
  {
    name: 'GET /me/avatar returns the {url} of the avatar',
    needs: 'committed',
    async run(session) {
      const bytes = await session.getAvatarBytes();
      if (bytes === null) throw new CheckFailure('`url` is null');
      if (bytes.length === 0) throw new CheckFailure('the image is empty');
    },
  },
  {
    name: 'POST /uploads/commit describes the avatar: {avatar}',
    optional: true,
    needs: 'committed',
    run: async (_, { committed }) => expectAvatar(committed.avatar),
  },
  {
    name: 'repeating a commit returns the same response',
    optional: true,
    needs: 'committed',
    async run(session, { first, committed }) {
      const repeated = await session.commit(first.key);
      expectSuccess(repeated);
      if (JSON.stringify(repeated.json) !== JSON.stringify(committed)) throw new CheckFailure('the response differs');
    },
  },
  {
    name: 'POST /uploads/presign accepts size and sha256, and ignores unknown fields',
    async run(session, shared) {
      shared.declared = await session.presign({ ...declareBytes(orange), unknownField: true });
    },
  },
  {
    name: 'a PUT of a different size than declared is rejected',
    optional: true,
    isGuard: true,
    needs: 'declared',
    async run(session, { declared }) {
      const status = await session.put(declared, orange.subarray(0, 50));
      if (status < 400) throw new CheckFailure(`the store returned ${status}`, 'Sign content-length.');
    },
  },
  {
    name: 'a second upload replaces the avatar',
    needs: 'declared',
    async run(session, { declared }) {
      const status = await session.put(declared, orange);
      // 412: the store has accepted the shorter PUT of the check before this one.
      if (status !== 412) expectPut(status);
      expectSuccess(await session.commit(declared.key));
      if (areEqual(await session.getAvatarBytes(), blue)) throw new CheckFailure('the avatar is still the first one');
    },
  },
  {
    name: `a content type that is not an image is rejected (${statusOf('unsupported_type')})`,
    optional: true,
    isGuard: true,
    async run(session) {
      const { status } = await session.post('/uploads/presign', { filename: 'x.html', contentType: 'text/html' });
      if (status !== statusOf('unsupported_type')) throw new CheckFailure(`text/html gets ${status}`);
    },
  },
  {
    name: `a key that was never issued is rejected (${statusOf('bad_key')})`,
    optional: true,
    isGuard: true,
    async run(session) {
      const response = await session.commit('pending/00000000000000000000000000000000/nothing');
      expectRejected(response, 'it', 'bad_key');
    },
  },
  {
    name: `GET /users/:id/avatar returns ${statusOf('not_found')} when there is no avatar`,
    optional: true,
    async run(session) {
      const { status } = await session.call('GET', '/users/flare-avatar-upload-check/avatar');
      if (status !== statusOf('not_found')) throw new CheckFailure(`returned ${status}`);
    },
  },
  errorFormatCheck,
  {
    name: 'error responses have a code: {error, code}',
    optional: true,
    async run(session) {
      const wrong = session.errorResponses.find(({ json }) => typeof json?.code !== 'string');
      if (wrong) throw new CheckFailure(`the response to ${wrong.call} has none`);
      if (session.errorResponses.length === 0) throw new CheckFailure('no request was rejected');
    },
  },
  {
    name: 'responses are not cached: cache-control: no-store',
    optional: true,
    async run(session) {
      const { headers } = await session.call('GET', '/me/avatar');
      if (!/no-store/.test(headers.get('cache-control') ?? '')) throw new CheckFailure('the header is missing');
    },
  },
  {
    name: 'URLs state their expiry: {expiresAt}',
    optional: true,
    needs: 'first',
    async run(session, { first }) {
      const { json } = await session.call('GET', '/me/avatar');
      const isMissing = ({ expiresAt }) => !(Date.parse(expiresAt) > Date.now() - 600_000);
      // The URL of a public avatar is permanent, and so has no query with a signature.
      const isPermanent = json.expiresAt === undefined && json.url && !new URL(json.url, session.base).search;
      const urls = isPermanent ? [first] : [first, json];
      if (urls.some(isMissing)) throw new CheckFailure('the field is missing, or in the past');
    },
  },
  {
    name: 'GET /openapi.json returns an OpenAPI 3.1 document',
    optional: true,
    async run(session) {
      const response = await session.call('GET', '/openapi.json', { as: {} });
      expectSuccess(response);
      if (!/^3\.1\./.test(response.json.openapi)) throw new CheckFailure('`openapi` is not 3.1');
    },
  },
  {
    name: 'DELETE /me/avatar removes the avatar, and can be repeated',
    optional: true,
    needs: 'committed',
    async run(session, shared) {
      for (const time of ['first', 'second']) {
        const { status } = await session.call('DELETE', '/me/avatar');
        if (status !== 200) throw new CheckFailure(`returns ${status} the ${time} time`);
        if ((await session.getAvatarUrl()) !== null) throw new CheckFailure('the avatar is still there');
      }
      shared.removed = true;
    },
  },
];

/** Expects the description of one of the test images. */
function expectAvatar(avatar) {
  const { key, contentType, size, width, height, createdAt } = avatar ?? {};
  const isRight =
    typeof key === 'string' && contentType === 'image/png' && size > 0 && width === 16 && height === 16 && createdAt;
  if (!isRight) throw new CheckFailure('{key, contentType, size, width, height, createdAt} is missing or wrong');
}
