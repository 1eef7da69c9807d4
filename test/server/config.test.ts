import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { type AvatarEnv, isLocalRequest, readConfig, requireSetting } from '../../server/config.js';
import { createAvatarApi } from '../../server/create-avatar-api.js';
import { ApiError } from '../../server/errors.js';
import { createApi, createUserId } from './harness.js';

/** The environment of the tests with other settings. */
const createEnv = (settings: Partial<AvatarEnv> = {}): AvatarEnv => ({ ...env, ...settings });

/** An environment that records which of its properties are read. */
function createRecordingEnv() {
  const reads: string[] = [];
  const recording = new Proxy(createEnv(), {
    get(target, name) {
      reads.push(String(name));
      return Reflect.get(target, name);
    },
  });
  return { reads, recording };
}

const getProblem = (read: () => unknown): unknown => {
  try {
    return read();
  } catch (error) {
    return error instanceof ApiError ? [error.code, error.message] : error;
  }
};

describe('the configuration', () => {
  it('is read from an environment once, however many requests there are', async () => {
    const { reads, recording } = createRecordingEnv();
    const api = createAvatarApi({ authenticate: () => ({ id: createUserId() }), log: () => {} });
    const headers = { origin: 'https://app.test', 'content-type': 'application/json' };
    const sendPresign = () =>
      api.request(
        'https://app.test/uploads/presign',
        { method: 'POST', headers, body: '{"contentType":"image/png"}' },
        recording,
      );
    expect((await sendPresign()).status).toBe(200);
    expect(reads).toEqual(expect.arrayContaining(['OWNER_SECRET', 'R2_ENDPOINT', 'TRUSTED_ORIGINS', 'RATE_LIMITER']));
    reads.length = 0;
    expect((await sendPresign()).status).toBe(200);
    expect((await api.request('https://app.test/me/avatar', {}, recording)).status).toBe(200);
    expect(reads).toEqual([]);
  });

  it('belongs to one environment', () => {
    const [first, second] = [createEnv(), createEnv({ TRUSTED_ORIGINS: 'https://other.test' })];
    expect(readConfig(first)).toBe(readConfig(first));
    expect(readConfig(second)).not.toBe(readConfig(first));
    expect(readConfig(second).trustedOrigins).toEqual({ value: ['https://other.test'] });
  });

  it('fails only the requests that need a missing setting', async () => {
    const api = createApi(createUserId(), {}, { R2_BUCKET: '' });
    expect((await api.call('GET', '/api/me/avatar')).status).toBe(200);
    const { status, body } = await api.call('POST', '/api/uploads/presign', { contentType: 'image/png' });
    expect([status, body.error]).toEqual([503, 'The server is not configured: R2_BUCKET must be set.']);
  });

  it('names all settings that are missing', () => {
    const { storage, s3 } = readConfig({ R2_BUCKET: 'avatars' } as AvatarEnv);
    const s3Problem = 'R2_ENDPOINT, R2_ACCESS_KEY_ID, R2_SECRET_ACCESS_KEY must be set.';
    expect(storage).toEqual({ problem: 'OWNER_SECRET, AVATARS, DB must be set.' });
    expect(s3).toEqual({ problem: s3Problem });
    expect(getProblem(() => requireSetting(s3))).toEqual(['unavailable', `The server is not configured: ${s3Problem}`]);
  });

  it('is local only with the flag and on a loopback address', () => {
    const config = readConfig(createEnv({ LOCAL_DEV: 'on' }));
    for (const host of ['localhost:5173', '127.0.0.1', '[::1]:8787']) {
      expect(isLocalRequest(config, `http://${host}/`), host).toBe(true);
      expect(isLocalRequest(readConfig(createEnv()), `http://${host}/`), host).toBe(false);
    }
    for (const host of ['app.test', 'localhost.app.test', '127.0.0.1.app.test', '192.168.0.1']) {
      expect(isLocalRequest(config, `http://${host}/`), host).toBe(false);
    }
  });
});
