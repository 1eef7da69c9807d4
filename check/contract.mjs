/**
 * What a back end has to answer for the element to work with it, and what it
 * may answer besides. Each check is `{name, optional, guard, run}`; `run` gets the
 * session and what earlier checks have left, and throws a `Wrong`. A guard is
 * optional only as long as nobody asks for guards.
 */

import { declare, expectPut, expectRefused, expectStatus, sameBytes, Wrong } from './session.mjs';
import { blue, orange } from './test-images.mjs';

/** Of everything that was refused so far. */
export const wordedRefusals = {
  name: 'refusals are JSON: {error}',
  async run(session) {
    const wrong = session.refusals.find(({ json }) => typeof json?.error !== 'string');
    if (wrong) throw new Wrong(`${wrong.call} refuses with ${wrong.headers.get('content-type') ?? 'no body'}`);
  },
};

export const contract = [
  {
    name: 'GET /me/avatar answers {url: null} where there is none',
    async run(session) {
      if ((await session.avatarUrl()) !== null) throw new Wrong('there is an avatar');
    },
  },
  {
    name: 'nobody is answered 401',
    needsAccount: true,
    async run(session) {
      const calls = [
        ['GET', '/me/avatar'],
        ['POST', '/uploads/presign', { contentType: 'image/png' }],
        ['POST', '/uploads/commit', { key: 'x' }],
      ];
      for (const [method, path, body] of calls) {
        const { status } = await session.call(method, path, { body, as: {} });
        if (status !== 401) throw new Wrong(`${method} ${path} answers ${status} to nobody`);
      }
    },
  },
  {
    name: 'POST /uploads/presign answers {url, signedHeaders, key}',
    async run(session, left) {
      left.first = await session.presign();
      const type = Object.entries(left.first.signedHeaders).find(([name]) => name.toLowerCase() === 'content-type');
      if (type?.[1] !== 'image/png') {
        throw new Wrong('signedHeaders does not name the content type', 'Sign it: else any type can be stored.');
      }
    },
  },
  {
    name: 'a commit before the bytes are there is answered 409',
    optional: true,
    needs: 'first',
    async run(session, { first }) {
      const { status } = await session.commit(first.key);
      if (status !== 409) throw new Wrong(`answered ${status}`);
    },
  },
  {
    name: 'PUT takes the bytes with exactly signedHeaders',
    needs: 'first',
    async run(session, left) {
      expectPut(await session.put(left.first, blue));
      left.sent = true;
    },
  },
  {
    name: 'a second PUT with the same URL is refused',
    optional: true,
    guard: true,
    needs: 'sent',
    async run(session, { first }) {
      const status = await session.put(first, orange);
      if (status < 400) throw new Wrong(`the store answered ${status}`, 'Sign if-none-match: *.');
    },
  },
  {
    name: 'POST /uploads/commit answers {ok: true}',
    needs: 'sent',
    async run(session, left) {
      const answer = await session.commit(left.first.key);
      expectStatus(answer, 200);
      if (answer.json.ok !== true) throw new Wrong('`ok` is not true');
      left.committed = answer.json;
    },
  },
  {
    name: 'GET /me/avatar answers {url} of a picture',
    needs: 'committed',
    async run(session) {
      const bytes = await session.avatarBytes();
      if (bytes === null) throw new Wrong('`url` is null');
      if (bytes.length === 0) throw new Wrong('the picture is empty');
    },
  },
  {
    name: 'the commit names the avatar: {avatar}',
    optional: true,
    needs: 'committed',
    run: async (_, { committed }) => expectAvatar(committed.avatar),
  },
  {
    name: 'the same commit again is answered alike',
    optional: true,
    needs: 'committed',
    async run(session, { first, committed }) {
      const again = await session.commit(first.key);
      expectStatus(again, 200);
      if (JSON.stringify(again.json) !== JSON.stringify(committed)) throw new Wrong('with another answer');
    },
  },
  {
    name: 'presign takes size and sha256, and other fields without a word',
    async run(session, left) {
      left.declared = await session.presign({ ...declare(orange), aFieldOfTomorrow: true });
    },
  },
  {
    name: 'a PUT of another length than declared is refused',
    optional: true,
    guard: true,
    needs: 'declared',
    async run(session, { declared }) {
      const status = await session.put(declared, orange.subarray(0, 50));
      if (status < 400) throw new Wrong(`the store answered ${status}`, 'Sign content-length.');
    },
  },
  {
    name: 'a second picture takes the place of the first',
    needs: 'declared',
    async run(session, { declared }) {
      const status = await session.put(declared, orange);
      // 412: the shorter one of before is there already.
      if (status !== 412) expectPut(status);
      expectStatus(await session.commit(declared.key), 200);
      if (sameBytes(await session.avatarBytes(), blue)) throw new Wrong('the first picture is still shown');
    },
  },
  {
    name: 'what is no picture type is refused (415)',
    optional: true,
    guard: true,
    async run(session) {
      const { status } = await session.post('/uploads/presign', { filename: 'x.html', contentType: 'text/html' });
      if (status !== 415) throw new Wrong(`text/html is answered ${status}`);
    },
  },
  {
    name: 'a key that was never issued is refused (400)',
    optional: true,
    guard: true,
    async run(session) {
      const answer = await session.commit('pending/00000000000000000000000000000000/nothing');
      expectRefused(answer, 'it', '400');
    },
  },
  {
    name: 'GET /users/:id/avatar answers 404 where there is none',
    optional: true,
    async run(session) {
      const { status } = await session.call('GET', '/users/flare-avatar-upload-check/avatar');
      if (status !== 404) throw new Wrong(`answered ${status}`);
    },
  },
  wordedRefusals,
  {
    name: 'refusals have a code: {error, code}',
    optional: true,
    async run(session) {
      const wrong = session.refusals.find(({ json }) => typeof json?.code !== 'string');
      if (wrong) throw new Wrong(`${wrong.call} has none`);
      if (session.refusals.length === 0) throw new Wrong('nothing was refused');
    },
  },
  {
    name: 'nothing is kept by caches: cache-control: no-store',
    optional: true,
    async run(session) {
      const { headers } = await session.call('GET', '/me/avatar');
      if (!/no-store/.test(headers.get('cache-control') ?? '')) throw new Wrong('not said');
    },
  },
  {
    name: 'URLs say when they die: {expiresAt}',
    optional: true,
    needs: 'first',
    async run(session, { first }) {
      const { json } = await session.call('GET', '/me/avatar');
      const unsaid = [first, json].filter(({ expiresAt }) => !(Date.parse(expiresAt) > Date.now() - 600_000));
      if (unsaid.length > 0) throw new Wrong('not said');
    },
  },
  {
    name: 'GET /openapi.json describes it',
    optional: true,
    async run(session) {
      const answer = await session.call('GET', '/openapi.json', { as: {} });
      expectStatus(answer, 200);
      if (!/^3\.1\./.test(answer.json.openapi)) throw new Wrong('not OpenAPI 3.1');
    },
  },
  {
    name: 'DELETE /me/avatar removes it, and may come again',
    optional: true,
    needs: 'committed',
    async run(session, left) {
      for (const turn of ['first', 'second']) {
        const { status } = await session.call('DELETE', '/me/avatar');
        if (status !== 200) throw new Wrong(`answers ${status} the ${turn} time`);
        if ((await session.avatarUrl()) !== null) throw new Wrong('the picture is still shown');
      }
      left.removed = true;
    },
  },
];

function expectAvatar(avatar) {
  const { key, contentType, size, width, height, createdAt } = avatar ?? {};
  const isRight =
    typeof key === 'string' && contentType === 'image/png' && size > 0 && width === 16 && height === 16 && createdAt;
  if (!isRight) throw new Wrong('no {key, contentType, size, width, height, createdAt} that fits');
}
