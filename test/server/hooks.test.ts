import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { createAvatarApi } from '../../server/create-avatar-api.js';
import type { Committed, UnseenImage } from '../../server/hooks.js';
import type { LogEntry } from '../../server/log.js';
import { jpeg, png, text } from '../support/pictures.js';
import { failingAt } from './fault-bindings.js';
import { apiFor, keysBelow, newUser, ownerIn } from './harness.js';

/** All that the hooks are told, in order. */
function recorder() {
  const calls: [string, unknown][] = [];
  const hook = (name: string) => (event: unknown) => void calls.push([name, event]);
  const hooks = { onCommitted: hook('committed'), onRejected: hook('rejected'), onRemoved: hook('removed') };
  return { calls, hooks };
}

describe('the host is told', () => {
  it('of avatars that have become current, with what they replaced, once', async () => {
    const id = newUser();
    const { calls, hooks } = recorder();
    const api = apiFor(id, hooks);
    const first = await api.upload(png(), 'image/png');
    const second = await api.upload(jpeg(), 'image/jpeg');
    await Promise.all([api.commit(first.key), api.commit(second.key)]);
    expect(calls).toEqual([
      ['committed', { user: { id }, avatar: first.body.avatar, previousKey: null }],
      ['committed', { user: { id }, avatar: second.body.avatar, previousKey: first.body.avatar?.key }],
    ]);
  });

  it('of uploads that were refused for good, once, and of no other failure', async () => {
    const id = newUser();
    const { calls, hooks } = recorder();
    const api = apiFor(id, hooks);
    const { key } = await api.presign();
    await api.commit(key);
    await env.AVATARS.put(key, text('no picture'));
    await api.commit(key);
    await api.commit(key);
    expect(calls).toEqual([['rejected', { user: { id }, code: 'invalid_image' }]]);
  });

  it('of removals, where there was something to remove', async () => {
    const id = newUser();
    const { calls, hooks } = recorder();
    const { body } = await apiFor(id).upload(png(), 'image/png');
    for (let i = 0; i < 2; i++) await apiFor(id, hooks).call('DELETE', '/api/me/avatar');
    expect(calls).toEqual([['removed', { user: { id }, key: body.avatar?.key }]]);
  });

  it('of no avatar that was replaced before it was shown', async () => {
    const id = newUser();
    const { calls, hooks } = recorder();
    const moderate = async () => (await apiFor(id).call('DELETE', '/api/me/avatar')).status === 200;
    expect((await apiFor(id, { ...hooks, moderate }).upload(png(), 'image/png')).status).toBe(200);
    expect(calls).toEqual([]);
  });

  it('with an answer that is the same when the hook fails, which is logged', async () => {
    const lines: LogEntry[] = [];
    const fail = () => {
      throw new Error('cannot reach https://hooks.example/?token=abc');
    };
    const options = {
      onCommitted: fail,
      onRejected: fail,
      onRemoved: async () => fail(),
      log: (line: LogEntry) => void lines.push(line),
    };
    const api = apiFor(newUser(), options);
    expect((await api.upload(png(), 'image/png')).status).toBe(200);
    expect((await api.upload(text('no picture'), 'image/png')).status).toBe(422);
    expect((await api.call('DELETE', '/api/me/avatar')).status).toBe(200);
    const failures = lines.filter(({ event }) => event === 'hook');
    expect(failures.map(({ hook }) => hook)).toEqual(['onCommitted', 'onRejected', 'onRemoved']);
    expect(failures[0]?.error).toEqual({ name: 'Error', message: 'cannot reach <url>' });
  });

  it('without the answer waiting for it, where the Worker can go on', async () => {
    const id = newUser();
    const gate = Promise.withResolvers<void>();
    const told: Committed[] = [];
    const onCommitted = async (event: Committed) => {
      await gate.promise;
      told.push(event);
    };
    const app = new Hono<{ Bindings: Cloudflare.Env }>();
    app.route('/api', createAvatarApi({ authenticate: () => ({ id }), onCommitted, log: () => {} }));
    const { key } = await apiFor(id).presign();
    await env.AVATARS.put(key, png());
    const context = createExecutionContext();
    const body = JSON.stringify({ key });
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body };
    const answer = await app.request('https://app.test/api/uploads/commit', init, env, context);
    expect(answer.status).toBe(200);
    expect(told).toEqual([]);
    gate.resolve();
    await waitOnExecutionContext(context);
    expect(told).toHaveLength(1);
  });
});

describe('moderation', () => {
  it('sees what would be stored, before anybody else does', async () => {
    const id = newUser();
    const bytes = jpeg({ gps: true, orientation: 6 });
    const seen: UnseenImage[] = [];
    const moderate = async (image: UnseenImage) => {
      seen.push(image);
      expect(await keysBelow(`avatars/${owner}/`)).toEqual([]);
      return true;
    };
    const owner = ownerIn((await apiFor(id).presign()).key);
    const { body } = await apiFor(id, { moderate }).upload(bytes, 'image/jpeg');
    const stored = new Uint8Array((await (await env.AVATARS.get(body.avatar?.key ?? ''))?.arrayBuffer()) ?? []);
    expect(seen).toEqual([{ user: { id }, bytes: stored, contentType: 'image/jpeg', width: 8, height: 16 }]);
  });

  it.each([false, undefined, 'yes'])('refuses for good where it answers %j', async (answer) => {
    const user = newUser();
    const before = await apiFor(user).upload(png(), 'image/png');
    const { calls, hooks } = recorder();
    const moderate = () => answer as boolean;
    const refused = await apiFor(user, { moderate, ...hooks }).upload(jpeg(), 'image/jpeg');
    expect([refused.status, refused.body.code]).toEqual([422, 'moderated']);
    // Also where nobody moderates any more.
    expect((await apiFor(user).commit(refused.key)).body).toEqual(refused.body);
    expect((await apiFor(user).call('GET', '/api/me/avatar')).body.avatar).toEqual(before.body.avatar);
    expect(await keysBelow(`avatars/${ownerIn(refused.key)}/`)).toEqual([before.body.avatar?.key]);
    expect(calls.map(([name]) => name)).toEqual(['rejected']);
  });

  it('that fails shows nothing, and is asked again when the commit is sent again', async () => {
    const user = newUser();
    const lines: LogEntry[] = [];
    const { calls, hooks } = recorder();
    const moderate = async () => {
      throw new Error('the model is down');
    };
    const log = (line: LogEntry) => void lines.push(line);
    const failed = await apiFor(user, { moderate, log, ...hooks }).upload(png(), 'image/png');
    expect([failed.status, failed.body.code]).toEqual([503, 'unavailable']);
    expect((await apiFor(user).call('GET', '/api/me/avatar')).body).toEqual({ url: null });
    expect(lines).toContainEqual(expect.objectContaining({ event: 'hook', hook: 'moderate', level: 'error' }));
    expect(calls).toEqual([]);
    expect((await apiFor(user).commit(failed.key)).status).toBe(200);
  });

  it('is not asked for what is refused anyway', async () => {
    const moderate = () => {
      throw new Error('asked');
    };
    const { body } = await apiFor(newUser(), { moderate }).upload(text('no picture'), 'image/png');
    expect(body.code).toBe('invalid_image');
  });

  it('holds when D1 fails to note it: the picture is not shown, and asked about again', async () => {
    const user = newUser();
    const { key } = await apiFor(user).presign();
    await env.AVATARS.put(key, png());
    // After the look at the upload, the claim, and the bytes: what comes is the refusal.
    const { bindings } = failingAt(4, 'before');
    const moderate = () => false;
    expect((await apiFor(user, { moderate }, bindings).commit(key)).body.code).toBe('moderated');
    expect((await apiFor(user).call('GET', '/api/me/avatar')).body).toEqual({ url: null });
  });
});
