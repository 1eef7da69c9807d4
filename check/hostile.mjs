/**
 * What an ill-meaning but signed-in user may try, as far as it harms nobody:
 * everything stays within the account that is asked with.
 */
import { wordedRefusals } from './contract.mjs';
import { declare, expectPut, expectRefused, expectStatus, sameBytes, Wrong } from './session.mjs';
import { blue, impostors, orange, polyglot, tail } from './test-images.mjs';

const EVIL = 'https://evil.example';

const names = [
  '/../../victim/x.png',
  '..%2f..%2fvictim%2fx.png',
  '..\\..\\victim\\x.png',
  'victim\u0000.png',
  'victim?x=1#y',
  'v'.repeat(2000),
  '',
];

const bodies = ['', 'null', '[]', '1', '"x"', '{', '{}', '{"__proto__":{}}', '['.repeat(9000), '\ufffe{}'];

const fields = [
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

const keys = [1, null, [], {}, '', '..', '%2e%2e', 'avatars/x', '__proto__', '\u0000', 'k'.repeat(3000)];

/** R2 on one machine obeys an unsigned `x-amz-copy-source`: what it copies must not pass for an upload. */
export const noCopies = {
  name: 'a PUT cannot be made a copy of another object',
  async run(session) {
    expectStatus(await session.upload(blue), 200);
    const source = new URL(await session.avatarUrl()).pathname.replace('/cdn-cgi/local/r2/s3', '');
    const presigned = await session.presign(declare(orange));
    // Of the declared length, so that the signature is not what refuses it.
    await session.put(presigned, orange, { 'x-amz-copy-source': source });
    const answer = await session.commit(presigned.key);
    const shown = await session.avatarBytes();
    if (answer.status === 200 && !sameBytes(shown, orange)) {
      throw new Wrong('the copy was taken for the upload', 'Compare bytes with what was declared, at commit.');
    }
  },
};

export const hostile = [
  {
    name: 'a file name does not enter the key',
    async run(session) {
      for (const filename of names) {
        const presigned = await session.presign({ filename });
        if (/victim|vvv|\.\.|%2e%2e|\\|%5c/i.test(presigned.key + new URL(presigned.url).pathname)) {
          throw new Wrong(`${JSON.stringify(filename.slice(0, 30))} does`, 'Make keys of your own parts only.');
        }
        await spend(session, presigned);
      }
    },
  },
  {
    name: 'bodies that are no request are refused',
    async run(session) {
      for (const path of ['/uploads/presign', '/uploads/commit']) {
        for (const body of bodies)
          expectRefused(await session.post(path, body), `${JSON.stringify(body.slice(0, 20))}`);
      }
      for (const body of fields) expectRefused(await session.post('/uploads/presign', body), JSON.stringify(body));
    },
  },
  {
    name: 'a body of 20 kB is refused',
    async run(session) {
      const body = { contentType: 'image/png', filename: 'x'.repeat(20_000) };
      expectRefused(await session.post('/uploads/presign', body), 'it', '413');
    },
  },
  {
    name: 'a body that is not sent as JSON is refused',
    async run(session) {
      const body = '{"contentType":"image/png"}';
      for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
        const answer = await session.post('/uploads/presign', body, { headers: { 'content-type': type } });
        expectRefused(answer, type);
      }
    },
  },
  {
    name: 'types that are no picture, or may hold a script, are refused',
    async run(session) {
      for (const contentType of ['text/html', 'image/svg+xml', 'application/pdf', 'image/png; x=1', 'image/*']) {
        expectRefused(await session.post('/uploads/presign', { contentType }), contentType, '415');
      }
    },
  },
  {
    name: 'a file of a terabyte is refused',
    async run(session) {
      expectRefused(await session.post('/uploads/presign', { contentType: 'image/png', size: 1e12 }), 'it', '413');
    },
  },
  {
    name: 'keys that are not one’s own are refused, all alike',
    async run(session) {
      for (const key of keys) expectRefused(await session.commit(key), JSON.stringify(key).slice(0, 30));
      const presigned = await session.presign();
      const { key } = presigned;
      const strangers = [withOtherEnd(key), key.replace(/\/./, '/_'), `${key}/../x`, `/${key}`, key.toUpperCase()];
      const answers = [];
      for (const stranger of strangers.filter((other) => other !== key)) {
        const answer = await session.commit(stranger);
        expectRefused(answer, 'a key that looks like one’s own');
        answers.push(`${answer.status} ${answer.json?.code}`);
      }
      await spend(session, presigned);
      if (new Set(answers).size > 1) throw new Wrong(`answered ${answers.join(', ')}`, 'It tells what exists.');
    },
  },
  {
    name: 'a page of an untrusted origin gets nothing',
    async run(session) {
      for (const origin of [EVIL, 'null', `${new URL(session.base).origin}.evil.example`]) {
        const answer = await session.call('GET', '/me/avatar', { headers: { origin } });
        if (answer.headers.get('access-control-allow-origin') === origin) {
          throw new Wrong(`${origin} may read the answer`, 'Answer CORS to the origins you trust, and to no other.');
        }
        if (!session.usesCookie) continue;
        expectRefused(
          await session.call('DELETE', '/me/avatar', { headers: { origin } }),
          `a DELETE from ${origin}`,
          '403',
        );
      }
    },
  },
  {
    name: 'a tampered URL is refused by the store',
    async run(session) {
      const presigned = await session.presign();
      const url = new URL(presigned.url);
      url.pathname = withOtherEnd(url.pathname);
      const status = await session.put({ ...presigned, url: url.href }, blue);
      if (status < 400) throw new Wrong('another key could be written', 'Sign the URL, with all of its headers.');
      const type = await session.put(presigned, blue, { 'content-type': 'text/html' });
      if (type < 400) throw new Wrong('another type could be stored', 'Sign content-type.');
      expectPut(await session.put(presigned, blue));
      expectStatus(await session.commit(presigned.key), 200);
    },
  },
  ...Object.entries(impostors).map(([name, bytes]) => ({
    name: `${name} is refused at commit`,
    run: (session) => expectNotTaken(session, bytes, {}),
  })),
  {
    name: 'other bytes than declared are refused, of the same length too',
    run: (session) => expectNotTaken(session, orange, declare(blue)),
  },
  {
    name: 'what follows a picture’s end is refused or cut off',
    async run(session) {
      const { status } = await session.upload(polyglot);
      const shown = await session.avatarBytes();
      const isShown = shown !== null && Buffer.from(shown).includes(Buffer.from(tail));
      if (status < 400 && isShown) throw new Wrong('it is stored, and served');
    },
  },
  noCopies,
  {
    name: 'a commit sent again brings no removed picture back',
    needs: 'removed',
    async run(session) {
      const { key } = await session.upload(orange);
      await session.remove();
      await session.commit(key);
      if ((await session.avatarUrl()) !== null) throw new Wrong('it does');
    },
  },
  wordedRefusals,
];

const withOtherEnd = (text) => text.slice(0, -1) + (text.endsWith('0') ? '1' : '0');

/** Ends an upload with bytes that are no picture, so that it does not count as waiting. */
async function spend(session, presigned) {
  await session.put(presigned, tail);
  await session.commit(presigned.key);
}

/** Uploads bytes that must not become the avatar. */
async function expectNotTaken(session, bytes, fields) {
  const before = await session.avatarBytes();
  const presigned = await session.presign(fields);
  const put = await session.put(presigned, bytes);
  // A store that compares digests refuses them itself; then there is nothing to commit.
  const answer = await session.commit(presigned.key);
  expectRefused(answer, put < 400 ? 'the commit' : 'the commit of nothing', '422');
  const after = await session.avatarBytes();
  if (before === null ? after !== null : !sameBytes(after, before)) throw new Wrong('the avatar has changed');
}
