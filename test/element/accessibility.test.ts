import { expect, fixture, html } from '@open-wc/testing';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { FakeBackend, getPart, getText, jsonResponse, PIXEL, waitForState } from '../support/fake-backend.js';
import { png } from '../support/pictures.js';

let backend: FakeBackend;
beforeEach(() => {
  backend = new FakeBackend();
  backend.install();
});
afterEach(() => backend.restore());

const picture = () => new File([png()], 'me.png', { type: 'image/png' });
const make = () =>
  fixture<FlareAvatarUpload>(html`<flare-avatar-upload avatar-url="" alt="Ada"></flare-avatar-upload>`);

describe('assistive technology', () => {
  it('finds nothing missing at rest, with a picture, while uploading, after an error, disabled', async () => {
    const element = await make();
    await expect(element).to.be.accessible();
    element.src = PIXEL;
    await element.updateComplete;
    await expect(element).to.be.accessible();
    backend.storeResponse = 'hold';
    const ended = element.upload(picture()).catch(() => {});
    await waitForState(element, 'uploading');
    await expect(element).to.be.accessible();
    element.cancel();
    await ended;
    backend.storeResponse = 403;
    await element.upload(picture()).catch(() => {});
    await element.updateComplete;
    await expect(element).to.be.accessible();
    element.disabled = true;
    await element.updateComplete;
    await expect(element).to.be.accessible();
  });

  it('hears of progress in words and of errors at once', async () => {
    const element = await make();
    backend.storeResponse = 'hold';
    const ended = element.upload(picture()).catch(() => {});
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
    await element.upload(picture()).catch(() => {});
    await element.updateComplete;
    expect(getPart(element, 'error')?.getAttribute('role')).to.equal('alert');
    expect(getPart(element, 'trigger')?.getAttribute('aria-describedby')).to.equal('status error');
  });

  it('keeps the focus when the button that had it goes', async () => {
    const element = await make();
    backend.storeResponse = 'hold';
    const ended = element.upload(picture()).catch(() => {});
    await waitForState(element, 'uploading');
    const cancel = getPart(element, 'cancel-button');
    cancel?.focus();
    cancel?.click();
    await ended;
    await element.updateComplete;
    expect(element.shadowRoot?.activeElement).to.equal(getPart(element, 'trigger'));
  });

  it('focuses the picture by focus()', async () => {
    const element = await make();
    element.focus();
    expect(document.activeElement).to.equal(element);
    expect(element.shadowRoot?.activeElement).to.equal(getPart(element, 'trigger'));
  });
});
