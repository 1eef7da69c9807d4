import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { REPLACED_KEEP_MS } from '../../server/db/claim.js';
import type { AvatarApiOptions } from '../../server/options.js';
import { createCodecs, type Pixels } from '../../server/variants/codecs.js';
import { loadBundledWasm, variants } from '../../server/variants/workerd.js';
import worker from '../../server/worker.js';
import type { Avatar, ImageType } from '../../src/core/protocol.js';
import { ascii, concat } from '../support/bytes.js';
import { PROFILE } from '../support/metadata.js';
import { gif, jpeg, png, pngChunk, riff, riffChunk, stored, webp } from '../support/pictures.js';
import { cmykJpeg, rarePng } from '../support/rare-pictures.js';
import { failAtCall } from './fault-bindings.js';
import { type Api, createApi, createUserId, listKeys, parseOwner } from './harness.js';
import { listRows, loseDatabase, rebuild } from './rebuild-helpers.js';
import { advanceTime, DAY_MS, emptyBucket, runSweep, runSweepForDays } from './storage-helpers.js';

const codecs = createCodecs(loadBundledWasm);
const encoder = variants({ sizes: [64, 16, 32] });

const createVariantsApi = (options: Partial<AvatarApiOptions> = {}): Api =>
  createApi(createUserId(), { variants: encoder, ...options });

beforeAll(async () => {
  await emptyBucket();
  await loseDatabase();
});
afterEach(() => void vi.useRealTimers());

const readBytes = async (key: string): Promise<Uint8Array> =>
  new Uint8Array((await (await env.AVATARS.get(key))?.arrayBuffer()) ?? new ArrayBuffer(0));

const decode = async (type: ImageType, bytes: Uint8Array): Promise<Pixels> => (await codecs.loadDecoder(type))(bytes);

/** Uploads a picture, and decodes what was stored for it: the picture, and its copies by size. */
async function store(bytes: Uint8Array, type: ImageType, api = createVariantsApi()) {
  const { status, body } = await api.upload(bytes, type);
  expect([status, body.error]).toEqual([200, undefined]);
  const avatar = body.avatar as Avatar;
  const copies = (await listKeys(`avatars/${parseOwner(avatar.key)}/`)).filter((key) => key !== avatar.key);
  const decoded = await Promise.all(
    copies.map(async (key) => [Number(key.split('.')[1]), await decode('image/webp', await readBytes(key))] as const),
  );
  const stored = await readBytes(avatar.key);
  return { api, avatar, bytes: stored, pixels: await decode(type, stored), copies: new Map(decoded) };
}

const readPixel = ({ data, width }: Pixels, x: number, y: number) => [...data.slice((y * width + x) * 4).slice(0, 4)];

function expectNear(actual: readonly number[], expected: readonly number[], tolerance = 6): void {
  for (const [i, value] of expected.entries()) {
    expect(Math.abs((actual[i] ?? -1000) - value)).toBeLessThanOrEqual(tolerance);
  }
}

const readLocation = async (api: Api, path: string): Promise<string> => {
  const { body, headers } = await api.call('GET', path);
  return new URL(String(body.url ?? headers.get('location'))).pathname.split('/flare-avatars/')[1] ?? '';
};

describe('with variants, a commit', () => {
  it('stores the picture and a smaller copy for each size below its width, all encoded by the server', async () => {
    const { avatar, bytes, pixels, copies } = await store(png({ width: 48, height: 24 }), 'image/png');
    expect(avatar).toMatchObject({ contentType: 'image/png', width: 48, height: 24, size: bytes.length });
    expect([pixels.width, pixels.height]).toEqual([48, 24]);
    expect([...copies].map(([size, { width, height }]) => [size, width, height])).toEqual([
      [16, 16, 8],
      [32, 32, 16],
    ]);
    for (const each of [pixels, ...copies.values()]) expectNear(readPixel(each, 3, 3), [255, 0, 0, 128]);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('applies the orientation %i', async (orientation) => {
    const blocks = Array.from({ length: 8 }, (_, y) =>
      Array.from({ length: 4 }, (_, x) => (y < 4 ? 40 : 160) + (x < 2 ? 0 : 60)),
    );
    const { avatar, pixels, copies } = await store(jpeg({ blocks, orientation }), 'image/jpeg');
    // The corners of the upright picture, from the top left on, clockwise.
    const [tl, tr, br, bl] = [40, 100, 220, 160];
    const corners = [
      [tl, tr, br, bl],
      [tr, tl, bl, br],
      [br, bl, tl, tr],
      [bl, br, tr, tl],
      [tl, bl, br, tr],
      [bl, tl, tr, br],
      [br, tr, tl, bl],
      [tr, br, bl, tl],
    ][orientation - 1] as number[];
    const [width, height] = orientation >= 5 ? [64, 32] : [32, 64];
    expect([avatar.width, avatar.height, pixels.width, pixels.height]).toEqual([width, height, width, height]);
    for (const each of [pixels, copies.get(16) as Pixels]) {
      const [right, bottom] = [each.width - 1, each.height - 1];
      const found = [
        [0, 0],
        [right, 0],
        [right, bottom],
        [0, bottom],
      ].map(([x = 0, y = 0]) => readPixel(each, x, y)[0] as number);
      expectNear(found, corners);
    }
  });

  it.each([
    [8, false],
    [8, true],
    [16, false],
    [16, true],
  ] as const)('keeps colors and alpha of a PNG of %i bits (interlaced: %s)', async (depth, interlaced) => {
    const paint = (x: number, y: number): [number, number, number, number] => [x * 6, y * 6, 90, x < 20 ? 255 : 100];
    const { pixels } = await store(rarePng({ width: 40, height: 40, paint, depth, interlaced }), 'image/png');
    for (const [x, y] of [
      [0, 0],
      [39, 0],
      [7, 33],
      [25, 12],
    ] as const)
      expect(readPixel(pixels, x, y)).toEqual(paint(x, y));
  });

  it('does not mix the colors of transparent pixels into their neighbors', async () => {
    const paint = (x: number): [number, number, number, number] => (x % 2 ? [0, 255, 0, 0] : [255, 0, 0, 255]);
    const { copies } = await store(rarePng({ width: 64, height: 64, paint }), 'image/png');
    const [red = 0, green = 255] = readPixel(copies.get(16) as Pixels, 8, 8);
    expect(red).toBeGreaterThan(240);
    expect(green).toBeLessThan(15);
  });

  it('keeps a small drawing lossless, in no more bytes than a palette takes', async () => {
    const paint = (x: number, y: number): [number, number, number, number] => [
      x & 8 ? 200 : 10,
      y & 8 ? 150 : 20,
      30,
      255,
    ];
    const original = rarePng({ width: 64, height: 64, paint });
    const { avatar, pixels, bytes } = await store(original, 'image/png');
    expect(readPixel(pixels, 9, 9)).toEqual([200, 150, 30, 255]);
    expect(bytes.length).toBeLessThan(original.length / 10);
    const copy = await readBytes(avatar.key.replace('.png', '.32.webp'));
    expect(new TextDecoder('latin1').decode(copy)).toContain('VP8L');
  });

  it('keeps the color profile of a picture and gives it to the copies', async () => {
    const before = pngChunk('iCCP', concat(ascii('p\0\0'), stored(PROFILE)));
    const api = createVariantsApi();
    const { avatar, bytes } = await store(
      rarePng({ width: 20, height: 20, paint: () => [1, 2, 3, 255], before }),
      'image/png',
      api,
    );
    expect(new TextDecoder('latin1').decode(bytes)).toContain('iCCP');
    const copy = await readBytes(avatar.key.replace('.png', '.16.webp'));
    expect(new TextDecoder('latin1').decode(copy)).toContain('ICCP');
    expect((await store(copy, 'image/webp')).avatar.width).toBe(16);
  });

  it.each<[string, Uint8Array, ImageType]>([
    ['GIF', gif(1), 'image/gif'],
    ['animated PNG', png({ animated: true }), 'image/png'],
    ['animated WebP', webp({ frames: 2 }), 'image/webp'],
  ])('stores a %s as it was checked, without copies', async (_, bytes, type) => {
    const { body } = await createVariantsApi().upload(bytes, type);
    expect(await readBytes(body.avatar?.key ?? '')).toEqual(new Uint8Array(bytes));
    expect(await listKeys(`avatars/${parseOwner(body.avatar?.key ?? '')}/`)).toHaveLength(1);
  });

  it.each<[string, Uint8Array, ImageType]>([
    [
      'PNG whose data is damaged',
      concat(
        png({ width: 20, height: 20 }).subarray(0, 33),
        pngChunk('IDAT', new Uint8Array(50).fill(3)),
        pngChunk('IEND', []),
      ),
      'image/png',
    ],
    [
      'WebP whose data is damaged',
      riff(riffChunk('VP8L', [0x2f, 63, 0, 0, 0, ...new Array(40).fill(255)])),
      'image/webp',
    ],
    ['CMYK JPEG', cmykJpeg(32, [0, 255, 255, 0]), 'image/jpeg'],
  ])('rejects a %s for good', async (_, bytes, type) => {
    const api = createVariantsApi();
    const { status, body, key } = await api.upload(bytes, type);
    expect([status, body.code]).toEqual([422, 'invalid_image']);
    expect((await api.commit(key)).body).toEqual(body);
    expect(await listKeys(`avatars/${parseOwner(key)}/`)).toEqual([]);
  });

  it('rejects a picture with more pixels than it may decode, and says so', async () => {
    const api = createVariantsApi({ variants: variants({ sizes: [16], maxDecodedPixels: 500_000 }) });
    const { status, body } = await api.upload(png({ width: 1000, height: 501 }), 'image/png');
    expect([status, body.code]).toEqual([422, 'invalid_image']);
    expect(body.error).toContain('more than 0.5 megapixels');
    expect((await api.upload(png({ width: 1000, height: 500 }), 'image/png')).status).toBe(200);
  });

  it('shows moderation the picture that is stored', async () => {
    const moderate = vi.fn(() => true);
    const { bytes } = await store(png({ width: 20, height: 20 }), 'image/png', createVariantsApi({ moderate }));
    expect(moderate).toHaveBeenCalledWith(expect.objectContaining({ bytes }), expect.anything());
  });
});

describe('?size=', () => {
  it('leads to the smallest copy that is as wide, or to the picture', async () => {
    const { api, avatar } = await store(png({ width: 40, height: 40 }), 'image/png');
    const copy = (size: number) => avatar.key.replace('.png', `.${size}.webp`);
    for (const [size, key] of [
      [1, copy(16)],
      [16, copy(16)],
      [17, copy(32)],
      [33, avatar.key],
      [9999, avatar.key],
    ] as const) {
      expect(await readLocation(api, `/api/me/avatar?size=${size}`)).toBe(key);
    }
    expect(await readLocation(api, '/api/me/avatar')).toBe(avatar.key);
  });

  it('leads to a copy by the redirect too', async () => {
    const user = createUserId();
    const api = createApi(user, { variants: encoder });
    const { avatar } = await store(png({ width: 40, height: 40 }), 'image/png', api);
    expect(await readLocation(api, `/api/users/${user}/avatar?size=20`)).toBe(avatar.key.replace('.png', '.32.webp'));
  });

  it.each(['', '0', '-1', '1.5', 'x', '1e3'])('must be a positive integer, not "%s"', async (size) => {
    const user = createUserId();
    for (const path of ['/api/me/avatar', `/api/users/${user}/avatar`]) {
      const { status, body } = await createApi(user).call('GET', `${path}?size=${size}`);
      expect([status, body.code]).toEqual([400, 'invalid_request']);
    }
  });
});

describe('a picture and its copies', () => {
  it('are deleted together: at once when removed, after a minute when replaced', async () => {
    vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
    const { api, avatar } = await store(png({ width: 40, height: 40 }), 'image/png');
    const prefix = `avatars/${parseOwner(avatar.key)}/`;
    await api.upload(png({ width: 20, height: 20 }), 'image/png');
    expect(await listKeys(prefix)).toHaveLength(5);
    advanceTime(REPLACED_KEEP_MS);
    await runSweep();
    expect(await listKeys(prefix)).toHaveLength(2);
    await api.call('DELETE', '/api/me/avatar');
    expect(await listKeys(prefix)).toEqual([]);
  });

  it('are known to the reconcile job, and a copy without its picture is deleted like any other unknown object', async () => {
    vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
    const { avatar } = await store(png({ width: 40, height: 40 }), 'image/png');
    const prefix = `avatars/${parseOwner(avatar.key)}/`;
    const orphan = `${prefix}${crypto.randomUUID()}.16.webp`;
    const unlisted = avatar.key.replace('.png', '.24.webp');
    for (const key of [orphan, unlisted]) await env.AVATARS.put(key, 'x');
    expect(await runSweep()).toMatchObject({ unknown: 2 });
    await runSweepForDays(29);
    expect(await listKeys(prefix)).toHaveLength(5);
    advanceTime(2 * DAY_MS);
    await runSweep();
    await runSweep();
    expect((await listKeys(prefix)).sort()).toEqual([
      avatar.key.replace('.png', '.16.webp'),
      avatar.key.replace('.png', '.32.webp'),
      avatar.key,
    ]);
  });

  it('are restored together, also where the bucket is listed in several slices', async () => {
    await emptyBucket();
    await loseDatabase();
    for (let i = 0; i < 3; i++) await store(png({ width: 40, height: 40 }), 'image/png');
    const rows = await listRows();
    await loseDatabase();
    const list = env.AVATARS.list.bind(env.AVATARS);
    const spy = vi.spyOn(env.AVATARS, 'list').mockImplementation((options) => list({ ...options, limit: 4 }));
    const { counts, unreadable } = await rebuild();
    spy.mockRestore();
    expect([counts.found, counts.restored, unreadable]).toEqual([3, 3, []]);
    expect(await listRows()).toEqual(rows);
  });

  it('are completed by a rebuild after sizes were added, also after a crash at any call', async () => {
    await emptyBucket();
    await loseDatabase();
    const { api, avatar } = await store(png({ width: 40, height: 40 }), 'image/png');
    const more = variants({ sizes: [16, 20, 32, 36] });
    expect((await rebuild({ encoder: more, isDryRun: true })).counts.enriched).toBe(1);
    expect(await listKeys('avatars/')).toHaveLength(3);
    for (let n = 1; ; n++) {
      const { bindings, wasReached } = failAtCall(n, 'after');
      await rebuild({ encoder: more, bindings }).catch(() => {});
      if (!wasReached()) break;
    }
    expect(await readLocation(api, '/api/me/avatar?size=18')).toBe(avatar.key.replace('.png', '.20.webp'));
    expect(await readLocation(api, '/api/me/avatar?size=33')).toBe(avatar.key.replace('.png', '.36.webp'));
    expect((await rebuild({ encoder: more })).counts.enriched).toBe(0);
    vi.useFakeTimers({ now: Date.now() + DAY_MS, toFake: ['Date'] });
    await runSweep();
    expect(await listKeys('avatars/')).toHaveLength(5);
    await api.call('DELETE', '/api/me/avatar');
    expect(await listKeys('avatars/')).toEqual([]);
  });

  it('move to another owner secret together', async () => {
    await emptyBucket();
    await loseDatabase();
    const [old, current] = ['former-secret-of-at-least-32-characters', 'new-secret-with-at-least-32-characters'];
    const user = createUserId();
    await store(
      png({ width: 40, height: 40 }),
      'image/png',
      createApi(user, { variants: encoder }, { OWNER_SECRET: old }),
    );
    expect((await rebuild({ secrets: `${current} ${old}` })).counts).toMatchObject({ moved: 1 });
    const moved = createApi(user, {}, { OWNER_SECRET: current });
    const key = await readLocation(moved, '/api/me/avatar?size=20');
    expect(key).toMatch(/\.32\.webp$/);
    expect((await decode('image/webp', await readBytes(key))).width).toBe(32);
    vi.useFakeTimers({ now: Date.now() + REPLACED_KEEP_MS, toFake: ['Date'] });
    await runSweep();
    expect(await listKeys('avatars/')).toHaveLength(3);
  });
});

describe('variants()', () => {
  it.each([
    [{}, 'sizes is required'],
    [{ sizes: [] }, 'sizes must be an array that is not empty'],
    [{ sizes: [64, 64] }, 'sizes must be an array of at most 8 different sizes'],
    [{ sizes: [8] }, 'an integer from 16 to 2048'],
    [{ sizes: [64.5] }, 'an integer from 16 to 2048'],
    [{ sizes: [64], maxDecodedPixels: 0 }, 'maxDecodedPixels must be an integer of at least 1'],
    [{ sizes: [64], quality: 1 }, 'there is no option quality'],
  ])('refuses %j', (options, message) => {
    expect(() => variants(options as Parameters<typeof variants>[0])).toThrow(message);
  });
});

describe('a codec whose package is not installed', () => {
  it('is named in the error, with the command that installs it', async () => {
    const missing = createCodecs(() => Promise.reject(new Error('Cannot find module')));
    await expect(missing.loadDecoder('image/png')).rejects.toThrow(
      "variants() can't load the package @jsquash/png. Install it: npm install @jsquash/jpeg @jsquash/png @jsquash/webp.",
    );
  });
});

describe('the setting VARIANTS of the reference Worker', () => {
  const request = (VARIANTS: string) =>
    worker.fetch(new Request('http://localhost/api/me/avatar'), { ...env, LOCAL_DEV: 'on', VARIANTS });

  it.each(['64', '64 128 256', '64, 128,256', ' 64 ', ''])('may be "%s"', async (value) => {
    expect((await request(value)).status).toBe(401);
  });

  it.each(['x', '64 64', '8', '64px', '64 128 0', '16 17 18 19 20 21 22 23 24'])(
    '"%s" is refused with 503, and the message names the setting',
    async (value) => {
      const response = await request(value);
      expect(response.status).toBe(503);
      expect(await response.text()).toContain('VARIANTS must be 1 to 8 different widths');
    },
  );
});
