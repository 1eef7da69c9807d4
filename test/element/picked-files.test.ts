import { expect, fixture, html } from '@open-wc/testing';
import type { AvatarUploadError } from '../../src/core/errors.js';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import {
  FakeBackend,
  getPart,
  getText,
  jsonResponse,
  nextEvent,
  PIXEL,
  pickFile,
  waitForState,
} from '../support/fake-backend.js';
import { avif, gif, png, text } from '../support/pictures.js';

let backend: FakeBackend;
beforeEach(() => {
  backend = new FakeBackend();
  backend.install();
});
afterEach(() => backend.restore());

async function make(attributes = ''): Promise<FlareAvatarUpload> {
  const parent = await fixture<HTMLElement>(html`<div></div>`);
  parent.innerHTML = `<flare-avatar-upload avatar-url="" ${attributes}></flare-avatar-upload>`;
  const element = parent.firstElementChild as FlareAvatarUpload;
  await element.updateComplete;
  return element;
}

const called = (name: string, type: string, bytes: Uint8Array<ArrayBuffer>) => new File([bytes], name, { type });

async function refused(element: FlareAvatarUpload, file: File): Promise<[code: string, sentence: string]> {
  pickFile(element, file);
  const { detail } = await nextEvent<CustomEvent<{ error: AvatarUploadError }>>(element, 'flare-reject');
  await element.updateComplete;
  return [detail.error.code, getText(element, 'error')];
}

describe('a refusal says what the file really is', () => {
  const files: [string, File, RegExp][] = [
    ['a PDF called .jpg', called('a.jpg', 'image/jpeg', text('%PDF-1.7')), /^PDF files aren’t supported\. Choose/],
    [
      'a web page called .png',
      called('a.png', 'image/png', text('<!doctype html><p>')),
      /^Web pages aren’t supported\./,
    ],
    ['an archive', called('a.zip', 'application/zip', text('PK\x03\x04\x14')), /^Compressed files aren’t supported\./],
    ['a film', called('a.mov', 'video/quicktime', text('\0\0\0\x14ftypqt  ')), /^Videos aren’t supported\./],
    ['a HEIC photo', called('a.heic', 'image/heic', avif({ brand: 'heic' })), /^HEIC photos aren’t supported\./],
  ];
  for (const [name, file, sentence] of files) {
    it(name, async () => {
      const [code, words] = await refused(await make(), file);
      expect(code).to.equal('file_type');
      expect(words).to.match(sentence);
      expect(backend.requests).to.deep.equal([]);
    });
  }

  it('also where accept allows everything, and where it goes by the name', async () => {
    const file = called('a.jpg', 'image/jpeg', text('%PDF-1.7'));
    for (const accept of ['', '.jpg']) {
      expect((await refused(await make(`accept="${accept}"`), file))[0]).to.equal('file_type');
    }
  });

  it('in the page’s own words where it has some', async () => {
    const element = await make();
    element.messages = { file_type: 'Nein.' };
    const file = called('a.jpg', 'image/jpeg', text('%PDF-1.7'));
    expect(await refused(element, file)).to.deep.equal(['file_type', 'Nein.']);
    element.messages = { file_type: 'Nein.', 'application/pdf': 'Ein PDF.' };
    expect(await refused(element, file)).to.deep.equal(['file_type', 'Ein PDF.']);
  });

  it('a HEIC photo that is accepted and can’t be decoded', async () => {
    const element = await make('accept="image/heic"');
    const file = called('a.heic', 'image/heic', avif({ brand: 'heic' }));
    const [code, sentence] = await refused(element, file);
    expect(code).to.equal('decode_failed');
    expect(sentence).to.match(/^HEIC photos aren’t supported\./);
    element.decode = () => new Blob([png()]);
    pickFile(element, file);
    await waitForState(element, 'success');
  });
});

describe('an animated picture', () => {
  const animation = () => called('x.gif', 'image/gif', gif(3));

  it('loses its metadata and nothing else', async () => {
    const comment = [0x21, 0xfe, 5, ...text('Paris'), 0];
    const bytes = gif(3);
    const withComment = new Uint8Array([...bytes.slice(0, 19), ...comment, ...bytes.slice(19)]);
    const { blob } = await (await make()).upload(called('x.gif', 'image/gif', withComment));
    expect(new Uint8Array(await blob.arrayBuffer())).to.deep.equal(bytes);
  });

  it('of which only the first frame is kept: that is said', async () => {
    const element = await make('animated="first-frame"');
    await element.upload(animation());
    await element.updateComplete;
    expect(getText(element, 'status')).to.equal('Saved without animation');
    await element.upload(called('x.png', 'image/png', png()));
    await element.updateComplete;
    expect(getText(element, 'status')).to.equal('Saved');
  });

  it('that is too large for the server can be sent as a still', async () => {
    const element = await make();
    backend.responses.presign = () => jsonResponse({ error: 'Too large.', code: 'too_large' }, 413);
    pickFile(element, animation());
    await waitForState(element, 'error');
    expect(getText(element, 'error')).to.match(/animation is too large.*Try again to use its first frame/);
    backend.responses.presign = new FakeBackend().responses.presign;
    getPart(element, 'retry-button')?.click();
    await waitForState(element, 'success');
    const types = backend.requestBodies.map(({ contentType }) => contentType).filter(Boolean);
    expect([types[0], types.length, types[1] === 'image/gif']).to.deep.equal(['image/gif', 2, false]);
    expect(getText(element, 'status')).to.equal('Saved without animation');
  });
});

describe('what is shown of a picture on its way', () => {
  it('is the picture as it will be, before a hook or the network is asked', async () => {
    const element = await make();
    let go = () => {};
    element.transform = (blob) => new Promise((resolve) => (go = () => resolve(blob)));
    pickFile(element, called('x.png', 'image/png', png({ width: 40, height: 20 })));
    await waitForState(element, 'preparing');
    const image = await appears(element);
    expect([image.naturalWidth, image.naturalHeight]).to.deep.equal([20, 20]);
    go();
    await waitForState(element, 'success');
  });

  it('is a small copy where it waits', async () => {
    const element = await make('no-auto');
    pickFile(element, called('x.png', 'image/png', png({ width: 400, height: 300 })));
    const image = await appears(element);
    expect([image.naturalWidth, image.naturalHeight]).to.deep.equal([256, 256]);
    expect(image.src).not.to.equal(PIXEL);
  });

  async function appears(element: FlareAvatarUpload): Promise<HTMLImageElement> {
    for (;;) {
      const image = getPart<HTMLImageElement>(element, 'image');
      if (image) await image.decode();
      if (image) return image;
      await new Promise((resolve) =>
        new MutationObserver(resolve).observe(element.renderRoot, { childList: true, subtree: true }),
      );
    }
  }
});
