import { expect, fixture, html } from '@open-wc/testing';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { FakeBackend, getText, jsonResponse, pickFile, waitForState } from '../support/fake-backend.js';
import { avif, jpeg } from '../support/pictures.js';

/** Firefox with its protection against fingerprinting, Brave and others hand out noise from a canvas. */
describe('a canvas that gives noise', () => {
  const { prototype } = OffscreenCanvasRenderingContext2D;
  const { getImageData } = prototype;
  const { Worker } = window;
  const backend = new FakeBackend();

  before(() => {
    backend.install();
    // On the page, where a test can reach the canvas.
    window.Worker = class {
      constructor() {
        throw new DOMException('Forbidden', 'SecurityError');
      }
    } as unknown as typeof window.Worker;
    prototype.getImageData = function (this: OffscreenCanvasRenderingContext2D, ...rect) {
      const image = getImageData.apply(this, rect);
      for (let at = 0; at < image.data.length; at += 97) image.data[at] = (image.data[at] ?? 0) ^ 1;
      return image;
    } as typeof getImageData;
  });
  after(() => {
    backend.restore();
    window.Worker = Worker;
    prototype.getImageData = getImageData;
  });

  const make = () =>
    fixture<FlareAvatarUpload>(html`<flare-avatar-upload avatar-url="" accept="*/*"></flare-avatar-upload>`);
  const photo = () =>
    new File([jpeg({ blocks: [[40, 220, 90]], orientation: 6, gps: true })], 'a.jpg', { type: 'image/jpeg' });

  it('is not used: the photo goes up as it is, without its metadata, and that is told', async () => {
    const element = await make();
    const { blob } = await element.upload(photo());
    const [sent, bare] = await Promise.all([
      blob.arrayBuffer(),
      new Blob([jpeg({ blocks: [[40, 220, 90]], orientation: 6 })]).arrayBuffer(),
    ]);
    expect(blob.type).to.equal('image/jpeg');
    // 51° 28' 38" N is in the photo's metadata.
    expect(new Uint8Array(sent).join()).not.to.include([0, 0, 0, 51, 0, 0, 0, 1, 0, 0, 0, 28].join());
    expect(sent.byteLength).to.be.below(bare.byteLength + 1);
    await element.updateComplete;
    expect(getText(element, 'status')).to.match(/^Saved without cropping\. Your browser/);
  });

  it('where the photo is too large for the server: a clear message', async () => {
    const element = await make();
    backend.responses.presign = () => jsonResponse({ error: 'Too large.', code: 'too_large' }, 413);
    pickFile(element, photo());
    await waitForState(element, 'error');
    expect(getText(element, 'error')).to.match(/browser can’t resize this picture/);
  });

  it('where the file is no picture that can be stored: refused', async () => {
    const element = await make();
    const error = await element
      .upload(new File([avif({ brand: 'heic' })], 'a.heic', { type: 'image/heic' }))
      .catch((cause) => cause);
    expect(error.code).to.equal('decode_failed');
  });
});
