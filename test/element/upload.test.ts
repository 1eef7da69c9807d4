import { expect } from '@open-wc/testing';
import type { AvatarUploadError } from '../../src/client.js';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { createElement, createPngFile } from '../support/element-fixtures.js';
import {
  avatar,
  getImageUrl,
  getText,
  installFakeBackend,
  jsonResponse,
  nextEvent,
  PIXEL,
  pickFile,
  waitForState,
} from '../support/fake-backend.js';
import { avif, gif, jpeg, png, text } from '../support/pictures.js';
import { ResourceTracker } from '../support/resource-tracker.js';
import { waitForTask } from '../support/tracked-element.js';

const backend = installFakeBackend();

/** Type that the browser encodes a transparent picture in when WebP is requested: Safari falls back to PNG. */
const ENCODED_TYPE = await new Promise((resolve) =>
  document.createElement('canvas').toBlob((blob) => resolve(blob?.type), 'image/webp'),
);

const UPLOAD_EVENTS = [
  'flare-accept',
  '→preparing',
  'flare-start',
  '→presigning',
  '→uploading',
  '→committing',
  '→success',
  'flare-success',
  'input',
  'change',
];

describe('a picked file', () => {
  it('is uploaded, and every event is dispatched once and in order, native events last', async () => {
    const { element, log } = await createElement('avatar-url=""');
    pickFile(element, createPngFile());
    await nextEvent(element, 'change');
    expect(log.names).to.deep.equal(UPLOAD_EVENTS);
    expect(backend.requests).to.deep.equal(['presign', 'commit']);
    expect(element.value).to.equal(avatar.key);
    const { key, avatar: stored, blob } = log.last<{ key: string; avatar: unknown; blob: Blob }>('flare-success');
    expect([key, stored, blob.type]).to.deep.equal([avatar.key, avatar, ENCODED_TYPE]);
    expect(backend.requestBodies[0]).to.include({ filename: 'me.png', contentType: ENCODED_TYPE, size: blob.size });
    expect(backend.requestBodies[1]).to.deep.equal({ key: 'pending/o/1' });
    const progress = log.last<{ loaded: number; total: number; ratio: number }>('flare-progress');
    expect(progress).to.deep.equal({ loaded: blob.size, total: blob.size, ratio: 1 });
    await element.updateComplete;
    expect(getImageUrl(element)).to.match(/^blob:/);
    expect(getText(element, 'status')).to.equal('Saved');
  });

  it('is displayed before any request is sent', async () => {
    const { element } = await createElement('avatar-url=""');
    let early: string | null = null;
    backend.responses.presign = () => {
      early = getImageUrl(element);
      return jsonResponse({}, 500);
    };
    pickFile(element, createPngFile());
    await waitForState(element, 'error');
    expect(early).to.match(/^blob:/);
  });

  it('is displayed before it is encoded, and then the encoded one', async () => {
    const { element } = await createElement('avatar-url=""');
    const types: string[] = [];
    const { createObjectURL } = URL;
    URL.createObjectURL = (blob: Blob) => {
      if (blob.type.startsWith('image/')) types.push(blob.type);
      return createObjectURL(blob);
    };
    try {
      pickFile(element, new File([jpeg({ gps: true })], 'me.jpg'));
      await waitForState(element, 'success');
      await element.updateComplete;
    } finally {
      URL.createObjectURL = createObjectURL;
    }
    const shown = await (await fetch(String(getImageUrl(element)))).blob();
    expect(types).to.deep.equal(['image/bmp', shown.type]);
    expect(shown.type).not.to.equal('image/bmp');
  });

  it('can be picked twice in a row', async () => {
    const { element, log } = await createElement('avatar-url=""');
    for (let i = 0; i < 2; i++) {
      pickFile(element, createPngFile());
      await nextEvent(element, 'flare-success');
    }
    expect(backend.requests).to.deep.equal(['presign', 'commit', 'presign', 'commit']);
    expect(log.names.filter((name) => name === 'change')).to.have.length(1);
  });

  it('is uploaded to a back end that sends only the required fields', async () => {
    const { element, log } = await createElement('avatar-url=""');
    backend.responses.commit = () => jsonResponse({ ok: true });
    pickFile(element, createPngFile());
    await waitForState(element, 'success');
    expect(element.value).to.equal('pending/o/1');
    expect(log.last<{ avatar: unknown }>('flare-success').avatar).to.equal(null);
  });

  it('is ignored if a listener cancels flare-accept', async () => {
    const { element, log } = await createElement('avatar-url=""');
    element.addEventListener('flare-accept', (event) => event.preventDefault());
    const error = await element.upload(createPngFile()).catch((error: AvatarUploadError) => error);
    expect((error as AvatarUploadError).code).to.equal('aborted');
    expect(log.names).to.deep.equal(['flare-accept']);
    expect([element.state, backend.requests.length, getImageUrl(element)]).to.deep.equal(['idle', 0, null]);
  });

  it('is not uploaded before upload() is called with no-auto', async () => {
    const { element, log } = await createElement('avatar-url="" no-auto');
    pickFile(element, createPngFile());
    await nextEvent(element, 'flare-accept');
    await element.updateComplete;
    expect(element.state).to.equal('idle');
    const detail = await element.upload();
    expect(detail.key).to.equal(avatar.key);
    expect(log.names).to.deep.equal(UPLOAD_EVENTS);
  });

  it('is uploaded once if upload() is called before the file is inspected, and called again', async () => {
    const { element, log } = await createElement('avatar-url="" no-auto');
    pickFile(element, createPngFile());
    const [first, second] = await Promise.all([
      element.upload(),
      nextEvent(element, 'flare-start').then(() => element.upload()),
    ]);
    expect(second).to.equal(first);
    expect(log.names.filter((name) => name === 'flare-success')).to.have.length(1);
    expect(backend.requests).to.deep.equal(['presign', 'commit']);
  });

  it('has set the value when flare-success is dispatched', async () => {
    const { element } = await createElement('avatar-url="" name="p"');
    const seen: string[] = [];
    for (const type of ['flare-success', 'input', 'change'])
      element.addEventListener(type, () => seen.push(element.value));
    await element.upload(createPngFile());
    expect(seen).to.deep.equal([avatar.key, avatar.key, avatar.key]);
  });

  it('that waits for upload() is dropped by cancel()', async () => {
    const { element, log } = await createElement(`avatar-url="" src="${PIXEL}" no-auto`);
    pickFile(element, createPngFile());
    await nextEvent(element, 'flare-accept');
    element.cancel();
    await element.updateComplete;
    expect(log.names).to.deep.equal(['flare-accept', 'flare-cancel']);
    expect(getImageUrl(element)).to.equal(PIXEL);
    const error = await element.upload().catch((error: AvatarUploadError) => error);
    expect((error as AvatarUploadError).code).to.equal('file_empty');
  });

  it('leaves one object URL in use, and none after the element is removed', async () => {
    const resources = new ResourceTracker();
    resources.install();
    try {
      const { element } = await createElement('avatar-url=""');
      for (let i = 0; i < 3; i++) {
        pickFile(element, createPngFile());
        await waitForState(element, 'success');
        pickFile(element, new File([text('x')], 'x.png', { type: 'image/png' }));
        await nextEvent(element, 'flare-reject');
      }
      await element.updateComplete;
      expect(resources.objectUrls.size).to.equal(1);
      element.remove();
      await waitForTask();
      element.requestUpdate();
      await element.updateComplete;
      expect(resources.objectUrls.size).to.equal(0);
    } finally {
      resources.restore();
    }
  });
});

describe('the uploaded data', () => {
  const uploadWith = async (
    attributes: string,
    file: File,
    configure: (element: FlareAvatarUpload) => void = () => {},
  ) => {
    const { element } = await createElement(`avatar-url="" ${attributes}`);
    configure(element);
    return (await element.upload(file)).blob;
  };
  const readBytes = async (blob: Blob) => new Uint8Array(await blob.arrayBuffer());

  it('is the file without metadata with crop="off", with the type of its bytes', async () => {
    const file = new File([jpeg({ gps: true })], 'x.png', { type: 'image/png' });
    const blob = await uploadWith('crop="off"', file);
    expect(await readBytes(blob)).to.deep.equal(jpeg());
    expect(blob.type).to.equal('image/jpeg');
    expect(backend.requestBodies[0]?.contentType).to.equal('image/jpeg');
  });

  it('is the animation itself, or its first frame with animated="first-frame"', async () => {
    const file = new File([gif(3)], 'x.gif', { type: 'image/gif' });
    expect(await readBytes(await uploadWith('', file))).to.deep.equal(gif(3));
    expect((await uploadWith('animated="first-frame"', file)).type).not.to.equal('image/gif');
  });

  it('has the configured size and type, and is never larger than the picture', async () => {
    const file = new File([png({ width: 40, height: 30 })], 'x.png', { type: 'image/png' });
    for (const [size, side] of [
      [16, 16],
      [512, 30],
    ] as const) {
      const bitmap = await createImageBitmap(await uploadWith(`output-size="${size}" output-type="image/png"`, file));
      expect([bitmap.width, bitmap.height]).to.deep.equal([side, side]);
    }
  });

  it('is the Blob that transform returns', async () => {
    const other = new Blob([png()], { type: 'image/png' });
    const file = createPngFile();
    const blob = await uploadWith('', file, (element) => {
      element.transform = (prepared, context) => {
        expect([prepared.type, context.file, context.signal.aborted]).to.deep.equal([ENCODED_TYPE, file, false]);
        return other;
      };
    });
    expect(blob).to.equal(other);
  });

  it('is made from the Blob that decode returns if the browser cannot decode the file', async () => {
    const heic = new File([avif({ brand: 'heic' })], 'x.heic', { type: 'image/heic' });
    const blob = await uploadWith('accept="image/heic"', heic, (element) => {
      element.decode = async () => new Blob([png()], { type: 'image/png' });
    });
    expect(blob.type).to.equal(ENCODED_TYPE);
  });

  it('is sent without requests to the endpoints if the page sets presign and commit', async () => {
    await uploadWith('', createPngFile(), (element) => {
      element.presign = async ({ contentType }) => ({
        url: '/put/200',
        signedHeaders: { 'content-type': contentType },
        key: 'k',
      });
      element.commit = async () => ({ ok: true });
    });
    expect(backend.requests).to.deep.equal([]);
  });
});
