import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AvatarStore } from '../../server/db/avatar-store.js';
import { CLAIM_LEASE_MS, LATE_WRITE_MS } from '../../server/db/claim.js';
import { UploadStore } from '../../server/db/upload-store.js';
import { sweepAvatars } from '../../server/jobs/sweep.js';
import { createCopyKey } from '../../server/storage/object-keys.js';
import type { Avatar } from '../../src/core/protocol.js';
import { jpeg, png, text } from '../support/pictures.js';
import { FAILURES, type Failure, failAtCall, pauseAtCall } from './fault-bindings.js';
import { createApi, createUserId, listKeys, parseOwner, type TestResponse } from './harness.js';
import { advanceTime, DAY_MS } from './storage-helpers.js';

/** After the last moment for a commit: 120 seconds for the PUT, 600 for the commit, and one more. */
const AFTER_EXPIRY_MS = 721_000;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const runSweep = () => sweepAvatars(env, {}, Date.now());

/** Expects the user's avatar to exist and, after everything has expired and the sweep has run, nothing else. */
async function expectNoLeftovers(user: string, owner: string): Promise<Avatar | null> {
  const getAvatar = async () => (await createApi(user).call('GET', '/api/me/avatar')).body.avatar ?? null;
  const before = await getAvatar();
  if (before) expect(await env.AVATARS.head(before.key)).toBeTruthy();
  // The object of a commit that has died is unknown, and deleted after 30 days.
  for (const ms of [AFTER_EXPIRY_MS, LATE_WRITE_MS, 30 * DAY_MS]) {
    advanceTime(ms);
    await runSweep();
  }
  expect(await getAvatar()).toEqual(before);
  expect(await listKeys(`avatars/${owner}/`)).toEqual(before ? [before.key] : []);
  expect(await listKeys(`pending/${owner}/`)).toEqual([]);
  return before;
}

/** Runs a step with its nth call failing, for every n, until it makes fewer calls; returns the number of calls. */
async function forEveryCall(step: (fault: ReturnType<typeof failAtCall>) => Promise<void>, failure: Failure) {
  for (let n = 1; ; n++) {
    const fault = failAtCall(n, failure);
    await step(fault);
    if (!fault.wasReached()) return n - 1;
  }
}

/** A user with an avatar and an uploaded file. */
async function createUpload(bytes = png()) {
  const user = createUserId();
  const before = await createApi(user).upload(jpeg(), 'image/jpeg');
  const { key } = await createApi(user).presign();
  await env.AVATARS.put(key, bytes);
  return { user, key, owner: parseOwner(key), before: before.body.avatar as Avatar };
}

const expectStatusOr500 = ({ status, body }: TestResponse, expected: number) => {
  expect([expected, 500]).toContain(status);
  if (status === 500) expect(body).toEqual({ error: expect.any(String), code: 'internal' });
};

describe.each(FAILURES)('if a call to D1 or R2 fails (%s)', (failure) => {
  it('a repeated presign gets a URL, and nothing is left behind', async () => {
    const calls = await forEveryCall(async ({ bindings }) => {
      const user = createUserId();
      const fields = { contentType: 'image/png' };
      expectStatusOr500(await createApi(user, {}, bindings).call('POST', '/api/uploads/presign', fields), 200);
      const { key } = await createApi(user).presign();
      expect(await expectNoLeftovers(user, parseOwner(key))).toBe(null);
      const { results } = await env.DB.prepare('SELECT 1 FROM flare_avatar_uploads WHERE owner = ?')
        .bind(parseOwner(key))
        .all();
      expect(results).toEqual([]);
    }, failure);
    expect(calls).toBeGreaterThanOrEqual(1);
  });

  it('a repeated commit gets its avatar', async () => {
    const calls = await forEveryCall(async ({ bindings }) => {
      const { user, key, owner } = await createUpload();
      const first = await createApi(user, {}, bindings).commit(key);
      expectStatusOr500(first, 200);
      advanceTime(CLAIM_LEASE_MS);
      const again = await createApi(user).commit(key);
      expect(again.status).toBe(200);
      if (first.status === 200) expect(again.body).toEqual(first.body);
      expect(await expectNoLeftovers(user, owner)).toEqual(again.body.avatar);
    }, failure);
    expect(calls).toBeGreaterThanOrEqual(5);
  });

  it('a commit that is not repeated takes effect or not, and nothing is left behind', async () => {
    await forEveryCall(async ({ bindings }) => {
      const { user, key, owner, before } = await createUpload();
      const { body } = await createApi(user, {}, bindings).commit(key);
      const shown = await expectNoLeftovers(user, owner);
      if (body.avatar) expect(shown).toEqual(body.avatar);
      else expect([before.contentType, 'image/png']).toContain(shown?.contentType);
    }, failure);
  });

  it('a repeated commit of an invalid file is refused and changes nothing', async () => {
    const calls = await forEveryCall(async ({ bindings }) => {
      const { user, key, owner, before } = await createUpload(text('no picture'));
      expectStatusOr500(await createApi(user, {}, bindings).commit(key), 422);
      advanceTime(CLAIM_LEASE_MS);
      expect((await createApi(user).commit(key)).body.code).toBe('invalid_image');
      expect(await expectNoLeftovers(user, owner)).toEqual(before);
    }, failure);
    expect(calls).toBeGreaterThanOrEqual(4);
  });

  it('a repeated removal removes the avatar', async () => {
    const calls = await forEveryCall(async ({ bindings }) => {
      const { user, owner } = await createUpload();
      expectStatusOr500(await createApi(user, {}, bindings).call('DELETE', '/api/me/avatar'), 200);
      expect((await createApi(user).call('DELETE', '/api/me/avatar')).status).toBe(200);
      expect(await expectNoLeftovers(user, owner)).toBe(null);
    }, failure);
    expect(calls).toBeGreaterThanOrEqual(2);
  });

  it('a GET fails with 500 and succeeds when repeated', async () => {
    const { user, before } = await createUpload();
    for (const path of ['/api/me/avatar', `/api/users/${user}/avatar`]) {
      await forEveryCall(async ({ bindings }) => {
        expectStatusOr500(
          await createApi(user, {}, bindings).call('GET', path),
          path.startsWith('/api/me') ? 200 : 302,
        );
      }, failure);
    }
    expect((await createApi(user).call('GET', '/api/me/avatar')).body.avatar).toEqual(before);
  });

  it('the next sweep completes the failed one', async () => {
    const calls = await forEveryCall(async ({ bindings }) => {
      const { user, key, owner, before } = await createUpload();
      const dead = failAtCall(5, 'crash');
      await createApi(user, {}, dead.bindings).commit((await uploadFile(user)).key);
      await env.AVATARS.put(`avatars/${owner}/${crypto.randomUUID()}.png`, png());
      await env.DB.prepare('INSERT INTO flare_avatar_deletions (key) VALUES (?)').bind(`avatars/${owner}/queued`).run();
      await env.AVATARS.put(`avatars/${owner}/queued`, png());
      advanceTime(AFTER_EXPIRY_MS);
      await sweepAvatars(bindings, {}, Date.now()).catch((error: AggregateError) => {
        expect(error.errors.map(({ message }) => message)).toEqual(expect.arrayContaining(['fault']));
      });
      expect((await createApi(user).commit(key)).body.code).toBe('upload_expired');
      expect(await expectNoLeftovers(user, owner)).toEqual(before);
    }, failure);
    expect(calls).toBeGreaterThanOrEqual(12);
  });
});

async function uploadFile(user: string) {
  const { key } = await createApi(user).presign();
  await env.AVATARS.put(key, png());
  return { key };
}

describe('a commit whose request has died', () => {
  it('is taken over after its lease, and its object is deleted', async () => {
    const user = createUserId();
    const { key } = await uploadFile(user);
    const [, owner = '', id = ''] = key.split('/');
    const orphan = `avatars/${owner}/${crypto.randomUUID()}.png`;
    const uploads = new UploadStore(env.DB);
    const claimed = { avatarKey: orphan, sizes: [64] };
    expect(await uploads.claimUpload([owner], { owner, id }, claimed, Date.now())).toMatchObject({ isMarked: true });
    await env.AVATARS.put(createCopyKey(orphan, 64), png());
    await env.AVATARS.put(orphan, png());
    advanceTime(CLAIM_LEASE_MS + 1);
    const { status, body } = await createApi(user).commit(key);
    expect(status).toBe(200);
    // Not at once: the first commit might still be writing it.
    expect(await listKeys(`avatars/${owner}/`)).toHaveLength(3);
    advanceTime(LATE_WRITE_MS);
    await runSweep();
    expect(await listKeys(`avatars/${owner}/`)).toEqual([body.avatar?.key]);
    const late = { avatar: { ...(body.avatar as Avatar), key: orphan }, sizes: [64] };
    expect(await new AvatarStore(env.DB).publishAvatar([owner], { owner, id }, late)).toBe(null);
  });

  it('but continues later responds with the avatar of the other request and leaves no object', async () => {
    const user = createUserId();
    const { key } = await uploadFile(user);
    const paused = pauseAtCall('put');
    const first = createApi(user, {}, paused.bindings).commit(key);
    await paused.reached;
    advanceTime(CLAIM_LEASE_MS + 1);
    const other = await createApi(user).commit(key);
    paused.resume();
    expect(other.status).toBe(200);
    expect((await first).body).toEqual(other.body);
    expect(await listKeys(`avatars/${parseOwner(key)}/`)).toEqual([other.body.avatar?.key]);
  });
});
