import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  ok,
  page,
  presigned,
  respondInOrder,
  startUpload,
  waitForOutcome,
  waitForRequest,
} from '../support/scripted-upload.js';
import '../../src/core/diagnose-error.js';

beforeEach(() => page.install());
afterEach(() => page.restore());

describe('an upload in a browser that is offline', () => {
  it('is tried all the same: a server on the same machine can be reached', async () => {
    page.online = false;
    const { transport, callbacks, outcome } = startUpload();
    await respondInOrder(transport, [200, presigned()], [200], [200, ok]);
    expect((await waitForOutcome(outcome)).key).toBe('pending/o/1');
    expect(callbacks).toEqual(['presigning', 'uploading', 'committing']);
  });

  it('waits for the network as long as it takes, and counts no retry', async () => {
    const { transport, callbacks, retries, outcome } = startUpload({ maxRetries: 0 });
    await respondInOrder(transport, [200, presigned()]);
    for (let turn = 0; turn < 5; turn++) {
      const put = await waitForRequest(transport);
      page.goOffline();
      await vi.advanceTimersByTimeAsync(3_600_000);
      expect([put.signal.aborted, page.activeCount]).toEqual([true, 1]);
      page.goOnline();
    }
    await respondInOrder(transport, [200], [200, ok]);
    expect((await waitForOutcome(outcome)).key).toBe('pending/o/1');
    expect(callbacks.slice(0, 6)).toEqual(['presigning', 'uploading', 'offline', 'online', 'retry', 'uploading']);
    expect(retries.map(({ attempt, delay }) => [attempt, delay])).toEqual([1, 2, 3, 4, 5].map((n) => [n, 0]));
    expect([transport.sent.length, page.activeCount]).toEqual([8, 0]);
  });

  it('waits for the network before the commit, too', async () => {
    const { transport, outcome } = startUpload({ maxRetries: 0 });
    await respondInOrder(transport, [200, presigned()], [200]);
    const commit = await waitForRequest(transport);
    page.online = false;
    commit.fail('network');
    await page.flushTasks();
    page.goOnline();
    await respondInOrder(transport, [200, ok]);
    expect((await waitForOutcome(outcome)).key).toBe('pending/o/1');
    expect(transport.sent).toEqual(['presign', 'put', 'commit', 'commit']);
  });

  it('does not wait after a response', async () => {
    const { transport, callbacks, outcome } = startUpload({ maxRetries: 0 });
    page.online = false;
    await respondInOrder(transport, [503]);
    expect((await waitForOutcome(outcome)).error?.code).toBe('unavailable');
    expect(callbacks).not.toContain('offline');
  });

  it('continues after an offline event while the browser is online', async () => {
    const { transport } = startUpload();
    const presign = await waitForRequest(transport);
    page.dispatchOffline();
    await page.flushTasks();
    expect(presign.signal.aborted).toBe(false);
  });

  it('continues when the browser is online again at once', async () => {
    const { transport, outcome } = startUpload();
    await waitForRequest(transport);
    page.goOffline();
    page.goOnline();
    await page.flushTasks();
    await respondInOrder(transport, [200, presigned()], [200], [200, ok]);
    expect((await waitForOutcome(outcome)).key).toBe('pending/o/1');
  });

  it('stops when it is aborted: nothing is sent, no listener is left', async () => {
    const controller = new AbortController();
    const { transport, callbacks, outcome } = startUpload({ signal: controller.signal });
    await waitForRequest(transport);
    page.goOffline();
    await page.flushTasks();
    expect(callbacks.at(-1)).toBe('offline');
    controller.abort();
    page.goOnline();
    expect((await waitForOutcome(outcome)).error?.code).toBe('aborted');
    expect([page.activeCount, transport.sent.length]).toEqual([0, 1]);
  });
});
