import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { commitUpload, type UploadOptions } from '../../src/core/upload-avatar.js';
import { UploadCheckpoint } from '../../src/core/upload-checkpoint.js';
import { ScriptedTransport } from '../support/scripted-transport.js';
import {
  file,
  ok,
  page,
  presigned,
  respondInOrder,
  type ScriptedResponse,
  startUpload,
  waitForOutcome,
} from '../support/scripted-upload.js';
import '../../src/core/diagnose-error.js';

beforeEach(() => page.install());
afterEach(() => page.restore());

describe('an upload checkpoint', () => {
  const resume = async (
    checkpoint: UploadCheckpoint,
    responses: ScriptedResponse[],
    blob: Blob = file,
    options: UploadOptions = {},
  ) => {
    const { transport, outcome } = startUpload({ checkpoint, maxRetries: 0, ...options }, blob);
    const requests = await respondInOrder(transport, ...responses);
    return { ...(await waitForOutcome(outcome)), sent: transport.sent, requests };
  };

  it('reuses its URL until that expires', async () => {
    const checkpoint = new UploadCheckpoint();
    const first = await resume(checkpoint, [[200, presigned()], 'network']);
    expect(first.error?.code).toBe('network');
    const second = await resume(checkpoint, [[412], [200, ok]]);
    expect([second.key, second.sent]).toEqual(['pending/o/1', ['put', 'commit']]);
  });

  it('only commits bytes that are in storage, although its URL has expired', async () => {
    const checkpoint = new UploadCheckpoint();
    const expiresAt = new Date(Date.now() + 1000).toISOString();
    await resume(checkpoint, [[200, presigned('a', { expiresAt })], [200], [401]]);
    await vi.advanceTimersByTimeAsync(60_000);
    const second = await resume(checkpoint, [[200, ok]]);
    expect([second.key, second.sent]).toEqual(['a', ['commit']]);
  });

  it.each([401, 403, 429, 500])('keeps the upload after a commit that failed with %i', async (status) => {
    const checkpoint = new UploadCheckpoint();
    await resume(checkpoint, [[200, presigned('a')], [200], [status]]);
    expect(checkpoint.uploadedKey).toBe('a');
    expect((await resume(checkpoint, [[200, ok]])).sent).toEqual(['commit']);
  });

  it('starts over if the upload has expired before the commit', async () => {
    const checkpoint = new UploadCheckpoint();
    await resume(checkpoint, [[200, presigned('a')], [200], 'network']);
    const second = await resume(checkpoint, [[410, {}], [200, presigned('b')], [200], [200, ok]]);
    expect(second.key).toBe('b');
  });

  it.each<[string, () => ScriptedResponse[]]>([
    [
      'the URL has expired',
      () => [[200, presigned('a', { expiresAt: new Date(Date.now() + 1000).toISOString() })], 'network'],
    ],
    ['the URL was wrong', () => [[200, presigned()], [404]]],
    ['the upload was refused', () => [[200, presigned()], [200], [422, { code: 'mismatch' }]]],
    ['the key was not accepted', () => [[200, presigned()], [200], [400, { code: 'bad_key' }]]],
  ])('starts over if %s', async (_, createResponses) => {
    const checkpoint = new UploadCheckpoint();
    await resume(checkpoint, createResponses());
    await vi.advanceTimersByTimeAsync(60_000);
    const second = await resume(checkpoint, [[200, presigned('b')], [200], [200, ok]]);
    expect(second.sent).toEqual(['presign', 'put', 'commit']);
  });

  it('starts over for other bytes, and for another back end', async () => {
    for (const [blob, options] of [
      [new File(['pictur2'], 'me.png', { type: 'image/png' }), {}],
      [file, { presignUrl: '/other' }],
    ] as const) {
      const checkpoint = new UploadCheckpoint();
      await resume(checkpoint, [[200, presigned('a')], [200], 'network']);
      const second = await resume(checkpoint, [[200, presigned('b')], [200], [200, ok]], blob, options);
      expect(second.key).toBe('b');
    }
  });

  it('belongs to one blob, where the page can compute no digest', async () => {
    vi.stubGlobal('crypto', {});
    const checkpoint = new UploadCheckpoint();
    await resume(checkpoint, [[200, presigned('a')], [200], 'network']);
    expect((await resume(checkpoint, [[200, ok]])).key).toBe('a');
    await resume(checkpoint, [[200, presigned('b')], [200], 'network']);
    expect((await resume(checkpoint, [[200, presigned('c')], [200], [200, ok]], new File([file], 'me.png'))).key).toBe(
      'c',
    );
  });

  it('is empty after a success', async () => {
    const checkpoint = new UploadCheckpoint();
    await resume(checkpoint, [[200, presigned('a')], [200], [200, ok]]);
    expect((await resume(checkpoint, [[200, presigned('b')], [200], [200, ok]])).key).toBe('b');
  });
});

describe('commitUpload', () => {
  it('retries the commit, and lets the request finish after the page is closed', async () => {
    const transport = new ScriptedTransport();
    const outcome = commitUpload('pending/o/9', { transport, commitUrl: '/c' });
    const requests = await respondInOrder(transport, 'network', [200, ok]);
    expect((await waitForOutcome(outcome)).key).toBe('pending/o/9');
    for (const { request } of requests)
      expect(request).toMatchObject({ url: '/c', keepalive: true, body: { key: 'pending/o/9' } });
  });
});
