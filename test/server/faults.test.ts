import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AvatarStore } from '../../server/db/avatar-store.js';
import { CLAIM_LEASE_MS, LATE_WRITE_MS } from '../../server/db/claim.js';
import { UploadStore } from '../../server/db/upload-store.js';
import { sweepAvatars } from '../../server/jobs/sweep.js';
import type { Avatar } from '../../src/core/protocol.js';
import { jpeg, png, text } from '../support/pictures.js';
import { bindingsWith, FAILURES, type Failure, failingAt, pausingAt } from './fault-bindings.js';
import { type Answer, apiFor, keysBelow, newUser, ownerIn } from './harness.js';

const OVER = 721_000;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const pass = (milliseconds: number) => vi.setSystemTime(Date.now() + milliseconds);
/** A run that finds nothing by its walk through the bucket: what has to go must be in the queue. */
const blind = bindingsWith((name, call) =>
  name === 'list' ? Promise.resolve({ objects: [], truncated: false }) : call(),
);
const sweep = (bindings: Parameters<typeof sweepAvatars>[0] = blind) => sweepAvatars(bindings, {}, Date.now());

/** What the user has is there; and once all time is over and the sweep has run, nothing else is. */
async function expectNothingAstray(user: string, owner: string, bindings = blind): Promise<Avatar | null> {
  const shown = async () => (await apiFor(user).call('GET', '/api/me/avatar')).body.avatar ?? null;
  const before = await shown();
  if (before) expect(await env.AVATARS.head(before.key)).toBeTruthy();
  pass(OVER);
  await sweep(bindings);
  pass(LATE_WRITE_MS);
  await sweep(bindings);
  expect(await shown()).toEqual(before);
  expect(await keysBelow(`avatars/${owner}/`)).toEqual(before ? [before.key] : []);
  expect(await keysBelow(`pending/${owner}/`)).toEqual([]);
  return before;
}

/** Runs a step with its n-th call failing, for every n, until it makes fewer calls; tells how many that was. */
async function forEveryCall(step: (fault: ReturnType<typeof failingAt>) => Promise<void>, failure: Failure) {
  for (let n = 1; ; n++) {
    const fault = failingAt(n, failure);
    await step(fault);
    if (!fault.wasReached()) return n - 1;
  }
}

/** A user who has an avatar, and an upload that has arrived. */
async function withUpload(bytes = png()) {
  const user = newUser();
  const before = await apiFor(user).upload(jpeg(), 'image/jpeg');
  const { key } = await apiFor(user).presign();
  await env.AVATARS.put(key, bytes);
  return { user, key, owner: ownerIn(key), before: before.body.avatar as Avatar };
}

const expectFailure = ({ status, body }: Answer, otherwise: number) => {
  expect([otherwise, 500]).toContain(status);
  if (status === 500) expect(body).toEqual({ error: expect.any(String), code: 'internal' });
};

describe.each(FAILURES)('where a call to D1 or R2 fails (%s)', (failure) => {
  it('a presign sent again gives a URL, and leaves nothing', async () => {
    const calls = await forEveryCall(async ({ bindings }) => {
      const user = newUser();
      const ask = { contentType: 'image/png' };
      expectFailure(await apiFor(user, {}, bindings).call('POST', '/api/uploads/presign', ask), 200);
      const { key } = await apiFor(user).presign();
      expect(await expectNothingAstray(user, ownerIn(key))).toBe(null);
      const { results } = await env.DB.prepare('SELECT 1 FROM uploads WHERE owner = ? AND swept = 0')
        .bind(ownerIn(key))
        .all();
      expect(results).toEqual([]);
    }, failure);
    expect(calls).toBeGreaterThanOrEqual(1);
  });

  it('a commit sent again gives its avatar', async () => {
    const calls = await forEveryCall(async ({ bindings }) => {
      const { user, key, owner } = await withUpload();
      const first = await apiFor(user, {}, bindings).commit(key);
      expectFailure(first, 200);
      pass(CLAIM_LEASE_MS);
      const again = await apiFor(user).commit(key);
      expect(again.status).toBe(200);
      if (first.status === 200) expect(again.body).toEqual(first.body);
      expect(await expectNothingAstray(user, owner)).toEqual(again.body.avatar);
    }, failure);
    expect(calls).toBeGreaterThanOrEqual(6);
  });

  it('a commit that is never sent again has happened or not, and leaves nothing', async () => {
    await forEveryCall(async ({ bindings }) => {
      const { user, key, owner, before } = await withUpload();
      const { body } = await apiFor(user, {}, bindings).commit(key);
      const shown = await expectNothingAstray(user, owner);
      if (body.avatar) expect(shown).toEqual(body.avatar);
      else expect([before.contentType, 'image/png']).toContain(shown?.contentType);
    }, failure);
  });

  it('a commit of no picture is refused when sent again, and changes nothing', async () => {
    const calls = await forEveryCall(async ({ bindings }) => {
      const { user, key, owner, before } = await withUpload(text('no picture'));
      expectFailure(await apiFor(user, {}, bindings).commit(key), 422);
      pass(CLAIM_LEASE_MS);
      expect((await apiFor(user).commit(key)).body.code).toBe('invalid_image');
      expect(await expectNothingAstray(user, owner)).toEqual(before);
    }, failure);
    expect(calls).toBeGreaterThanOrEqual(4);
  });

  it('a removal sent again has removed', async () => {
    const calls = await forEveryCall(async ({ bindings }) => {
      const { user, owner } = await withUpload();
      expectFailure(await apiFor(user, {}, bindings).call('DELETE', '/api/me/avatar'), 200);
      expect((await apiFor(user).call('DELETE', '/api/me/avatar')).status).toBe(200);
      expect(await expectNothingAstray(user, owner)).toBe(null);
    }, failure);
    expect(calls).toBeGreaterThanOrEqual(2);
  });

  it('GET fails as a whole, and works when sent again', async () => {
    const { user, before } = await withUpload();
    for (const path of ['/api/me/avatar', `/api/users/${user}/avatar`]) {
      await forEveryCall(async ({ bindings }) => {
        expectFailure(await apiFor(user, {}, bindings).call('GET', path), path.startsWith('/api/me') ? 200 : 302);
      }, failure);
    }
    expect((await apiFor(user).call('GET', '/api/me/avatar')).body.avatar).toEqual(before);
  });

  it('the next sweep does what one has left', async () => {
    const calls = await forEveryCall(async ({ bindings }) => {
      const { user, key, owner, before } = await withUpload();
      const dead = failingAt(5, 'crash');
      await apiFor(user, {}, dead.bindings).commit((await withArrived(user)).key);
      await env.AVATARS.put(`avatars/${owner}/${crypto.randomUUID()}.png`, png());
      await env.DB.prepare('INSERT INTO deletions (key) VALUES (?)').bind(`avatars/${owner}/queued`).run();
      await env.AVATARS.put(`avatars/${owner}/queued`, png());
      pass(OVER);
      await sweepAvatars(bindings, {}, Date.now()).catch((error: AggregateError) => {
        expect(error.errors.map(({ message }) => message)).toEqual(expect.arrayContaining(['fault']));
      });
      expect(await expectNothingAstray(user, owner, env)).toEqual(before);
      expect((await apiFor(user).commit(key)).body.code).toBe('upload_expired');
    }, failure);
    expect(calls).toBeGreaterThanOrEqual(12);
  });
});

async function withArrived(user: string) {
  const { key } = await apiFor(user).presign();
  await env.AVATARS.put(key, png());
  return { key };
}

describe('a commit that died', () => {
  it('is taken over once its lease is over, and what it wrote is deleted', async () => {
    const user = newUser();
    const { key } = await withArrived(user);
    const [, owner = '', id = ''] = key.split('/');
    const orphan = `avatars/${owner}/${crypto.randomUUID()}.png`;
    const uploads = new UploadStore(env.DB);
    expect(await uploads.claimUpload(owner, id, orphan, Date.now())).toBe(true);
    await env.AVATARS.put(orphan, png());
    pass(CLAIM_LEASE_MS + 1);
    const { status, body } = await apiFor(user).commit(key);
    expect(status).toBe(200);
    // Not at once: the dead commit might still be writing it.
    expect(await keysBelow(`avatars/${owner}/`)).toHaveLength(2);
    pass(LATE_WRITE_MS);
    await sweep();
    expect(await keysBelow(`avatars/${owner}/`)).toEqual([body.avatar?.key]);
    expect(await new AvatarStore(env.DB).publishAvatar(owner, id, { ...(body.avatar as Avatar), key: orphan })).toBe(
      null,
    );
  });

  it('only seemed to: when it goes on, it answers with the other’s avatar and leaves no object', async () => {
    const user = newUser();
    const { key } = await withArrived(user);
    const slow = pausingAt('put');
    const first = apiFor(user, {}, slow.bindings).commit(key);
    await slow.reached;
    pass(CLAIM_LEASE_MS + 1);
    const other = await apiFor(user).commit(key);
    slow.goOn();
    expect(other.status).toBe(200);
    expect((await first).body).toEqual(other.body);
    expect(await keysBelow(`avatars/${ownerIn(key)}/`)).toEqual([other.body.avatar?.key]);
  });
});
