import { env } from 'cloudflare:workers';
import { HTTPException } from 'hono/http-exception';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LATE_WRITE_MS } from '../../server/db/claim.js';
import type { LogEntry } from '../../server/log.js';
import type { AvatarServiceOptions } from '../../server/options.js';
import { gif, jpeg, png, text, webp } from '../support/pictures.js';
import { FAILURES, failAtCall, pauseAtCall } from './fault-bindings.js';
import { createApi, createUserId, listKeys, parseOwner } from './harness.js';
import { COPIER, createService, describeRefusal, findTraces, NO_TRACES } from './service-helpers.js';
import { advanceTime, DAY_MS, runSweep } from './storage-helpers.js';

beforeEach(() => {
  vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** An object as viewers get it, without what differs between two pictures of the same bytes. */
async function readObject(key = '') {
  const object = await env.AVATARS.get(key);
  const { 'created-at': createdAt, user, ...metadata } = object?.customMetadata ?? {};
  return {
    bytes: new Uint8Array((await object?.arrayBuffer()) ?? []),
    headers: object?.httpMetadata,
    metadata,
    isSealed: Boolean(user),
    isDated: Boolean(createdAt),
  };
}

/** Everything that a picture of the user leaves after the sweeps of several weeks. */
async function sweepAll() {
  for (const ms of [LATE_WRITE_MS, DAY_MS, 30 * DAY_MS]) {
    advanceTime(ms);
    await runSweep();
  }
}

describe('avatarService().put()', () => {
  it.each([
    ['image/jpeg', jpeg({ gps: true, orientation: 6 }), {}],
    ['image/png', png({ width: 40, height: 20 }), { variants: COPIER }],
    ['image/gif', gif(2), {}],
    ['image/webp', webp(), {}],
    ['image/jpeg', jpeg({ gps: true }), { keepMetadata: true }],
  ] as [string, Uint8Array, AvatarServiceOptions][])(
    'stores exactly what a commit stores: %s',
    async (type, bytes, options) => {
      const [user, other] = [createUserId(), createUserId()];
      const avatar = await createService(options).put(user, bytes);
      const { body } = await createApi(other, options as never).upload(bytes, type);
      expect(avatar).toEqual({ ...body.avatar, key: avatar.key, createdAt: expect.any(String) });
      expect(await createService().find(user)).toEqual(avatar);
      const keys = await Promise.all([avatar.key, body.avatar?.key ?? ''].map((key) => listKeys(key.slice(0, 76))));
      expect(keys[0]?.length).toBe(1 + (options.variants?.sizes.length ?? 0));
      const [stored, committed] = await Promise.all(keys.map((list) => Promise.all(list.map(readObject))));
      expect(stored).toEqual(committed);
    },
  );

  it('takes an ArrayBuffer and a view of a part of one, and copies them at once', async () => {
    const user = createUserId();
    const buffer = new Uint8Array([...jpeg(), ...png()]);
    const view = buffer.subarray(jpeg().length);
    const stored = createService().put(user, view);
    view.fill(0);
    expect((await stored).contentType).toBe('image/png');
    expect((await createService().put(user, jpeg().slice().buffer)).contentType).toBe('image/jpeg');
  });

  it.each<[string, Uint8Array, AvatarServiceOptions, string, number]>([
    ['a file over the limit', png(), { maxBytes: 20 }, 'too_large', 413],
    ['text', text('no picture'), {}, 'unsupported_type', 415],
    ['an SVG', text('<svg xmlns="http://www.w3.org/2000/svg"/>'), {}, 'unsupported_type', 415],
    ['no bytes', new Uint8Array(), {}, 'invalid_image', 422],
    ['a truncated PNG', png().slice(0, -20), {}, 'invalid_image', 422],
    ['the first bytes of a JPEG', jpeg().slice(0, 3), {}, 'invalid_image', 422],
    ['too many pixels', png({ width: 40, height: 20 }), { maxPixels: 799 }, 'invalid_image', 422],
    ['a picture that the host rejects', png(), { moderate: () => false }, 'moderated', 422],
  ])('refuses %s with the code of an upload, and changes nothing', async (_, bytes, options, code, status) => {
    const user = createUserId();
    const before = await createService().put(user, jpeg());
    const traces = await findTraces(user);
    const rejected: unknown[] = [];
    const onRejected = (...args: unknown[]) => void rejected.push(args);
    expect(await describeRefusal(createService({ ...options, onRejected }).put(user, bytes))).toEqual([
      'ApiError',
      code,
      status,
    ]);
    expect(rejected).toEqual([[{ user: { id: user }, code }, undefined]]);
    expect(await createService().find(user)).toEqual(before);
    expect(await findTraces(user)).toEqual(traces);
    if (status === 415) return;
    const { body } = await createApi(createUserId(), options as never).upload(bytes, 'image/png');
    expect(body.code).toBe(code);
    await expect(createService(options).put(user, bytes)).rejects.toThrow(body.error);
  });

  it('refuses a picture that the encoder cannot decode', async () => {
    const { ImageError } = await import('../../src/image/formats/read-picture.js');
    const encodePicture = async () => {
      throw new ImageError('broken');
    };
    const user = createUserId();
    const refused = createService({ variants: { ...COPIER, encodePicture } }).put(user, png());
    expect(await describeRefusal(refused)).toEqual(['ApiError', 'invalid_image', 422]);
    expect(await findTraces(user)).toEqual(NO_TRACES);
  });

  it('keeps the object of the replaced avatar for a minute', async () => {
    const user = createUserId();
    const before = await createService().put(user, png());
    advanceTime(1);
    const after = await createService({ variants: COPIER }).put(user, jpeg());
    const listAvatars = () => listKeys(`avatars/${parseOwner(after.key)}/`);
    expect(await listAvatars()).toHaveLength(4);
    expect(await listAvatars()).toContain(before.key);
    advanceTime(60_000);
    await runSweep();
    expect(await listAvatars()).toEqual(expect.not.arrayContaining([before.key]));
    expect(await listAvatars()).toHaveLength(3);
  });

  it('counts towards no limit, and succeeds for a user who has reached them', async () => {
    const user = createUserId();
    const limits = { maxPending: 1, maxPerDay: 2 };
    const presign = () => createApi(user, limits).call('POST', '/api/uploads/presign', { contentType: 'image/png' });
    for (let i = 0; i < 3; i++) await createService().put(user, png());
    expect((await presign()).status).toBe(200);
    expect((await presign()).status).toBe(429);
    expect(await createService().put(user, jpeg())).toEqual(await createService().find(user));
    advanceTime(721_000);
    expect((await presign()).status).toBe(200);
    expect((await presign()).status).toBe(429);
  });

  it('leaves one avatar and its object after ten at once', async () => {
    const user = createUserId();
    const stored = await Promise.all(Array.from({ length: 10 }, () => createService().put(user, png())));
    const avatar = await createService().find(user);
    expect(stored).toContainEqual(avatar);
    await sweepAll();
    expect(await findTraces(user)).toEqual({ rows: 1, keys: [avatar?.key] });
  });

  it('stores under the current secret, and replaces what is stored under a former one', async () => {
    const user = createUserId();
    const OWNER_SECRET = `${'n'.repeat(32)} ${env.OWNER_SECRET}`;
    const before = await createService().put(user, png());
    const after = await createService({}, { OWNER_SECRET }).put(user, jpeg());
    expect(parseOwner(after.key)).not.toBe(parseOwner(before.key));
    expect(await createService().find(user)).toBe(null);
    await sweepAll();
    expect(await findTraces(user, OWNER_SECRET)).toEqual({ rows: 1, keys: [after.key] });
  });
});

describe('the hooks of avatarService().put()', () => {
  it('moderate sees what would be stored, and onCommitted what it has replaced, without a request', async () => {
    const user = createUserId();
    const { key: previousKey } = await createService().put(user, png());
    const calls: unknown[] = [];
    const record =
      (name: string) =>
      (...args: unknown[]) => {
        calls.push([name, ...args]);
        return true;
      };
    const bytes = jpeg({ gps: true, orientation: 6 });
    const avatar = await createService({
      moderate: record('moderate'),
      onCommitted: record('onCommitted') as () => void,
    }).put(user, bytes);
    const stored = new Uint8Array((await (await env.AVATARS.get(avatar.key))?.arrayBuffer()) ?? []);
    expect(calls).toEqual([
      ['moderate', { user: { id: user }, bytes: stored, contentType: 'image/jpeg', width: 8, height: 16 }, undefined],
      ['onCommitted', { user: { id: user }, avatar, previousKey }, undefined],
    ]);
  });

  it('put() waits for onCommitted, and one that fails is logged', async () => {
    const entries: LogEntry[] = [];
    const log = (entry: LogEntry) => void entries.push(entry);
    const onCommitted = async () => {
      await new Promise((resolve) => setTimeout(resolve));
      throw new Error('cannot reach https://hooks.example/?token=abc');
    };
    expect(await createService({ onCommitted, log }).put(createUserId(), png())).toHaveProperty('key');
    const error = { name: 'Error', message: 'cannot reach <url>' };
    expect(entries).toEqual([{ level: 'error', event: 'hook', hook: 'onCommitted', error }]);
  });

  it.each([
    [new Error('down'), 'unavailable', 503],
    [new HTTPException(451, { message: 'Not here.' }), 'forbidden', 451],
  ])('moderate that throws %s blocks the picture, and nothing is left', async (error, code, status) => {
    const user = createUserId();
    const onRejected = vi.fn();
    const moderate = () => {
      throw error;
    };
    const refused = createService({ moderate, onRejected }).put(user, png());
    expect(await describeRefusal(refused)).toEqual(['ApiError', code, status]);
    expect([await findTraces(user), onRejected.mock.calls]).toEqual([NO_TRACES, []]);
  });
});

describe('the order of put(), commits and removals', () => {
  const uploadFile = async (user: string) => {
    const { key } = await createApi(user).presign({ contentType: 'image/jpeg' });
    await env.AVATARS.put(key, jpeg());
    return key;
  };

  it.each(['put', 'batch'])(
    'a put() that began before a commit, and is paused at its %s, is the earlier one',
    async (call) => {
      const user = createUserId();
      const key = await uploadFile(user);
      const paused = call === 'put' ? pauseAtCall('put') : pauseAtCall('batch', 'after');
      const onCommitted = vi.fn();
      const early = createService({ variants: COPIER, onCommitted }, paused.bindings).put(user, png());
      await paused.reached;
      const { body } = await createApi(user).commit(key);
      paused.resume();
      expect((await early).contentType).toBe('image/png');
      expect(await createService().find(user)).toEqual(body.avatar);
      expect(await listKeys(`avatars/${parseOwner(key)}/`)).toEqual([body.avatar?.key]);
      expect(onCommitted).not.toHaveBeenCalled();
    },
  );

  it('a put() that begins during a commit is the later one', async () => {
    const user = createUserId();
    const key = await uploadFile(user);
    const paused = pauseAtCall('put');
    const commit = createApi(user, {}, paused.bindings).commit(key);
    await paused.reached;
    const avatar = await createService().put(user, png());
    paused.resume();
    expect((await commit).status).toBe(200);
    expect(await createService().find(user)).toEqual(avatar);
    expect(await listKeys(`avatars/${parseOwner(key)}/`)).toEqual([avatar.key]);
  });

  it('a removal is later than a put() in progress, and leaves nothing of it', async () => {
    const user = createUserId();
    const paused = pauseAtCall('put');
    const put = createService({ variants: COPIER }, paused.bindings).put(user, png());
    await paused.reached;
    await createService().remove(user);
    paused.resume();
    const { key } = await put;
    expect(await createService().find(user)).toBe(null);
    expect(await listKeys(`avatars/${parseOwner(key)}/`)).toEqual([]);
  });

  it('a put() that takes longer than the sweep waits is refused, and leaves nothing', async () => {
    const user = createUserId();
    const paused = pauseAtCall('put');
    const put = createService({}, paused.bindings).put(user, png());
    await paused.reached;
    advanceTime(LATE_WRITE_MS);
    await runSweep();
    paused.resume();
    expect(await describeRefusal(put)).toEqual(['ApiError', 'upload_expired', 410]);
    await sweepAll();
    expect(await findTraces(user)).toEqual(NO_TRACES);
  });
});

describe.each(FAILURES)('if a call of put() to D1 or R2 fails (%s)', (failure) => {
  it('it takes effect or not, a repeated one succeeds, and nothing is left behind', async () => {
    const users: string[] = [];
    for (let n = 1, wasReached = true; wasReached; n++) {
      const user = createUserId();
      users.push(user);
      const before = await createService().put(user, jpeg());
      const fault = failAtCall(n, failure);
      const first = await createService({ variants: COPIER }, fault.bindings)
        .put(user, png())
        .catch(({ code }) => code);
      const shown = await createService().find(user);
      if (first === 'internal') expect([before.contentType, 'image/png']).toContain(shown?.contentType);
      else expect(shown).toEqual(first);
      // Every other one is repeated; after the rest, the sweep cleans up.
      if (n % 2) await createService().put(user, png());
      wasReached = fault.wasReached();
    }
    expect(users.length).toBeGreaterThan(5);
    const shown = await Promise.all(users.map((user) => createService().find(user)));
    await sweepAll();
    for (const [index, user] of users.entries()) {
      const key = shown[index]?.key ?? '';
      const { rows, keys } = await findTraces(user);
      expect([rows, keys]).toEqual([1, expect.arrayContaining([key])]);
      // Only the avatar and its copies.
      expect(keys.filter((each) => !each.startsWith(key.slice(0, 76)))).toEqual([]);
    }
  });
});
