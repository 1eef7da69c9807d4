import { expect, fixture, html } from '@open-wc/testing';
import type { AvatarUploadError } from '../../src/core/errors.js';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import {
  avatar,
  FakeBackend,
  getPart,
  getText,
  jsonResponse,
  nextEvent,
  PIXEL,
  recordEvents,
  waitForState,
} from '../support/fake-backend.js';
import { png } from '../support/pictures.js';

const STORE = 'flare-avatar-upload';
const { random } = Math;
let backend: FakeBackend;
beforeEach(() => {
  backend = new FakeBackend();
  backend.install();
  // The shortest waiting there is: half a second, then one, then two.
  Math.random = () => 0;
});
afterEach(() => {
  backend.restore();
  Math.random = random;
  setOnline(true);
});

const picture = () => new File([png({ width: 4, height: 2 })], 'me.png', { type: 'image/png' });
const has = (element: Element, state: string) => element.matches(`:state(${state})`);
const asks = () => !window.dispatchEvent(new Event('beforeunload', { cancelable: true }));
const failed = (promise: Promise<unknown>) => promise.then(undefined, (error: AvatarUploadError) => error);

function setOnline(isOnline: boolean): void {
  Object.defineProperty(navigator, 'onLine', { value: isOnline, configurable: true });
  window.dispatchEvent(new Event(isOnline ? 'online' : 'offline'));
}

async function make(attributes = '') {
  const parent = await fixture<HTMLElement>(html`<div></div>`);
  parent.innerHTML = `<flare-avatar-upload ${attributes}></flare-avatar-upload>`;
  const element = parent.firstElementChild as FlareAvatarUpload;
  const log = recordEvents(element);
  await element.updateComplete;
  return { element, log };
}

/** Fails the first so many answers. */
function failing<T>(times: number, good: () => T, bad: () => Response | 'lost' = () => 'lost') {
  let count = 0;
  return () => (++count > times ? good() : bad());
}

describe('a try that fails in passing', () => {
  it('is followed by another one, and the element says when', async () => {
    const { element, log } = await make('avatar-url=""');
    backend.responses.presign = failing(1, backend.responses.presign, () => jsonResponse({}, 503));
    const ended = element.upload(picture());
    const { detail } = await nextEvent(element, 'flare-retry');
    await element.updateComplete;
    expect([detail.attempt, detail.delay, detail.error.code]).to.deep.equal([1, 500, 'unavailable']);
    expect([has(element, 'retrying'), element.state, asks()]).to.deep.equal([true, 'presigning', false]);
    expect(getPart(element, 'status')?.querySelector('[aria-hidden]')?.textContent).to.match(/again in 1 s/);
    expect((await ended).key).to.equal(avatar.key);
    expect(has(element, 'retrying')).to.equal(false);
    expect(log.names.filter((name) => /retry|error|success$/.test(name))).to.deep.equal([
      'flare-retry',
      '→success',
      'flare-success',
    ]);
  });

  it('of the PUT starts the progress over', async () => {
    const { element, log } = await make('avatar-url=""');
    backend.storeResponse = 503;
    const ended = failed(element.upload(picture()));
    const { detail } = await nextEvent(element, 'flare-retry');
    await element.updateComplete;
    // The store asks for seven seconds.
    expect([detail.delay, element.state]).to.deep.equal([7000, 'uploading']);
    expect(getPart(element, 'progress')?.getAttribute('aria-valuenow')).to.equal('0');
    expect(getPart(element, 'status')?.querySelector('.heard')?.textContent).to.match(/in 7 s/);
    expect(asks()).to.equal(false);
    getPart(element, 'cancel-button')?.click();
    expect(((await ended) as AvatarUploadError).code).to.equal('aborted');
    await element.updateComplete;
    expect([element.state, has(element, 'retrying')]).to.deep.equal(['idle', false]);
    expect(log.names.at(-1)).to.equal('flare-cancel');
  });

  it('is told in seconds that go by', async () => {
    const { element } = await make('avatar-url=""');
    backend.responses.presign = () => new Response('', { status: 429, headers: { 'retry-after': '3' } });
    failed(element.upload(picture()));
    await nextEvent(element, 'flare-retry');
    const shown = () => getPart(element, 'status')?.querySelector('[aria-hidden]')?.textContent?.match(/\d/)?.[0];
    const seen = new Set<string | undefined>();
    while (seen.size < 3) {
      await element.updateComplete;
      seen.add(shown());
      await new Promise(requestAnimationFrame);
    }
    expect([...seen].filter(Boolean)).to.deep.equal(['3', '2', '1']);
    element.cancel();
  });

  it('of a removal is followed by another one, too', async () => {
    backend.responses.load = () => jsonResponse({ url: PIXEL, avatar });
    const { element, log } = await make();
    while (!element.value) await new Promise(requestAnimationFrame);
    backend.responses.remove = failing(1, backend.responses.remove);
    await element.removeAvatar();
    expect(log.names).to.deep.equal(['flare-remove', 'flare-retry', 'flare-removed', 'input', 'change']);
    expect(backend.requests.filter((kind) => kind === 'remove')).to.have.length(2);
  });

  it('is not followed by another one where max-retries is 0', async () => {
    const { element, log } = await make('avatar-url="" max-retries="0"');
    backend.responses.presign = () => 'lost';
    expect(((await failed(element.upload(picture()))) as AvatarUploadError).code).to.equal('network');
    expect(log.names).not.to.include('flare-retry');
  });
});

describe('offline', () => {
  it('is waited for: the upload goes on by itself', async () => {
    const { element, log } = await make('avatar-url="" max-retries="0"');
    backend.storeResponse = 'hold';
    const ended = element.upload(picture());
    await waitForState(element, 'uploading');
    setOnline(false);
    await new Promise(requestAnimationFrame);
    await element.updateComplete;
    expect([has(element, 'offline'), element.state, asks()]).to.deep.equal([true, 'uploading', false]);
    expect(getText(element, 'status')).to.match(/You’re offline/);
    // The same URL is used again, so the store has to be back at its address.
    backend.responses.presign = () => jsonResponse({}, 500);
    const held = '/put/hold';
    const { open } = XMLHttpRequest.prototype;
    XMLHttpRequest.prototype.open = function (method: string, url: string | URL) {
      open.call(this, method, String(url) === held ? '/put/200' : url, true);
    };
    setOnline(true);
    expect((await ended).key).to.equal(avatar.key);
    XMLHttpRequest.prototype.open = open;
    expect(has(element, 'offline')).to.equal(false);
    expect(log.names.filter((name) => /retry|error/.test(name))).to.deep.equal(['flare-retry']);
  });

  it('ends with cancel(), and coming back changes nothing', async () => {
    const { element, log } = await make('avatar-url=""');
    backend.storeResponse = 'hold';
    const ended = failed(element.upload(picture()));
    await waitForState(element, 'uploading');
    setOnline(false);
    await new Promise(requestAnimationFrame);
    element.cancel();
    setOnline(true);
    expect(((await ended) as AvatarUploadError).code).to.equal('aborted');
    expect([has(element, 'offline'), element.state, log.names.at(-1)]).to.deep.equal([false, 'idle', 'flare-cancel']);
    expect(backend.requests).to.deep.equal(['presign']);
  });
});

describe('retry()', () => {
  it('sends again only what did not come through', async () => {
    const { element, log } = await make('avatar-url="" max-retries="0"');
    backend.responses.commit = failing(1, backend.responses.commit);
    await failed(element.upload(picture()));
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

describe('leaving the page', () => {
  it('is asked about only while bytes are in flight', async () => {
    const seen: [string, boolean][] = [];
    const { element } = await make('avatar-url=""');
    const note = () => seen.push([element.state, asks()]);
    element.addEventListener('flare-statechange', note);
    element.addEventListener('flare-success', note);
    await element.upload(picture());
    expect(seen).to.deep.equal([
      ['preparing', false],
      ['presigning', false],
      ['uploading', true],
      ['committing', false],
      ['success', false],
      ['success', false],
    ]);
  });

  it('is not asked about with no-unload-guard', async () => {
    const { element } = await make('avatar-url="" no-unload-guard');
    backend.storeResponse = 'hold';
    failed(element.upload(picture()));
    await waitForState(element, 'uploading');
    expect(asks()).to.equal(false);
    element.cancel();
  });

  it('is asked about as long as one of two elements sends', async () => {
    const [{ element: first }, { element: second }] = [await make('avatar-url=""'), await make('avatar-url=""')];
    backend.storeResponse = 'hold';
    for (const element of [first, second]) {
      failed(element.upload(picture()));
      await waitForState(element, 'uploading');
    }
    first.cancel();
    await new Promise(requestAnimationFrame);
    expect(asks()).to.equal(true);
    second.cancel();
  });

  it('does not lose the commit: it is sent to the end', async () => {
    const { element } = await make('avatar-url=""');
    await element.upload(picture());
    const flags = backend.requests.map((kind, at) => `${kind} ${backend.requestInits[at]?.keepalive}`);
    expect(flags).to.deep.equal(['presign false', 'commit true']);
  });
});

describe('an upload that the page was left in the middle of', () => {
  /** Leaves an upload behind whose commit was not answered. */
  const leave = async () => {
    const { element } = await make('avatar-url=""');
    backend.responses.commit = () => new Promise(() => {});
    const ended = failed(element.upload(picture()));
    await waitForState(element, 'committing');
    const kept = sessionStorage.getItem(STORE);
    // A page that is left tells its elements nothing: what this one does is undone.
    element.remove();
    await ended;
    backend.requests.length = 0;
    sessionStorage.setItem(STORE, kept ?? '');
    return kept;
  };

  it('is finished by the next one, once: the value is there, and no event', async () => {
    const kept = await leave();
    expect(kept).to.contain('pending/o/1').and.not.to.contain('/put/');
    backend.responses.commit = () => jsonResponse({ ok: true, avatar });
    backend.responses.load = () => jsonResponse({ url: null });
    const made = await make('name="p"');
    backend.responses.load = () => jsonResponse({ url: PIXEL, avatar });
    const { element: other } = await make('avatar-url=""');
    while (!made.element.value || !getPart(made.element, 'image')) await new Promise(requestAnimationFrame);
    expect(made.element.value).to.equal(avatar.key);
    expect(backend.requests.filter((kind) => kind === 'commit')).to.have.length(1);
    expect(backend.requestBodies.some(({ key }) => key === 'pending/o/1')).to.equal(true);
    expect([made.log.names, other.value, sessionStorage.getItem(STORE)]).to.deep.equal([[], '', null]);
  });

  for (const [name, answer, isKept] of [
    ['is another user’s', () => jsonResponse({ code: 'bad_key' }, 400), false],
    ['came too late', () => jsonResponse({ code: 'upload_expired' }, 410), false],
    ['can’t be finished without a session', () => jsonResponse({ code: 'unauthorized' }, 401), true],
  ] as const) {
    it(`and that ${name} is ${isKept ? 'kept' : 'forgotten'}, silently`, async () => {
      await leave();
      backend.responses.commit = answer;
      const { element, log } = await make('avatar-url=""');
      while (!backend.requests.includes('commit')) await new Promise(requestAnimationFrame);
      while (Boolean(sessionStorage.getItem(STORE)) !== isKept) await new Promise(requestAnimationFrame);
      expect([log.names, element.value, element.state]).to.deep.equal([[], '', 'idle']);
    });
  }

  it('is forgotten when its time is over', async () => {
    const kept = JSON.parse((await leave()) ?? '{}');
    for (const upload of Object.values(kept) as { until: number }[]) upload.until = Date.now() - 1;
    sessionStorage.setItem(STORE, JSON.stringify(kept));
    await make('avatar-url=""');
    while (sessionStorage.getItem(STORE)) await new Promise(requestAnimationFrame);
    expect(backend.requests).to.deep.equal([]);
  });

  it('is not finished by an element of another back end', async () => {
    const kept = await leave();
    backend.responses.commit = () => jsonResponse({ ok: true, avatar });
    const { element } = await make('avatar-url="" commit-url="/other/commit"');
    await element.upload(picture());
    expect(sessionStorage.getItem(STORE)).to.equal(kept);
  });

  for (const [name, end] of [
    ['cancelled', (element: FlareAvatarUpload) => element.cancel()],
    ['disabled', (element: FlareAvatarUpload) => element.toggleAttribute('disabled')],
    ['taken away', (element: FlareAvatarUpload) => element.remove()],
  ] as const) {
    it(`is not remembered if it was ${name}`, async () => {
      const { element } = await make('avatar-url=""');
      backend.responses.commit = () => new Promise(() => {});
      const ended = failed(element.upload(picture()));
      await waitForState(element, 'committing');
      end(element);
      await ended;
      expect(sessionStorage.getItem(STORE)).to.equal(null);
    });
  }

  it('is remembered while its commit may be tried again, until it is dismissed', async () => {
    const { element } = await make('avatar-url="" max-retries="0"');
    backend.responses.commit = () => 'lost';
    await failed(element.upload(picture()));
    expect(sessionStorage.getItem(STORE)).to.contain('pending/o/1');
    element.cancel();
    expect(sessionStorage.getItem(STORE)).to.equal(null);
  });
});
