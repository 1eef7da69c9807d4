import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { sweepAvatars } from '../../server/jobs/sweep.js';
import { deriveOwner, deriveOwners, parseOwnerSecrets } from '../../server/storage/owner.js';
import { openUserId, sealUserId } from '../../server/storage/sealed-user.js';
import { jpeg, png } from '../support/pictures.js';
import { pauseAtCall } from './fault-bindings.js';
import { type Api, createApi, createUserId, listKeys, parseOwner } from './harness.js';
import { isWorkerd } from './runtime.js';

const OLD = 'old-secret-of-fewer-characters';
const NEW = 'new-secret-with-at-least-32-characters';
const FORMER = `${OLD}-${'x'.repeat(32)}`;

/** The API of one user, as deployed with these secrets. */
const deploy = (user: string, OWNER_SECRET: string, bindings = {}) =>
  createApi(user, {}, { OWNER_SECRET, ...bindings });

const getAvatar = async (api: Api) => (await api.call('GET', '/api/me/avatar')).body.avatar ?? null;

/** Keys of all objects of a user under both secrets. */
async function listObjects(user: string): Promise<string[]> {
  const owners = await Promise.all([FORMER, NEW].map((secret) => deriveOwner(secret, user)));
  const lists = owners.flatMap((owner) => ['avatars', 'pending'].map((folder) => listKeys(`${folder}/${owner}/`)));
  return (await Promise.all(lists)).flat();
}

afterEach(() => {
  vi.useRealTimers();
});

describe('OWNER_SECRET', () => {
  it.each(['short', 'x'.repeat(31), ` ${'x'.repeat(31)} ${'y'.repeat(40)}`, ' ', '\n'])(
    '%j is refused with 503, and the message names the setting',
    async (secret) => {
      const { status, body } = await deploy(createUserId(), secret).call('GET', '/api/me/avatar');
      expect([status, body.code]).toEqual([503, 'unavailable']);
      expect(body.error).toContain('OWNER_SECRET must');
      if (secret.trim()) expect(body.error).not.toContain(secret.trim());
    },
  );

  it('is a list: the current secret of at least 32 characters, then former ones of any length', () => {
    expect(parseOwnerSecrets(`\n ${NEW}\t${OLD} ${NEW}  x\n`)).toEqual([NEW, OLD, 'x']);
    expect(parseOwnerSecrets('x'.repeat(32))).toEqual(['x'.repeat(32)]);
  });

  it('alone decides the owner: the same secret gives the same owner, wherever it stands', async () => {
    const user = createUserId();
    const [first, second] = await deriveOwners([NEW, OLD], user);
    expect(await deriveOwners([OLD, NEW], user)).toEqual([second, first]);
    expect(first).not.toBe(second);
  });
});

describe('an avatar under a former secret', () => {
  const createRotated = async (former = FORMER) => {
    const user = createUserId();
    const before = await deploy(user, former).upload(png(), 'image/png');
    return { user, avatar: before.body.avatar, api: deploy(user, `${NEW} ${former}`) };
  };

  it('stays reachable: for its user, by the redirect, and after canView', async () => {
    const { user, avatar, api } = await createRotated();
    expect(await getAvatar(api)).toEqual(avatar);
    const viewer = deploy(createUserId(), `${NEW} ${FORMER}`);
    const { status, headers } = await viewer.call('GET', `/api/users/${user}/avatar`);
    expect([status, headers.get('location')]).toEqual([302, expect.stringContaining(avatar?.key ?? 'none')]);
    const canView = vi.fn(() => false);
    const options = { OWNER_SECRET: `${NEW} ${FORMER}` };
    const stranger = createApi(createUserId(), { canView }, options);
    expect((await stranger.call('GET', `/api/users/${user}/avatar`)).status).toBe(404);
  });

  it('is not found without its secret', async () => {
    const { user } = await createRotated();
    expect(await getAvatar(deploy(user, NEW))).toBe(null);
  });

  it('is replaced by the next commit, which stores under the current secret', async () => {
    const { user, avatar, api } = await createRotated();
    const { body } = await api.upload(jpeg(), 'image/jpeg');
    expect(parseOwner(body.avatar?.key ?? '')).toBe(await deriveOwner(NEW, user));
    expect(await getAvatar(api)).toEqual(body.avatar);
    expect(await getAvatar(deploy(user, NEW))).toEqual(body.avatar);
    expect(await getAvatar(deploy(user, FORMER))).toBe(null);
    await sweepAvatars(env, {}, Date.now() + 3_600_000);
    expect(await listObjects(user)).toEqual([body.avatar?.key]);
    expect(avatar?.key).not.toBe(body.avatar?.key);
  });

  it('is removed with everything stored under any of the secrets', async () => {
    const { user, api } = await createRotated();
    expect((await api.call('DELETE', '/api/me/avatar')).status).toBe(200);
    for (const secret of [NEW, FORMER, `${NEW} ${FORMER}`]) expect(await getAvatar(deploy(user, secret))).toBe(null);
    await sweepAvatars(env, {}, Date.now() + 3_600_000);
    expect(await listObjects(user)).toEqual([]);
  });

  it.runIf(isWorkerd)('is found by one query of a few rows', async () => {
    const { api } = await createRotated();
    const statement = Object.getPrototypeOf(env.DB.prepare('SELECT 1'));
    const first = vi.spyOn(statement, 'first');
    await getAvatar(api);
    expect(first).toHaveBeenCalledTimes(1);
    first.mockRestore();
    const owners = await deriveOwners([NEW, FORMER], createUserId());
    const sql = 'SELECT * FROM flare_avatar_current WHERE owner IN (?1, ?2) ORDER BY created_at DESC LIMIT 1';
    const { meta } = await env.DB.prepare(sql)
      .bind(...owners)
      .all();
    expect(meta.rows_read).toBeLessThanOrEqual(2 * owners.length);
  });
});

describe('an upload that was presigned under a former secret', () => {
  it('can be committed, and becomes an avatar under the current secret', async () => {
    const user = createUserId();
    const { key } = await deploy(user, FORMER).presign();
    await env.AVATARS.put(key, png());
    const api = deploy(user, `${NEW} ${FORMER}`);
    const { status, body } = await api.commit(key);
    expect(status).toBe(200);
    expect(parseOwner(body.avatar?.key ?? '')).toBe(await deriveOwner(NEW, user));
    expect((await api.commit(key)).body).toEqual(body);
    expect(await getAvatar(api)).toEqual(body.avatar);
  });

  it('cannot be committed by another user, or without that secret', async () => {
    const { key } = await deploy(createUserId(), FORMER).presign();
    await env.AVATARS.put(key, png());
    expect((await deploy(createUserId(), `${NEW} ${FORMER}`).commit(key)).body.code).toBe('bad_key');
    expect((await deploy(createUserId(), NEW).commit(key)).body.code).toBe('bad_key');
  });

  it('counts towards the limit of open uploads', async () => {
    const user = createUserId();
    for (let i = 0; i < 12; i++) await deploy(user, FORMER).presign();
    const api = deploy(user, `${NEW} ${FORMER}`);
    for (let i = 0; i < 8; i++) await api.presign();
    const { status, headers } = await api.call('POST', '/api/uploads/presign', { contentType: 'image/png' });
    expect([status, Number(headers.get('retry-after')) > 0]).toEqual([429, true]);
  });
});

it('the daily limit of uploads counts a user under all secrets', async () => {
  const user = createUserId();
  for (let i = 0; i < 2; i++) await deploy(user, FORMER).presign();
  const api = createApi(user, { maxPerDay: 3 }, { OWNER_SECRET: `${NEW} ${FORMER}` });
  expect((await api.call('POST', '/api/uploads/presign', { contentType: 'image/png' })).status).toBe(200);
  const { status, headers } = await api.call('POST', '/api/uploads/presign', { contentType: 'image/png' });
  expect([status, Number(headers.get('retry-after')) > 80_000]).toEqual([429, true]);
});

it('the rate limit counts a user under one key, whichever secret an upload belongs to', async () => {
  const user = createUserId();
  const { key } = await deploy(user, FORMER).presign();
  const limit = vi.fn(async (_: { key: string }) => ({ success: true }));
  const api = deploy(user, `${NEW} ${FORMER}`, { RATE_LIMITER: { limit } });
  await api.presign();
  await api.commit(key);
  await api.call('DELETE', '/api/me/avatar');
  expect(new Set(limit.mock.calls.map(([call]) => call.key))).toEqual(new Set([await deriveOwner(NEW, user)]));
});

describe('while deployments with the secrets in either order run at the same time', () => {
  const secrets = [`${NEW} ${FORMER}`, `${FORMER} ${NEW}`];
  const createDeployments = (user: string, bindings = {}) => secrets.map((list) => deploy(user, list, bindings));

  it('the last commit counts for both, and one object is left', async () => {
    const user = createUserId();
    const apis = createDeployments(user);
    for (const index of [0, 1, 1, 0, 1]) {
      const { body } = await (apis[index] as Api).upload(png(), 'image/png');
      for (const api of apis) expect(await getAvatar(api)).toEqual(body.avatar);
    }
    await sweepAvatars(env, {}, Date.now() + 3_600_000);
    expect(await listObjects(user)).toEqual([(await getAvatar(apis[0] as Api))?.key]);
  });

  it.each([0, 1])('overlapping commits take effect in the order of their claims (%s first)', async (index) => {
    const user = createUserId();
    const [first, second] = [await deploy(user, FORMER).presign(), await deploy(user, NEW).presign()];
    for (const { key } of [first, second]) await env.AVATARS.put(key, png());
    const paused = pauseAtCall('put');
    const early = (createDeployments(user, paused.bindings)[index] as Api).commit(first.key);
    await paused.reached;
    const late = await (createDeployments(user)[1 - index] as Api).commit(second.key);
    paused.resume();
    expect((await early).status).toBe(200);
    for (const api of createDeployments(user)) expect(await getAvatar(api)).toEqual(late.body.avatar);
    await sweepAvatars(env, {}, Date.now() + 3_600_000);
    expect(await listObjects(user)).toEqual([late.body.avatar?.key]);
  });

  it.each([0, 1])('a removal by one ends a commit in progress of the other (%s)', async (index) => {
    const user = createUserId();
    const { key } = await deploy(user, FORMER).presign();
    await env.AVATARS.put(key, png());
    const paused = pauseAtCall('put');
    const commit = (createDeployments(user, paused.bindings)[index] as Api).commit(key);
    await paused.reached;
    await (createDeployments(user)[1 - index] as Api).call('DELETE', '/api/me/avatar');
    paused.resume();
    expect((await commit).status).toBe(200);
    for (const api of createDeployments(user)) expect(await getAvatar(api)).toBe(null);
    await sweepAvatars(env, {}, Date.now() + 3_600_000);
    expect(await listObjects(user)).toEqual([]);
  });

  it('the newer of two avatars counts if the older deployment does not know the new secret', async () => {
    const user = createUserId();
    const both = deploy(user, `${NEW} ${FORMER}`);
    await both.upload(png(), 'image/png');
    const { body } = await deploy(user, FORMER).upload(jpeg(), 'image/jpeg');
    expect(await getAvatar(both)).toEqual(body.avatar);
    const last = await both.upload(png(), 'image/png');
    expect(await getAvatar(both)).toEqual(last.body.avatar);
    await sweepAvatars(env, {}, Date.now() + 3_600_000);
    expect(await listObjects(user)).toEqual([last.body.avatar?.key]);
  });
});

describe('the user id in the metadata of an avatar', () => {
  it.each(['u', '', 'user@example.com', '😀', '\ud800', 'x'.repeat(500)])('is encrypted: %j', async (id) => {
    const sealed = (await sealUserId(NEW, 'owner', id)) ?? '';
    expect(atob(sealed)).not.toContain(JSON.stringify(id));
    expect(await openUserId(NEW, 'owner', sealed)).toBe(id);
    expect(await openUserId(FORMER, 'owner', sealed)).toBe(null);
    expect(await openUserId(NEW, 'other owner', sealed)).toBe(null);
    expect(await sealUserId(NEW, 'owner', id)).not.toBe(sealed);
  });

  it('does not reveal the length of short ids', async () => {
    const lengths = await Promise.all(['u', 'x'.repeat(40)].map((id) => sealUserId(NEW, 'owner', id)));
    expect(lengths[0]?.length).toBe(lengths[1]?.length);
  });

  it('is left out if it is too long for the metadata, and the commit succeeds', async () => {
    const api = createApi(`user-${'x'.repeat(10_000)}`);
    const { status, body } = await api.upload(png(), 'image/png');
    expect(status).toBe(200);
    expect((await env.AVATARS.head(body.avatar?.key ?? ''))?.customMetadata?.user).toBeUndefined();
  });
});
