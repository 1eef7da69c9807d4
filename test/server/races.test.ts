import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LATE_WRITE_MS } from '../../server/db/claim.js';
import { sweepAvatars } from '../../server/jobs/sweep.js';
import { jpeg, png } from '../support/pictures.js';
import { pausingAt } from './fault-bindings.js';
import { type Answer, apiFor, keysBelow, newUser, ownerIn } from './harness.js';

const OVER = 721_000;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const pass = (milliseconds: number) => vi.setSystemTime(Date.now() + milliseconds);
const sweep = () => sweepAvatars(env, {}, Date.now());
const code = ({ status, body }: Answer) => body.code ?? status;
/** What the presigned PUT does, as often as it is sent. */
const put = (key: string, bytes = png()) => env.AVATARS.put(key, bytes, { onlyIf: { etagDoesNotMatch: '*' } });
const shown = async (user: string) => (await apiFor(user).call('GET', '/api/me/avatar')).body.avatar ?? null;
const stored = (key: string) => keysBelow(`avatars/${ownerIn(key)}/`);

async function arrived(user: string, bytes = png(), contentType = 'image/png') {
  const { key } = await apiFor(user).presign({ contentType });
  await put(key, bytes);
  return key;
}

describe('the same PUT again', () => {
  it('before the commit, after it, after a removal and after the sweep changes nothing that is shown', async () => {
    const user = newUser();
    const key = await arrived(user);
    expect(await put(key, jpeg())).toBe(null);
    const { body } = await apiFor(user).commit(key);
    expect(await put(key, jpeg())).toBe(null);
    expect(await shown(user)).toEqual(body.avatar);
    expect((await apiFor(user).commit(key)).body).toEqual(body);
    await apiFor(user).call('DELETE', '/api/me/avatar');
    await put(key, jpeg());
    expect((await apiFor(user).commit(key)).body).toEqual(body);
    expect(await shown(user)).toBe(null);
  });

  it('after the sweep is taken away by the next one, whether its upload was committed or not', async () => {
    const user = newUser();
    const [committed, abandoned] = [await arrived(user), await arrived(user)];
    await apiFor(user).commit(committed);
    pass(OVER);
    await sweep();
    for (const key of [committed, abandoned]) expect(await put(key)).toBeTruthy();
    expect(code(await apiFor(user).commit(abandoned))).toBe('upload_expired');
    await sweep();
    expect(await keysBelow(`pending/${ownerIn(committed)}/`)).toEqual([]);
    expect(await stored(committed)).toEqual([(await shown(user))?.key]);
  });

  it('after its upload is forgotten is taken away too', async () => {
    const key = await arrived(newUser());
    pass(OVER);
    await sweep();
    pass(86_400_000);
    await sweep();
    await put(key);
    await sweep();
    expect(await env.AVATARS.head(key)).toBe(null);
  });
});

describe('a commit that comes too late', () => {
  it('is told so before the sweep, after it, and until the upload is forgotten', async () => {
    const user = newUser();
    const key = await arrived(user);
    pass(OVER);
    expect(code(await apiFor(user).commit(key))).toBe('upload_expired');
    await sweep();
    expect(code(await apiFor(user).commit(key))).toBe('upload_expired');
    pass(86_400_000);
    await sweep();
    expect(code(await apiFor(user).commit(key))).toBe('bad_key');
    expect(await shown(user)).toBe(null);
  });

  it('is not told so while the same upload is being committed by a request that was in time', async () => {
    const user = newUser();
    const key = await arrived(user);
    const slow = pausingAt('put');
    pass(OVER - 2000);
    const inTime = apiFor(user, {}, slow.bindings).commit(key);
    await slow.reached;
    pass(2000);
    const looks = pausingAt('first', 'after');
    const late = apiFor(user, {}, looks.bindings).commit(key);
    await looks.reached;
    slow.goOn();
    const { status, body } = await inTime;
    looks.goOn();
    expect(status).toBe(200);
    expect((await late).body).toEqual(body);
  });
});

describe('two commits of different uploads at once', () => {
  it.each(['put', 'batch'])(
    'count in the order of their claims, also when the first is held up in its %s',
    async (call) => {
      const user = newUser();
      const [a, b] = [await arrived(user), await arrived(user, jpeg(), 'image/jpeg')];
      const slow = call === 'put' ? pausingAt('put') : pausingAt('get', 'after');
      const first = apiFor(user, {}, slow.bindings).commit(a);
      await slow.reached;
      const second = await apiFor(user).commit(b);
      slow.goOn();
      const answers = [await first, second];
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      expect(await shown(user)).toEqual(second.body.avatar);
      // Its answer stays what it was, and its object is gone at once.
      expect((await apiFor(user).commit(a)).body).toEqual((await first).body);
      expect(await stored(a)).toEqual([second.body.avatar?.key]);
    },
  );

  it('count so too when the later one is held up', async () => {
    const user = newUser();
    const [a, b] = [await arrived(user), await arrived(user, jpeg(), 'image/jpeg')];
    const [early, late] = [pausingAt('put'), pausingAt('put')];
    const first = apiFor(user, {}, early.bindings).commit(a);
    await early.reached;
    const second = apiFor(user, {}, late.bindings).commit(b);
    await late.reached;
    early.goOn();
    const { avatar } = (await first).body;
    expect(await shown(user)).toEqual(avatar);
    late.goOn();
    expect((await second).body.avatar).toEqual(await shown(user));
    expect(await stored(a)).toEqual([(await second).body.avatar?.key]);
  });
});

describe('a removal while a commit is under way', () => {
  it('counts as later than the commit', async () => {
    const user = newUser();
    const before = await apiFor(user).upload(jpeg(), 'image/jpeg');
    const key = await arrived(user);
    const slow = pausingAt('put');
    const commit = apiFor(user, {}, slow.bindings).commit(key);
    await slow.reached;
    expect((await apiFor(user).call('DELETE', '/api/me/avatar')).status).toBe(200);
    slow.goOn();
    expect((await commit).status).toBe(200);
    expect((await commit).body.avatar?.key).not.toBe(before.body.avatar?.key);
    expect(await shown(user)).toBe(null);
    expect(await stored(key)).toEqual([]);
  });

  it('does not touch a commit that begins after it', async () => {
    const user = newUser();
    const key = await arrived(user);
    expect(code(await apiFor(user).commit((await apiFor(user).presign()).key))).toBe('not_uploaded');
    await apiFor(user).call('DELETE', '/api/me/avatar');
    expect((await apiFor(user).commit(key)).body.avatar).toEqual(await shown(user));
    expect(await shown(user)).toBeTruthy();
  });
});

describe('a commit and the sweep at once', () => {
  it.each(['get', 'put', 'batch'])(
    'where the sweep comes before the commit’s %s: it is too late, and leaves nothing',
    async (call) => {
      const user = newUser();
      const before = await apiFor(user).upload(jpeg(), 'image/jpeg');
      const key = await arrived(user);
      pass(OVER - 2000);
      const slow = pausingAt(call, call === 'batch' ? 'after' : 'before');
      const commit = apiFor(user, {}, slow.bindings).commit(key);
      await slow.reached;
      pass(2000);
      await sweep();
      slow.goOn();
      expect(['upload_expired', 'not_uploaded']).toContain(code(await commit));
      expect(code(await apiFor(user).commit(key))).toBe('upload_expired');
      pass(LATE_WRITE_MS);
      await sweep();
      expect(await shown(user)).toEqual(before.body.avatar);
      expect(await stored(key)).toEqual([before.body.avatar?.key]);
    },
  );

  it.each(['all', 'delete', 'batch'])('where the commit comes before the sweep’s %s: it stays', async (call) => {
    const user = newUser();
    const key = await arrived(user);
    const slow = pausingAt(call);
    const swept = sweepAvatars(slow.bindings, {}, Date.now() + OVER);
    await slow.reached;
    const answer = await apiFor(user).commit(key);
    slow.goOn();
    await swept;
    pass(OVER);
    await sweep();
    pass(LATE_WRITE_MS);
    await sweep();
    const isInTime = call !== 'delete';
    expect(answer.status).toBe(isInTime ? 200 : 410);
    expect(await shown(user)).toEqual(answer.body.avatar ?? null);
    expect(await stored(key)).toEqual(isInTime ? [answer.body.avatar?.key] : []);
  });
});
