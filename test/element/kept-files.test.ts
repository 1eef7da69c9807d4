import { expect } from '@open-wc/testing';
import type { AvatarUploadError } from '../../src/client.js';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { inspectImage } from '../../src/image/index.js';
import { readPixels } from '../image/read-pixels.js';
import { avifFile, realItem } from '../support/avif.js';
import { ascii, u16le, u32, u32le } from '../support/bytes.js';
import { createFile, createOne } from '../support/element-fixtures.js';
import {
  getPart,
  getText,
  installFakeBackend,
  jsonResponse,
  nextEvent,
  pickFile,
  waitForState,
} from '../support/fake-backend.js';
import { avif, concat, frameControl, gif, jpeg, png, pngChunk, webp } from '../support/pictures.js';
import { IS_CHROMIUM } from '../support/shown-is-stored.js';

const backend = installFakeBackend();

const readBlob = async (blob: Blob) => new Uint8Array(await blob.arrayBuffer());

/** Picks a file that is refused, and returns the code. */
async function pickRefused(element: FlareAvatarUpload, file: File): Promise<string> {
  const refused = nextEvent<CustomEvent<{ error: AvatarUploadError }>>(element, 'flare-reject');
  pickFile(element, file);
  return (await refused).detail.error.code;
}

/** A bitmap of 4 × 2 red pixels with 24 bits each. */
const bmp = () =>
  concat(
    ascii('BM'),
    [...u32le(78), ...u32le(0), ...u32le(54), ...u32le(40), ...u32le(4), ...u32le(2), ...u16le(1), ...u16le(24)],
    new Array(24).fill(0),
    Array.from({ length: 8 }, () => [0, 0, 255]).flat(),
  );

/** A PNG that says it has so many frames, and has one. */
function createOneFramePng(claim: number): Uint8Array<ArrayBuffer> {
  const still = png();
  return concat(
    still.slice(0, 33),
    pngChunk('acTL', [...u32(claim), ...u32(0)]),
    frameControl(0, [2, 2]),
    still.slice(33),
  );
}

describe('crop="off"', () => {
  it('removes the GPS position in the browser, and keeps the pixels', async () => {
    const element = await createOne('crop="off"');
    const { blob } = await element.upload(createFile('x.jpg', 'image/jpeg', jpeg({ gps: true, orientation: 6 })));
    const bytes = await readBlob(blob);
    expect(bytes).to.deep.equal(await readBlob((await element.upload(new File([bytes], 'y.jpg'))).blob));
    expect(await inspectImage(blob)).to.include({ type: 'image/jpeg', orientation: 6, width: 8, height: 16 });
    expect(bytes.length).to.be.below(jpeg({ gps: true, orientation: 6 }).length - 60);
  });

  for (const [name, bytes, size] of [
    ['AVIF', avifFile({ items: [realItem()] }), [64, 64]],
    ['BMP', bmp(), [4, 2]],
  ] as const) {
    it(`converts ${name} at its own size`, async () => {
      const element = await createOne('crop="off" accept="image/avif,.bmp" output-type="image/png"');
      const { blob } = await element.upload(createFile('x', '', bytes));
      const { width, height } = await readPixels(blob);
      expect([blob.type, width, height]).to.deep.equal(['image/png', ...size]);
      expect(backend.requestBodies[0]?.contentType).to.equal('image/png');
    });
  }

  it('keeps transparent pixels of what it converts', async () => {
    const element = await createOne('crop="off" animated="first-frame" output-type="image/png"');
    const { at } = await readPixels((await element.upload(createFile('x', '', createOneFramePng(2)))).blob);
    expect(at(0.5, 0.5)[3]).to.be.closeTo(128, 1);
  });

  it('refuses what the browser cannot decode before anything is sent', async () => {
    const element = await createOne('crop="off"');
    const broken = png();
    // A color type that does not exist.
    const header = pngChunk('IHDR', [...u32(2), ...u32(2), 8, 5, 0, 0, 0]);
    const files = [concat(broken.slice(0, 8), header, broken.slice(33)), jpeg().slice(0, 60), webp().slice(0, 24)];
    for (const bytes of files) {
      expect(await pickRefused(element, createFile('x', 'image/png', bytes))).to.equal('decode_failed');
    }
    expect(backend.requests).to.deep.equal([]);
  });

  it('asks the decode hook about what the browser cannot decode, and keeps its result', async () => {
    const element = await createOne('crop="off" accept="image/heic"');
    element.decode = () => new Blob([jpeg()]);
    const { blob } = await element.upload(createFile('x.heic', 'image/heic', avif({ brand: 'heic' })));
    expect(await readBlob(blob)).to.deep.equal(jpeg());
  });
});

describe('a picture with one frame that says it is animated', () => {
  for (const [name, bytes] of [
    ['PNG', createOneFramePng(1)],
    ['WebP', webp({ frames: 1 })],
  ] as const) {
    it(`is made into a square like any other ${name}`, async () => {
      const element = await createOne('output-type="image/jpeg"');
      const { blob } = await element.upload(createFile('x', '', bytes));
      expect(blob.type).to.equal('image/jpeg');
      await element.updateComplete;
      expect(getText(element, 'status')).to.equal('Saved');
    });
  }
});

describe('an animation that is refused', () => {
  const offer = /^This animation can’t be used\. Try again to use its first frame\.$/;

  /** Checks that Try again uploads a still. */
  async function retryStill(element: FlareAvatarUpload): Promise<void> {
    backend.resetResponses();
    getPart(element, 'retry-button')?.click();
    await waitForState(element, 'success');
    expect(backend.requestBodies.at(-2)?.contentType).not.to.equal('image/gif');
    expect(getText(element, 'status')).to.equal('Saved without animation');
  }

  for (const [step, status, body] of [
    ['commit', 422, { code: 'invalid_image' }],
    ['presign', 415, { code: 'unsupported_type' }],
    ['presign', 400, {}],
    ['commit', 422, {}],
    ['commit', 415, { code: 'no_gifs' }],
  ] as const) {
    it(`with ${status} ${JSON.stringify(body)} at ${step} can be retried with its first frame`, async () => {
      const element = await createOne();
      backend.responses[step] = () => jsonResponse(body, status);
      pickFile(element, createFile('x.gif', 'image/gif', gif(3)));
      await waitForState(element, 'error');
      expect(getText(element, 'error')).to.match(offer);
      await retryStill(element);
    });
  }

  it('by moderation is not offered again', async () => {
    const element = await createOne();
    backend.responses.commit = () => jsonResponse({ code: 'moderated' }, 422);
    pickFile(element, createFile('x.gif', 'image/gif', gif(3)));
    await waitForState(element, 'error');
    expect(getText(element, 'error')).not.to.match(offer);
  });

  it('before anything is sent can be retried with its first frame', async function () {
    // Firefox and WebKit also return a single color for damage, and the back end's code can't tell: it refuses the frames.
    if (!IS_CHROMIUM) this.skip();
    const element = await createOne();
    pickFile(element, createFile('x.gif', 'image/gif', gif(1001)));
    await waitForState(element, 'error');
    expect(getText(element, 'error')).to.match(offer);
    expect(backend.requests).to.deep.equal([]);
    await retryStill(element);
  });

  it('with crop="off" is sent whole as a still', async () => {
    const element = await createOne('crop="off" animated="first-frame" output-type="image/png"');
    const { blob } = await element.upload(createFile('x.gif', 'image/gif', gif(3, [7, 5])));
    const { width, height } = await readPixels(blob);
    expect([blob.type, width, height]).to.deep.equal(['image/png', 7, 5]);
  });
});
