import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { AvatarUploadError } from '../../src/core/errors.js';
import { type UploadOptions, uploadAvatar } from '../../src/core/upload-avatar.js';
import { type Scripted, ScriptedTransport } from '../support/scripted-transport.js';

const file = new File(['picture'], 'me.png', { type: 'image/png' });
const url = 'https://bucket.example/pending/o/1?X-Amz-Signature=secret';
const presigned = { url, signedHeaders: { 'content-type': 'image/png', 'if-none-match': '*' }, key: 'pending/o/1' };
const avatar = { key: 'avatars/o/2.png', contentType: 'image/png', size: 7, width: 1, height: 1, createdAt: 'now' };

beforeEach(() => {
  vi.spyOn(console, 'warn').mockImplementation(() => {});
});

function start(options: UploadOptions = {}) {
  const transport = new ScriptedTransport();
  const states: string[] = [];
  const run = uploadAvatar(file, { transport, maxRetries: 0, onState: (state) => states.push(state), ...options });
  const outcome = run.then(
    (result) => ({ result, error: null }),
    (error: AvatarUploadError) => ({ result: null, error }),
  );
  return { transport, states, outcome };
}

/** Answers the requests in this order; each is `[status, body]`, or a failure. */
async function play(transport: ScriptedTransport, ...answers: ([number, unknown?] | 'network' | 'timeout')[]) {
  const requests: Scripted[] = [];
  for (const answer of answers) {
    const request = await transport.next();
    requests.push(request);
    if (typeof answer === 'string') request.fail(answer);
    else request.answer(...answer);
  }
  return requests;
}

describe('an upload', () => {
  it('presigns, puts and commits, once each and in this order', async () => {
    const { transport, states, outcome } = start();
    const [presign, put, commit] = await play(transport, [200, presigned], [200], [200, { ok: true, avatar }]);
    expect((await outcome).result).toEqual({ key: avatar.key, avatar });
    expect(transport.sent).toEqual(['presign', 'put', 'commit']);
    expect(states).toEqual(['presigning', 'uploading', 'committing']);
    expect(presign?.call).toMatchObject({ method: 'POST', url: '/api/uploads/presign' });
    expect(presign?.call.body).toEqual({
      filename: 'me.png',
      contentType: 'image/png',
      size: 7,
      sha256: createHash('sha256').update('picture').digest('base64'),
    });
    expect(put?.call).toMatchObject({ url, headers: presigned.signedHeaders });
    expect(put?.call.body).toBe(file);
    expect(commit?.call).toMatchObject({ method: 'POST', url: '/api/uploads/commit', body: { key: 'pending/o/1' } });
  });

  it('works with a back end that answers {url, signedHeaders, key} and {ok: true}', async () => {
    const { transport, outcome } = start();
    await play(transport, [200, presigned], [200], [200, { ok: true }]);
    expect((await outcome).result).toEqual({ key: 'pending/o/1', avatar: null });
  });

  it('takes a 412 at the PUT for an earlier try that landed: the commit decides', async () => {
    const { transport, outcome } = start();
    await play(transport, [200, presigned], [412], [200, { ok: true, avatar }]);
    expect((await outcome).result?.key).toBe(avatar.key);
  });

  it('tells its progress in bytes', async () => {
    const seen: unknown[] = [];
    const { transport, outcome } = start({ onProgress: (progress) => seen.push(progress) });
    await play(transport, [200, presigned]);
    const put = await transport.next();
    put.call.onProgress(0);
    put.call.onProgress(7);
    put.answer(200);
    await play(transport, [200, { ok: true }]);
    await outcome;
    expect(seen).toEqual([
      { loaded: 0, total: 7, ratio: 0 },
      { loaded: 7, total: 7, ratio: 1 },
    ]);
  });

  it('declares the size alone where the page has no WebCrypto', async () => {
    const { crypto } = globalThis;
    Object.defineProperty(globalThis, 'crypto', { value: {}, configurable: true });
    try {
      const { transport } = start();
      const { call } = await transport.next();
      expect(call.body).toEqual({ filename: 'me.png', contentType: 'image/png', size: 7 });
    } finally {
      Object.defineProperty(globalThis, 'crypto', { value: crypto, configurable: true });
    }
  });

  it('uses hooks in place of the endpoint calls', async () => {
    const calls: unknown[] = [];
    const { transport, outcome } = start({
      presign: (request, { signal }) => {
        calls.push(request.contentType, signal.aborted);
        return presigned;
      },
      commit: async ({ key }) => {
        calls.push(key);
        return { ok: true };
      },
    });
    await play(transport, [200]);
    expect((await outcome).result?.key).toBe('pending/o/1');
    expect(calls).toEqual(['image/png', false, 'pending/o/1']);
    expect(transport.sent).toEqual(['put']);
  });
});

describe('a failed upload', () => {
  type Answer = [number, unknown?] | 'network' | 'timeout';
  const ok: Answer[] = [[200, presigned], [200]];
  const refused: Answer[] = [[200, presigned], [403]];
  const late: Answer[] = [...ok, [410, { code: 'upload_expired' }]];
  const cases: [string, Answer[], Partial<AvatarUploadError>][] = [
    ['no connection', ['network'], { code: 'network', phase: 'presign', retryable: true }],
    [
      'no session',
      [[401, { error: 'x', code: 'unauthorized' }]],
      { code: 'unauthorized', phase: 'presign', status: 401, retryable: false },
    ],
    ['no session, told by the status alone', [[401, '']], { code: 'unauthorized', phase: 'presign' }],
    ['HTML with 200', [[200, undefined]], { code: 'bad_response', phase: 'presign' }],
    ['an empty object', [[200, {}]], { code: 'bad_response', phase: 'presign' }],
    ['null', [[200, null]], { code: 'bad_response', phase: 'presign' }],
    ['a list', [[200, []]], { code: 'bad_response', phase: 'presign' }],
    ['no key', [[200, { ...presigned, key: '' }]], { code: 'bad_response', phase: 'presign' }],
    ['headers that are no strings', [[200, { ...presigned, signedHeaders: { a: 1 } }]], { code: 'bad_response' }],
    ['a gateway', [[502, undefined]], { code: 'unavailable', phase: 'presign', retryable: true }],
    ['an unknown status', [[418]], { code: 'invalid_request', phase: 'presign', retryable: false }],
    ['an unknown 5xx', [[599]], { code: 'internal', retryable: true }],
    ['a code of the host’s own', [[422, { code: 'quota_used' }]], { code: 'quota_used', status: 422 }],
    ['a code that is none', [[403, { code: 'https://x?y=z' }]], { code: 'forbidden_origin' }],
    ['too many requests', [[429, { code: 'rate_limited' }]], { code: 'rate_limited', retryable: true }],
    [
      'a refused PUT',
      [...refused, ...refused, ...refused],
      { code: 'storage_refused', phase: 'put', status: 403, retryable: false },
    ],
    ['a store that is down', [[200, presigned], [503]], { code: 'unavailable', phase: 'put', retryable: true }],
    ['a lost PUT', [[200, presigned], 'network'], { code: 'network', phase: 'put' }],
    ['a stalled PUT', [[200, presigned], 'timeout'], { code: 'timeout', phase: 'put', retryable: true }],
    ['a commit without ok', [...ok, [200, { ok: 'yes' }]], { code: 'bad_response', phase: 'commit' }],
    ['a commit with nothing', [...ok, [200, undefined]], { code: 'bad_response', phase: 'commit' }],
    ['a refused commit', [...ok, [422, { code: 'mismatch' }]], { code: 'mismatch', phase: 'commit', status: 422 }],
    ['late commits', [...late, ...late, ...late], { code: 'upload_expired', retryable: true }],
  ];
  it.each(cases)('by %s', async (_, answers, expected) => {
    const { transport, outcome } = start();
    await play(transport, ...answers);
    const { error } = await outcome;
    expect(error).toBeInstanceOf(AvatarUploadError);
    expect(error).toMatchObject(expected);
    expect(`${error?.message} ${error?.cause} ${error?.hint}`).not.toContain('secret');
  });

  it('by a hook keeps the hook’s status, and no address', async () => {
    const { outcome } = start({
      presign: () => Promise.reject(Object.assign(new Error(`GET ${url} failed for /x?token=secret`), { status: 401 })),
    });
    const { error } = await outcome;
    expect(error).toMatchObject({ code: 'unauthorized', phase: 'presign', status: 401 });
    expect(String(error?.cause)).toBe('Error: GET [URL] failed for [URL]');
  });

  it('by a hook’s own AvatarUploadError keeps it', async () => {
    const own = new AvatarUploadError('moderated', 'commit');
    const { transport, outcome } = start({ commit: () => Promise.reject(own) });
    await play(transport, [200, presigned], [200]);
    expect((await outcome).error).toBe(own);
  });
});

describe('an aborted upload', () => {
  it('sends nothing if it was aborted before', async () => {
    const { transport, outcome } = start({ signal: AbortSignal.abort() });
    expect((await outcome).error).toMatchObject({ code: 'aborted', retryable: false });
    expect(transport.sent).toEqual([]);
  });

  it.each(['presign', 'put', 'commit'])('sends nothing after %s, and never succeeds', async (kind) => {
    const controller = new AbortController();
    const { transport, outcome } = start({ signal: controller.signal });
    for (;;) {
      const request = await transport.next();
      if (request.kind === kind) {
        controller.abort();
        request.answer(200, { ok: true });
        break;
      }
      request.answer(200, presigned);
    }
    expect((await outcome).error).toMatchObject({ code: 'aborted', phase: kind });
    expect(transport.sent.at(-1)).toBe(kind);
  });

  it.each(['presign', 'commit'] as const)('never succeeds though the %s hook answers', async (name) => {
    const controller = new AbortController();
    const hook = () => {
      controller.abort();
      return name === 'presign' ? presigned : { ok: true as const };
    };
    const { transport, outcome } = start({ signal: controller.signal, [name]: hook });
    if (name === 'commit') await play(transport, [200, presigned], [200]);
    expect((await outcome).error).toMatchObject({ code: 'aborted', phase: name });
  });
});
