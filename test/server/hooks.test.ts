import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { createAvatarApi } from '../../server/create-avatar-api.js';
import type { Committed, UnseenImage } from '../../server/hooks.js';
import type { LogEntry } from '../../server/log.js';
import { jpeg, png, text } from '../support/pictures.js';
import { failAtCall } from './fault-bindings.js';
import { createApi, createUserId, listKeys, parseOwner } from './harness.js';

/** Hooks that record their calls, in order. */
function recordHooks() {
  const calls: [string, unknown][] = [];
  const createHook = (name: string) => (event: unknown) => void calls.push([name, event]);
  const hooks = {
    onCommitted: createHook('committed'),
    onRejected: createHook('rejected'),
    onRemoved: createHook('removed'),
  };
  return { calls, hooks };
}

describe('hooks', () => {
  it('onCommitted is called once per new avatar, with the key that it replaced', async () => {
    const id = createUserId();
    const { calls, hooks } = recordHooks();
    const api = createApi(id, hooks);
    const first = await api.upload(png(), 'image/png');
    const second = await api.upload(jpeg(), 'image/jpeg');
    await Promise.all([api.commit(first.key), api.commit(second.key)]);
    expect(calls).toEqual([
      ['committed', { user: { id }, avatar: first.body.avatar, previousKey: null }],
      ['committed', { user: { id }, avatar: second.body.avatar, previousKey: first.body.avatar?.key }],
    ]);
  });

  it('onRejected is called once per rejected upload, and for no other failure', async () => {
    const id = createUserId();
    const { calls, hooks } = recordHooks();
    const api = createApi(id, hooks);
    const { key } = await api.presign();
    await api.commit(key);
    await env.AVATARS.put(key, text('no picture'));
    await api.commit(key);
    await api.commit(key);
    expect(calls).toEqual([['rejected', { user: { id }, code: 'invalid_image' }]]);
  });

  it('onRemoved is called if there was an avatar', async () => {
    const id = createUserId();
    const { calls, hooks } = recordHooks();
    const { body } = await createApi(id).upload(png(), 'image/png');
    for (let i = 0; i < 2; i++) await createApi(id, hooks).call('DELETE', '/api/me/avatar');
    expect(calls).toEqual([['removed', { user: { id }, key: body.avatar?.key }]]);
  });

  it('onCommitted is not called for an avatar that was superseded before it became current', async () => {
    const id = createUserId();
    const { calls, hooks } = recordHooks();
    const moderate = async () => (await createApi(id).call('DELETE', '/api/me/avatar')).status === 200;
    expect((await createApi(id, { ...hooks, moderate }).upload(png(), 'image/png')).status).toBe(200);
    expect(calls).toEqual([]);
  });

  it('a hook that fails is logged and does not change the response', async () => {
    const entries: LogEntry[] = [];
    const fail = () => {
      throw new Error('cannot reach https://hooks.example/?token=abc');
    };
    const options = {
      onCommitted: fail,
      onRejected: fail,
      onRemoved: async () => fail(),
      log: (entry: LogEntry) => void entries.push(entry),
    };
    const api = createApi(createUserId(), options);
    expect((await api.upload(png(), 'image/png')).status).toBe(200);
    expect((await api.upload(text('no picture'), 'image/png')).status).toBe(422);
    expect((await api.call('DELETE', '/api/me/avatar')).status).toBe(200);
    const failures = entries.filter(({ event }) => event === 'hook');
    expect(failures.map(({ hook }) => hook)).toEqual(['onCommitted', 'onRejected', 'onRemoved']);
    expect(failures[0]?.error).toEqual({ name: 'Error', message: 'cannot reach <url>' });
  });

  it('the response does not wait for a hook', async () => {
    const id = createUserId();
    const gate = Promise.withResolvers<void>();
    const calls: Committed[] = [];
    const onCommitted = async (event: Committed) => {
      await gate.promise;
      calls.push(event);
    };
    const app = new Hono<{ Bindings: Cloudflare.Env }>();
    app.route('/api', createAvatarApi({ authenticate: () => ({ id }), onCommitted, log: () => {} }));
    const { key } = await createApi(id).presign();
    await env.AVATARS.put(key, png());
    const context = createExecutionContext();
    const body = JSON.stringify({ key });
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body };
    const response = await app.request('https://app.test/api/uploads/commit', init, env, context);
    expect(response.status).toBe(200);
    expect(calls).toEqual([]);
    gate.resolve();
    await waitOnExecutionContext(context);
    expect(calls).toHaveLength(1);
  });
});

describe('moderation', () => {
  it('receives the picture as it would be stored, before anybody can see it', async () => {
    const id = createUserId();
    const bytes = jpeg({ gps: true, orientation: 6 });
    const seen: UnseenImage[] = [];
    const moderate = async (image: UnseenImage) => {
      seen.push(image);
      expect(await listKeys(`avatars/${owner}/`)).toEqual([]);
      return true;
    };
    const owner = parseOwner((await createApi(id).presign()).key);
    const { body } = await createApi(id, { moderate }).upload(bytes, 'image/jpeg');
    const stored = new Uint8Array((await (await env.AVATARS.get(body.avatar?.key ?? ''))?.arrayBuffer()) ?? []);
    expect(seen).toEqual([{ user: { id }, bytes: stored, contentType: 'image/jpeg', width: 8, height: 16 }]);
  });

  it.each([false, undefined, 'yes'])('rejects the upload for good if it returns %j', async (result) => {
    const user = createUserId();
    const before = await createApi(user).upload(png(), 'image/png');
    const { calls, hooks } = recordHooks();
    const moderate = () => result as boolean;
    const refused = await createApi(user, { moderate, ...hooks }).upload(jpeg(), 'image/jpeg');
    expect([refused.status, refused.body.code]).toEqual([422, 'moderated']);
    // Also after moderation is turned off.
    expect((await createApi(user).commit(refused.key)).body).toEqual(refused.body);
    expect((await createApi(user).call('GET', '/api/me/avatar')).body.avatar).toEqual(before.body.avatar);
    expect(await listKeys(`avatars/${parseOwner(refused.key)}/`)).toEqual([before.body.avatar?.key]);
    expect(calls.map(([name]) => name)).toEqual(['rejected']);
  });

  it('that fails blocks the picture, and is repeated with the next commit', async () => {
    const user = createUserId();
    const entries: LogEntry[] = [];
    const { calls, hooks } = recordHooks();
    const moderate = async () => {
      throw new Error('moderation is down');
    };
    const log = (entry: LogEntry) => void entries.push(entry);
    const failed = await createApi(user, { moderate, log, ...hooks }).upload(png(), 'image/png');
    expect([failed.status, failed.body.code]).toEqual([503, 'unavailable']);
    expect((await createApi(user).call('GET', '/api/me/avatar')).body).toEqual({ url: null });
    expect(entries).toContainEqual(expect.objectContaining({ event: 'hook', hook: 'moderate', level: 'error' }));
    expect(calls).toEqual([]);
    expect((await createApi(user).commit(failed.key)).status).toBe(200);
  });

  it('is not called for an invalid file', async () => {
    const moderate = () => {
      throw new Error('moderate was called');
    };
    const { body } = await createApi(createUserId(), { moderate }).upload(text('no picture'), 'image/png');
    expect(body.code).toBe('invalid_image');
  });

  it('blocks the picture even if D1 fails to store the rejection', async () => {
    const user = createUserId();
    const { key } = await createApi(user).presign();
    await env.AVATARS.put(key, png());
    // The calls are: find the upload, claim it, get the file, store the rejection.
    const { bindings } = failAtCall(4, 'before');
    const moderate = () => false;
    expect((await createApi(user, { moderate }, bindings).commit(key)).body.code).toBe('moderated');
    expect((await createApi(user).call('GET', '/api/me/avatar')).body).toEqual({ url: null });
  });
});
