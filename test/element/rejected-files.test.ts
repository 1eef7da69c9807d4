import { expect } from '@open-wc/testing';
import type { AvatarUploadError } from '../../src/client.js';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { createElement, createFile, createOne, createPngFile } from '../support/element-fixtures.js';
import {
  getImageUrl,
  getText,
  installFakeBackend,
  nextEvent,
  PIXEL,
  pickFile,
  waitForState,
} from '../support/fake-backend.js';
import { avif, gif, png, text } from '../support/pictures.js';

const backend = installFakeBackend();

/** Picks a file that is refused, and returns the error code and the error text. */
async function pickRefused(element: FlareAvatarUpload, file: File): Promise<[code: string, text: string]> {
  pickFile(element, file);
  const { detail } = await nextEvent<CustomEvent<{ error: AvatarUploadError }>>(element, 'flare-reject');
  await element.updateComplete;
  return [detail.error.code, getText(element, 'error')];
}

describe('a refused file', () => {
  const cases: [string, File, string, string][] = [
    ['that is empty', new File([], 'a.png', { type: 'image/png' }), 'file_empty', ''],
    [
      'that is too large',
      new File([png({ width: 40, height: 40 })], 'a.png', { type: 'image/png' }),
      'file_too_large',
      'max-file-size="100"',
    ],
    [
      'of a type that accept does not list',
      new File([text('%PDF-1.7')], 'a.pdf', { type: 'application/pdf' }),
      'file_type',
      '',
    ],
    [
      'that is a PDF with the name of a picture',
      new File([text('%PDF-1.7')], 'a.jpg', { type: 'image/jpeg' }),
      'file_type',
      '',
    ],
    [
      'that is a web page with the name of a picture, with crop="off",',
      new File([text('<html>')], 'a.jpg', { type: 'image/jpeg' }),
      'file_type',
      'crop="off"',
    ],
    [
      'that is SVG, even if accept allows it,',
      new File(['<svg xmlns="http://www.w3.org/2000/svg"/>'], 'a.svg', { type: 'image/svg+xml' }),
      'file_type',
      'accept="image/*"',
    ],
    ['that is truncated', new File([png().slice(0, 40)], 'a.png', { type: 'image/png' }), 'decode_failed', ''],
    [
      'whose bytes have a type that accept does not list',
      new File([gif()], 'a.png', { type: 'image/png' }),
      'file_type',
      'accept="image/png"',
    ],
  ];
  for (const [name, file, code, attributes] of cases) {
    it(`${name} sends no request, shows an error text and keeps the picture; the next file is uploaded`, async () => {
      const { element, log } = await createElement(`avatar-url="" src="${PIXEL}" ${attributes}`);
      pickFile(element, file);
      const { detail } = await nextEvent(element, 'flare-reject');
      await element.updateComplete;
      expect([detail.error.code, detail.file, element.state]).to.deep.equal([code, file, 'idle']);
      expect(backend.requests).to.deep.equal([]);
      expect(getText(element, 'error')).to.have.length.greaterThan(10);
      expect(getImageUrl(element)).to.equal(PIXEL);
      expect(log.names).not.to.include('flare-error');
      element.removeAttribute('max-file-size');
      pickFile(element, createPngFile());
      await waitForState(element, 'success');
      expect(getText(element, 'error')).to.equal('');
    });
  }

  it('that is too large is refused before any byte of it is read', async () => {
    const { element } = await createElement('avatar-url="" max-file-size="1"');
    const file = createPngFile();
    for (const name of ['slice', 'arrayBuffer', 'stream', 'text']) {
      Object.defineProperty(file, name, { value: () => Promise.reject(new Error('read')) });
    }
    const error = await element.upload(file).catch((error: AvatarUploadError) => error);
    expect((error as AvatarUploadError).code).to.equal('file_too_large');
  });

  it('is refused by the validate hook with a text of the page', async () => {
    const { element } = await createElement('avatar-url=""');
    element.validate = async (file) => (file.name === 'me.png' ? 'no_face' : null);
    element.messages = { no_face: 'Please show your face.' };
    const error = await element.upload(createPngFile()).catch((error: AvatarUploadError) => error);
    await element.updateComplete;
    expect((error as AvatarUploadError).code).to.equal('no_face');
    expect(getText(element, 'error')).to.equal('Please show your face.');
  });
});

describe('the error text of a refused file', () => {
  const files: [string, File, RegExp][] = [
    ['a PDF called .jpg', createFile('a.jpg', 'image/jpeg', text('%PDF-1.7')), /^PDF files aren’t supported\. Choose/],
    [
      'a web page called .png',
      createFile('a.png', 'image/png', text('<!doctype html><p>')),
      /^Web pages aren’t supported\./,
    ],
    [
      'an archive',
      createFile('a.zip', 'application/zip', text('PK\x03\x04\x14')),
      /^Compressed files aren’t supported\./,
    ],
    ['a video', createFile('a.mov', 'video/quicktime', text('\0\0\0\x14ftypqt  ')), /^Videos aren’t supported\./],
    ['a HEIC photo', createFile('a.heic', 'image/heic', avif({ brand: 'heic' })), /^HEIC photos aren’t supported\./],
  ];
  for (const [name, file, expected] of files) {
    it(`names the type of ${name}`, async () => {
      const [code, shown] = await pickRefused(await createOne(), file);
      expect(code).to.equal('file_type');
      expect(shown).to.match(expected);
      expect(backend.requests).to.deep.equal([]);
    });
  }

  it('belongs to file_type even if accept is empty or lists the extension of the file', async () => {
    const file = createFile('a.jpg', 'image/jpeg', text('%PDF-1.7'));
    for (const accept of ['', '.jpg']) {
      expect((await pickRefused(await createOne(`accept="${accept}"`), file))[0]).to.equal('file_type');
    }
  });

  it('can be set by the page for all types and for one type', async () => {
    const element = await createOne();
    element.messages = { file_type: 'Nein.' };
    const file = createFile('a.jpg', 'image/jpeg', text('%PDF-1.7'));
    expect(await pickRefused(element, file)).to.deep.equal(['file_type', 'Nein.']);
    element.messages = { file_type: 'Nein.', 'application/pdf': 'Ein PDF.' };
    expect(await pickRefused(element, file)).to.deep.equal(['file_type', 'Ein PDF.']);
  });

  it('names HEIC if accept allows it and the browser cannot decode it', async () => {
    const element = await createOne('accept="image/heic"');
    const file = createFile('a.heic', 'image/heic', avif({ brand: 'heic' }));
    const [code, shown] = await pickRefused(element, file);
    expect(code).to.equal('decode_failed');
    expect(shown).to.match(/^HEIC photos aren’t supported\./);
    element.decode = () => new Blob([png()]);
    pickFile(element, file);
    await waitForState(element, 'success');
  });
});
