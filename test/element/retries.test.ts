import { expect } from '@open-wc/testing';
import type { AvatarUploadError } from '../../src/client.js';
import { FakeClock } from '../support/clock.js';
import {
  createElement,
  createPngFile,
  restoreBrowserState,
  setOnline,
  waitUntil,
} from '../support/element-fixtures.js';
import {
  avatar,
  getPart,
  getText,
  installFakeBackend,
  jsonResponse,
  nextEvent,
  PIXEL,
  waitForState,
} from '../support/fake-backend.js';

const backend = installFakeBackend();
const { random } = Math;
beforeEach(() => {
  // The shortest delays possible: 0.5, 1 and 2 seconds.
  Math.random = () => 0;
});
afterEach(() => {
  Math.random = random;
  restoreBrowserState();
});

const hasState = (element: Element, state: string) => element.matches(`:state(${state})`);
const isUnloadPrevented = () => !window.dispatchEvent(new Event('beforeunload', { cancelable: true }));
const getRejection = (promise: Promise<unknown>) => promise.then(undefined, (error: AvatarUploadError) => error);

/** A response that fails so many times before it succeeds. */
function failFirst<T>(times: number, succeed: () => T, fail: () => Response | 'lost' = () => 'lost') {
  let requests = 0;
  return () => (++requests > times ? succeed() : fail());
}

describe('a transient failure', () => {
  it('is retried, and the status shows the seconds until then', async () => {
    const { element, log } = await createElement('avatar-url=""');
    backend.responses.presign = failFirst(1, backend.responses.presign, () => jsonResponse({}, 503));
    const ended = element.upload(createPngFile());
    const { detail } = await nextEvent(element, 'flare-retry');
    await element.updateComplete;
    expect([detail.attempt, detail.delay, detail.error.code]).to.deep.equal([1, 500, 'unavailable']);
    expect([hasState(element, 'retrying'), element.state, isUnloadPrevented()]).to.deep.equal([
      true,
      'presigning',
      false,
    ]);
    expect(getPart(element, 'status')?.querySelector('[aria-hidden]')?.textContent).to.match(/again in 1 s/);
    expect((await ended).key).to.equal(avatar.key);
    expect(hasState(element, 'retrying')).to.equal(false);
    expect(log.names.filter((name) => /retry|error|success$/.test(name))).to.deep.equal([
      'flare-retry',
      '→success',
      'flare-success',
    ]);
  });

  it('of the PUT resets the progress', async () => {
    const { element, log } = await createElement('avatar-url=""');
    backend.storeResponse = 503;
    const ended = getRejection(element.upload(createPngFile()));
    const { detail } = await nextEvent(element, 'flare-retry');
    await element.updateComplete;
    // The store sends Retry-After: 7.
    expect([detail.delay, element.state]).to.deep.equal([7000, 'uploading']);
    expect(getPart(element, 'progress')?.getAttribute('aria-valuenow')).to.equal('0');
    expect(getPart(element, 'status')?.querySelector('.heard')?.textContent).to.match(/in 7 s/);
    expect(isUnloadPrevented()).to.equal(false);
    getPart(element, 'cancel-button')?.click();
    expect(((await ended) as AvatarUploadError).code).to.equal('aborted');
    await element.updateComplete;
    expect([element.state, hasState(element, 'retrying')]).to.deep.equal(['idle', false]);
    expect(log.names.at(-1)).to.equal('flare-cancel');
  });

  it('shows a countdown to the next attempt', async () => {
    const now = Date.now();
    const { now: getTime } = Date;
    Date.now = () => now;
    const clock = new FakeClock();
    clock.install();
    try {
      const { element } = await createElement('avatar-url=""');
      backend.responses.presign = () => new Response('', { status: 429, headers: { 'retry-after': '3' } });
      getRejection(element.upload(createPngFile()));
      await nextEvent(element, 'flare-retry');
      const seen: (string | undefined)[] = [];
      for (let second = 0; second < 3; second++) {
        await element.updateComplete;
        seen.push(getPart(element, 'status')?.querySelector('[aria-hidden]')?.textContent?.match(/\d/)?.[0]);
        clock.advance(1000);
      }
      expect(seen).to.deep.equal(['3', '2', '1']);
      element.cancel();
    } finally {
      clock.restore();
      Date.now = getTime;
    }
  });

  it('of a removal is retried, too', async () => {
    backend.responses.load = () => jsonResponse({ url: PIXEL, avatar });
    const { element, log } = await createElement();
    await waitUntil(() => element.value);
    backend.responses.remove = failFirst(1, backend.responses.remove);
    await element.removeAvatar();
    expect(log.names).to.deep.equal(['flare-remove', 'flare-retry', 'flare-removed', 'input', 'change']);
    expect(backend.requests.filter((kind) => kind === 'remove')).to.have.length(2);
  });

  it('is not retried with max-retries="0"', async () => {
    const { element, log } = await createElement('avatar-url="" max-retries="0"');
    backend.responses.presign = () => 'lost';
    expect(((await getRejection(element.upload(createPngFile()))) as AvatarUploadError).code).to.equal('network');
    expect(log.names).not.to.include('flare-retry');
  });
});

describe('while the browser is offline', () => {
  it('the upload waits, and resumes when the browser is online again', async () => {
    const { element, log } = await createElement('avatar-url="" max-retries="0"');
    backend.storeResponse = 'hold';
    const ended = element.upload(createPngFile());
    await waitForState(element, 'uploading');
    setOnline(false);
    await waitUntil(() => hasState(element, 'offline'));
    await element.updateComplete;
    expect([hasState(element, 'offline'), element.state, isUnloadPrevented()]).to.deep.equal([
      true,
      'uploading',
      false,
    ]);
    expect(getText(element, 'status')).to.match(/You’re offline/);
    // The retry uses the same URL, so its PUT is redirected to one that responds.
    backend.responses.presign = () => jsonResponse({}, 500);
    const held = '/put/hold';
    const { open } = XMLHttpRequest.prototype;
    XMLHttpRequest.prototype.open = function (method: string, url: string | URL) {
      open.call(this, method, String(url) === held ? '/put/200' : url, true);
    };
    setOnline(true);
    expect((await ended).key).to.equal(avatar.key);
    XMLHttpRequest.prototype.open = open;
    expect(hasState(element, 'offline')).to.equal(false);
    expect(log.names.filter((name) => /retry|error/.test(name))).to.deep.equal(['flare-retry']);
  });

  it('cancel() ends the upload, which then does not resume', async () => {
    const { element, log } = await createElement('avatar-url=""');
    backend.storeResponse = 'hold';
    const ended = getRejection(element.upload(createPngFile()));
    await waitForState(element, 'uploading');
    setOnline(false);
    await waitUntil(() => hasState(element, 'offline'));
    element.cancel();
    setOnline(true);
    expect(((await ended) as AvatarUploadError).code).to.equal('aborted');
    expect([hasState(element, 'offline'), element.state, log.names.at(-1)]).to.deep.equal([
      false,
      'idle',
      'flare-cancel',
    ]);
    expect(backend.requests).to.deep.equal(['presign']);
  });
});

describe('retry()', () => {
  it('repeats only the step that failed', async () => {
    const { element, log } = await createElement('avatar-url="" max-retries="0"');
    backend.responses.commit = failFirst(1, backend.responses.commit);
    await getRejection(element.upload(createPngFile()));
    await element.retry();
    expect(element.state).to.equal('success');
    expect(backend.requests).to.deep.equal(['presign', 'commit', 'commit']);
    expect(log.names.filter((name) => /^→/.test(name)).slice(-4)).to.deep.equal([
      '→idle',
      '→preparing',
      '→committing',
      '→success',
    ]);
  });
});
