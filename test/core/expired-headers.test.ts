import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ok, page, presigned, respondInOrder, startUpload, waitForOutcome } from '../support/scripted-upload.js';

beforeEach(() => {
  page.install();
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  return () => page.restore();
});

const expired = [401, { code: 'unauthorized' }] as [number, unknown];

describe('a 401 from an endpoint', () => {
  it('is answered by calling the headers function again, once at each step', async () => {
    const { transport, retries, outcome } = startUpload({ headers: () => ({}), maxRetries: 0 });
    await respondInOrder(transport, expired, [200, presigned()], [200], expired, [200, ok]);
    expect((await waitForOutcome(outcome)).key).toBe('pending/o/1');
    expect(transport.sent).toEqual(['presign', 'presign', 'put', 'commit', 'commit']);
    expect(retries.map(({ delay, error }) => [delay, error.status])).toEqual([
      [0, 401],
      [0, 401],
    ]);
  });

  it('is final the second time, even after other retries', async () => {
    const { transport, outcome } = startUpload({ headers: () => ({}) });
    await respondInOrder(transport, expired, 'network', expired);
    expect((await waitForOutcome(outcome)).error).toMatchObject({ code: 'unauthorized', phase: 'presign' });
    expect(transport.sent).toHaveLength(3);
  });

  it.each([
    ['an object', { headers: { a: 'b' } }],
    ['missing', {}],
  ])('is final if headers is %s', async (_, options) => {
    const { transport, outcome } = startUpload(options);
    await respondInOrder(transport, expired);
    expect((await waitForOutcome(outcome)).error?.status).toBe(401);
    expect(transport.sent).toEqual(['presign']);
  });

  it('is final if it comes from the store, or from a hook', async () => {
    const stored = startUpload({ headers: () => ({}) });
    await respondInOrder(stored.transport, [200, presigned()], [401]);
    expect((await waitForOutcome(stored.outcome)).error).toMatchObject({ code: 'storage_refused', phase: 'put' });
    const presign = vi.fn(() => Promise.reject(Object.assign(new Error('No.'), { status: 401 })));
    const hooked = startUpload({ headers: () => ({}), presign });
    expect((await waitForOutcome(hooked.outcome)).error?.status).toBe(401);
    expect(presign).toHaveBeenCalledTimes(1);
  });
});
