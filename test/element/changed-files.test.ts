import { expect } from '@open-wc/testing';
import { AvatarUploadError, browserTransport, uploadAvatar } from '../../src/client.js';
import { createElement, createPngFile } from '../support/element-fixtures.js';
import { getText, installFakeBackend, nextEvent } from '../support/fake-backend.js';
import { gif, png } from '../support/pictures.js';

const backend = installFakeBackend();

/** Makes every later read of a file fail, as if it had changed on the disk. */
function changeFile<T extends Blob>(file: T): T {
  const fail = () => Promise.reject(new DOMException('The file changed.', 'NotReadableError'));
  for (const name of ['arrayBuffer', 'text']) Object.defineProperty(file, name, { value: fail });
  Object.defineProperty(file, 'slice', { value: () => ({ arrayBuffer: fail }) });
  return file;
}

const getError = (promise: Promise<unknown>) => promise.then(String, (error: AvatarUploadError) => error);

describe('a file that changed after it was picked', () => {
  it('is refused before it is inspected', async () => {
    const { element } = await createElement('avatar-url=""');
    const refused = nextEvent<CustomEvent<{ error: AvatarUploadError }>>(element, 'flare-reject');
    const file = changeFile(createPngFile());
    const error = await getError(element.upload(file));
    expect(error).to.include({ code: 'file_changed', phase: 'pick', retryable: false });
    expect((await refused).detail.error).to.equal(error);
    await element.updateComplete;
    expect(getText(element, 'error')).to.equal('This file was moved or changed. Choose it again.');
    expect([element.state, backend.requests]).to.deep.equal(['idle', []]);
  });

  const cases: [string, string, Uint8Array<ArrayBuffer>][] = [
    ['is decoded', '', png().slice(0, 60)],
    ['is kept', '', gif(2)],
    ['is decoded with crop="off"', 'crop="off"', png().slice(0, 60)],
    ['is opened in the editor', 'crop="manual"', png().slice(0, 60)],
  ];
  for (const [name, attributes, bytes] of cases) {
    it(`is refused when it ${name}`, async () => {
      const { element } = await createElement(`avatar-url="" ${attributes}`);
      const file = new File([bytes], 'x');
      element.addEventListener('flare-accept', () => changeFile(file));
      const error = await getError(element.upload(file));
      expect(error).to.include({ code: 'file_changed', phase: 'prepare' });
      expect([element.state, backend.requests]).to.deep.equal(['idle', []]);
    });
  }

  it('is refused when the client computes its digest', async () => {
    const error = await getError(uploadAvatar(changeFile(new Blob(['x']))));
    expect(error).to.include({ code: 'file_changed', phase: 'prepare' });
  });

  it('is refused, and not sent again, when the transfer fails', async () => {
    const body = changeFile(new Blob(['x']));
    const request = { url: 'http://localhost:1/', headers: { 'content-type': 'image/png' }, body, stallTimeout: 30 };
    const put = browserTransport.put({ ...request, onProgress() {} }, new AbortController().signal);
    expect(await getError(put)).to.include({ code: 'file_changed', phase: 'put', retryable: false });
    expect(new AvatarUploadError('file_changed', 'put').retryable).to.equal(false);
  });
});
