import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { sweepAvatars } from '../../server/jobs/sweep.js';
import { png } from '../support/pictures.js';
import { type Answer, apiFor, keysBelow, newUser, ownerIn } from './harness.js';

/** Ids that are not the same, however alike they look to a path, a prefix, a database or a person. */
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

/** Half of a character: a path cannot name it, a session can. */
const HALVES = ['\ud800', '\ud801', '\udfff', '\ufffd'];

/** Ids of this run alone, still as odd. */
const salted = (id: string, salt: string): string => `${id}${salt}${id}`;

describe('user ids', () => {
  it('each have an avatar of their own, which they alone name', async () => {
    const salt = crypto.randomUUID();
    const ids = IDS.map((id) => salted(id, salt));
    const keys = new Map<string, string>();
    for (const id of ids) keys.set(id, (await apiFor(id).upload(png(), 'image/png')).body.avatar?.key ?? '');
    expect(new Set([...keys.values()].map(ownerIn)).size).toBe(ids.length);
    const viewer = apiFor(newUser());
    for (const [id, key] of keys) {
      const { status, headers } = await viewer.call('GET', `/api/users/${encodeURIComponent(id)}/avatar`);
      expect([status, new URL(headers.get('location') ?? '').pathname], id).toEqual([302, `/flare-avatars/${key}`]);
    }
  });

  it('lose their own avatar by a removal, and no other’s', async () => {
    const salt = crypto.randomUUID();
    for (const id of IDS) await apiFor(salted(id, salt)).upload(png(), 'image/png');
    for (const [index, id] of IDS.entries()) {
      await apiFor(salted(id, salt)).call('DELETE', '/api/me/avatar');
      const next = IDS[index + 1];
      if (next) expect((await apiFor(salted(next, salt)).call('GET', '/api/me/avatar')).body.url, next).toBeTruthy();
    }
  });

  it('tell halves of characters apart', async () => {
    const owners = await Promise.all(HALVES.map(async (id) => ownerIn((await apiFor(id).presign()).key)));
    expect(new Set(owners).size).toBe(HALVES.length);
  });

  it('do not reach into each other’s keys', async () => {
    const [user, inside] = [newUser(), newUser()];
    const { key } = await apiFor(user).presign();
    await env.AVATARS.put(key, png());
    for (const id of [
      `${user}/`,
      `${user}/${inside}`,
      `${user}/..`,
      user.toUpperCase(),
      user.slice(0, -1),
      `${user}x`,
    ]) {
      expect((await apiFor(id).commit(key)).body.code, id).toBe('bad_key');
    }
    expect((await apiFor(user).commit(key)).status).toBe(200);
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
  it.each(paths)('say that there is no picture of %s', async (path) => {
    const api = apiFor(newUser());
    const [get, head] = [
      await api.call('GET', `/api/users/${path}/avatar`),
      await api.call('HEAD', `/api/users/${path}/avatar`),
    ];
    expect([get.status, get.body.code]).toEqual([404, 'not_found']);
    expect(head.status).toBe(404);
  });

  it('answer HEAD as GET', async () => {
    const id = newUser();
    await apiFor(id).upload(png(), 'image/png');
    const { status, headers } = await apiFor(newUser()).call('HEAD', `/api/users/${id}/avatar`);
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
  it.each(names)('leave no trace in key or URL: %j', async (filename) => {
    const { key, url, signedHeaders } = await apiFor(newUser()).presign({ filename });
    expect(key).toMatch(/^pending\/[0-9a-f]{32}\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(new URL(url).pathname).toBe(`/flare-avatars/${key}`);
    expect(Object.keys(signedHeaders).every((name) => /^[a-z0-9-]+$/.test(name))).toBe(true);
  });
});

/** All that a caller can see of an answer. */
const seen = ({ status, body, headers }: Answer) => ({
  status,
  body,
  headers: [...headers].filter(([name]) => name !== 'x-request-id'),
});

describe('keys', () => {
  it('that are not one’s own, were never issued, or are forgotten are answered alike', async () => {
    const user = newUser();
    const [api, other] = [apiFor(user), apiFor(newUser())];
    const { key: forgotten } = await api.presign();
    await env.AVATARS.put(forgotten, png());
    await sweepAvatars(env, {}, Date.now() + 3 * 86_400_000);
    const { key: foreign } = await other.presign();
    await env.AVATARS.put(foreign, png());
    const never = `pending/${ownerIn(foreign)}/${crypto.randomUUID()}`;
    const neverOwn = `pending/${ownerIn(forgotten)}/${crypto.randomUUID()}`;
    const [first, ...others] = await Promise.all(
      [foreign, never, neverOwn, forgotten].map(async (key) => seen(await api.commit(key))),
    );
    expect([first?.status, first?.body.code]).toEqual([400, 'bad_key']);
    for (const answer of others) expect(answer).toEqual(first);
  });

  it('of another user are of no use: nothing is taken, changed or shown', async () => {
    const [api, other] = [apiFor(newUser()), apiFor(newUser())];
    const { key: pending } = await other.presign();
    await env.AVATARS.put(pending, png());
    const { key, body } = await other.upload(png(), 'image/png');
    for (const theirs of [pending, key, body.avatar?.key ?? '']) {
      expect((await api.commit(theirs)).body.code).toBe('bad_key');
    }
    await api.call('DELETE', '/api/me/avatar', { key: body.avatar?.key });
    await api.call('DELETE', `/api/me/avatar?key=${body.avatar?.key}`);
    expect((await api.call('GET', `/api/me/avatar?key=${body.avatar?.key}`)).body).toEqual({ url: null });
    expect(await keysBelow(`avatars/${ownerIn(key)}/`)).toEqual([body.avatar?.key]);
    expect((await other.commit(pending)).status).toBe(200);
  });

  const variants: [string, (key: string) => unknown][] = [
    ['an array', (key) => [key]],
    ['an object', (key) => ({ toString: key })],
    ['a number', () => 1],
    ['nothing', () => null],
    ['a newline after it', (key) => `${key}\n`],
    ['a space before it', (key) => ` ${key}`],
    ['a slash after it', (key) => `${key}/`],
    ['a slash before it', (key) => `/${key}`],
    ['two slashes in it', (key) => key.replace('/', '//')],
    ['a dot in it', (key) => key.replace('/', '/./')],
    ['a way back in it', (key) => key.replace('/', '/x/../')],
    ['capitals', (key) => key.toUpperCase()],
    ['percent signs', (key) => key.replace('/', '%2F')],
    ['backslashes', (key) => key.replaceAll('/', '\\')],
    ['the end of a string in it', (key) => `${key}\u0000`],
    ['a name after it', (key) => `${key}.png`],
    ['the other prefix', (key) => key.replace('pending', 'avatars')],
    ['no prefix', (key) => key.replace('pending/', '')],
    ['the bucket before it', (key) => `flare-avatars/${key}`],
    ['a wildcard', (key) => key.replace(/[^/]+$/, '%')],
    ['megabytes of it', (key) => key.repeat(100)],
  ];
  it.each(variants)('with %s are none', async (_, change) => {
    const api = apiFor(newUser());
    const { key } = await api.presign();
    await env.AVATARS.put(key, png());
    const { status, body } = await api.call('POST', '/api/uploads/commit', { key: change(key) });
    expect(status).toBe(400);
    expect(body.code).toBe(typeof change(key) === 'string' ? 'bad_key' : 'invalid_request');
    expect((await api.commit(key)).status).toBe(200);
  });
});
