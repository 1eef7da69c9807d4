import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
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

describe('a presigned URL', () => {
  const at = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();
  const slowDown: ScriptedResponse = [503, null, { 'retry-after': '10' }];

  it.each<[string, object, Record<string, string>]>([
    ['by its expiresAt', { expiresAt: () => at(8) }, {}],
    [
      'by its expiresAt and the clock of the server',
      { expiresAt: '2031-01-01T00:00:08Z' },
      { date: 'Wed, 01 Jan 2031 00:00:00 GMT' },
    ],
    ['by its own X-Amz-Expires', { url: 'https://store.example/x?X-Amz-Expires=8&secret' }, {}],
    [
      'by its own X-Amz-Expires, although expiresAt is later',
      { url: 'https://store.example/x?X-Amz-Expires=8&secret', expiresAt: '2099-01-01T00:00:00Z' },
      {},
    ],
  ])('that has expired during a delay, %s, is replaced', async (_, more, headers) => {
    const body = Object.fromEntries(Object.entries(more).map(([k, v]) => [k, v instanceof Function ? v() : v]));
    const { transport, outcome } = startUpload();
    await respondInOrder(
      transport,
      [200, presigned('a', body), headers],
      slowDown,
      [200, presigned('b')],
      [200],
      [200, ok],
    );
    expect((await waitForOutcome(outcome)).key).toBe('b');
    expect(transport.sent).toEqual(['presign', 'put', 'presign', 'put', 'commit']);
  });

  it.each<[string, object]>([
    ['has not expired', { expiresAt: () => at(12) }],
    ['has expired by a clock that is wrong', { expiresAt: () => at(-500) }],
    ['states no expiry', {}],
    ['states an invalid expiry', { expiresAt: 'tomorrow' }],
  ])('that %s is used again', async (_, more) => {
    const body = Object.fromEntries(Object.entries(more).map(([k, v]) => [k, v instanceof Function ? v() : v]));
    const { transport, outcome } = startUpload();
    await respondInOrder(transport, [200, presigned('a', body)], slowDown, [200], [200, ok]);
    expect((await waitForOutcome(outcome)).key).toBe('a');
  });

  it('is replaced if a 412 was wrong, and the object is missing at commit', async () => {
    const { transport, outcome } = startUpload();
    const missing: ScriptedResponse = [409, { code: 'not_uploaded' }];
    await respondInOrder(transport, [200, presigned('a')], [412], missing, [200, presigned('b')], [200], [200, ok]);
    expect((await waitForOutcome(outcome)).key).toBe('b');
  });

  it('that is refused is replaced twice; then the upload fails', async () => {
    const { transport, retries, outcome } = startUpload({ maxRetries: 0 });
    const refused: ScriptedResponse = [403, null, {}, 'SignatureDoesNotMatch'];
    const url = 'https://store.example/x?X-Amz-SignedHeaders=content-length%3Bhost%3Bx-amz-acl&secret';
    for (let n = 0; n < 3; n++) await respondInOrder(transport, [200, presigned('a', { url })], refused);
    const { error } = await waitForOutcome(outcome);
    expect(error).toMatchObject({ code: 'storage_refused', phase: 'put', status: 403, retryable: false });
    expect(error?.hint).toContain('x-amz-acl');
    expect(retries.map(({ attempt, delay }) => [attempt, delay])).toEqual([
      [1, 0],
      [2, 0],
    ]);
  });
});
