import { expect } from '@open-wc/testing';
import { sendKeys } from '@web/test-runner-commands';
import type { AvatarUploadError } from '../../src/core/errors.js';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import type { Messages } from '../../src/i18n/messages.js';
import {
  createElement,
  createPhoto,
  getStage,
  isDialogOpen,
  openDialog,
  pressKey,
  waitForDialog,
} from '../support/crop-dialog.js';
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
import { gif } from '../support/pictures.js';

let backend: FakeBackend;
beforeEach(() => {
  backend = new FakeBackend();
  backend.install();
});
afterEach(() => backend.restore());

/** The events of an upload that succeeds. */
const UPLOADED = ['→preparing', 'flare-start', '→presigning', '→uploading', '→committing', '→success', 'flare-success'];
const getErrorCode = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: AvatarUploadError) => error.code,
  );
const getShownUrl = (element: FlareAvatarUpload) => getPart<HTMLImageElement>(element, 'image')?.src ?? null;

describe('crop="manual"', () => {
  it('is rendered once for each update of its element', async () => {
    const { element } = await createElement();
    let count = 0;
    const getTitle = () => {
      count++;
      return 'Title';
    };
    // Not enumerable: what looks through all messages does not count.
    element.messages = Object.defineProperty({}, 'editor', { get: getTitle }) as Messages;
    await openDialog(element);
    await element.updateComplete;
    count = 0;
    element.requestUpdate();
    await element.updateComplete;
    expect(count).to.equal(1);
    element.cancel();
  });

  it('leaves nothing behind if its element is in no page', async () => {
    const element = document.createElement('flare-avatar-upload');
    Object.assign(element, { avatarUrl: '', crop: 'manual' });
    expect(await getErrorCode(element.upload(createPhoto()))).not.to.equal('none');
    expect(element.shadowRoot?.querySelector('dialog')).to.equal(null);
  });

  it('opens the crop dialog before anything is sent, and uploads the crop that is applied', async () => {
    const { element, log } = await createElement();
    const dialog = await openDialog(element);
    expect([element.state, dialog.matches(':modal'), backend.requests]).to.deep.equal(['cropping', true, []]);
    getPart(element, 'editor-apply')?.click();
    expect(isDialogOpen(element)).to.equal(false);
    await nextEvent(element, 'change');
    expect(log.names).to.deep.equal(['flare-accept', '→cropping', ...UPLOADED, 'input', 'change']);
  });

  it('opens the crop dialog for the file of upload(), too', async () => {
    const { element } = await createElement();
    const upload = element.upload(createPhoto());
    await waitForDialog(element);
    getPart(element, 'editor-apply')?.click();
    expect((await upload).blob.type).to.equal('image/png');
  });

  it('keeps the crop when a failed upload is retried', async () => {
    const { element } = await createElement('crop="manual" max-retries="0"');
    backend.storeResponse = 403;
    await openDialog(element);
    getPart(element, 'editor-apply')?.click();
    await waitForState(element, 'error');
    backend.storeResponse = 200;
    getPart(element, 'retry-button')?.click();
    await waitForState(element, 'success');
  });

  it('shows the crop with no-auto, and keeps it for upload()', async () => {
    const { element, log } = await createElement('crop="manual" no-auto');
    await openDialog(element);
    getPart(element, 'editor-apply')?.click();
    await waitForState(element, 'idle');
    expect([getText(element, 'status'), backend.requests]).to.deep.equal(['Ready to upload', []]);
    expect(getShownUrl(element)).to.match(/^blob:/);
    await element.upload();
    expect(log.names).to.deep.equal(['flare-accept', '→cropping', '→idle', ...UPLOADED, 'input', 'change']);
  });

  it('uploads the crop as soon as it is applied, if upload() was called meanwhile', async () => {
    const { element } = await createElement('crop="manual" no-auto');
    await openDialog(element);
    const upload = element.upload();
    expect(isDialogOpen(element)).to.equal(true);
    getPart(element, 'editor-apply')?.click();
    expect((await upload).key).to.equal(element.value);
  });

  it('opens no dialog for an animation that is kept, but opens one for its first frame', async () => {
    const createAnimation = () => new File([gif(2)], 'a.gif', { type: 'image/gif' });
    const { element } = await createElement();
    await element.upload(createAnimation());
    const still = await createElement('crop="manual" animated="first-frame"');
    await openDialog(still.element, createAnimation());
    still.element.cancel();
  });

  it("rejects a picture that can't be decoded", async () => {
    const { element, log } = await createElement();
    const broken = new File([new Uint8Array(await createPhoto().arrayBuffer()).slice(0, 40)], 'a.jpg');
    expect(await getErrorCode(element.upload(broken))).to.equal('decode_failed');
    expect(log.names).to.deep.equal(['flare-accept', '→cropping', '→idle', 'flare-reject']);
    expect(isDialogOpen(element)).to.equal(false);
  });

  it('shows and uploads what the decode hook returns, and calls it once', async () => {
    const { element } = await createElement();
    let calls = 0;
    element.decode = () => {
      calls++;
      return createPhoto();
    };
    const upload = element.upload(new File([new Uint8Array(500)], 'a.heic', { type: 'image/png' }));
    await waitForDialog(element);
    getPart(element, 'editor-apply')?.click();
    await upload;
    expect(calls).to.equal(1);
  });
});

describe('canceling the crop dialog', () => {
  const actions: [string, (element: FlareAvatarUpload, dialog: HTMLDialogElement) => unknown][] = [
    ['the Cancel button', (element) => getPart(element, 'editor-cancel')?.click()],
    ['the Escape key', () => sendKeys({ press: 'Escape' })],
    ['an Escape event on the stage', (element) => pressKey(getStage(element), 'Escape')],
    ['the back button of a phone', (_, dialog) => dialog.requestClose?.() ?? dialog.close()],
    ['a script that closes the dialog', (_, dialog) => dialog.close()],
  ];
  for (const [name, cancel] of actions) {
    it(`with ${name} dispatches one flare-cancel, and restores the state before`, async () => {
      const { element, log } = await createElement();
      element.src = PIXEL;
      const code = getErrorCode(element.upload(createPhoto()));
      await cancel(element, await waitForDialog(element));
      expect(await code).to.equal('aborted');
      await element.updateComplete;
      expect(log.names).to.deep.equal(['flare-accept', '→cropping', '→idle', 'flare-cancel']);
      expect([isDialogOpen(element), getShownUrl(element), backend.requests.length]).to.deep.equal([false, PIXEL, 0]);
      expect(getText(element, 'error')).to.equal('');
    });
  }

  it('restores the file that was waiting before', async () => {
    const { element } = await createElement('no-auto');
    pickFile(element, createPhoto());
    await nextEvent(element, 'flare-accept');
    while (!getShownUrl(element)) await element.updateComplete.then(() => new Promise(requestAnimationFrame));
    element.crop = 'manual';
    await openDialog(element, createPhoto(6));
    getPart(element, 'editor-cancel')?.click();
    await element.updateComplete;
    expect(getText(element, 'status')).to.equal('Ready to upload');
    element.crop = 'auto';
    const detail = await element.upload();
    expect(detail.key).to.equal(element.value);
  });
});

describe('the crop dialog is closed', () => {
  it('when another file is picked', async () => {
    const { element, log } = await createElement();
    const code = getErrorCode(element.upload(createPhoto()));
    const first = await waitForDialog(element);
    pickFile(element, createPhoto(3));
    expect(await code).to.equal('aborted');
    expect(first.isConnected).to.equal(false);
    await waitForDialog(element);
    expect(log.names).to.deep.equal(['flare-accept', '→cropping', '→idle', 'flare-accept', '→cropping']);
    element.cancel();
  });

  it('by disabling, without an event', async () => {
    const { element, log } = await createElement();
    const code = getErrorCode(element.upload(createPhoto()));
    await waitForDialog(element);
    element.disabled = true;
    expect(await code).to.equal('aborted');
    expect([isDialogOpen(element), element.state]).to.deep.equal([false, 'idle']);
    expect(log.names).to.deep.equal(['flare-accept', '→cropping']);
  });

  it('by cancel(), which drops the file, too', async () => {
    const { element, log } = await createElement('no-auto');
    pickFile(element, createPhoto());
    while (!getPart(element, 'edit-button')) await new Promise(requestAnimationFrame);
    getPart(element, 'edit-button')?.click();
    await waitForDialog(element);
    element.cancel();
    await element.updateComplete;
    expect([isDialogOpen(element), getText(element, 'status')]).to.deep.equal([false, 'Add a picture']);
    expect(log.names.filter((name) => name === 'flare-cancel')).to.have.length(1);
  });
});

describe('the Edit button', () => {
  async function createWithWaitingFile(attributes: string) {
    const made = await createElement(attributes);
    pickFile(made.element, createPhoto());
    while (!getPart(made.element, 'edit-button')) await new Promise(requestAnimationFrame);
    return made;
  }

  it('opens the crop dialog for a waiting file, which keeps waiting after Cancel', async () => {
    const { element, log } = await createWithWaitingFile('no-auto');
    const before = getShownUrl(element);
    const button = getPart(element, 'edit-button');
    button?.focus();
    button?.click();
    await waitForDialog(element);
    getPart(element, 'editor-cancel')?.click();
    await element.updateComplete;
    expect(element.shadowRoot?.activeElement).to.equal(getPart(element, 'edit-button'));
    expect([getShownUrl(element) === before, getText(element, 'status')]).to.deep.equal([true, 'Ready to upload']);
    expect(log.names.slice(1)).to.deep.equal(['→cropping', '→idle', 'flare-cancel']);
    await element.upload();
  });

  it('opens with the current crop, and with no-auto waits for upload() again', async () => {
    const { element } = await createWithWaitingFile('no-auto');
    for (const zoom of ['100', '200']) {
      getPart(element, 'edit-button')?.click();
      await waitForDialog(element);
      expect(getPart<HTMLInputElement>(element, 'editor-zoom')?.value).to.equal(zoom);
      Object.assign(getPart(element, 'editor-zoom') as HTMLElement, { value: 200 });
      getPart(element, 'editor-zoom')?.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
      getPart(element, 'editor-apply')?.click();
      await waitForState(element, 'idle');
    }
    expect(backend.requests).to.deep.equal([]);
  });

  it('uploads a new crop of a picture that was just uploaded', async () => {
    const { element, log } = await createElement('');
    await element.upload(createPhoto());
    await element.updateComplete;
    const names = log.names.length;
    getPart(element, 'edit-button')?.click();
    await waitForDialog(element);
    getPart(element, 'editor-apply')?.click();
    await waitForState(element, 'success');
    expect(log.names.slice(names)).to.deep.equal(['→idle', '→cropping', ...UPLOADED]);
    expect(backend.requests).to.deep.equal(['presign', 'commit', 'presign', 'commit']);
  });

  it('changes nothing on a picture that was just uploaded, if the dialog is canceled', async () => {
    const { element } = await createElement('');
    await element.upload(createPhoto());
    await element.updateComplete;
    const before = [getShownUrl(element), element.value];
    getPart(element, 'edit-button')?.click();
    await waitForDialog(element);
    getPart(element, 'editor-cancel')?.click();
    await element.updateComplete;
    expect([getShownUrl(element), element.value]).to.deep.equal(before);
    expect(element.state).to.equal('idle');
  });

  it('uploads a new crop after a failed upload', async () => {
    const { element } = await createElement('max-retries="0"');
    backend.responses.presign = () => jsonResponse({}, 403);
    await getErrorCode(element.upload(createPhoto()));
    await element.updateComplete;
    backend.responses.presign = new FakeBackend().responses.presign;
    getPart(element, 'edit-button')?.click();
    await waitForDialog(element);
    getPart(element, 'editor-apply')?.click();
    await waitForState(element, 'success');
  });

  it('is missing without a picked file, with crop="off", for a kept animation, after a removal and while disabled', async () => {
    const { element } = await createElement('');
    expect(getPart(element, 'edit-button')).to.equal(null);
    element.avatarUrl = '/api/me/avatar';
    await element.upload(createPhoto());
    await element.updateComplete;
    expect(getPart(element, 'edit-button')).not.to.equal(null);
    for (const change of [{ crop: 'off' }, { crop: 'auto', disabled: true }]) {
      Object.assign(element, change);
      await element.updateComplete;
      expect(getPart(element, 'edit-button')).to.equal(null);
    }
    element.disabled = false;
    await element.updateComplete;
    await element.removeAvatar();
    await element.updateComplete;
    expect(getPart(element, 'edit-button')).to.equal(null);
    await element.upload(new File([gif(2)], 'a.gif', { type: 'image/gif' }));
    await element.updateComplete;
    expect(getPart(element, 'edit-button')).to.equal(null);
  });
});
