import { expect, fixture, html } from '@open-wc/testing';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { FakeBackend, getText, jsonResponse, pickFile, waitForState } from '../support/fake-backend.js';
import { avif, jpeg } from '../support/pictures.js';

/** Firefox with its fingerprinting protection, Brave and others return noise from a canvas. */
describe('a canvas that returns noise', () => {
  const { prototype } = OffscreenCanvasRenderingContext2D;
  const { getImageData } = prototype;
  const { Worker } = window;
  const backend = new FakeBackend();

  before(() => {
    backend.install();
    // Without workers, pictures are prepared on the page, where the test can change the canvas.
    window.Worker = class {
      constructor() {
        throw new DOMException('Forbidden', 'SecurityError');
      }
    } as unknown as typeof window.Worker;
    prototype.getImageData = function (this: OffscreenCanvasRenderingContext2D, ...rect) {
      const image = getImageData.apply(this, rect);
      for (let i = 0; i < image.data.length; i += 97) image.data[i] = (image.data[i] ?? 0) ^ 1;
      return image;
    } as typeof getImageData;
  });
  after(() => {
    backend.restore();
    window.Worker = Worker;
    prototype.getImageData = getImageData;
  });

  const createElement = () =>
    fixture<FlareAvatarUpload>(html`<flare-avatar-upload avatar-url="" accept="*/*"></flare-avatar-upload>`);
  const createPhoto = () =>
    new File([jpeg({ blocks: [[40, 220, 90]], orientation: 6, gps: true })], 'a.jpg', { type: 'image/jpeg' });

  it('is not used: the photo is uploaded uncropped, without metadata, and the user is told', async () => {
    const element = await createElement();
    const { blob } = await element.upload(createPhoto());
    const [sent, clean] = await Promise.all([
      blob.arrayBuffer(),
      new Blob([jpeg({ blocks: [[40, 220, 90]], orientation: 6 })]).arrayBuffer(),
    ]);
    expect(blob.type).to.equal('image/jpeg');
    // 51° 28' 38" N, from the photo's metadata.
    expect(new Uint8Array(sent).join()).not.to.include([0, 0, 0, 51, 0, 0, 0, 1, 0, 0, 0, 28].join());
    expect(sent.byteLength).to.be.below(clean.byteLength + 1);
    await element.updateComplete;
    expect(getText(element, 'status')).to.match(/^Saved without cropping\. Your browser/);
  });

  it('is no reason to ask the decode hook, which may know only other formats', async () => {
    const element = await createElement();
    element.decode = () => Promise.reject(new Error('Not HEIC.'));
    const { blob } = await element.upload(createPhoto());
    expect(blob.type).to.equal('image/jpeg');
  });

  it('gives a clear message if the photo is too large for the server', async () => {
    const element = await createElement();
    backend.responses.presign = () => jsonResponse({ error: 'Too large.', code: 'too_large' }, 413);
    pickFile(element, createPhoto());
    await waitForState(element, 'error');
    expect(getText(element, 'error')).to.match(/browser can’t resize this picture/);
  });

  it('rejects a file that could be stored only after conversion', async () => {
    const element = await createElement();
    const error = await element
      .upload(new File([avif({ brand: 'heic' })], 'a.heic', { type: 'image/heic' }))
      .catch((cause) => cause);
    expect(error.code).to.equal('decode_failed');
  });
});
