import { expect } from '@open-wc/testing';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { createElement, waitForFrames, waitUntil } from '../support/element-fixtures.js';
import {
  avatar,
  getImageUrl,
  getPart,
  installFakeBackend,
  jsonResponse,
  waitForState,
} from '../support/fake-backend.js';

const backend = installFakeBackend();
const urls: string[] = [];
afterEach(() => {
  for (const url of urls.splice(0)) URL.revokeObjectURL(url);
});

/** A picture that takes the browser some time to decode. */
async function paintPicture(hue: number): Promise<File> {
  const canvas = new OffscreenCanvas(1500, 1500);
  const context = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D;
  for (let y = 0; y < 1500; y += 10) {
    context.fillStyle = `hsl(${hue} 80% ${20 + (y % 60)}%)`;
    context.fillRect(0, y, 1500, 10);
  }
  return new File([await canvas.convertToBlob({ type: 'image/png' })], 'me.png', { type: 'image/png' });
}

/** Serves a picture with this key from now on, at an address that the page has not loaded. */
function servePicture(picture: Blob, key = avatar.key): string {
  const url = URL.createObjectURL(picture);
  urls.push(url);
  backend.responses.load = () => jsonResponse({ url, avatar: { ...avatar, key } });
  return url;
}

/** What the frames of a test have shown. */
interface Frames {
  /** Number of frames without a picture, or with a broken one. */
  bare: number;
  /** Number of frames in which a new picture is not loaded: the browser shows the former one, if it is kind. */
  loading: number;
  /** Addresses on display, in their order. */
  addresses: string[];
}

/** Watches each frame, until the function that it returns is called. */
function watchFrames(element: FlareAvatarUpload): () => Frames {
  const seen: Frames = { bare: 0, loading: 0, addresses: [] };
  const watch = () => {
    const image = getPart<HTMLImageElement>(element, 'image');
    if (!image || (image.complete && image.naturalWidth === 0)) seen.bare++;
    else if (!image.complete) seen.loading++;
    const address = image?.getAttribute('src') ?? '';
    if (seen.addresses.at(-1) !== address) seen.addresses.push(address);
    request = requestAnimationFrame(watch);
  };
  let request = requestAnimationFrame(watch);
  return () => {
    cancelAnimationFrame(request);
    return seen;
  };
}

describe('the picture of the back end', () => {
  it('takes the place of the uploaded one without a frame between them', async () => {
    const { element } = await createElement('crop="off"');
    await element.upload(await paintPicture(10));
    const preview = getImageUrl(element) ?? '';
    const url = servePicture(await paintPicture(200));
    const stop = watchFrames(element);
    await element.refresh();
    await waitUntil(() => getImageUrl(element) === url);
    await waitForFrames();
    expect(stop()).to.deep.equal({ bare: 0, loading: 0, addresses: [preview, url] });
  });

  it('does not take the place of the uploaded one if it does not load', async () => {
    const { element } = await createElement('crop="off"');
    await element.upload(await paintPicture(10));
    const preview = getImageUrl(element) ?? '';
    backend.responses.load = () => jsonResponse({ url: 'data:image/png,broken', avatar });
    const stop = watchFrames(element);
    await element.refresh();
    await waitForFrames();
    expect(stop()).to.deep.equal({ bare: 0, loading: 0, addresses: [preview] });
    // A back end that returns no key says nothing about another picture.
    backend.responses.load = () => jsonResponse({ url: 'data:image/png,broken' });
    await element.refresh();
    await waitForFrames();
    expect(getImageUrl(element)).to.equal(preview);
  });

  it('stays on display until the larger one is decoded', async () => {
    const small = servePicture(await paintPicture(10));
    const { element } = await createElement('style="--flare-size: 40px"');
    await waitUntil(() => getPart<HTMLImageElement>(element, 'image')?.naturalWidth);
    const large = servePicture(await paintPicture(10));
    const stop = watchFrames(element);
    element.style.setProperty('--flare-size', '400px');
    await waitUntil(() => getImageUrl(element) === large);
    await waitForFrames();
    expect(stop()).to.deep.equal({ bare: 0, loading: 0, addresses: [small, large] });
  });

  it('is never missing between a preview, its upload and the picture that is served', async () => {
    servePicture(await paintPicture(10));
    const { element } = await createElement('no-auto');
    await waitUntil(() => getPart<HTMLImageElement>(element, 'image')?.naturalWidth);
    const stop = watchFrames(element);
    const input = await paintPicture(90);
    const done = element.upload(input);
    await waitForState(element, 'success');
    await done;
    const url = servePicture(await paintPicture(200), 'avatars/o/another.png');
    await element.refresh();
    await waitUntil(() => getImageUrl(element) === url);
    await waitForFrames();
    expect(stop().bare).to.equal(0);
  });
});
