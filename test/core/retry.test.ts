import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  ok,
  page,
  presigned,
  respondInOrder,
  type ScriptedResponse,
  startUpload,
  waitForOutcome,
  waitForRequest,
} from '../support/scripted-upload.js';
import '../../src/core/diagnose-error.js';

beforeEach(() => page.install());
afterEach(() => page.restore());

describe('the delay before a retry', () => {
  it('doubles from one second on, minus a random share of up to a half', async () => {
    for (const [chance, delays] of [
      [0, [500, 1000, 2000]],
      [0.999, [1000, 1999, 3998]],
    ] as const) {
      vi.spyOn(Math, 'random').mockReturnValue(chance);
      const { transport, retries, outcome } = startUpload();
      await respondInOrder(transport, 'network', 'network', 'network', 'network');
      await waitForOutcome(outcome);
      expect(retries.map(({ delay }) => delay)).toEqual(delays);
    }
  });

  it('adds up to 30 s at most, whatever max-retries is', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    const { transport, retries, outcome } = startUpload({ maxRetries: 100 });
    await respondInOrder(transport, 'network', 'network', 'network', 'network', 'network', 'network');
    expect((await waitForOutcome(outcome)).error?.code).toBe('network');
    expect(retries.map(({ delay }) => delay)).toEqual([1000, 2000, 4000, 8000, 8000]);
  });

  it('adds up over all steps of an upload', async () => {
    const { transport, retries, outcome } = startUpload({ maxRetries: 2 });
    const slowDown: ScriptedResponse = [503, {}, { 'retry-after': '10' }];
    await respondInOrder(transport, slowDown, slowDown, [200, presigned()], slowDown, slowDown);
    expect((await waitForOutcome(outcome)).error).toMatchObject({ code: 'unavailable', phase: 'put' });
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
    const { transport, retries } = startUpload();
    await respondInOrder(transport, [429, {}, headers], [200, presigned()]);
    expect(retries).toMatchObject([{ attempt: 1, delay, error: { code: 'rate_limited', status: 429 } }]);
  });

  it('measures a date in Retry-After by the clock of the page, if the server sends no Date', async () => {
    vi.setSystemTime('2026-01-01T00:00:00Z');
    const { transport, retries } = startUpload();
    await respondInOrder(
      transport,
      [200, presigned()],
      [503, null, { 'retry-after': 'Thu, 01 Jan 2026 00:00:04 GMT' }],
      [200],
    );
    expect(retries[0]?.delay).toBeGreaterThan(3000);
    expect(retries[0]?.delay).toBeLessThanOrEqual(4000);
  });

  it('is never longer than 10 s: a server that asks for more ends the upload', async () => {
    const { transport, retries, outcome } = startUpload();
    await respondInOrder(transport, [503, {}, { 'retry-after': '11' }]);
    const { error } = await waitForOutcome(outcome);
    expect(error).toMatchObject({ code: 'rate_limited', status: 503, retryAfter: 11, retryable: true });
    expect(retries).toEqual([]);
  });
});

describe('a retried upload', () => {
  it('stops during the delay when it is aborted: nothing is sent, no timer is left', async () => {
    const controller = new AbortController();
    const { transport, outcome } = startUpload({ signal: controller.signal });
    await respondInOrder(transport, [200, presigned()], 'network');
    await page.flushTasks();
    expect(page.activeCount).toBe(1);
    controller.abort();
    expect((await waitForOutcome(outcome)).error).toMatchObject({ code: 'aborted', phase: 'put' });
    expect([page.activeCount, transport.sent.length]).toEqual([0, 2]);
  });

  it('stops when it is aborted in onRetry', async () => {
    const controller = new AbortController();
    const { transport, outcome } = startUpload({ signal: controller.signal, onRetry: () => controller.abort() });
    await respondInOrder(transport, 'network');
    expect((await waitForOutcome(outcome)).error?.code).toBe('aborted');
    expect([page.activeCount, transport.sent.length]).toEqual([0, 1]);
  });

  it('stops when it is aborted at any moment of a failure, and calls no callback afterwards', async () => {
    for (let depth = 0; depth < 30; depth++) {
      const controller = new AbortController();
      const { transport, callbacks, outcome } = startUpload({ signal: controller.signal });
      const presign = await waitForRequest(transport);
      presign.fail('network');
      for (let turn = 0; turn < depth; turn++) await null;
      const before = [...callbacks];
      controller.abort();
      expect((await waitForOutcome(outcome)).error?.code).toBe('aborted');
      expect(callbacks).toEqual(before);
    }
  });

  it.each(['presigning', 'uploading', 'committing'] as const)(
    'stops when it is aborted in onState (%s)',
    async (last) => {
      const controller = new AbortController();
      const onState = (state: string) => {
        if (state === last) controller.abort();
      };
      const { transport, outcome } = startUpload({ signal: controller.signal, onState });
      const responses: ScriptedResponse[] = [[200, presigned()], [200], [200, ok]];
      const sent = ['presigning', 'uploading', 'committing'].indexOf(last);
      await respondInOrder(transport, ...responses.slice(0, sent));
      expect((await waitForOutcome(outcome)).error?.code).toBe('aborted');
      expect(transport.sent).toHaveLength(sent);
      const hook = vi.fn();
      await waitForOutcome(startUpload({ signal: controller.signal, presign: hook }).outcome);
      expect(hook).not.toHaveBeenCalled();
    },
  );

  it('reports the end of its progress, although the transport does not', async () => {
    const onProgress = vi.fn();
    const { transport, outcome } = startUpload({ onProgress });
    await respondInOrder(transport, [200, presigned()], [200], [200, ok]);
    await waitForOutcome(outcome);
    expect(onProgress.mock.calls).toEqual([[{ loaded: 7, total: 7, ratio: 1 }]]);
  });

  it('reports no progress after an abort', async () => {
    const onProgress = vi.fn();
    const controller = new AbortController();
    const { transport, outcome } = startUpload({ onProgress, signal: controller.signal });
    await respondInOrder(transport, [200, presigned()]);
    const put = await waitForRequest(transport);
    controller.abort();
    put.request.onProgress(3);
    await waitForOutcome(outcome);
    expect(onProgress).not.toHaveBeenCalled();
  });

  it('does not retry a request that a Content Security Policy has blocked', async () => {
    const { transport, outcome, retries } = startUpload();
    await respondInOrder(transport, [200, presigned()]);
    const put = await waitForRequest(transport);
    put.fail('network', { retryable: false, hint: 'connect-src' });
    expect((await waitForOutcome(outcome)).error).toMatchObject({ code: 'network', hint: 'connect-src' });
    expect(retries).toEqual([]);
  });

  it('does not retry a bug in a hook', async () => {
    const presign = vi.fn(() => Promise.reject(new TypeError('x is not a function')));
    const { outcome } = startUpload({ presign });
    expect((await waitForOutcome(outcome)).error?.code).toBe('internal');
    expect(presign).toHaveBeenCalledTimes(1);
  });
});
