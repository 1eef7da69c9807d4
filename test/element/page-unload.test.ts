import { expect } from '@open-wc/testing';
import type { AvatarUploadError } from '../../src/client.js';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { createElement, createPngFile, waitForFrames, waitUntil } from '../support/element-fixtures.js';
import { avatar, getPart, installFakeBackend, jsonResponse, PIXEL, waitForState } from '../support/fake-backend.js';

/** Key in session storage under which uncommitted uploads are remembered. */
const STORAGE_KEY = 'flare-avatar-upload';

const backend = installFakeBackend();

const isUnloadPrevented = () => !window.dispatchEvent(new Event('beforeunload', { cancelable: true }));
const getRejection = (promise: Promise<unknown>) => promise.then(undefined, (error: AvatarUploadError) => error);

describe('leaving the page', () => {
  it('asks for confirmation only while the picture is being sent', async () => {
    const seen: [string, boolean][] = [];
    const { element } = await createElement('avatar-url=""');
    const recordGuard = () => seen.push([element.state, isUnloadPrevented()]);
    element.addEventListener('flare-statechange', recordGuard);
    element.addEventListener('flare-success', recordGuard);
    await element.upload(createPngFile());
    expect(seen).to.deep.equal([
      ['preparing', false],
      ['presigning', false],
      ['uploading', true],
      ['committing', false],
      ['success', false],
      ['success', false],
    ]);
  });

  it('asks for no confirmation with no-unload-guard', async () => {
    const { element } = await createElement('avatar-url="" no-unload-guard');
    backend.storeResponse = 'hold';
    getRejection(element.upload(createPngFile()));
    await waitForState(element, 'uploading');
    expect(isUnloadPrevented()).to.equal(false);
    element.cancel();
  });

  it('asks for confirmation as long as one of two elements sends a picture', async () => {
    const [{ element: first }, { element: second }] = [
      await createElement('avatar-url=""'),
      await createElement('avatar-url=""'),
    ];
    backend.storeResponse = 'hold';
    for (const element of [first, second]) {
      getRejection(element.upload(createPngFile()));
      await waitForState(element, 'uploading');
    }
    first.cancel();
    await waitForFrames();
    expect(isUnloadPrevented()).to.equal(true);
    second.cancel();
  });

  it('does not cancel the commit request, which is sent with keepalive', async () => {
    const { element } = await createElement('avatar-url=""');
    await element.upload(createPngFile());
    const flags = backend.requests.map((kind, at) => `${kind} ${backend.requestInits[at]?.keepalive}`);
    expect(flags).to.deep.equal(['presign false', 'commit true']);
  });
});

describe('an upload that was not committed before the page was left', () => {
  /** Leaves the page during a commit, and returns what is stored about the upload. */
  const leaveDuringCommit = async () => {
    const { element } = await createElement('avatar-url=""');
    backend.responses.commit = () => new Promise(() => {});
    const ended = getRejection(element.upload(createPngFile()));
    await waitForState(element, 'committing');
    const stored = sessionStorage.getItem(STORAGE_KEY);
    // Elements of a page that is left are not notified, so what this removal changes is undone.
    element.remove();
    await ended;
    backend.requests.length = 0;
    sessionStorage.setItem(STORAGE_KEY, stored ?? '');
    return stored;
  };

  it('is committed once by the next page, which sets the value without dispatching events', async () => {
    const stored = await leaveDuringCommit();
    expect(stored).to.contain('pending/o/1').and.not.to.contain('/put/');
    backend.responses.commit = () => jsonResponse({ ok: true, avatar });
    backend.responses.load = () => jsonResponse({ url: null });
    const { element, log } = await createElement('name="p"');
    backend.responses.load = () => jsonResponse({ url: PIXEL, avatar });
    const { element: other } = await createElement('avatar-url=""');
    await waitUntil(() => element.value && getPart(element, 'image'));
    expect(element.value).to.equal(avatar.key);
    expect(backend.requests.filter((kind) => kind === 'commit')).to.have.length(1);
    expect(backend.requestBodies.some(({ key }) => key === 'pending/o/1')).to.equal(true);
    expect([log.names, other.value, sessionStorage.getItem(STORAGE_KEY)]).to.deep.equal([[], '', null]);
  });

  for (const [name, response, isRemembered] of [
    ['belongs to another user', () => jsonResponse({ code: 'bad_key' }, 400), false],
    ['has expired', () => jsonResponse({ code: 'upload_expired' }, 410), false],
    ['requires a new session', () => jsonResponse({ code: 'unauthorized' }, 401), true],
    ['is forbidden for now', () => jsonResponse({ code: 'forbidden_origin' }, 403), true],
  ] as const) {
    it(`and that ${name} is ${isRemembered ? 'remembered' : 'forgotten'}, without dispatching events`, async () => {
      await leaveDuringCommit();
      backend.responses.commit = response;
      const { element, log } = await createElement('avatar-url=""');
      await waitUntil(() => backend.requests.includes('commit'));
      await waitUntil(() => Boolean(sessionStorage.getItem(STORAGE_KEY)) === isRemembered);
      expect([log.names, element.value, element.state]).to.deep.equal([[], '', 'idle']);
    });
  }

  it('is forgotten when it is too old', async () => {
    const stored = JSON.parse((await leaveDuringCommit()) ?? '{}');
    for (const upload of Object.values(stored) as { until: number }[]) upload.until = Date.now() - 1;
    sessionStorage.setItem(STORAGE_KEY, JSON.stringify(stored));
    await createElement('avatar-url=""');
    await waitUntil(() => !sessionStorage.getItem(STORAGE_KEY));
    expect(backend.requests).to.deep.equal([]);
  });

  it('is not committed by an element with another commit-url', async () => {
    const stored = await leaveDuringCommit();
    backend.responses.commit = () => jsonResponse({ ok: true, avatar });
    const { element } = await createElement('avatar-url="" commit-url="/other/commit"');
    await element.upload(createPngFile());
    expect(sessionStorage.getItem(STORAGE_KEY)).to.equal(stored);
  });

  for (const [event, end] of [
    ['it was canceled', (element: FlareAvatarUpload) => element.cancel()],
    ['the element was disabled', (element: FlareAvatarUpload) => element.toggleAttribute('disabled')],
    ['the element was removed', (element: FlareAvatarUpload) => element.remove()],
  ] as const) {
    it(`is not remembered if ${event}`, async () => {
      const { element } = await createElement('avatar-url=""');
      backend.responses.commit = () => new Promise(() => {});
      const ended = getRejection(element.upload(createPngFile()));
      await waitForState(element, 'committing');
      end(element);
      await ended;
      expect(sessionStorage.getItem(STORAGE_KEY)).to.equal(null);
    });
  }

  it('is remembered while its commit can be retried, until the error is dismissed', async () => {
    const { element } = await createElement('avatar-url="" max-retries="0"');
    backend.responses.commit = () => 'lost';
    await getRejection(element.upload(createPngFile()));
    expect(sessionStorage.getItem(STORAGE_KEY)).to.contain('pending/o/1');
    element.cancel();
    expect(sessionStorage.getItem(STORAGE_KEY)).to.equal(null);
  });
});
