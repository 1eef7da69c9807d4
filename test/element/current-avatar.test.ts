import { expect, fixture, html } from '@open-wc/testing';
import { DisplayedImage } from '../../src/field/displayed-image.js';
import { FakeClock } from '../support/clock.js';
import {
  createElement,
  createElements,
  restoreBrowserState,
  setHidden,
  waitForFrames,
  waitUntil,
} from '../support/element-fixtures.js';
import {
  avatar,
  getImageUrl,
  getPart,
  getText,
  installFakeBackend,
  jsonResponse,
  PIXEL,
  waitForState,
} from '../support/fake-backend.js';
import { waitForTask } from '../support/tracked-element.js';

const backend = installFakeBackend();
let clock: FakeClock;
beforeEach(() => {
  clock = new FakeClock();
  clock.install();
});
afterEach(() => {
  clock.restore();
  restoreBrowserState();
});

describe('the request for the avatar', () => {
  it('is shared by elements that load the same avatar at the same time', async () => {
    backend.serveAvatars(null);
    const elements = await createElements('', '', '');
    await waitUntil(() => elements.every(getImageUrl));
    expect(backend.count('load')).to.equal(1);
    expect(elements.map(({ value }) => value)).to.deep.equal(Array(3).fill('avatars/me/1.webp'));
  });

  it('is not shared by elements with different headers or credentials', async () => {
    backend.serveAvatars(null);
    const parent = await fixture<HTMLElement>(html`<div></div>`);
    const elements = Array.from({ length: 3 }, () => document.createElement('flare-avatar-upload'));
    elements.forEach((element, at) => {
      if (at) Object.assign(element, at === 1 ? { headers: { authorization: 'Bearer b' } } : { credentials: 'omit' });
    });
    parent.append(...elements);
    await waitUntil(() => elements.every(getImageUrl));
    expect(backend.count('load')).to.equal(3);
  });

  it('is aborted when the last element that shares it is removed', async () => {
    backend.responses.load = () => new Promise(() => {});
    const [first, second] = await createElements('', '');
    const signal = backend.requestInits[0]?.signal;
    first.remove();
    await waitForTask();
    expect(signal?.aborted).to.equal(false);
    second.remove();
    await waitForTask();
    expect(signal?.aborted).to.equal(true);
  });

  it('is sent again by refresh(), which ignores the response to an earlier request', async () => {
    let respondLate: (response: Response) => void = () => {};
    backend.responses.load = () => new Promise((resolve) => (respondLate = resolve));
    const { element } = await createElement();
    backend.serveAvatars(null, 'avatars/me/new.webp');
    await element.refresh();
    respondLate(jsonResponse({ url: `${PIXEL}#late`, avatar }));
    await waitForFrames();
    expect([backend.count('load'), element.value, getImageUrl(element)]).to.deep.equal([
      2,
      'avatars/me/new.webp',
      `${PIXEL}#2`,
    ]);
  });
});

describe('an avatar whose image does not load', () => {
  const respondBroken = (count: number) => jsonResponse({ url: `data:image/png,broken${count}`, avatar });

  it('is requested once more and displayed', async () => {
    backend.responses.load = () =>
      backend.count('load') === 1 ? respondBroken(1) : jsonResponse({ url: PIXEL, avatar });
    const { element } = await createElement('initials="AL"');
    await waitUntil(() => getImageUrl(element) === PIXEL);
    expect(backend.count('load')).to.equal(2);
  });

  it('is replaced by the initials if the second image does not load either, without further requests', async () => {
    backend.responses.load = () => respondBroken(backend.count('load'));
    const { element } = await createElement('initials="AL"');
    await waitUntil(() => backend.count('load') === 2 && getPart(element, 'initials'));
    await waitForFrames();
    expect([backend.count('load'), getPart(element, 'image')]).to.deep.equal([2, null]);
  });

  it('is never displayed as a broken image while it is requested again', async () => {
    let respond = (_: Response) => {};
    backend.responses.load = () =>
      backend.count('load') === 1 ? respondBroken(1) : new Promise((resolve) => (respond = resolve));
    const { element } = await createElement('initials="AL"');
    await waitUntil(() => backend.count('load') === 2);
    await element.updateComplete;
    expect(getPart(element, 'initials')).to.exist;
    respond(jsonResponse({ url: PIXEL, avatar }));
    await waitUntil(() => getImageUrl(element) === PIXEL);
  });

  it('causes no request if it comes from src', async () => {
    const { element } = await createElement('src="data:image/png,broken" initials="AL"');
    await waitUntil(() => getPart(element, 'initials'));
    await waitForFrames();
    expect(backend.count('load')).to.equal(0);
  });

  it('is requested again if it fails after it was displayed', async () => {
    backend.responses.load = () =>
      backend.count('load') % 2
        ? respondBroken(backend.count('load'))
        : jsonResponse({ url: `${PIXEL}#${backend.count('load')}`, avatar });
    const { element } = await createElement();
    await waitUntil(() => getImageUrl(element) === `${PIXEL}#2`);
    await waitUntil(() => getPart<HTMLImageElement>(element, 'image')?.complete);
    await waitForFrames();
    getPart(element, 'image')?.dispatchEvent(new Event('error'));
    await waitUntil(() => backend.count('load') === 3);
  });
});

describe('an avatar request that fails', () => {
  it('is retried without dispatching an event', async () => {
    backend.responses.load = () => (backend.count('load') < 3 ? 'lost' : jsonResponse({ url: PIXEL, avatar }));
    const { element, log } = await createElement();
    for (const attempt of [1, 2]) {
      await waitUntil(() => backend.count('load') === attempt && clock.timers.size);
      clock.advance(10_000);
    }
    await waitUntil(() => getImageUrl(element));
    expect(log.names).to.deep.equal([]);
  });

  it('permanently is sent again when the page becomes visible or the network is back', async () => {
    backend.responses.load = () => jsonResponse({}, 401);
    const { element, log } = await createElement();
    await waitForState(element, 'error');
    setHidden(true);
    setHidden(false);
    await waitUntil(() => backend.count('load') === 2);
    await waitForFrames();
    backend.responses.load = () => jsonResponse({ url: PIXEL, avatar });
    await waitUntil(() => {
      // Ignored while the failed request is still being handled.
      window.dispatchEvent(new Event('online'));
      return element.state === 'idle';
    });
    await element.updateComplete;
    expect(log.names).to.deep.equal(['→error', 'flare-error', '→idle']);
    expect([getText(element, 'error'), getImageUrl(element)]).to.deep.equal(['', PIXEL]);
  });

  it('shows an error but keeps the picture if the page called refresh()', async () => {
    backend.serveAvatars(null);
    const { element } = await createElement('max-retries="0"');
    await waitUntil(() => getImageUrl(element));
    backend.responses.load = () => jsonResponse({}, 401);
    await element.refresh();
    await element.updateComplete;
    expect([element.state, getImageUrl(element)]).to.deep.equal(['error', `${PIXEL}#1`]);
    expect(getText(element, 'error')).to.match(/sign in/i);
  });
});

describe('the displayed image', () => {
  it('stays if the image that it replaced fails to load afterwards', () => {
    const host = {
      addController() {},
      removeController() {},
      requestUpdate() {},
      updateComplete: Promise.resolve(true),
    };
    const image = new DisplayedImage(host, { isPresent: true, brokenUrl: null });
    image.getUrl('/old.png', null);
    image.getUrl('/new.png', null);
    image.markBroken('/old.png');
    expect(image.getUrl('/new.png', null)).to.equal('/new.png');
    image.markBroken('/new.png');
    expect(image.getUrl('/new.png', null)).to.equal(null);
  });
});
