import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import { sweepAvatars } from '../../server/jobs/sweep.js';
import { deriveOwner } from '../../server/storage/owner.js';
import { jpeg, png } from '../support/pictures.js';
import { failAtCall, interceptBindings, pauseAtCall } from './fault-bindings.js';
import { type Api, createApi, createUserId, listKeys, parseOwner } from './harness.js';
import { listRows, loseDatabase, rebuild } from './rebuild-helpers.js';

const OLD = 'former-secret-of-at-least-32-characters';
const NEW = 'new-secret-with-at-least-32-characters';
const BOTH = `${NEW} ${OLD}`;

beforeEach(async () => {
  await loseDatabase();
  const keys = await listKeys('');
  if (keys.length > 0) await env.AVATARS.delete(keys);
});

const deploy = (user: string, OWNER_SECRET: string) => createApi(user, {}, { OWNER_SECRET });
const getAvatar = async (api: Api) => (await api.call('GET', '/api/me/avatar')).body.avatar ?? null;
const sweepLater = () => sweepAvatars(env, {}, Date.now() + 3_600_000);

/** A user with an avatar under the former secret. */
async function createUser(secret = OLD) {
  const user = createUserId();
  const { body } = await deploy(user, secret).upload(png(), 'image/png');
  return { user, avatar: body.avatar, api: deploy(user, BOTH), owner: await deriveOwner(NEW, user) };
}

describe('a rebuild with a former secret', () => {
  it.each([false, true])('moves every avatar to the current one (database lost: %s)', async (isLost) => {
    const users = await Promise.all(Array.from({ length: 10 }, () => createUser()));
    const bytes = await (await env.AVATARS.get(users[0]?.avatar?.key ?? ''))?.arrayBuffer();
    if (isLost) await loseDatabase();
    expect((await rebuild({ secrets: BOTH })).counts).toMatchObject({ moved: 10, unmovable: 0 });
    for (const { user, avatar, owner } of users) {
      const moved = await getAvatar(deploy(user, NEW));
      expect(moved).toEqual({ ...avatar, key: moved?.key });
      expect(parseOwner(moved?.key ?? '')).toBe(owner);
    }
    const { key = '' } = (await getAvatar(deploy(users[0]?.user ?? '', NEW))) ?? {};
    const copy = await env.AVATARS.get(key);
    expect(await copy?.arrayBuffer()).toEqual(bytes);
    expect(copy?.httpMetadata).toMatchObject({ contentType: 'image/png', contentDisposition: 'inline' });
    await sweepLater();
    expect(await listKeys('avatars/')).toHaveLength(10);
    const rows = await listRows();
    // The copies are enough to rebuild the database once more, with the current secret alone.
    await loseDatabase();
    expect((await rebuild({ secrets: NEW })).counts).toMatchObject({ restored: 10, moved: 0, unmovable: 0 });
    expect(await listRows()).toEqual(rows);
  });

  it('moves nothing a second time, or as a dry run', async () => {
    await createUser();
    const rows = await listRows();
    expect((await rebuild({ secrets: BOTH, isDryRun: true })).counts).toMatchObject({ moved: 1 });
    expect(await listRows()).toEqual(rows);
    expect((await rebuild({ secrets: BOTH })).counts).toMatchObject({ moved: 1 });
    expect((await rebuild({ secrets: BOTH })).counts).toMatchObject({ moved: 0, known: 1, obsolete: 1 });
  });

  it('leaves avatars of unknown users where they are', async () => {
    const { api, avatar } = await createUser();
    expect((await rebuild({ secrets: NEW })).counts).toMatchObject({ moved: 0, unmovable: 1 });
    expect(await getAvatar(api)).toEqual(avatar);
  });

  it('keeps the newer of two avatars, under whichever secret it is', async () => {
    const stale = await createUser();
    const newer = await deploy(stale.user, NEW).upload(jpeg(), 'image/jpeg');
    const { user, api } = await createUser(NEW);
    const last = await deploy(user, OLD).upload(jpeg(), 'image/jpeg');
    await rebuild({ secrets: BOTH });
    expect(await getAvatar(stale.api)).toEqual(newer.body.avatar);
    expect(await getAvatar(api)).toMatchObject({ createdAt: last.body.avatar?.createdAt, contentType: 'image/jpeg' });
    expect(await listRows()).toHaveLength(2);
    await sweepLater();
    expect(await listKeys('avatars/')).toHaveLength(2);
  });

  it.each(['put', 'batch'])('is overtaken by a commit before its %s', async (call) => {
    const { api } = await createUser();
    const paused = pauseAtCall(call);
    const running = rebuild({ secrets: BOTH, bindings: paused.bindings });
    await paused.reached;
    const { body } = await api.upload(jpeg(), 'image/jpeg');
    paused.resume();
    await running;
    expect(await getAvatar(api)).toEqual(body.avatar);
    await sweepLater();
    expect(await listKeys('avatars/')).toEqual([body.avatar?.key]);
  });

  it.each(['put', 'batch'])('is overtaken by a removal before its %s', async (call) => {
    const { api } = await createUser();
    const paused = pauseAtCall(call);
    const running = rebuild({ secrets: BOTH, bindings: paused.bindings });
    await paused.reached;
    await api.call('DELETE', '/api/me/avatar');
    paused.resume();
    await running;
    expect(await getAvatar(api)).toBe(null);
    await sweepLater();
    expect(await listKeys('avatars/')).toEqual([]);
  });

  it('does not publish a copy that the sweep has deleted', async () => {
    const { api, avatar } = await createUser();
    const paused = pauseAtCall('batch');
    const running = rebuild({ secrets: BOTH, bindings: paused.bindings });
    await paused.reached;
    await sweepLater();
    paused.resume();
    await running;
    expect(await getAvatar(api)).toEqual(avatar);
    expect(await env.AVATARS.head(avatar?.key ?? '')).toBeTruthy();
  });

  it('that fails at any call is completed by the next one, and nothing is left behind', async () => {
    for (let n = 1; n <= 13; n++) {
      for (const failure of ['before', 'after', 'crash'] as const) {
        const { api, avatar, user } = await createUser();
        await rebuild({ secrets: BOTH, bindings: failAtCall(n, failure).bindings }).catch(() => {});
        expect(await getAvatar(api)).toMatchObject({ createdAt: avatar?.createdAt });
        await rebuild({ secrets: BOTH });
        expect(await getAvatar(deploy(user, NEW))).toMatchObject({ createdAt: avatar?.createdAt });
      }
    }
    await sweepLater();
    expect(await listKeys('avatars/')).toHaveLength(39);
  });

  it('never shows a picture that is not there while it runs', async () => {
    const { api } = await createUser();
    const bindings = interceptBindings(async (_, call) => {
      const result = await call();
      const avatar = await getAvatar(api);
      expect(await env.AVATARS.head(avatar?.key ?? 'none')).toBeTruthy();
      return result;
    });
    expect((await rebuild({ secrets: BOTH, bindings })).counts).toMatchObject({ moved: 1 });
  });
});
