import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { sweepAvatars } from '../../server/jobs/sweep.js';
import { png } from '../support/pictures.js';
import { createApi, createUserId, listKeys, parseOwner, type TestResponse } from './harness.js';

/** Different ids that a path, a prefix, a database or a person could confuse. */
const IDS = [
  'u',
  'U',
  'u/',
  '/u',
  'u/1',
  'u%2F1',
  'u%2f1',
  'u%252F1',
  'u1',
  'u\\1',
  '../u',
  '..\\u',
  '..%2fu',
  'u/../v',
  'u?',
  'u#',
  'u+1',
  'u 1',
  'u%201',
  '%',
  "u'",
  "' OR 1=1 --",
  '(u)',
  'u\u0000',
  'u\n',
  '\u007f',
  '\u200bu',
  '\u00e9',
  'e\u0301',
  '\uff55',
  '日本',
  '😀',
  'x'.repeat(499),
  'x'.repeat(500),
  '__proto__',
  'constructor',
  'null',
  '0',
];

/** Lone surrogates: a path can't contain them, a session can. */
const SURROGATES = ['\ud800', '\ud801', '\udfff', '\ufffd'];

/** An id that is unique to a test run, and as unusual as before. */
const saltId = (id: string, salt: string): string => `${id}${salt}${id}`;

describe('user ids', () => {
  it('never share an avatar or an owner', async () => {
    const salt = crypto.randomUUID();
    const ids = IDS.map((id) => saltId(id, salt));
    const keys = new Map<string, string>();
    for (const id of ids) keys.set(id, (await createApi(id).upload(png(), 'image/png')).body.avatar?.key ?? '');
    expect(new Set([...keys.values()].map(parseOwner)).size).toBe(ids.length);
    const viewer = createApi(createUserId());
    for (const [id, key] of keys) {
      const { status, headers } = await viewer.call('GET', `/api/users/${encodeURIComponent(id)}/avatar`);
      expect([status, new URL(headers.get('location') ?? '').pathname], id).toEqual([302, `/flare-avatars/${key}`]);
    }
  });

  it('lose only their own avatar by a removal', async () => {
    const salt = crypto.randomUUID();
    for (const id of IDS) await createApi(saltId(id, salt)).upload(png(), 'image/png');
    for (const [index, id] of IDS.entries()) {
      await createApi(saltId(id, salt)).call('DELETE', '/api/me/avatar');
      const next = IDS[index + 1];
      if (next) expect((await createApi(saltId(next, salt)).call('GET', '/api/me/avatar')).body.url, next).toBeTruthy();
    }
  });

  it('are distinct for different lone surrogates', async () => {
    const owners = await Promise.all(SURROGATES.map(async (id) => parseOwner((await createApi(id).presign()).key)));
    expect(new Set(owners).size).toBe(SURROGATES.length);
  });

  it("give no access to another user's keys", async () => {
    const [user, inside] = [createUserId(), createUserId()];
    const { key } = await createApi(user).presign();
    await env.AVATARS.put(key, png());
    for (const id of [
      `${user}/`,
      `${user}/${inside}`,
      `${user}/..`,
      user.toUpperCase(),
      user.slice(0, -1),
      `${user}x`,
    ]) {
      expect((await createApi(id).commit(key)).body.code, id).toBe('bad_key');
    }
    expect((await createApi(user).commit(key)).status).toBe(200);
  });
});

describe('GET and HEAD of /users/:id/avatar', () => {
  const paths = [
    '%',
    '%%',
    '%zz',
    '%2',
    '%E0%A4%A',
    '%ED%A0%80',
    '%FF%FE',
    '%C0%AE%C0%AE',
    '%00',
    'u%00',
    '%2F',
    '%2F..%2Fme',
    '..%2F..%2Fvictim',
    '%5C..%5Cvictim',
    '%0D%0Ax-evil:%201',
    '%3Cscript%3E',
    'x'.repeat(5000),
    '%F0%9F%98%80',
    '*',
    ':id',
    ';',
    '@',
  ];
  it.each(paths)('respond with 404 for %s', async (path) => {
    const api = createApi(createUserId());
    const [get, head] = [
      await api.call('GET', `/api/users/${path}/avatar`),
      await api.call('HEAD', `/api/users/${path}/avatar`),
    ];
    expect([get.status, get.body.code]).toEqual([404, 'not_found']);
    expect(head.status).toBe(404);
  });

  it('respond to HEAD like GET', async () => {
    const id = createUserId();
    await createApi(id).upload(png(), 'image/png');
    const { status, headers } = await createApi(createUserId()).call('HEAD', `/api/users/${id}/avatar`);
    expect(status).toBe(302);
    expect(headers.get('location')).toContain('X-Amz-Signature');
  });
});

describe('file names', () => {
  const names = [
    undefined,
    '',
    'x'.repeat(2000),
    '/../../victim/x',
    '..\\..\\victim\\x',
    '%2e%2e%2fvictim',
    '%252e%252e%252f',
    'a/b/c.png',
    'a?b#c+d%e',
    "it's (1).png",
    'a\u0000b\r\nx-evil: 1',
    '\u202egnp.exe',
    '\ud800',
    'é.png',
    'e\u0301.png',
  ];
  it.each(names)('do not appear in key or URL: %j', async (filename) => {
    const { key, url, signedHeaders } = await createApi(createUserId()).presign({ filename });
    expect(key).toMatch(/^pending\/[0-9a-f]{32}\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(new URL(url).pathname).toBe(`/flare-avatars/${key}`);
    expect(Object.keys(signedHeaders).every((name) => /^[a-z0-9-]+$/.test(name))).toBe(true);
  });
});

/** Everything that a caller can observe of a response, other than its id. */
const toObservable = ({ status, body, headers }: TestResponse) => ({
  status,
  body,
  headers: [...headers].filter(([name]) => name !== 'x-request-id'),
});

describe('keys', () => {
  it('of other users, never issued and forgotten get the same response', async () => {
    const user = createUserId();
    const [api, other] = [createApi(user), createApi(createUserId())];
    const { key: forgotten } = await api.presign();
    await env.AVATARS.put(forgotten, png());
    await sweepAvatars(env, {}, Date.now() + 3 * 86_400_000);
    const { key: foreign } = await other.presign();
    await env.AVATARS.put(foreign, png());
    const never = `pending/${parseOwner(foreign)}/${crypto.randomUUID()}`;
    const neverOwn = `pending/${parseOwner(forgotten)}/${crypto.randomUUID()}`;
    const [first, ...others] = await Promise.all(
      [foreign, never, neverOwn, forgotten].map(async (key) => toObservable(await api.commit(key))),
    );
    expect([first?.status, first?.body.code]).toEqual([400, 'bad_key']);
    for (const response of others) expect(response).toEqual(first);
  });

  it('of another user cannot be used to commit, remove or see anything', async () => {
    const [api, other] = [createApi(createUserId()), createApi(createUserId())];
    const { key: pending } = await other.presign();
    await env.AVATARS.put(pending, png());
    const { key, body } = await other.upload(png(), 'image/png');
    for (const theirs of [pending, key, body.avatar?.key ?? '']) {
      expect((await api.commit(theirs)).body.code).toBe('bad_key');
    }
    await api.call('DELETE', '/api/me/avatar', { key: body.avatar?.key });
    await api.call('DELETE', `/api/me/avatar?key=${body.avatar?.key}`);
    expect((await api.call('GET', `/api/me/avatar?key=${body.avatar?.key}`)).body).toEqual({ url: null });
    expect(await listKeys(`avatars/${parseOwner(key)}/`)).toEqual([body.avatar?.key]);
    expect((await other.commit(pending)).status).toBe(200);
  });

  const variants: [string, (key: string) => unknown][] = [
    ['an array', (key) => [key]],
    ['an object', (key) => ({ toString: key })],
    ['a number', () => 1],
    ['null', () => null],
    ['a key with a newline after it', (key) => `${key}\n`],
    ['a key with a space before it', (key) => ` ${key}`],
    ['a key with a slash after it', (key) => `${key}/`],
    ['a key with a slash before it', (key) => `/${key}`],
    ['a key with a double slash', (key) => key.replace('/', '//')],
    ['a key with a dot segment', (key) => key.replace('/', '/./')],
    ['a key with a parent segment', (key) => key.replace('/', '/x/../')],
    ['an uppercase key', (key) => key.toUpperCase()],
    ['a percent-encoded key', (key) => key.replace('/', '%2F')],
    ['a key with backslashes', (key) => key.replaceAll('/', '\\')],
    ['a key with a NUL after it', (key) => `${key}\u0000`],
    ['a key with a file extension', (key) => `${key}.png`],
    ['a key with the other prefix', (key) => key.replace('pending', 'avatars')],
    ['a key without its prefix', (key) => key.replace('pending/', '')],
    ['a key after the name of the bucket', (key) => `flare-avatars/${key}`],
    ['a key with a wildcard', (key) => key.replace(/[^/]+$/, '%')],
    ['a hundred repetitions of a key', (key) => key.repeat(100)],
  ];
  it.each(variants)('replaced by %s are refused', async (_, change) => {
    const api = createApi(createUserId());
    const { key } = await api.presign();
    await env.AVATARS.put(key, png());
    const { status, body } = await api.call('POST', '/api/uploads/commit', { key: change(key) });
    expect(status).toBe(400);
    expect(body.code).toBe(typeof change(key) === 'string' ? 'bad_key' : 'invalid_request');
    expect((await api.commit(key)).status).toBe(200);
  });
});
