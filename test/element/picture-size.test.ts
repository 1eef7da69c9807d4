import { expect } from '@open-wc/testing';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { createElement, createElements, createPngFile, waitForFrames, waitUntil } from '../support/element-fixtures.js';
import { avatar, getImageUrl, installFakeBackend, jsonResponse, PIXEL } from '../support/fake-backend.js';
import { waitForTask } from '../support/tracked-element.js';

const backend = installFakeBackend();
const pixelRatio = Object.getOwnPropertyDescriptor(window, 'devicePixelRatio') as PropertyDescriptor;
beforeEach(() => setPixelRatio(1));
afterEach(() => Object.defineProperty(window, 'devicePixelRatio', pixelRatio));

const setPixelRatio = (value: number) =>
  Object.defineProperty(window, 'devicePixelRatio', { value, configurable: true });

/** The sizes that were requested; null for a request without one. */
const getSizes = () =>
  backend.requestUrls.map((url) => {
    const size = new URL(url, location.href).searchParams.get('size');
    return size && Number(size);
  });

/** Serves one picture, whose URL ends with the size that was requested. */
function serveSizes(): void {
  backend.responses.load = () => jsonResponse({ url: `${PIXEL}#${getSizes().at(-1)}`, avatar });
}

async function createSized(width: string, attributes = ''): Promise<FlareAvatarUpload> {
  const { element } = await createElement(`style="--flare-size: ${width}" ${attributes}`);
  await waitUntil(() => getImageUrl(element));
  await waitForFrames();
  return element;
}

async function resize(element: FlareAvatarUpload, width: string): Promise<void> {
  element.style.setProperty('--flare-size', width);
  await waitForFrames();
}

describe('the size that the element requests', () => {
  beforeEach(serveSizes);

  for (const [width, ratio, size] of [
    ['10px', 1, 32],
    ['32px', 1, 32],
    ['33px', 1, 64],
    ['96px', 1, 128],
    ['96px', 2, 256],
    ['128px', 2, 256],
    ['100px', 1.25, 128],
    ['5000px', 3, 2048],
  ] as const) {
    it(`is ${size} pixels for ${width} at a pixel ratio of ${ratio}`, async () => {
      setPixelRatio(ratio);
      await createSized(width);
      expect(getSizes()).to.deep.equal([size]);
    });
  }

  for (const [address, requested] of [
    ['/other/me/avatar', '/other/me/avatar?size=128'],
    ['/other/me/avatar?tenant=a%20b&x', '/other/me/avatar?tenant=a%20b&x&size=128'],
    ['/other/me/avatar?x=1&size=40', '/other/me/avatar?x=1&size=40&size=128'],
  ] as const) {
    it(`is added to avatar-url="${address}"`, async () => {
      await createElement(`avatar-url="${address}"`);
      await waitUntil(() => backend.requestUrls.length || !/avatar\?/.test(requested));
      expect(backend.requestUrls).to.deep.equal([requested]);
    });
  }

  it('is shared by elements of the same size only', async () => {
    const elements = await createElements('', '', 'style="--flare-size: 200px"');
    await waitUntil(() => elements.every(getImageUrl));
    expect(getSizes()).to.deep.equal([128, 256]);
  });

  it('is requested for neither src nor an empty avatar-url, at any size', async () => {
    const elements = await createElements(`src="${PIXEL}"`, 'avatar-url=""');
    for (const element of elements) await resize(element, '900px');
    expect(backend.requests).to.deep.equal([]);
  });
});

describe('an element that grows', () => {
  beforeEach(serveSizes);

  it('requests a larger picture when it needs the next power of two, and none when it shrinks', async () => {
    const element = await createSized('96px');
    for (const [width, sizes] of [
      ['128px', [128]],
      ['129px', [128, 256]],
      ['40px', [128, 256]],
      ['256px', [128, 256]],
      ['700px', [128, 256, 1024]],
    ] as const) {
      await resize(element, width);
      await waitUntil(() => getImageUrl(element) === `${PIXEL}#${sizes.at(-1)}`);
      expect(getSizes(), width).to.deep.equal(sizes);
    }
  });

  it('keeps its size in the requests that follow', async () => {
    const element = await createSized('200px');
    await resize(element, '50px');
    await element.refresh();
    expect(getSizes()).to.deep.equal([256, 256]);
  });

  it('requests nothing while it is not displayed, and what it needs when it is', async () => {
    const { element } = await createElement('style="display: none; --flare-size: 40px"');
    await waitUntil(() => getImageUrl(element));
    await resize(element, '300px');
    expect(getSizes()).to.deep.equal([256]);
    element.style.display = '';
    await waitUntil(() => getImageUrl(element) === `${PIXEL}#512`);
    element.style.display = 'none';
    await waitForFrames();
    element.style.display = '';
    await waitForFrames();
    expect(getSizes()).to.deep.equal([256, 512]);
  });

  it('requests nothing until an upload has ended, and nothing after it has succeeded', async () => {
    const element = await createSized('40px');
    backend.storeResponse = 'hold';
    const canceled = element.upload(createPngFile()).catch(() => {});
    await waitUntil(() => element.state === 'uploading');
    await resize(element, '100px');
    expect(getSizes().filter(Boolean)).to.deep.equal([64]);
    element.cancel();
    await canceled;
    await waitUntil(() => getImageUrl(element) === `${PIXEL}#128`);
    backend.storeResponse = 200;
    const before = backend.count('load');
    await element.upload(createPngFile());
    await resize(element, '600px');
    expect([backend.count('load'), getImageUrl(element)?.slice(0, 5)]).to.deep.equal([before, 'blob:']);
  });

  it('requests a size once if that fails, however often it is resized', async () => {
    const element = await createSized('40px', 'max-retries="0"');
    backend.responses.load = () => jsonResponse({}, 500);
    for (const width of ['70px', '80px', '90px', '60px', '100px']) await resize(element, width);
    expect([getSizes(), getImageUrl(element), element.state]).to.deep.equal([[64, 128], `${PIXEL}#64`, 'idle']);
  });

  it('does not load the same object again if the back end ignores the size', async () => {
    const url = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7#?X-Amz-Signature=';
    backend.responses.load = () => jsonResponse({ url: `${url}${backend.count('load')}`, avatar });
    const element = await createSized('40px');
    await resize(element, '100px');
    expect([getSizes(), getImageUrl(element)]).to.deep.equal([[64, 128], `${url}1`]);
  });

  it('requests the larger picture again when a request for it was lost with the element’s removal', async () => {
    const element = await createSized('40px');
    backend.responses.load = () => new Promise(() => {});
    await resize(element, '100px');
    const { parentElement } = element;
    element.remove();
    await waitForTask();
    serveSizes();
    parentElement?.append(element);
    await waitUntil(() => getImageUrl(element) === `${PIXEL}#128`);
    expect(getSizes()).to.deep.equal([64, 128, 128]);
  });

  it('requests a larger picture when the pixel ratio rises, and nothing when the window is resized', async () => {
    const element = await createSized('64px');
    window.dispatchEvent(new Event('resize'));
    await waitForFrames();
    expect(getSizes()).to.deep.equal([64]);
    setPixelRatio(2);
    window.dispatchEvent(new Event('resize'));
    await waitUntil(() => getImageUrl(element) === `${PIXEL}#128`);
    expect(getSizes()).to.deep.equal([64, 128]);
  });
});
