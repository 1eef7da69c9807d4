import { expect } from '@open-wc/testing';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { FakeClock } from '../support/clock.js';
import {
  createElement,
  createElements,
  createPngFile,
  restoreBrowserState,
  setHidden,
  waitForFrames,
  waitUntil,
} from '../support/element-fixtures.js';
import {
  getImageUrl,
  getPart,
  getText,
  installFakeBackend,
  jsonResponse,
  PIXEL,
  recordEvents,
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

/** Resolves after the task in which the browser notifies all observers, in any order, that the element is in or out of view. */
function waitForVisibility(element: FlareAvatarUpload, isVisible: boolean): Promise<void> {
  return new Promise((resolve) => {
    const observer = new IntersectionObserver((entries) => {
      if (entries.at(-1)?.isIntersecting !== isVisible) return;
      observer.disconnect();
      setTimeout(resolve);
    });
    observer.observe(element);
  });
}

describe('an avatar URL that expires', () => {
  const createLoaded = async (lifetime: number | null) => {
    backend.serveAvatars(lifetime);
    const { element } = await createElement();
    await waitUntil(() => getImageUrl(element));
    await waitUntil(() => !element.matches(':state(loading)'));
    return { element, log: recordEvents(element) };
  };

  it('is renewed each time before it expires, without dispatching an event', async () => {
    const { element, log } = await createLoaded(300_000);
    for (const renewal of [2, 3]) {
      clock.advance(269_000);
      await waitForFrames();
      expect(backend.count('load')).to.equal(renewal - 1);
      clock.advance(2000);
      await waitUntil(() => getImageUrl(element) === `${PIXEL}#${renewal}`);
    }
    expect(log.names).to.deep.equal([]);
  });

  it('stays in use while the picture is the same, until the image has to be loaded anew', async () => {
    backend.serveAvatars(60_000, 'avatars/me/same.webp');
    const { element } = await createElement();
    await waitUntil(() => getImageUrl(element));
    await waitUntil(() => !element.matches(':state(loading)'));
    const { decode } = HTMLImageElement.prototype;
    let decoded = 0;
    HTMLImageElement.prototype.decode = function () {
      decoded++;
      return decode.call(this);
    };
    try {
      for (const renewal of [2, 3]) {
        clock.advance(50_000);
        await waitUntil(() => backend.count('load') === renewal);
        await waitForFrames();
        expect([getImageUrl(element), decoded]).to.deep.equal([`${PIXEL}#1`, 0]);
      }
    } finally {
      HTMLImageElement.prototype.decode = decode;
    }
    getPart(element, 'image')?.dispatchEvent(new Event('error'));
    await waitUntil(() => getImageUrl(element) === `${PIXEL}#3`);
    expect(backend.count('load')).to.equal(3);
  });

  it('stays in use until the image at the new URL is decoded', async () => {
    const { decode } = HTMLImageElement.prototype;
    const { element } = await createLoaded(60_000);
    let finishDecoding = () => {};
    HTMLImageElement.prototype.decode = () => new Promise((resolve) => (finishDecoding = resolve));
    try {
      clock.advance(50_000);
      await waitUntil(() => backend.count('load') === 2);
      await waitForFrames();
      expect([getImageUrl(element), element.matches(':state(loading)')]).to.deep.equal([`${PIXEL}#1`, false]);
      finishDecoding();
      await waitUntil(() => getImageUrl(element) === `${PIXEL}#2`);
    } finally {
      HTMLImageElement.prototype.decode = decode;
    }
  });

  it('stays in use if the image at the new URL does not load', async () => {
    const { element } = await createLoaded(60_000);
    // Without a key, the element can't know whether the picture is the same.
    backend.responses.load = () => jsonResponse({ url: 'data:image/png,broken' });
    clock.advance(50_000);
    await waitUntil(() => backend.count('load') === 2);
    await waitForFrames();
    expect(getImageUrl(element)).to.equal(`${PIXEL}#1`);
  });

  for (const [direction, hours] of [
    ['ahead', 1],
    ['behind', -1],
  ] as const) {
    it(`is renewed in time if the user’s clock is one hour ${direction}`, async () => {
      const getServerTime = () => Date.now() - hours * 3_600_000;
      backend.responses.load = () =>
        Response.json(
          { url: `${PIXEL}#${backend.count('load')}`, expiresAt: new Date(getServerTime() + 300_000).toISOString() },
          { headers: { date: new Date(getServerTime()).toUTCString() } },
        );
      const { element } = await createElement();
      await waitUntil(() => getImageUrl(element));
      await waitForFrames();
      clock.advance(260_000);
      await waitForFrames();
      expect(backend.count('load')).to.equal(1);
      clock.advance(15_000);
      await waitUntil(() => backend.count('load') === 2);
    });
  }

  it('is not renewed if its expiry is unknown, in the past or too far away for a timer', async () => {
    for (const lifetime of [null, -5000, 10 ** 12]) {
      await createLoaded(lifetime);
      const before = backend.count('load');
      await waitForFrames();
      clock.advance(2 ** 31);
      await waitForFrames();
      expect(backend.count('load'), String(lifetime)).to.equal(before);
    }
  });

  it('is permanent without an expiry: neither renewed, nor loaded again while the picture is the same', async () => {
    const answer = (key: string) => {
      backend.responses.load = () => Response.json({ url: `${PIXEL}#${key}`, avatar: { key } });
    };
    answer('avatars/me/first.webp');
    const { element } = await createElement();
    await waitUntil(() => getImageUrl(element));
    await waitUntil(() => !element.matches(':state(loading)'));
    const image = getPart(element, 'image') as HTMLImageElement;
    await image.decode();
    await waitForFrames();
    let loads = 0;
    image.addEventListener('load', () => loads++);
    // The engine takes over from the first load.
    await element.refresh();
    clock.advance(2 ** 31);
    await waitForFrames();
    expect([backend.count('load'), clock.timers.size, loads]).to.deep.equal([2, 0, 0]);
    expect([getPart(element, 'image'), getImageUrl(element)]).to.deep.equal([image, `${PIXEL}#avatars/me/first.webp`]);
    answer('avatars/me/second.webp');
    await element.refresh();
    await waitUntil(() => getImageUrl(element) === `${PIXEL}#avatars/me/second.webp`);
    expect(element.value).to.equal('avatars/me/second.webp');
  });

  it('is not renewed until the hidden page becomes visible', async () => {
    const { element } = await createLoaded(60_000);
    setHidden(true);
    clock.advance(600_000);
    await waitForFrames();
    expect(backend.count('load')).to.equal(1);
    setHidden(false);
    await waitUntil(() => getImageUrl(element) === `${PIXEL}#2`);
    setHidden(true);
    setHidden(false);
    await waitForFrames();
    expect(backend.count('load')).to.equal(2);
  });

  it('is not renewed until the element comes into view', async () => {
    const { element } = await createLoaded(60_000);
    element.style.display = 'none';
    await waitForVisibility(element, false);
    clock.advance(600_000);
    await waitForFrames();
    expect(backend.count('load')).to.equal(1);
    element.style.display = '';
    await waitUntil(() => getImageUrl(element) === `${PIXEL}#2`);
  });

  it('is renewed by one request for all elements', async () => {
    backend.serveAvatars(60_000);
    const elements = await createElements('', '', '');
    await waitUntil(() => elements.every(getImageUrl));
    await waitForFrames();
    const respond = backend.responses.load;
    // In WebKit, the elements learn in separate tasks that they are in view, so a response must take some time.
    backend.responses.load = async () => {
      await waitForFrames();
      return respond() as Response;
    };
    clock.advance(50_000);
    await waitUntil(() => elements.every((element) => getImageUrl(element) === `${PIXEL}#2`));
    expect(backend.count('load')).to.equal(2);
  });

  it('leaves no timer when the element is removed, and is renewed when it is inserted again', async () => {
    const { element } = await createLoaded(60_000);
    await waitForFrames();
    expect(clock.timers.size).to.equal(1);
    const { parentElement } = element;
    element.remove();
    await waitForTask();
    expect(clock.timers.size).to.equal(0);
    clock.advance(600_000);
    parentElement?.append(element);
    await waitUntil(() => getImageUrl(element) === `${PIXEL}#2`);
    // An element that is moved without a pause misses no update.
    parentElement?.append(element);
    await waitForFrames();
    expect([backend.count('load'), clock.timers.size]).to.deep.equal([2, 1]);
  });

  it('stays in use without an event if the renewal fails, and is renewed when the network is back', async () => {
    const { element, log } = await createLoaded(60_000);
    element.maxRetries = 0;
    element.dispatchEvent(new Event('pointerenter'));
    await waitUntil(() => getPart(element, 'progress'));
    backend.responses.load = () => 'lost';
    clock.advance(50_000);
    await waitUntil(() => backend.count('load') === 2);
    await waitForFrames();
    expect([getImageUrl(element), element.state, getText(element, 'error')]).to.deep.equal([`${PIXEL}#1`, 'idle', '']);
    backend.serveAvatars(60_000);
    await waitUntil(() => {
      // Ignored while the failed renewal is still being handled.
      window.dispatchEvent(new Event('online'));
      return getImageUrl(element) === `${PIXEL}#3`;
    });
    expect(log.names).to.deep.equal([]);
  });

  it('is not renewed until an upload has ended', async () => {
    const { element } = await createLoaded(60_000);
    backend.storeResponse = 'hold';
    const ended = element.upload(createPngFile()).catch(() => {});
    await waitForState(element, 'uploading');
    clock.advance(50_000);
    await waitForFrames();
    expect(backend.count('load')).to.equal(1);
    element.cancel();
    await ended;
    await waitUntil(() => getImageUrl(element) === `${PIXEL}#2`);
  });
});
