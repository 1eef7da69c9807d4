import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LATE_WRITE_MS } from '../../server/db/claim.js';
import { sweepAvatars } from '../../server/jobs/sweep.js';
import { jpeg, png } from '../support/pictures.js';
import { pauseAtCall } from './fault-bindings.js';
import { createApi, createUserId, listKeys, parseOwner, type TestResponse } from './harness.js';

/** After the last moment for a commit: 120 seconds for the PUT, 600 for the commit, and one more. */
const AFTER_EXPIRY_MS = 721_000;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const advanceTime = (milliseconds: number) => vi.setSystemTime(Date.now() + milliseconds);
const runSweep = () => sweepAvatars(env, {}, Date.now());
const getCode = ({ status, body }: TestResponse) => body.code ?? status;
/** Stores a file as the presigned PUT does, however often it is sent. */
const putFile = (key: string, bytes = png()) => env.AVATARS.put(key, bytes, { onlyIf: { etagDoesNotMatch: '*' } });
const getAvatar = async (user: string) => (await createApi(user).call('GET', '/api/me/avatar')).body.avatar ?? null;
const listAvatarKeys = (key: string) => listKeys(`avatars/${parseOwner(key)}/`);

async function uploadFile(user: string, bytes = png(), contentType = 'image/png') {
  const { key } = await createApi(user).presign({ contentType });
  await putFile(key, bytes);
  return key;
}

describe('a repeated PUT', () => {
  it('does not change the avatar, before and after the commit and after a removal', async () => {
    const user = createUserId();
    const key = await uploadFile(user);
    expect(await putFile(key, jpeg())).toBe(null);
    const { body } = await createApi(user).commit(key);
    expect(await putFile(key, jpeg())).toBe(null);
    expect(await getAvatar(user)).toEqual(body.avatar);
    expect((await createApi(user).commit(key)).body).toEqual(body);
    await createApi(user).call('DELETE', '/api/me/avatar');
    await putFile(key, jpeg());
    expect((await createApi(user).commit(key)).body).toEqual(body);
    expect(await getAvatar(user)).toBe(null);
  });

  it('after the sweep is deleted by the next one, whether or not its upload was committed', async () => {
    const user = createUserId();
    const [committed, abandoned] = [await uploadFile(user), await uploadFile(user)];
    await createApi(user).commit(committed);
    advanceTime(AFTER_EXPIRY_MS);
    await runSweep();
    for (const key of [committed, abandoned]) expect(await putFile(key)).toBeTruthy();
    expect(getCode(await createApi(user).commit(abandoned))).toBe('upload_expired');
    await runSweep();
    expect(await listKeys(`pending/${parseOwner(committed)}/`)).toEqual([]);
    expect(await listAvatarKeys(committed)).toEqual([(await getAvatar(user))?.key]);
  });

  it('after its upload is forgotten is deleted too', async () => {
    const key = await uploadFile(createUserId());
    advanceTime(AFTER_EXPIRY_MS);
    await runSweep();
    advanceTime(86_400_000);
    await runSweep();
    await putFile(key);
    await runSweep();
    expect(await env.AVATARS.head(key)).toBe(null);
  });
});

describe('a late commit', () => {
  it('responds with 410 before the sweep, after it and until the upload is forgotten', async () => {
    const user = createUserId();
    const key = await uploadFile(user);
    advanceTime(AFTER_EXPIRY_MS);
    expect(getCode(await createApi(user).commit(key))).toBe('upload_expired');
    await runSweep();
    expect(getCode(await createApi(user).commit(key))).toBe('upload_expired');
    advanceTime(86_400_000);
    await runSweep();
    expect(getCode(await createApi(user).commit(key))).toBe('bad_key');
    expect(await getAvatar(user)).toBe(null);
  });

  it('waits for a request that was in time and is committing the same upload', async () => {
    const user = createUserId();
    const key = await uploadFile(user);
    const paused = pauseAtCall('put');
    advanceTime(AFTER_EXPIRY_MS - 2000);
    const inTime = createApi(user, {}, paused.bindings).commit(key);
    await paused.reached;
    advanceTime(2000);
    const polling = pauseAtCall('first', 'after');
    const late = createApi(user, {}, polling.bindings).commit(key);
    await polling.reached;
    paused.resume();
    const { status, body } = await inTime;
    polling.resume();
    expect(status).toBe(200);
    expect((await late).body).toEqual(body);
  });
});

describe('concurrent commits of different uploads', () => {
  it.each(['put', 'batch'])(
    'take effect in the order of their claims, also if the first is delayed in its %s',
    async (call) => {
      const user = createUserId();
      const [a, b] = [await uploadFile(user), await uploadFile(user, jpeg(), 'image/jpeg')];
      const paused = call === 'put' ? pauseAtCall('put') : pauseAtCall('get', 'after');
      const first = createApi(user, {}, paused.bindings).commit(a);
      await paused.reached;
      const second = await createApi(user).commit(b);
      paused.resume();
      const responses = [await first, second];
      expect(responses.map(({ status }) => status)).toEqual([200, 200]);
      expect(await getAvatar(user)).toEqual(second.body.avatar);
      // The response to the first stays the same, and its object is deleted at once.
      expect((await createApi(user).commit(a)).body).toEqual((await first).body);
      expect(await listAvatarKeys(a)).toEqual([second.body.avatar?.key]);
    },
  );

  it('take effect in the order of their claims if the later one is delayed', async () => {
    const user = createUserId();
    const [a, b] = [await uploadFile(user), await uploadFile(user, jpeg(), 'image/jpeg')];
    const [early, late] = [pauseAtCall('put'), pauseAtCall('put')];
    const first = createApi(user, {}, early.bindings).commit(a);
    await early.reached;
    const second = createApi(user, {}, late.bindings).commit(b);
    await late.reached;
    early.resume();
    const { avatar } = (await first).body;
    expect(await getAvatar(user)).toEqual(avatar);
    late.resume();
    expect((await second).body.avatar).toEqual(await getAvatar(user));
    advanceTime(60_000);
    await runSweep();
    expect(await listAvatarKeys(a)).toEqual([(await second).body.avatar?.key]);
  });
});

describe('a removal during a commit', () => {
  it('counts as later than the commit', async () => {
    const user = createUserId();
    const before = await createApi(user).upload(jpeg(), 'image/jpeg');
    const key = await uploadFile(user);
    const paused = pauseAtCall('put');
    const commit = createApi(user, {}, paused.bindings).commit(key);
    await paused.reached;
    expect((await createApi(user).call('DELETE', '/api/me/avatar')).status).toBe(200);
    paused.resume();
    expect((await commit).status).toBe(200);
    expect((await commit).body.avatar?.key).not.toBe(before.body.avatar?.key);
    expect(await getAvatar(user)).toBe(null);
    expect(await listAvatarKeys(key)).toEqual([]);
  });

  it('does not affect a commit that begins after it', async () => {
    const user = createUserId();
    const key = await uploadFile(user);
    expect(getCode(await createApi(user).commit((await createApi(user).presign()).key))).toBe('not_uploaded');
    await createApi(user).call('DELETE', '/api/me/avatar');
    expect((await createApi(user).commit(key)).body.avatar).toEqual(await getAvatar(user));
    expect(await getAvatar(user)).toBeTruthy();
  });
});

describe('a commit during the sweep', () => {
  it.each(['get', 'put', 'batch'])('is too late, and leaves nothing, if the sweep runs before its %s', async (call) => {
    const user = createUserId();
    const before = await createApi(user).upload(jpeg(), 'image/jpeg');
    const key = await uploadFile(user);
    advanceTime(AFTER_EXPIRY_MS - 2000);
    const paused = pauseAtCall(call, call === 'batch' ? 'after' : 'before');
    const commit = createApi(user, {}, paused.bindings).commit(key);
    await paused.reached;
    advanceTime(2000);
    await runSweep();
    paused.resume();
    expect(['upload_expired', 'not_uploaded']).toContain(getCode(await commit));
    expect(getCode(await createApi(user).commit(key))).toBe('upload_expired');
    advanceTime(LATE_WRITE_MS);
    await runSweep();
    expect(await getAvatar(user)).toEqual(before.body.avatar);
    expect(await listAvatarKeys(key)).toEqual([before.body.avatar?.key]);
  });

  it.each(['all', 'delete', 'run'])(
    "takes effect completely or not at all if it runs before the sweep's %s",
    async (call) => {
      const user = createUserId();
      const key = await uploadFile(user);
      const paused = pauseAtCall(call);
      const swept = sweepAvatars(paused.bindings, {}, Date.now() + AFTER_EXPIRY_MS);
      await paused.reached;
      const response = await createApi(user).commit(key);
      paused.resume();
      await swept;
      advanceTime(AFTER_EXPIRY_MS);
      await runSweep();
      advanceTime(LATE_WRITE_MS);
      await runSweep();
      const isInTime = call !== 'delete';
      expect(response.status).toBe(isInTime ? 200 : 410);
      expect(await getAvatar(user)).toEqual(response.body.avatar ?? null);
      expect(await listAvatarKeys(key)).toEqual(isInTime ? [response.body.avatar?.key] : []);
    },
  );
});
