import { expect } from '@open-wc/testing';
import type { AvatarUploadError } from '../../src/client.js';
import { createElement, createPngFile, waitForFrames } from '../support/element-fixtures.js';
import { getPart, getText, installFakeBackend, pickFile, waitForState } from '../support/fake-backend.js';

const backend = installFakeBackend();

describe('a file that is picked before the upload code is loaded', () => {
  // One test: for the next one the code would be there. Until the end of its first half nothing but microtasks runs.
  it('is shown to be on its way, and can be canceled, replaced and uploaded', async () => {
    const create = () => createElement('avatar-url=""');
    const [waiting, canceled, replaced, removed] = [await create(), await create(), await create(), await create()];
    for (const { element } of [waiting, canceled, removed]) pickFile(element, createPngFile());
    const lost = replaced.element.upload(createPngFile()).catch((error: AvatarUploadError) => error.code);
    pickFile(replaced.element, createPngFile());
    for (const { element } of [waiting, canceled]) {
      await element.updateComplete;
      expect([element.state, getText(element, 'status')]).to.deep.equal(['idle', 'Preparing…']);
      expect(getPart(element, 'cancel-button')?.textContent).to.equal('Cancel');
    }
    getPart(canceled.element, 'cancel-button')?.click();
    const removedEvents: string[] = [];
    removed.element.addEventListener('flare-cancel', ({ type }) => removedEvents.push(type));
    removed.element.remove();
    await canceled.element.updateComplete;
    expect(getText(canceled.element, 'status')).to.equal('Add a picture');
    expect(getPart(canceled.element, 'cancel-button')).to.equal(null);
    expect(canceled.log.names).to.deep.equal(['flare-cancel']);

    await Promise.all([waitForState(waiting.element, 'success'), waitForState(replaced.element, 'success')]);
    await waitForFrames();
    expect(await lost).to.equal('aborted');
    expect(canceled.log.names).to.deep.equal(['flare-cancel']);
    expect(removedEvents).to.deep.equal(['flare-cancel']);
    expect(backend.count('commit')).to.equal(2);
  });
});
