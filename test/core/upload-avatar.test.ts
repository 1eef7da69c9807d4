import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { AvatarUploadError } from '../../src/core/errors.js';
import { type UploadOptions, uploadAvatar } from '../../src/core/upload-avatar.js';
import { type ScriptedRequest, ScriptedTransport } from '../support/scripted-transport.js';

const file = new File(['picture'], 'me.png', { type: 'image/png' });
const url = 'https://bucket.example/pending/o/1?X-Amz-Signature=secret';
const presigned = { url, signedHeaders: { 'content-type': 'image/png', 'if-none-match': '*' }, key: 'pending/o/1' };
const avatar = { key: 'avatars/o/2.png', contentType: 'image/png', size: 7, width: 1, height: 1, createdAt: 'now' };

beforeEach(() => {
  vi.spyOn(console, 'warn').mockImplementation(() => {});
});

function startUpload(options: UploadOptions = {}) {
  const transport = new ScriptedTransport();
  const states: string[] = [];
  const run = uploadAvatar(file, { transport, maxRetries: 0, onState: (state) => states.push(state), ...options });
  const outcome = run.then(
    (result) => ({ result, error: null }),
    (error: AvatarUploadError) => ({ result: null, error }),
  );
  return { transport, states, outcome };
}

/** Responds to the requests in this order, each with `[status, body]` or a failure. */
async function respondInOrder(
  transport: ScriptedTransport,
  ...responses: ([number, unknown?, Record<string, string>?] | 'network' | 'timeout')[]
) {
  const requests: ScriptedRequest[] = [];
  for (const response of responses) {
    const request = await transport.nextRequest();
    requests.push(request);
    if (typeof response === 'string') request.fail(response);
    else request.respond(...response);
  }
  return requests;
}

describe('an upload', () => {
  it('presigns, PUTs and commits, once each and in this order', async () => {
    const { transport, states, outcome } = startUpload();
    const [presign, put, commit] = await respondInOrder(
      transport,
      [200, presigned],
      [200],
      [200, { ok: true, avatar }],
    );
    expect((await outcome).result).toEqual({ key: avatar.key, avatar });
    expect(transport.sent).toEqual(['presign', 'put', 'commit']);
    expect(states).toEqual(['presigning', 'uploading', 'committing']);
    expect(presign?.request).toMatchObject({ method: 'POST', url: '/api/uploads/presign' });
    expect(presign?.request.body).toEqual({
      filename: 'me.png',
      contentType: 'image/png',
      size: 7,
      sha256: createHash('sha256').update('picture').digest('base64'),
    });
    expect(put?.request).toMatchObject({ url, headers: presigned.signedHeaders });
    expect(put?.request.body).toBe(file);
    expect(commit?.request).toMatchObject({ method: 'POST', url: '/api/uploads/commit', body: { key: 'pending/o/1' } });
  });

  it('works with a back end that answers {url, signedHeaders, key} and {ok: true}', async () => {
    const { transport, outcome } = startUpload();
    await respondInOrder(transport, [200, presigned], [200], [200, { ok: true }]);
    expect((await outcome).result).toEqual({ key: 'pending/o/1', avatar: null });
  });

  it('treats a 412 at the PUT as an earlier try that succeeded: the commit decides', async () => {
    const { transport, outcome } = startUpload();
    await respondInOrder(transport, [200, presigned], [412], [200, { ok: true, avatar }]);
    expect((await outcome).result?.key).toBe(avatar.key);
  });

  it('reports its progress in bytes', async () => {
    const reports: unknown[] = [];
    const { transport, outcome } = startUpload({ onProgress: (progress) => reports.push(progress) });
    await respondInOrder(transport, [200, presigned]);
    const put = await transport.nextRequest();
    put.request.onProgress(0);
    put.request.onProgress(7);
    put.respond(200);
    await respondInOrder(transport, [200, { ok: true }]);
    await outcome;
    expect(reports).toEqual([
      { loaded: 0, total: 7, ratio: 0 },
      { loaded: 7, total: 7, ratio: 1 },
    ]);
  });

  it('declares the size only, where the page has no WebCrypto', async () => {
    const { crypto } = globalThis;
    Object.defineProperty(globalThis, 'crypto', { value: {}, configurable: true });
    try {
      const { transport } = startUpload();
      const { request } = await transport.nextRequest();
      expect(request.body).toEqual({ filename: 'me.png', contentType: 'image/png', size: 7 });
    } finally {
      Object.defineProperty(globalThis, 'crypto', { value: crypto, configurable: true });
    }
  });

  it('uses hooks in place of the endpoint calls', async () => {
    const calls: unknown[] = [];
    const { transport, outcome } = startUpload({
      presign: (request, { signal }) => {
        calls.push(request.contentType, signal.aborted);
        return presigned;
      },
      commit: async ({ key }) => {
        calls.push(key);
        return { ok: true };
      },
    });
    await respondInOrder(transport, [200]);
    expect((await outcome).result?.key).toBe('pending/o/1');
    expect(calls).toEqual(['image/png', false, 'pending/o/1']);
    expect(transport.sent).toEqual(['put']);
  });
});

describe('an upload fails', () => {
  type ScriptedResponse = [number, unknown?, Record<string, string>?] | 'network' | 'timeout';
  const ok: ScriptedResponse[] = [[200, presigned], [200]];
  const refused: ScriptedResponse[] = [[200, presigned], [403]];
  const expired: ScriptedResponse[] = [...ok, [410, { code: 'upload_expired' }]];
  const cases: [string, ScriptedResponse[], Partial<AvatarUploadError>][] = [
    ['a lost connection', ['network'], { code: 'network', phase: 'presign', retryable: true }],
    [
      'a 401',
      [[401, { error: 'x', code: 'unauthorized' }]],
      { code: 'unauthorized', phase: 'presign', status: 401, retryable: false },
    ],
    ['a 401 without a code', [[401, '']], { code: 'unauthorized', phase: 'presign' }],
    ['a 200 with HTML', [[200, '<p>é</p>', { 'content-length': '9' }]], { code: 'bad_response', phase: 'presign' }],
    [
      'a 200 of which only a part has arrived',
      [[200, '<p>é</', { 'content-length': '9' }]],
      { code: 'network', phase: 'presign', retryable: true },
    ],
    ['a presign with an empty object', [[200, {}]], { code: 'bad_response', phase: 'presign' }],
    ['a presign with null', [[200, null]], { code: 'bad_response', phase: 'presign' }],
    ['a presign with an array', [[200, []]], { code: 'bad_response', phase: 'presign' }],
    ['a presign without a key', [[200, { ...presigned, key: '' }]], { code: 'bad_response', phase: 'presign' }],
    [
      'a presign with headers that are not strings',
      [[200, { ...presigned, signedHeaders: { a: 1 } }]],
      { code: 'bad_response' },
    ],
    ['a 502 of a gateway', [[502, undefined]], { code: 'unavailable', phase: 'presign', retryable: true }],
    ['an unknown status', [[418]], { code: 'invalid_request', phase: 'presign', retryable: false }],
    ['an unknown 5xx', [[599]], { code: 'internal', retryable: true }],
    ["a code of the host application's own", [[422, { code: 'quota_used' }]], { code: 'quota_used', status: 422 }],
    ['a code that is invalid', [[403, { code: 'https://x?y=z' }]], { code: 'forbidden_origin' }],
    ['too many requests', [[429, { code: 'rate_limited' }]], { code: 'rate_limited', retryable: true }],
    [
      'a refused PUT',
      [...refused, ...refused, ...refused],
      { code: 'storage_refused', phase: 'put', status: 403, retryable: false },
    ],
    [
      'a PUT while the storage is down',
      [[200, presigned], [503]],
      { code: 'unavailable', phase: 'put', retryable: true },
    ],
    ['a lost PUT', [[200, presigned], 'network'], { code: 'network', phase: 'put' }],
    ['a stalled PUT', [[200, presigned], 'timeout'], { code: 'timeout', phase: 'put', retryable: true }],
    ['a commit without ok', [...ok, [200, { ok: 'yes' }]], { code: 'bad_response', phase: 'commit' }],
    ['a commit without a body', [...ok, [200, undefined]], { code: 'bad_response', phase: 'commit' }],
    ['a refused commit', [...ok, [422, { code: 'mismatch' }]], { code: 'mismatch', phase: 'commit', status: 422 }],
    [
      'commits that are all too late',
      [...expired, ...expired, ...expired],
      { code: 'upload_expired', retryable: true },
    ],
  ];
  it.each(cases)('after %s', async (_, responses, expected) => {
    const { transport, outcome } = startUpload();
    await respondInOrder(transport, ...responses);
    const { error } = await outcome;
    expect(error).toBeInstanceOf(AvatarUploadError);
    expect(error).toMatchObject(expected);
    expect(`${error?.message} ${error?.cause} ${error?.hint}`).not.toContain('secret');
  });

  it('with the status that a hook throws, and without its URLs', async () => {
    const { outcome } = startUpload({
      presign: () => Promise.reject(Object.assign(new Error(`GET ${url} failed for /x?token=secret`), { status: 401 })),
    });
    const { error } = await outcome;
    expect(error).toMatchObject({ code: 'unauthorized', phase: 'presign', status: 401 });
    expect(String(error?.cause)).toBe('Error: GET [URL] failed for [URL]');
  });

  it('with the very AvatarUploadError that a hook throws', async () => {
    const own = new AvatarUploadError('moderated', 'commit');
    const { transport, outcome } = startUpload({ commit: () => Promise.reject(own) });
    await respondInOrder(transport, [200, presigned], [200]);
    expect((await outcome).error).toBe(own);
  });
});

describe('an aborted upload', () => {
  it('sends nothing if it was aborted before it started', async () => {
    const { transport, outcome } = startUpload({ signal: AbortSignal.abort() });
    expect((await outcome).error).toMatchObject({ code: 'aborted', retryable: false });
    expect(transport.sent).toEqual([]);
  });

  it.each(['presign', 'put', 'commit'])('sends nothing after the %s request, and never succeeds', async (kind) => {
    const controller = new AbortController();
    const { transport, outcome } = startUpload({ signal: controller.signal });
    for (;;) {
      const request = await transport.nextRequest();
      if (request.kind === kind) {
        controller.abort();
        request.respond(200, { ok: true });
        break;
      }
      request.respond(200, presigned);
    }
    expect((await outcome).error).toMatchObject({ code: 'aborted', phase: kind });
    expect(transport.sent.at(-1)).toBe(kind);
  });

  it.each(['presign', 'commit'] as const)('never succeeds, although the %s hook returns', async (name) => {
    const controller = new AbortController();
    const hook = () => {
      controller.abort();
      return name === 'presign' ? presigned : { ok: true as const };
    };
    const { transport, outcome } = startUpload({ signal: controller.signal, [name]: hook });
    if (name === 'commit') await respondInOrder(transport, [200, presigned], [200]);
    expect((await outcome).error).toMatchObject({ code: 'aborted', phase: name });
  });
});
