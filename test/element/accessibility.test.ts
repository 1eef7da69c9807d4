import { expect } from '@open-wc/testing';
import { createElement, createPngFile } from '../support/element-fixtures.js';
import { getPart, getText, installFakeBackend, jsonResponse, PIXEL, waitForState } from '../support/fake-backend.js';

const backend = installFakeBackend();

describe('accessibility', () => {
  it('passes axe without a picture, with one, while uploading, after an error and when disabled', async () => {
    const { element } = await createElement('avatar-url="" alt="Ada"');
    await expect(element).to.be.accessible();
    element.src = PIXEL;
    await element.updateComplete;
    await expect(element).to.be.accessible();
    backend.storeResponse = 'hold';
    const ended = element.upload(createPngFile()).catch(() => {});
    await waitForState(element, 'uploading');
    await expect(element).to.be.accessible();
    element.cancel();
    await ended;
    backend.storeResponse = 403;
    await element.upload(createPngFile()).catch(() => {});
    await element.updateComplete;
    await expect(element).to.be.accessible();
    element.disabled = true;
    await element.updateComplete;
    await expect(element).to.be.accessible();
  });

  it('announces progress in a status region and errors in an alert', async () => {
    const { element } = await createElement('avatar-url="" alt="Ada"');
    backend.storeResponse = 'hold';
    const ended = element.upload(createPngFile()).catch(() => {});
    await waitForState(element, 'uploading');
    const bar = getPart(element, 'progress');
    expect([bar?.getAttribute('role'), getPart(element, 'status')?.getAttribute('role')]).to.deep.equal([
      'progressbar',
      'status',
    ]);
    expect(getText(element, 'status')).to.match(/^(Uploading|Almost done)/);
    element.cancel();
    await ended;
    backend.responses.presign = () => jsonResponse({}, 503);
    await element.upload(createPngFile()).catch(() => {});
    await element.updateComplete;
    expect(getPart(element, 'error')?.getAttribute('role')).to.equal('alert');
    expect(getPart(element, 'trigger')?.getAttribute('aria-describedby')).to.equal('status error');
  });

  it('moves the focus to the trigger when the focused button disappears', async () => {
    const { element } = await createElement('avatar-url="" alt="Ada"');
    backend.storeResponse = 'hold';
    const ended = element.upload(createPngFile()).catch(() => {});
    await waitForState(element, 'uploading');
    const cancel = getPart(element, 'cancel-button');
    cancel?.focus();
    cancel?.click();
    await ended;
    await element.updateComplete;
    expect(element.shadowRoot?.activeElement).to.equal(getPart(element, 'trigger'));
  });

  it('focuses the trigger on focus()', async () => {
    const { element } = await createElement('avatar-url="" alt="Ada"');
    element.focus();
    expect(document.activeElement).to.equal(element);
    expect(element.shadowRoot?.activeElement).to.equal(getPart(element, 'trigger'));
  });
});
