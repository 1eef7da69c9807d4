import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { sweepAvatars } from '../../server/jobs/sweep.js';
import { concat, gif, jpeg, png, pngChunk, text, webp } from '../support/pictures.js';
import { computeSha256, createApi, createUserId, listKeys, parseOwner } from './harness.js';

afterEach(() => {
  vi.useRealTimers();
});

/** Moves the clock, without running timers. */
const advanceTime = (seconds: number) => vi.useFakeTimers({ now: Date.now() + seconds * 1000, toFake: ['Date'] });

const getOutcome = ({ status, body }: { status: number; body: { code?: string } }) => [status, body.code];

describe('a commit', () => {
  it('stores the file under a new key with fixed headers', async () => {
    const bytes = png({ width: 3, height: 5 });
    const { status, body, key } = await createApi(createUserId()).upload(bytes, 'image/png');
    expect(status).toBe(200);
    expect(body.avatar).toEqual({
      key: expect.stringMatching(new RegExp(`^avatars/${parseOwner(key)}/[0-9a-f-]{36}\\.png$`)),
      contentType: 'image/png',
      size: bytes.length,
      width: 3,
      height: 5,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });
    const stored = await env.AVATARS.get(body.avatar?.key ?? '');
    expect(new Uint8Array((await stored?.arrayBuffer()) ?? new ArrayBuffer(0))).toEqual(bytes);
    expect(stored?.httpMetadata).toEqual({
      contentType: 'image/png',
      contentDisposition: 'inline',
      cacheControl: 'private, max-age=31536000, immutable',
    });
  });

  it('discards headers and metadata of the PUT', async () => {
    const api = createApi(createUserId());
    const { key } = await api.presign();
    await env.AVATARS.put(key, png(), {
      httpMetadata: { contentType: 'text/html', contentEncoding: 'br', contentDisposition: 'attachment' },
      customMetadata: { evil: 'yes' },
    });
    const { body } = await api.commit(key);
    const stored = await env.AVATARS.head(body.avatar?.key ?? '');
    expect(stored?.httpMetadata?.contentType).toBe('image/png');
    expect(stored?.httpMetadata?.contentEncoding).toBeUndefined();
    expect(Object.keys(stored?.customMetadata ?? {}).sort()).toEqual(['created-at', 'height', 'kind', 'user', 'width']);
  });

  it('sent again gets the same response and changes nothing', async () => {
    const api = createApi(createUserId());
    const first = await api.upload(png(), 'image/png');
    expect((await api.commit(first.key)).body).toEqual(first.body);
    expect(await listKeys(`avatars/${parseOwner(first.key)}/`)).toHaveLength(1);
  });

  it('sent twenty times at once gets one response and stores one object', async () => {
    const api = createApi(createUserId());
    const { key } = await api.presign();
    await env.AVATARS.put(key, png());
    const put = vi.spyOn(env.AVATARS, 'put');
    const responses = await Promise.all(Array.from({ length: 20 }, () => api.commit(key)));
    expect(responses.map(({ status }) => status)).toEqual(new Array(20).fill(200));
    expect(new Set(responses.map(({ body }) => body.avatar?.key)).size).toBe(1);
    expect(put).toHaveBeenCalledTimes(1);
    put.mockRestore();
    expect(await listKeys(`avatars/${parseOwner(key)}/`)).toEqual([responses[0]?.body.avatar?.key]);
  });

  it('of a new upload replaces the avatar, whose object the first sweep deletes that runs a minute later', async () => {
    const api = createApi(createUserId());
    const first = await api.upload(png(), 'image/png');
    const before = Date.now();
    const second = await api.upload(jpeg(), 'image/jpeg');
    const after = Date.now();
    const prefix = `avatars/${parseOwner(first.key)}/`;
    expect((await api.call('GET', '/api/me/avatar')).body.avatar).toEqual(second.body.avatar);
    await sweepAvatars(env, {}, before + 59_999);
    expect(await listKeys(prefix)).toHaveLength(2);
    await sweepAvatars(env, {}, after + 60_000);
    expect(await listKeys(prefix)).toEqual([second.body.avatar?.key]);
    expect((await api.call('GET', '/api/me/avatar')).body.avatar).toEqual(second.body.avatar);
  });

  it('of an old key undoes neither a newer avatar nor a removal', async () => {
    const api = createApi(createUserId());
    const first = await api.upload(png(), 'image/png');
    const second = await api.upload(jpeg(), 'image/jpeg');
    expect((await api.commit(first.key)).body).toEqual(first.body);
    expect((await api.call('GET', '/api/me/avatar')).body.avatar).toEqual(second.body.avatar);
    await api.call('DELETE', '/api/me/avatar');
    expect((await api.commit(second.key)).body).toEqual(second.body);
    expect((await api.call('GET', '/api/me/avatar')).body).toEqual({ url: null });
  });

  it('of two uploads at once leaves exactly one avatar and one object', async () => {
    const api = createApi(createUserId());
    const [a, b] = [await api.presign(), await api.presign()];
    await Promise.all([env.AVATARS.put(a.key, png()), env.AVATARS.put(b.key, png())]);
    const responses = await Promise.all([api.commit(a.key), api.commit(b.key)]);
    expect(responses.map(({ status }) => status)).toEqual([200, 200]);
    const { body } = await api.call('GET', '/api/me/avatar');
    await api.call('GET', '/api/me/avatar');
    expect(responses.map((response) => response.body.avatar?.key)).toContain(body.avatar?.key);
    await sweepAvatars(env, {}, Date.now() + 60_000);
    expect(await listKeys(`avatars/${parseOwner(a.key)}/`)).toEqual([body.avatar?.key]);
  });

  it('before the upload responds with 409 and can be sent again', async () => {
    const api = createApi(createUserId());
    const { key } = await api.presign();
    expect(getOutcome(await api.commit(key))).toEqual([409, 'not_uploaded']);
    await env.AVATARS.put(key, png());
    expect((await api.commit(key)).status).toBe(200);
  });

  it('is accepted until ten minutes after the URL has expired', async () => {
    const api = createApi(createUserId());
    const [early, late] = [await api.presign(), await api.presign()];
    await Promise.all([env.AVATARS.put(early.key, png()), env.AVATARS.put(late.key, png())]);
    advanceTime(120 + 600 - 2);
    expect((await api.commit(early.key)).status).toBe(200);
    advanceTime(4);
    expect(getOutcome(await api.commit(late.key))).toEqual([410, 'upload_expired']);
    expect((await api.commit(early.key)).status).toBe(200);
  });
});

/** An animation of 2×2 pixels with a second header, of another size, after the frames. */
function buildDoubleHeader() {
  const [first, second] = [webp({ canvas: [2, 2], frames: 1 }), webp({ canvas: [1, 1], frames: 1 })];
  const bytes = concat(first, second.slice(12, 30));
  new DataView(bytes.buffer).setUint32(4, bytes.length - 8, true);
  return bytes;
}

describe('a commit is refused', () => {
  it('with one response for keys of other users, keys never issued and other strings', async () => {
    const [api, other] = [createApi(createUserId()), createApi(createUserId())];
    const { key: own } = await api.presign();
    const { key: foreign } = await other.presign();
    await env.AVATARS.put(foreign, png());
    const never = `pending/${parseOwner(own)}/${crypto.randomUUID()}`;
    // The id is that of the user's own upload; only the owner is wrong.
    const swapped = `pending/${parseOwner(foreign)}/${own.split('/')[2]}`;
    const traversal = `pending/${parseOwner(own)}/../${parseOwner(foreign)}/${foreign.split('/')[2]}`;
    const keys = [
      foreign,
      never,
      swapped,
      traversal,
      '',
      'x',
      `${own}/`,
      ` ${own}`,
      own.toUpperCase(),
      `avatars/${parseOwner(own)}/x.png`,
    ];
    const responses = await Promise.all(keys.map((key) => api.commit(key)));
    for (const { status, body } of responses) {
      expect([status, body]).toEqual([400, { error: 'There is no such upload.', code: 'bad_key' }]);
    }
    expect((await other.commit(foreign)).status).toBe(200);
  });

  it.each([{}, { key: 1 }, { key: null }, { key: ['a'] }])('for the body %j', async (body) => {
    expect(getOutcome(await createApi(createUserId()).call('POST', '/api/uploads/commit', body))).toEqual([
      400,
      'invalid_request',
    ]);
  });

  it('for a length other than the declared one', async () => {
    const api = createApi(createUserId());
    const bytes = png();
    const { key } = await api.presign({ size: bytes.length + 1 });
    await env.AVATARS.put(key, bytes);
    expect(getOutcome(await api.commit(key))).toEqual([422, 'mismatch']);
  });

  it('for a file of the declared length with another digest', async () => {
    const api = createApi(createUserId());
    const [declared, sent] = [png({ color: [1, 2, 3, 4] }), png({ color: [1, 2, 3, 5] })];
    const { key } = await api.presign({ size: sent.length, sha256: await computeSha256(declared) });
    await env.AVATARS.put(key, sent);
    expect(getOutcome(await api.commit(key))).toEqual([422, 'mismatch']);
  });

  it('for a copy of an avatar that the store has made', async () => {
    const [api, other] = [createApi(createUserId()), createApi(createUserId())];
    const { body } = await other.upload(png(), 'image/png');
    const source = await env.AVATARS.get(body.avatar?.key ?? '');
    if (!source) throw new Error('There is no avatar.');
    const { httpMetadata, customMetadata } = source;
    const { key } = await api.presign();
    await env.AVATARS.put(key, await source.arrayBuffer(), {
      httpMetadata: httpMetadata ?? {},
      customMetadata: customMetadata ?? {},
    });
    expect(getOutcome(await api.commit(key))).toEqual([422, 'mismatch']);
    // The same picture, uploaded by the user, is accepted.
    expect((await api.upload(png(), 'image/png')).status).toBe(200);
  });

  it('for a file over the size limit whose size was not declared', async () => {
    const response = await createApi(createUserId(), { maxBytes: 60 }).upload(png(), 'image/png');
    expect(getOutcome(response)).toEqual([413, 'too_large']);
  });

  const tooLarge: [string, string, Uint8Array][] = [
    ['PNG', 'image/png', png({ claim: [50_001, 1000] })],
    ['JPEG', 'image/jpeg', jpeg({ claim: [10_000, 5001] })],
    ['GIF', 'image/gif', gif(1, [65_535, 65_535])],
    ['WebP', 'image/webp', webp({ size: [16_383, 16_383] })],
    ['GIF frame', 'image/gif', gif(1, [1, 1], [65_535, 65_535])],
    ['extended WebP', 'image/webp', webp({ canvas: [10_000, 10_000], frames: 2 })],
  ];
  it.each(tooLarge)('for too many pixels: %s', async (_, type, bytes) => {
    expect(getOutcome(await createApi(createUserId()).upload(bytes, type))).toEqual([422, 'invalid_image']);
  });

  const invalidFiles: [string, string, Uint8Array][] = [
    ['HTML as PNG', 'image/png', text('<!doctype html><script>alert(1)</script>')],
    ['SVG as PNG', 'image/png', text('<svg xmlns="http://www.w3.org/2000/svg"/>')],
    ['JPEG as PNG', 'image/png', jpeg()],
    ['PNG as JPEG', 'image/jpeg', png()],
    ['an empty file', 'image/png', new Uint8Array(0)],
    ['a PNG whose data is cut', 'image/png', png().slice(0, -17)],
    ['a truncated JPEG', 'image/jpeg', jpeg().slice(0, -4)],
    ['a truncated GIF', 'image/gif', gif().slice(0, -2)],
    ['a truncated WebP', 'image/webp', webp().slice(0, -1)],
    ['a PNG without data', 'image/png', concat(png().slice(0, 33), pngChunk('IEND', []))],
    ['a PNG of zero width', 'image/png', png({ claim: [0, 1] })],
    ['a JPEG of zero width', 'image/jpeg', jpeg({ claim: [8, 0] })],
    ['a WebP with two sizes', 'image/webp', webp({ size: [2, 2], canvas: [1, 1] })],
    ['a WebP with a second header', 'image/webp', buildDoubleHeader()],
    ['a PNG with a second header', 'image/png', concat(png().slice(0, 33), png().slice(8))],
    [
      'a JPEG with an unsupported marker',
      'image/jpeg',
      concat(jpeg().slice(0, 2), [0xff, 0x02, 0, 4, 0, 0], jpeg().slice(2)),
    ],
  ];
  it.each(invalidFiles)('for %s', async (_, type, bytes) => {
    expect(getOutcome(await createApi(createUserId()).upload(bytes, type))).toEqual([422, 'invalid_image']);
  });

  it('for good, and leaves the current avatar unchanged', async () => {
    const api = createApi(createUserId());
    const { body } = await api.upload(png(), 'image/png');
    const bad = await api.upload(text('no picture'), 'image/png');
    expect(getOutcome(bad)).toEqual([422, 'invalid_image']);
    await env.AVATARS.put(bad.key, png());
    expect((await api.commit(bad.key)).body).toEqual(bad.body);
    expect((await api.call('GET', '/api/me/avatar')).body.avatar).toEqual(body.avatar);
  });
});

describe('pictures', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('of orientation %i have their displayed size', async (orientation) => {
    const { body } = await createApi(createUserId()).upload(jpeg({ orientation, gps: true }), 'image/jpeg');
    expect([body.avatar?.width, body.avatar?.height]).toEqual(orientation < 5 ? [16, 8] : [8, 16]);
  });

  const validFiles: [string, string, Uint8Array, [number, number]][] = [
    ['GIF', 'image/gif', gif(3, [7, 9]), [7, 9]],
    ['WebP', 'image/webp', webp({ size: [4, 6] }), [4, 6]],
    ['animated WebP', 'image/webp', webp({ canvas: [11, 12], frames: 2 }), [11, 12]],
  ];
  it.each(validFiles)('of the type %s are accepted', async (_, type, bytes, size) => {
    const { body } = await createApi(createUserId()).upload(bytes, type);
    expect([body.avatar?.width, body.avatar?.height]).toEqual(size);
  });

  it.each([
    ['image/jpeg', jpeg()],
    ['image/png', png()],
    ['image/gif', gif()],
    ['image/webp', webp()],
  ])('lose all bytes after their end: %s', async (type, bytes) => {
    const smuggled = concat(bytes, text('<script>alert(1)</script>'));
    const { body } = await createApi(createUserId()).upload(smuggled, type);
    expect(body.avatar?.size).toBe(bytes.length);
  });
});
