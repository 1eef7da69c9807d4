import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LATE_WRITE_MS } from '../../server/db/claim.js';
import { jpeg, png, text } from '../support/pictures.js';
import { FAILURES, failAtCall, pauseAtCall } from './fault-bindings.js';
import { createApi, createUserId, listKeys, parseOwner } from './harness.js';
import { COPIER, createService, describeRefusal, findTraces, NO_TRACES } from './service-helpers.js';
import { advanceTime, createAvatarKey, readMarks, runSweep, setMarks } from './storage-helpers.js';

const FORMER = env.OWNER_SECRET ?? '';
const SECRETS = `${'n'.repeat(32)} ${FORMER}`;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const erase = (user: string, bindings = {}) => createService({}, { OWNER_SECRET: SECRETS, ...bindings }).erase(user);
const traces = (user: string) => findTraces(user, SECRETS);

/** A user with something of every kind, under two secrets. Returns the owner under the former one. */
async function fillStores(user: string): Promise<string> {
  const former = createApi(user, { variants: COPIER });
  const current = createApi(user, { variants: COPIER }, { OWNER_SECRET: SECRETS });
  const { key } = await former.upload(png(), 'image/png');
  const owner = parseOwner(key);
  for (const api of [former, current]) {
    await api.upload(jpeg(), 'image/jpeg');
    await api.upload(text('no picture'), 'image/png');
    await api.presign();
    await env.AVATARS.put((await api.presign()).key, png());
  }
  const unknown = createAvatarKey(owner);
  await env.AVATARS.put(unknown, png());
  await env.DB.prepare('INSERT INTO flare_avatar_unknown VALUES (?1, 1)').bind(unknown).run();
  await env.AVATARS.put(`pending/${owner}/${crypto.randomUUID()}`, png());
  return owner;
}

describe('avatarService().erase()', () => {
  it('leaves no row and no object of the user under any secret, and everything of all others', async () => {
    const [user, other] = [createUserId(), createUserId()];
    for (const each of [user, other]) await fillStores(each);
    const [before, untouched] = [await traces(user), await traces(other)];
    expect([before.rows, before.keys.length]).toEqual([expect.any(Number), 18]);
    expect(before.rows).toBeGreaterThan(12);
    await erase(user);
    expect(await traces(user)).toEqual(NO_TRACES);
    expect(await traces(other)).toEqual(untouched);
  });

  it('calls onRemoved once, and succeeds again, also for a user who never was', async () => {
    const user = createUserId();
    const { key } = await createService().put(user, png());
    const onRemoved = vi.fn();
    for (const each of [user, user, createUserId()])
      expect(await createService({ onRemoved }).erase(each)).toBe(undefined);
    expect(onRemoved.mock.calls).toEqual([[{ user: { id: user }, key }, undefined]]);
    expect(await createApi(user).call('GET', '/api/me/avatar')).toMatchObject({ status: 200, body: { url: null } });
  });

  it('succeeds where nobody has ever committed a picture', async () => {
    const marks = await readMarks();
    await setMarks(null, null);
    for (const { key } of (await env.AVATARS.list({ prefix: 'avatars/' })).objects) await env.AVATARS.delete(key);
    await env.DB.prepare('DELETE FROM flare_avatar_current').run();
    const user = createUserId();
    await env.AVATARS.put((await createApi(user).presign()).key, png());
    await erase(user);
    expect(await traces(user)).toEqual(NO_TRACES);
    await setMarks(marks.bucket, marks.database);
  });

  it('erases all objects, however many pages their listing has', async () => {
    const user = createUserId();
    await fillStores(user);
    const list = (options?: R2ListOptions) => env.AVATARS.list({ ...options, limit: 2 });
    const AVATARS = new Proxy(env.AVATARS, {
      get: (bucket, name) => (name === 'list' ? list : Reflect.get(bucket, name).bind(bucket)),
    });
    await erase(user, { AVATARS });
    expect(await traces(user)).toEqual(NO_TRACES);
  });

  it('keeps what the user uploads afterwards', async () => {
    const user = createUserId();
    await fillStores(user);
    await erase(user);
    const { body } = await createApi(user, {}, { OWNER_SECRET: SECRETS }).upload(png(), 'image/png');
    await runSweep();
    expect((await traces(user)).keys).toContain(body.avatar?.key);
  });

  it('changes nothing while bucket and database do not carry the same mark', async () => {
    const user = createUserId();
    await fillStores(user);
    const before = await traces(user);
    const marks = await readMarks();
    await setMarks('another', marks.database);
    expect(await describeRefusal(erase(user))).toEqual(['ApiError', 'unavailable', 503]);
    await expect(erase(user)).rejects.toThrow(/different installation marks/);
    expect(await traces(user)).toEqual(before);
    await setMarks(marks.bucket, marks.database);
    await erase(user);
    expect(await traces(user)).toEqual(NO_TRACES);
  });
});

describe('an upload that is pending while its user is erased', () => {
  it('cannot be committed any more, also if its file arrives later, which the next sweep deletes', async () => {
    const user = createUserId();
    const [stored, late] = [await createApi(user).presign(), await createApi(user).presign()];
    await env.AVATARS.put(stored.key, png());
    await erase(user);
    await env.AVATARS.put(late.key, png());
    for (const { key } of [stored, late]) expect((await createApi(user).commit(key)).body.code).toBe('bad_key');
    await runSweep();
    expect(await traces(user)).toEqual(NO_TRACES);
  });

  it.each([
    ['get', 'before'],
    ['get', 'after'],
    ['put', 'before'],
    ['put', 'after'],
    ['batch', 'after'],
  ] as const)('publishes nothing if its commit is paused at its %s (%s)', async (call, when) => {
    const user = createUserId();
    await fillStores(user);
    const { key } = await createApi(user).presign();
    await env.AVATARS.put(key, png());
    const paused = pauseAtCall(call, when);
    const onCommitted = vi.fn();
    const commit = createApi(user, { variants: COPIER, onCommitted }, paused.bindings).commit(key);
    await paused.reached;
    await erase(user);
    expect((await traces(user)).keys).toEqual([]);
    paused.resume();
    expect(['bad_key', 'not_uploaded']).toContain((await commit).body.code);
    expect(await createService().find(user)).toBe(null);
    advanceTime(LATE_WRITE_MS);
    await runSweep();
    expect([await traces(user), onCommitted.mock.calls]).toEqual([NO_TRACES, []]);
  });

  it('leaves no row either once its commit has stored its picture and found that it lost its claim', async () => {
    const user = createUserId();
    const { key } = await createApi(user).presign();
    await env.AVATARS.put(key, png());
    const paused = pauseAtCall('put');
    const commit = createApi(user, { variants: COPIER }, paused.bindings).commit(key);
    await paused.reached;
    await erase(user);
    paused.resume();
    expect((await commit).body.code).toBe('bad_key');
    expect(await traces(user)).toEqual(NO_TRACES);
  });

  it.each(['before', 'after'] as const)(
    'leaves nothing if its commit dies (%s it has stored its picture)',
    async (when) => {
      const user = createUserId();
      const { key } = await createApi(user).presign();
      await env.AVATARS.put(key, png());
      const paused = pauseAtCall('put', when);
      createApi(user, {}, paused.bindings).commit(key);
      await paused.reached;
      const [row] = (
        await env.DB.prepare('SELECT avatar_key FROM flare_avatar_uploads WHERE id = ?1')
          .bind(key.slice(-36))
          .all<{ avatar_key: string }>()
      ).results;
      await erase(user);
      expect((await traces(user)).keys).toEqual([]);
      // It has still written the object before it died.
      if (when === 'before') await env.AVATARS.put(row?.avatar_key ?? '', png());
      advanceTime(LATE_WRITE_MS);
      await runSweep();
      expect(await traces(user)).toEqual(NO_TRACES);
    },
  );

  it('leaves no file that arrives after the listing and before the rows are deleted', async () => {
    const user = createUserId();
    const { key } = await createApi(user).presign();
    const paused = pauseAtCall('batch');
    const erased = erase(user, paused.bindings);
    await paused.reached;
    await env.AVATARS.put(key, png());
    paused.resume();
    await erased;
    expect(await traces(user)).toEqual(NO_TRACES);
  });

  it('a put() in progress is refused, and leaves nothing', async () => {
    const user = createUserId();
    const paused = pauseAtCall('put');
    const put = createService({ variants: COPIER }, paused.bindings).put(user, png());
    await paused.reached;
    await erase(user);
    paused.resume();
    expect(await describeRefusal(put)).toEqual(['ApiError', 'upload_expired', 410]);
    expect(await traces(user)).toEqual(NO_TRACES);
  });
});

describe.each(FAILURES)('if a call of erase() to D1 or R2 fails (%s)', (failure) => {
  it('nothing has changed, or the next sweep deletes the rest', async () => {
    for (let n = 1; ; n++) {
      const user = createUserId();
      const { key } = await createService({ variants: COPIER }).put(user, png());
      await env.AVATARS.put((await createApi(user).presign()).key, png());
      await env.AVATARS.put(createAvatarKey(parseOwner(key)), png());
      const before = await findTraces(user);
      const fault = failAtCall(n, failure);
      const outcome = await createService({}, fault.bindings)
        .erase(user)
        .catch(({ code }) => code);
      const after = await findTraces(user);
      expect(outcome === undefined ? after : outcome).toEqual(outcome === undefined ? NO_TRACES : 'internal');
      if (after.rows === before.rows) expect(after).toEqual(before);
      else await runSweep();
      if (after.rows === before.rows) await createService().erase(user);
      expect(await findTraces(user)).toEqual(NO_TRACES);
      if (!fault.wasReached()) return expect(n).toBeGreaterThan(6);
    }
  });
});

it('removals and erasures at the same time as uploads leave a consistent user', async () => {
  const user = createUserId();
  const service = createService({ variants: COPIER });
  const uploads = [1, 2, 3].map(() => createApi(user, { variants: COPIER }).upload(png(), 'image/png'));
  const changes = [
    service.put(user, jpeg()),
    service.erase(user),
    service.remove(user),
    service.erase(user),
    service.put(user, png()),
  ];
  await Promise.allSettled([...uploads, ...changes]);
  advanceTime(LATE_WRITE_MS);
  await runSweep();
  const avatar = await service.find(user);
  const owner = parseOwner((await createApi(user).presign()).key);
  expect(await listKeys(`avatars/${owner}/`)).toHaveLength(avatar ? 3 : 0);
  await erase(user);
  expect(await traces(user)).toEqual(NO_TRACES);
});
