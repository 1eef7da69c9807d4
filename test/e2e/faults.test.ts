import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { connectBrowser } from '../support/browser.js';
import { engine } from '../support/browser-engine.js';
import { FaultPage } from '../support/fault-page.js';
import type { Fault, RequestKind } from '../support/fault-proxy.js';
import { png } from '../support/pictures.js';
import { chooseCases } from '../support/run-factor.js';

let browser: Browser;
beforeAll(async () => {
  browser = await connectBrowser();
});
afterAll(() => browser?.close());

const openPage = (fault?: [RequestKind, Fault, number?]) => FaultPage.open(browser, inject('origin'), fault);

const BAD_GATEWAY: Fault = { status: 502, headers: { 'content-type': 'text/html' }, body: '<html>Bad gateway</html>' };
const REDIRECT: Fault = { status: 302, headers: { location: '/sign-in' } };
const storeError = (status: number, code: string): Fault => ({
  status,
  body: `<?xml version="1.0"?><Error><Code>${code}</Code></Error>`,
});

function nameOf(fault: Fault): string {
  return typeof fault === 'string' ? fault : `${fault.status} ${fault.body ?? JSON.stringify(fault.headers ?? '')}`;
}

/**
 * The cases of each test that `npm test` runs: each request with several faults,
 * and each fault with at least one request.
 */
const CHOSEN = [
  'presign 502 <html>Bad gateway</html>',
  'presign 429 ',
  'presign 302 {"location":"/sign-in"}',
  'put drop response',
  'put slow',
  'put 403 ',
  'put stall',
  'commit drop midway',
  'commit duplicate',
  'commit drop response',
  'commit 422 {"code":"moderated"}',
  'load drop request',
  'load truncate',
  'image 403 ',
  'remove drop midway',
];
const isChosen = (kind: RequestKind, fault: Fault): boolean =>
  CHOSEN.some((start) => `${kind} ${nameOf(fault)}`.startsWith(start));

describe.concurrent('an upload succeeds after one fault', () => {
  const cases: [RequestKind, Fault][] = [
    ['presign', 'drop request'],
    ['presign', 'drop midway'],
    ['presign', 'drop response'],
    ['presign', 'stall'],
    ['presign', BAD_GATEWAY],
    ['presign', { status: 429, headers: { 'retry-after': '2' } }],
    ['put', 'drop request'],
    ['put', 'drop midway'],
    ['put', 'drop response'],
    ['put', 'stall'],
    ['put', 'slow'],
    ['put', storeError(503, 'SlowDown')],
    ['put', storeError(403, 'ExpiredRequest')],
    ['commit', 'drop request'],
    ['commit', 'drop midway'],
    ['commit', 'drop response'],
    ['commit', 'stall'],
    ['commit', 'duplicate'],
    ['commit', { status: 500 }],
    ['commit', BAD_GATEWAY],
  ];
  const chosen = chooseCases(cases, ([kind, fault]) => isChosen(kind, fault));
  it.each(chosen.map(([kind, fault]) => ({ kind, fault, name: nameOf(fault) })))('$kind: $name', async (faulty) => {
    const isRetried = faulty.fault !== 'slow' && faulty.fault !== 'duplicate';
    const test = await openPage();
    test.proxy.injectFault(faulty.kind, faulty.fault, 1);
    await test.pick(png({ width: 280, height: 280 }));
    await test.waitForState('success');
    const { value, image, status, error, events, isBroken } = await test.read();
    const key = await test.fetchKey();
    expect([value, test.committedKeys]).toEqual([key, [key]]);
    expect(key).not.toBe(test.oldKey);
    expect([image?.startsWith('blob:'), isBroken]).toEqual([true, false]);
    expect([status, error]).toEqual(['Saved', '']);
    expect(events).toEqual([...(isRetried ? ['retry'] : []), 'success', 'input', 'change']);
    await test.close();
  });
});

describe.concurrent('an upload that keeps failing ends with the previous avatar, a reason and a retry button', () => {
  const cases: [RequestKind, Fault, string, RegExp][] = [
    ['presign', 'drop request', 'retry retry retry error', /connection/i],
    ['presign', { status: 503 }, 'retry retry retry error', /isn’t available/],
    ['presign', { status: 429, headers: { 'retry-after': '60' } }, 'error', /too many/i],
    ['presign', { status: 401 }, 'error', /sign in/i],
    ['presign', 'truncate', 'error', /unexpected/],
    ['presign', REDIRECT, 'error', /unexpected/],
    ['put', 'drop midway', 'retry retry retry error', /connection/i],
    ['put', 'stall', 'retry retry retry error', /timed out/],
    ['put', storeError(403, 'SignatureDoesNotMatch'), 'retry retry error', /couldn’t be saved/],
    ['commit', 'drop request', 'retry retry retry error', /connection/i],
    ['commit', { status: 422, body: '{"code":"moderated"}' }, 'error', /isn’t allowed/],
  ];
  const chosen = chooseCases(cases, ([kind, fault]) => isChosen(kind, fault));
  it.each(chosen.map(([kind, fault, events, message]) => ({ kind, fault, events, message, name: nameOf(fault) })))(
    '$kind: $name',
    async ({ kind, fault, events, message }) => {
      const test = await openPage();
      test.proxy.injectFault(kind, fault);
      await test.pick();
      await test.waitForState('error');
      await test.waitUntilSettled();
      const after = await test.read();
      expect([after.value, await test.fetchKey(), test.committedKeys]).toEqual([test.oldKey, test.oldKey, []]);
      expect([after.image?.includes(test.oldKey), after.isBroken, after.canRetry]).toEqual([true, false, true]);
      expect([after.status, after.events.join(' ')]).toEqual(['', events]);
      expect(after.error).toMatch(message);

      test.proxy.reset();
      await test.page.getByRole('button', { name: 'Try again' }).click();
      await test.page.getByText('Saved').waitFor();
      const key = await test.fetchKey();
      expect([(await test.read()).value, test.committedKeys]).toEqual([key, [key]]);
      expect(key).not.toBe(test.oldKey);
      await test.close();
    },
  );
});

describe.concurrent('a commit whose response never arrives', () => {
  const faults = chooseCases(['drop response', 'truncate'] as const, (fault) => isChosen('commit', fault));
  it.each(faults)('%s: the element shows the committed avatar', async (fault) => {
    const test = await openPage();
    test.proxy.injectFault('commit', fault);
    await test.pick();
    await test.waitForState('error');
    const key = await test.fetchKey();
    expect([key === test.oldKey, test.committedKeys]).toEqual([false, [key]]);
    await test.waitForValue(key);
    await test.waitUntilSettled();
    const { image, isBroken } = await test.read();
    expect([image?.includes(key), isBroken]).toEqual([true, false]);
    test.proxy.reset();
    await test.page.getByRole('button', { name: 'Try again' }).click();
    await test.page.getByText('Saved').waitFor();
    // The retry commits the same upload: the avatar stays the same.
    expect([await test.fetchKey(), (await test.read()).value]).toEqual([key, key]);
    await test.close();
  });
});

describe.concurrent('loading the current avatar', () => {
  const passing: [RequestKind, Fault][] = [
    ['load', 'drop request'],
    ['load', 'drop midway'],
    // In WebKitGTK, the page never gets its picture, for a reason that is not known. See docs/browsers.md.
    ...(engine === 'webkit' ? [] : [['load', 'stall'] satisfies [RequestKind, Fault]]),
    ['load', BAD_GATEWAY],
    ['image', 'drop request'],
    ['image', storeError(403, 'ExpiredRequest')],
  ];
  it.each(chooseCases(passing, (passed) => isChosen(...passed)))(
    'succeeds after one fault, %s: %j',
    async (kind, fault) => {
      const test = await openPage([kind, fault, 1]);
      await test.page.waitForFunction(
        () => document.querySelector('flare-avatar-upload')?.renderRoot.querySelector('img')?.naturalWidth,
      );
      const { image, error, events, value } = await test.read();
      expect([image?.includes(test.oldKey), error, events, value]).toEqual([true, '', [], test.oldKey]);
      await test.close();
    },
  );

  const lasting: [RequestKind, Fault, RegExp][] = [
    ['load', BAD_GATEWAY, /isn’t available/],
    ['load', 'truncate', /unexpected/],
    ['load', REDIRECT, /unexpected/],
  ];
  it.each(chooseCases(lasting, ([kind, fault]) => isChosen(kind, fault)))(
    'that keeps failing shows a message, %s: %j',
    async (kind, fault, message) => {
      const test = await openPage([kind, fault]);
      await test.waitForState('error');
      await test.waitUntilSettled();
      const { image, error, events } = await test.read();
      expect([image, events]).toEqual([null, ['error']]);
      expect(error).toMatch(message);
      test.proxy.reset();
      await test.page.getByRole('button', { name: 'Try again' }).click();
      await test.waitForValue(test.oldKey);
      await test.close();
    },
  );

  it('requests an image that fails twice, then shows the initials', async () => {
    const test = await openPage(['image', storeError(403, 'AccessDenied')]);
    await test.page.getByText('AL').waitFor();
    const requests = ['load', 'image', 'load', 'image'];
    await expect.poll(() => test.proxy.requests, { timeout: 60_000 }).toEqual(requests);
    await test.waitUntilSettled();
    const { image, value } = await test.read();
    expect([image, value]).toEqual([null, test.oldKey]);
    await test.page.evaluate(() => new Promise(requestAnimationFrame));
    expect(test.proxy.requests).toHaveLength(4);
    await test.close();
  });
});

describe.concurrent('removing the avatar', () => {
  const remove = (test: FaultPage) => test.page.getByRole('button', { name: 'Remove' }).click();

  const faults: Fault[] = ['drop request', 'drop response', 'drop midway', BAD_GATEWAY];
  it.each(chooseCases(faults, (fault) => isChosen('remove', fault)))('succeeds after one fault: %j', async (fault) => {
    const test = await openPage();
    test.proxy.injectFault('remove', fault, 1);
    await remove(test);
    await test.waitForValue('');
    await test.waitUntilSettled();
    const { image, error, events, status } = await test.read();
    expect([image, error, events.join(' ')]).toEqual([null, '', 'retry removed input change']);
    expect([await test.fetchKey(), status]).toEqual(['', 'Add a picture']);
    await test.close();
  });

  it('that fails shows the avatar again', async () => {
    const test = await openPage();
    test.proxy.injectFault('remove', { status: 503 });
    await remove(test);
    await test.waitForState('error');
    await test.waitUntilSettled();
    const { image, error, value } = await test.read();
    expect([image?.includes(test.oldKey), value, await test.fetchKey()]).toEqual([true, test.oldKey, test.oldKey]);
    expect(error).toMatch(/isn’t available/);
    await test.close();
  });

  it('whose response never arrives shows what the back end has', async () => {
    const test = await openPage();
    test.proxy.injectFault('remove', 'drop response');
    await remove(test);
    await test.waitForState('error');
    await test.waitForValue('');
    await test.waitUntilSettled();
    expect([(await test.read()).image, await test.fetchKey()]).toEqual([null, '']);
    await test.close();
  });
});
