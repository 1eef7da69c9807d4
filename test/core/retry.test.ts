import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AvatarUploadError } from '../../src/core/errors.js';
import type { Retry } from '../../src/core/retry.js';
import { Ticket } from '../../src/core/ticket.js';
import { commitUpload, type UploadOptions, uploadAvatar } from '../../src/core/upload-avatar.js';
import { Page } from '../support/page.js';
import { type Scripted, ScriptedTransport } from '../support/scripted-transport.js';
import '../../src/core/diagnose.js';

type Answer = [status: number, body?: unknown, headers?: Record<string, string>, code?: string] | 'network' | 'timeout';

const file = new File(['picture'], 'me.png', { type: 'image/png' });
const presigned = (key = 'pending/o/1', more = {}) => ({
  url: `https://store.example/${key}?secret`,
  signedHeaders: {},
  key,
  ...more,
});
const ok = { ok: true };

let page: Page;
beforeEach(() => {
  page = new Page();
  page.install();
});
afterEach(() => page.restore());

function start(options: UploadOptions = {}, blob: Blob = file) {
  const transport = new ScriptedTransport();
  const told: string[] = [];
  const retries: Retry[] = [];
  const outcome = uploadAvatar(blob, {
    transport,
    onState: (state) => told.push(state),
    onRetry: (retry) => {
      told.push('retry');
      retries.push(retry);
    },
    onOffline: (isWaiting) => told.push(isWaiting ? 'offline' : 'online'),
    ...options,
  }).then(
    (result) => ({ key: result.key, error: undefined }),
    (error: AvatarUploadError) => ({ key: undefined, error }),
  );
  return { transport, told, retries, outcome };
}

function reply(request: Scripted, answer: Answer): void {
  if (typeof answer === 'string') request.fail(answer);
  else request.answer(...answer);
}

/** Answers the requests in this order, each as soon as it comes. */
async function play(transport: ScriptedTransport, ...answers: Answer[]): Promise<Scripted[]> {
  const requests: Scripted[] = [];
  for (const answer of answers) {
    const next = transport.next();
    await page.until(next);
    const request = await next;
    requests.push(request);
    reply(request, answer);
  }
  return requests;
}

async function end<T>(outcome: Promise<T>): Promise<T> {
  await page.until(outcome);
  return outcome;
}

describe('the waiting between tries', () => {
  it('doubles from a second on, less up to half by chance', async () => {
    for (const [chance, delays] of [
      [0, [500, 1000, 2000]],
      [0.999, [1000, 1999, 3998]],
    ] as const) {
      vi.spyOn(Math, 'random').mockReturnValue(chance);
      const { transport, retries, outcome } = start();
      await play(transport, 'network', 'network', 'network', 'network');
      await end(outcome);
      expect(retries.map(({ delay }) => delay)).toEqual(delays);
    }
  });

  it('is 30 s in all at most, however many tries there may be', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    const { transport, retries, outcome } = start({ maxRetries: 100 });
    await play(transport, 'network', 'network', 'network', 'network', 'network', 'network');
    expect((await end(outcome)).error?.code).toBe('network');
    expect(retries.map(({ delay }) => delay)).toEqual([1000, 2000, 4000, 8000, 8000]);
  });

  it('is counted over all steps', async () => {
    const { transport, retries, outcome } = start({ maxRetries: 2 });
    const asked: Answer = [503, {}, { 'retry-after': '10' }];
    await play(transport, asked, asked, [200, presigned()], asked, asked);
    expect((await end(outcome)).error).toMatchObject({ code: 'unavailable', phase: 'put' });
    expect(retries).toHaveLength(3);
  });

  it.each([
    ['10', 10_000],
    ['3', 3000],
    ['Thu, 01 Jan 2026 00:00:07 GMT', 7000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 1000],
    ['0', 1000],
    ['soon', 1000],
    ['-5', 1000],
  ])('obeys Retry-After: %s', async (text, delay) => {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    const headers = { 'retry-after': text, date: 'Thu, 01 Jan 2026 00:00:00 GMT' };
    const { transport, retries } = start();
    await play(transport, [429, {}, headers], [200, presigned()]);
    expect(retries).toMatchObject([{ attempt: 1, delay, error: { code: 'rate_limited', status: 429 } }]);
  });

  it('reads a date by the page’s clock where the server’s is not told', async () => {
    vi.setSystemTime('2026-01-01T00:00:00Z');
    const { transport, retries } = start();
    await play(transport, [200, presigned()], [503, null, { 'retry-after': 'Thu, 01 Jan 2026 00:00:04 GMT' }], [200]);
    expect(retries[0]?.delay).toBeGreaterThan(3000);
    expect(retries[0]?.delay).toBeLessThanOrEqual(4000);
  });

  it('is not begun where the server asks for more than 10 s', async () => {
    const { transport, retries, outcome } = start();
    await play(transport, [503, {}, { 'retry-after': '11' }]);
    const { error } = await end(outcome);
    expect(error).toMatchObject({ code: 'rate_limited', status: 503, retryAfter: 11, retryable: true });
    expect(retries).toEqual([]);
  });
});

describe('an upload that is retried', () => {
  it('ends with an abort while it waits: nothing is sent, no timer is left', async () => {
    const controller = new AbortController();
    const { transport, outcome } = start({ signal: controller.signal });
    await play(transport, [200, presigned()], 'network');
    await page.breathe();
    expect(page.leftovers).toBe(1);
    controller.abort();
    expect((await end(outcome)).error).toMatchObject({ code: 'aborted', phase: 'put' });
    expect([page.leftovers, transport.sent.length]).toEqual([0, 2]);
  });

  it('ends with an abort in onRetry', async () => {
    const controller = new AbortController();
    const { transport, outcome } = start({ signal: controller.signal, onRetry: () => controller.abort() });
    await play(transport, 'network');
    expect((await end(outcome)).error?.code).toBe('aborted');
    expect([page.leftovers, transport.sent.length]).toEqual([0, 1]);
  });

  it('ends with an abort at any moment of a failure, and tells nothing after it', async () => {
    for (let depth = 0; depth < 30; depth++) {
      const controller = new AbortController();
      const { transport, told, outcome } = start({ signal: controller.signal });
      const presign = transport.next();
      await page.until(presign);
      (await presign).fail('network');
      for (let turn = 0; turn < depth; turn++) await null;
      const before = [...told];
      controller.abort();
      expect((await end(outcome)).error?.code).toBe('aborted');
      expect(told).toEqual(before);
    }
  });

  it.each(['presigning', 'uploading', 'committing'] as const)('ends with an abort in onState (%s)', async (last) => {
    const controller = new AbortController();
    const onState = (state: string) => {
      if (state === last) controller.abort();
    };
    const { transport, outcome } = start({ signal: controller.signal, onState });
    const answers: Answer[] = [[200, presigned()], [200], [200, ok]];
    const sent = ['presigning', 'uploading', 'committing'].indexOf(last);
    await play(transport, ...answers.slice(0, sent));
    expect((await end(outcome)).error?.code).toBe('aborted');
    expect(transport.sent).toHaveLength(sent);
    const hook = vi.fn();
    await end(start({ signal: controller.signal, presign: hook }).outcome);
    expect(hook).not.toHaveBeenCalled();
  });

  it('tells the end of its progress though the transport does not', async () => {
    const onProgress = vi.fn();
    const { transport, outcome } = start({ onProgress });
    await play(transport, [200, presigned()], [200], [200, ok]);
    await end(outcome);
    expect(onProgress.mock.calls).toEqual([[{ loaded: 7, total: 7, ratio: 1 }]]);
  });

  it('tells no progress of what was aborted', async () => {
    const onProgress = vi.fn();
    const controller = new AbortController();
    const { transport, outcome } = start({ onProgress, signal: controller.signal });
    await play(transport, [200, presigned()]);
    const put = transport.next();
    await page.until(put);
    controller.abort();
    (await put).call.onProgress(3);
    await end(outcome);
    expect(onProgress).not.toHaveBeenCalled();
  });

  it('does not take a blocked request for a lost one', async () => {
    const { transport, outcome, retries } = start();
    await play(transport, [200, presigned()]);
    const put = transport.next();
    await page.until(put);
    (await put).fail('network', { retryable: false, hint: 'connect-src' });
    expect((await end(outcome)).error).toMatchObject({ code: 'network', hint: 'connect-src' });
    expect(retries).toEqual([]);
  });

  it('leaves a mistake in a hook alone', async () => {
    const presign = vi.fn(() => Promise.reject(new TypeError('x is not a function')));
    const { outcome } = start({ presign });
    expect((await end(outcome)).error?.code).toBe('internal');
    expect(presign).toHaveBeenCalledTimes(1);
  });
});

describe('a browser that is offline', () => {
  it('is believed only after a try: a server on the same machine is reached all the same', async () => {
    page.online = false;
    const { transport, told, outcome } = start();
    await play(transport, [200, presigned()], [200], [200, ok]);
    expect((await end(outcome)).key).toBe('pending/o/1');
    expect(told).toEqual(['presigning', 'uploading', 'committing']);
  });

  it('is waited for, for as long as it takes, and costs no try', async () => {
    const { transport, told, retries, outcome } = start({ maxRetries: 0 });
    await play(transport, [200, presigned()]);
    for (let turn = 0; turn < 5; turn++) {
      const put = transport.next();
      await page.until(put);
      page.goOffline();
      await vi.advanceTimersByTimeAsync(3_600_000);
      expect([(await put).signal.aborted, page.leftovers]).toEqual([true, 1]);
      page.goOnline();
    }
    await play(transport, [200], [200, ok]);
    expect((await end(outcome)).key).toBe('pending/o/1');
    expect(told.slice(0, 6)).toEqual(['presigning', 'uploading', 'offline', 'online', 'retry', 'uploading']);
    expect(retries.map(({ attempt, delay }) => [attempt, delay])).toEqual([1, 2, 3, 4, 5].map((n) => [n, 0]));
    expect([transport.sent.length, page.leftovers]).toEqual([8, 0]);
  });

  it('is waited for by the commit too', async () => {
    const { transport, outcome } = start({ maxRetries: 0 });
    await play(transport, [200, presigned()], [200]);
    const commit = transport.next();
    await page.until(commit);
    page.online = false;
    (await commit).fail('network');
    await page.breathe();
    page.goOnline();
    await play(transport, [200, ok]);
    expect((await end(outcome)).key).toBe('pending/o/1');
    expect(transport.sent).toEqual(['presign', 'put', 'commit', 'commit']);
  });

  it('has nothing to do with an answer', async () => {
    const { transport, told, outcome } = start({ maxRetries: 0 });
    page.online = false;
    await play(transport, [503]);
    expect((await end(outcome)).error?.code).toBe('unavailable');
    expect(told).not.toContain('offline');
  });

  it('is not told by an event alone', async () => {
    const { transport } = start();
    const presign = transport.next();
    await page.until(presign);
    page.goOffline(true);
    await page.breathe();
    expect((await presign).signal.aborted).toBe(false);
  });

  it('that says so without being so loses nothing', async () => {
    const { transport, outcome } = start();
    const presign = transport.next();
    await page.until(presign);
    page.goOffline();
    page.goOnline();
    await page.breathe();
    await play(transport, [200, presigned()], [200], [200, ok]);
    expect((await end(outcome)).key).toBe('pending/o/1');
  });

  it('ends with an abort: nothing is sent, no listener is left', async () => {
    const controller = new AbortController();
    const { transport, told, outcome } = start({ signal: controller.signal });
    const presign = transport.next();
    await page.until(presign);
    page.goOffline();
    await page.breathe();
    expect(told.at(-1)).toBe('offline');
    controller.abort();
    page.goOnline();
    expect((await end(outcome)).error?.code).toBe('aborted');
    expect([page.leftovers, transport.sent.length]).toEqual([0, 1]);
  });
});

describe('a presigned URL', () => {
  const at = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();
  const lost503: Answer = [503, null, { 'retry-after': '10' }];

  it.each<[string, object, Record<string, string>]>([
    ['by its expiresAt', { expiresAt: () => at(8) }, {}],
    [
      'by its expiresAt, against the server’s clock',
      { expiresAt: '2031-01-01T00:00:08Z' },
      { date: 'Wed, 01 Jan 2031 00:00:00 GMT' },
    ],
    ['by its own seconds', { url: 'https://store.example/x?X-Amz-Expires=8&secret' }, {}],
    [
      'by its own seconds, though expiresAt says later',
      { url: 'https://store.example/x?X-Amz-Expires=8&secret', expiresAt: '2099-01-01T00:00:00Z' },
      {},
    ],
  ])('that has died while waiting, told %s, is not used again', async (_, more, headers) => {
    const answer = Object.fromEntries(Object.entries(more).map(([k, v]) => [k, v instanceof Function ? v() : v]));
    const { transport, outcome } = start();
    await play(transport, [200, presigned('a', answer), headers], lost503, [200, presigned('b')], [200], [200, ok]);
    expect((await end(outcome)).key).toBe('b');
    expect(transport.sent).toEqual(['presign', 'put', 'presign', 'put', 'commit']);
  });

  it.each<[string, object]>([
    ['lives', { expiresAt: () => at(12) }],
    ['has died by a clock that is wrong', { expiresAt: () => at(-500) }],
    ['says nothing', {}],
    ['says nonsense', { expiresAt: 'tomorrow' }],
  ])('that %s is used again', async (_, more) => {
    const answer = Object.fromEntries(Object.entries(more).map(([k, v]) => [k, v instanceof Function ? v() : v]));
    const { transport, outcome } = start();
    await play(transport, [200, presigned('a', answer)], lost503, [200], [200, ok]);
    expect((await end(outcome)).key).toBe('a');
  });

  it('is asked for anew where a 412 was no upload after all, and the second one counts', async () => {
    const { transport, outcome } = start();
    const missing: Answer = [409, { code: 'not_uploaded' }];
    await play(transport, [200, presigned('a')], [412], missing, [200, presigned('b')], [200], [200, ok]);
    expect((await end(outcome)).key).toBe('b');
  });

  it('that is refused is told so plainly after the third', async () => {
    const { transport, retries, outcome } = start({ maxRetries: 0 });
    const refused: Answer = [403, null, {}, 'SignatureDoesNotMatch'];
    const url = 'https://store.example/x?X-Amz-SignedHeaders=content-length%3Bhost%3Bx-amz-acl&secret';
    for (let n = 0; n < 3; n++) await play(transport, [200, presigned('a', { url })], refused);
    const { error } = await end(outcome);
    expect(error).toMatchObject({ code: 'storage_refused', phase: 'put', status: 403, retryable: false });
    expect(error?.hint).toContain('x-amz-acl');
    expect(retries.map(({ attempt, delay }) => [attempt, delay])).toEqual([
      [1, 0],
      [2, 0],
    ]);
  });
});

describe('a ticket', () => {
  const again = async (ticket: Ticket, answers: Answer[], blob: Blob = file, options: UploadOptions = {}) => {
    const { transport, outcome } = start({ ticket, maxRetries: 0, ...options }, blob);
    const requests = await play(transport, ...answers);
    return { ...(await end(outcome)), sent: transport.sent, requests };
  };

  it('is used again while its URL lives', async () => {
    const ticket = new Ticket();
    const first = await again(ticket, [[200, presigned()], 'network']);
    expect(first.error?.code).toBe('network');
    const second = await again(ticket, [[412], [200, ok]]);
    expect([second.key, second.sent]).toEqual(['pending/o/1', ['put', 'commit']]);
  });

  it('is only committed where the bytes have arrived, even though its URL is dead', async () => {
    const ticket = new Ticket();
    const expiresAt = new Date(Date.now() + 1000).toISOString();
    await again(ticket, [[200, presigned('a', { expiresAt })], [200], [401]]);
    await vi.advanceTimersByTimeAsync(60_000);
    const second = await again(ticket, [[200, ok]]);
    expect([second.key, second.sent]).toEqual(['a', ['commit']]);
  });

  it('whose time for the commit is over is exchanged', async () => {
    const ticket = new Ticket();
    await again(ticket, [[200, presigned('a')], [200], 'network']);
    const second = await again(ticket, [[410, {}], [200, presigned('b')], [200], [200, ok]]);
    expect(second.key).toBe('b');
  });

  it.each<[string, () => Answer[]]>([
    [
      'a URL that has died',
      () => [[200, presigned('a', { expiresAt: new Date(Date.now() + 1000).toISOString() })], 'network'],
    ],
    ['an address that is none', () => [[200, presigned()], [404]]],
    ['an upload that was refused', () => [[200, presigned()], [200], [422, { code: 'mismatch' }]]],
    ['a key of somebody else', () => [[200, presigned()], [200], [400, { code: 'bad_key' }]]],
  ])('is not used again after %s', async (_, createAnswers) => {
    const ticket = new Ticket();
    await again(ticket, createAnswers());
    await vi.advanceTimersByTimeAsync(60_000);
    const second = await again(ticket, [[200, presigned('b')], [200], [200, ok]]);
    expect(second.sent).toEqual(['presign', 'put', 'commit']);
  });

  it('is not used for other bytes, or another back end', async () => {
    for (const [blob, options] of [
      [new File(['pictur2'], 'me.png', { type: 'image/png' }), {}],
      [file, { presignUrl: '/other' }],
    ] as const) {
      const ticket = new Ticket();
      await again(ticket, [[200, presigned('a')], [200], 'network']);
      const second = await again(ticket, [[200, presigned('b')], [200], [200, ok]], blob, options);
      expect(second.key).toBe('b');
    }
  });

  it('is for one blob where there are no digests', async () => {
    vi.stubGlobal('crypto', {});
    const ticket = new Ticket();
    await again(ticket, [[200, presigned('a')], [200], 'network']);
    expect((await again(ticket, [[200, ok]])).key).toBe('a');
    await again(ticket, [[200, presigned('b')], [200], 'network']);
    expect((await again(ticket, [[200, presigned('c')], [200], [200, ok]], new File([file], 'me.png'))).key).toBe('c');
  });

  it('is empty after a success', async () => {
    const ticket = new Ticket();
    await again(ticket, [[200, presigned('a')], [200], [200, ok]]);
    expect((await again(ticket, [[200, presigned('b')], [200], [200, ok]])).key).toBe('b');
  });
});

describe('the commit alone', () => {
  it('is sent until it is answered, so that it outlives the page', async () => {
    const transport = new ScriptedTransport();
    const outcome = commitUpload('pending/o/9', { transport, commitUrl: '/c' });
    const requests = await play(transport, 'network', [200, ok]);
    expect((await end(outcome)).key).toBe('pending/o/9');
    for (const { call } of requests)
      expect(call).toMatchObject({ url: '/c', keepalive: true, body: { key: 'pending/o/9' } });
  });
});
