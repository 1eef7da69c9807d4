import { expect } from '@open-wc/testing';
import type { AvatarUploadError } from '../../src/client.js';
import { createElement, createPngFile, waitUntil } from '../support/element-fixtures.js';
import { getImageUrl, getPart, installFakeBackend, PIXEL, pickFile, waitForState } from '../support/fake-backend.js';
import { jpeg } from '../support/pictures.js';

const backend = installFakeBackend();

describe('an upload is canceled', () => {
  const startUpload = async (src = '') => {
    backend.storeResponse = 'hold';
    const { element, log } = await createElement(`avatar-url="" src="${src}"`);
    const ended = element.upload(createPngFile()).catch((error: AvatarUploadError) => error);
    await waitForState(element, 'uploading');
    return { element, log, ended };
  };

  it('by cancel(), with one flare-cancel event, the previous picture and the state idle', async () => {
    const { element, log, ended } = await startUpload(PIXEL);
    getPart(element, 'cancel-button')?.click();
    expect(((await ended) as AvatarUploadError).code).to.equal('aborted');
    await element.updateComplete;
    expect(log.names.slice(-2)).to.deep.equal(['→idle', 'flare-cancel']);
    expect(log.names).not.to.include('flare-error');
    expect([element.state, getImageUrl(element)]).to.deep.equal(['idle', PIXEL]);
    expect(backend.requests).to.deep.equal(['presign']);
  });

  it('by cancel() before the upload code is loaded', async () => {
    const { element, log } = await createElement('avatar-url=""');
    const ended = element.upload(createPngFile()).catch((error: AvatarUploadError) => error);
    element.cancel();
    expect(((await ended) as AvatarUploadError).code).to.equal('aborted');
    expect(log.names).to.deep.equal(['flare-cancel']);
  });

  it('by another picked file, which is uploaded instead', async () => {
    const { element, log, ended } = await startUpload();
    backend.storeResponse = 200;
    pickFile(element, new File([jpeg()], 'second.jpg', { type: 'image/jpeg' }));
    expect(((await ended) as AvatarUploadError).code).to.equal('aborted');
    await waitForState(element, 'success');
    expect(log.names.filter((name) => /success$|cancel|error/.test(name))).to.deep.equal(['→success', 'flare-success']);
    expect(backend.requests).to.deep.equal(['presign', 'presign', 'commit']);
  });

  it('by removing the element, and the previous picture is displayed when it is inserted again', async () => {
    const { element, ended } = await startUpload();
    const parent = element.parentElement;
    element.remove();
    expect(((await ended) as AvatarUploadError).code).to.equal('aborted');
    parent?.append(element);
    await element.updateComplete;
    expect(getImageUrl(element)).to.equal(null);
  });

  it('by disabling the element, without dispatching an event', async () => {
    const { element, log, ended } = await startUpload(PIXEL);
    const before = log.names.length;
    element.disabled = true;
    expect(((await ended) as AvatarUploadError).code).to.equal('aborted');
    await element.updateComplete;
    expect([element.state, log.names.length, getImageUrl(element)]).to.deep.equal(['idle', before, PIXEL]);
    expect(getPart<HTMLButtonElement>(element, 'trigger')?.disabled).to.equal(true);
    expect(((await element.upload(createPngFile()).catch((reason) => reason)) as AvatarUploadError).code).to.equal(
      'aborted',
    );
  });

  it('by cancel() while a hook never settles, and the unload guard is removed', async () => {
    const never = () => new Promise<never>(() => {});
    for (const name of ['presign', 'commit', 'transform', 'validate', 'headers'] as const) {
      const { element } = await createElement('avatar-url=""');
      Object.assign(element, { [name]: never });
      const ended = element.upload(createPngFile()).catch((error: AvatarUploadError) => error);
      await waitUntil(() => getPart(element, 'cancel-button'));
      element.cancel();
      expect(((await ended) as AvatarUploadError).code, name).to.equal('aborted');
      const leaving = new Event('beforeunload', { cancelable: true });
      window.dispatchEvent(leaving);
      expect(leaving.defaultPrevented, name).to.equal(false);
    }
  });

  it('by cancel() in a listener for any event', async () => {
    for (const type of ['flare-accept', 'flare-start', 'flare-progress', 'flare-statechange']) {
      const { element, log } = await createElement('avatar-url=""');
      element.addEventListener(type, () => element.cancel(), { once: true });
      const ended = await element.upload(createPngFile()).catch((error: AvatarUploadError) => error);
      expect((ended as AvatarUploadError).code, type).to.equal('aborted');
      expect(
        log.names.filter((name) => /cancel|error|success/.test(name)),
        type,
      ).to.deep.equal(['flare-cancel']);
      expect(element.state, type).to.equal('idle');
    }
  });

  it('by cancel() in a listener for the state error, without a flare-error event', async () => {
    const { element, log } = await createElement('avatar-url=""');
    backend.storeResponse = 403;
    element.addEventListener('flare-statechange', () => element.state === 'error' && element.cancel());
    await element.upload(createPngFile()).catch(() => {});
    expect(log.names.filter((name) => /cancel|-error/.test(name))).to.deep.equal(['flare-cancel']);
    expect(element.state).to.equal('idle');
  });

  it('and the unload guard is removed', async () => {
    const isUnloadPrevented = () => !window.dispatchEvent(new Event('beforeunload', { cancelable: true }));
    const { element, ended } = await startUpload();
    expect(isUnloadPrevented()).to.equal(true);
    element.cancel();
    await ended;
    expect(isUnloadPrevented()).to.equal(false);
  });
});
