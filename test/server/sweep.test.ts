import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { sweepAvatars } from '../../server/jobs/sweep.js';
import { png } from '../support/pictures.js';
import { apiFor, keysBelow, newUser, ownerIn } from './harness.js';

const sweep = (seconds: number) => sweepAvatars(env, { batchSize: 2 }, Date.now() + seconds * 1000);

describe('the sweep', () => {
  it('deletes pending objects after their last moment for a commit, and not before', async () => {
    const api = apiFor(newUser());
    const uploads = [];
    for (let i = 0; i < 5; i++) uploads.push(await api.presign());
    for (const { key } of uploads) await env.AVATARS.put(key, png());
    const committed = await api.commit(uploads[0]?.key ?? '');
    const prefix = `pending/${ownerIn(uploads[0]?.key ?? '')}/`;
    const lastMoments = uploads.map(({ expiresAt }) => Date.parse(expiresAt ?? '') + 600_000);
    await sweepAvatars(env, { batchSize: 2 }, Math.min(...lastMoments) - 1);
    expect(await keysBelow(prefix)).toHaveLength(5);
    await sweepAvatars(env, { batchSize: 2 }, Math.max(...lastMoments));
    expect(await keysBelow(prefix)).toEqual([]);
    expect((await api.call('GET', '/api/me/avatar')).body.avatar).toEqual(committed.body.avatar);
  });

  it('remembers uploads for a day, so that a late commit is told that it is late', async () => {
    const api = apiFor(newUser());
    const { key } = await api.presign();
    await sweep(721);
    expect((await api.commit(key)).body.code).toBe('upload_expired');
    await sweep(721 + 24 * 3600);
    expect((await api.commit(key)).body.code).toBe('bad_key');
  });

  it('deletes what a failed deletion has left', async () => {
    const user = newUser();
    const first = await apiFor(user).upload(png(), 'image/png');
    const failing = new Proxy(env.AVATARS, {
      get: (bucket, name: keyof R2Bucket) =>
        name === 'delete' ? () => Promise.reject(new Error('R2 is down')) : (bucket[name] as () => void).bind(bucket),
    });
    const removed = await apiFor(user, {}, { AVATARS: failing }).call('DELETE', '/api/me/avatar');
    expect(removed.status).toBe(200);
    const prefix = `avatars/${ownerIn(first.key)}/`;
    expect(await keysBelow(prefix)).toHaveLength(1);
    await sweep(0);
    expect(await keysBelow(prefix)).toEqual([]);
  });
});
