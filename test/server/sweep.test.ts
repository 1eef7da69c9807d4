import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { sweepAvatars } from '../../server/jobs/sweep.js';
import { png } from '../support/pictures.js';
import { createApi, createUserId, listKeys, parseOwner } from './harness.js';

const sweep = (seconds: number) => sweepAvatars(env, { batchSize: 2 }, Date.now() + seconds * 1000);

describe('the sweep', () => {
  it('deletes pending objects once they can no longer be committed, and not before', async () => {
    const api = createApi(createUserId());
    const uploads = [];
    for (let i = 0; i < 5; i++) uploads.push(await api.presign());
    for (const { key } of uploads) await env.AVATARS.put(key, png());
    const committed = await api.commit(uploads[0]?.key ?? '');
    const prefix = `pending/${parseOwner(uploads[0]?.key ?? '')}/`;
    const lastMoments = uploads.map(({ expiresAt }) => Date.parse(expiresAt ?? '') + 600_000);
    await sweepAvatars(env, { batchSize: 2 }, Math.min(...lastMoments) - 1);
    expect(await listKeys(prefix)).toHaveLength(5);
    await sweepAvatars(env, { batchSize: 2 }, Math.max(...lastMoments));
    expect(await listKeys(prefix)).toEqual([]);
    expect((await api.call('GET', '/api/me/avatar')).body.avatar).toEqual(committed.body.avatar);
  });

  it('remembers uploads for a day, so that a late commit gets 410', async () => {
    const api = createApi(createUserId());
    const { key } = await api.presign();
    await sweep(721);
    expect((await api.commit(key)).body.code).toBe('upload_expired');
    await sweep(721 + 24 * 3600);
    expect((await api.commit(key)).body.code).toBe('bad_key');
  });

  it('deletes objects that a failed deletion has left', async () => {
    const user = createUserId();
    const first = await createApi(user).upload(png(), 'image/png');
    const failing = new Proxy(env.AVATARS, {
      get: (bucket, name: keyof R2Bucket) =>
        name === 'delete' ? () => Promise.reject(new Error('R2 is down')) : (bucket[name] as () => void).bind(bucket),
    });
    const removed = await createApi(user, {}, { AVATARS: failing }).call('DELETE', '/api/me/avatar');
    expect(removed.status).toBe(200);
    const prefix = `avatars/${parseOwner(first.key)}/`;
    expect(await listKeys(prefix)).toHaveLength(1);
    await sweep(0);
    expect(await listKeys(prefix)).toEqual([]);
  });
});
