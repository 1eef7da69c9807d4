import { expect } from '@open-wc/testing';
import { sendKeys } from '@web/test-runner-commands';
import type { AvatarUploadError } from '../../src/core/errors.js';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { isOpen, make, opened, photo, pickIn, press, stageOf } from '../support/crop-dialog.js';
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

const SENT = ['→preparing', 'flare-start', '→presigning', '→uploading', '→committing', '→success', 'flare-success'];
const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: AvatarUploadError) => error.code,
  );
const shown = (element: FlareAvatarUpload) => getPart<HTMLImageElement>(element, 'image')?.src ?? null;

describe('crop="manual"', () => {
  it('asks for the crop before anything is sent, and uploads it when that is applied', async () => {
    const { element, log } = await make();
    const dialog = await pickIn(element);
    expect([element.state, dialog.matches(':modal'), backend.requests]).to.deep.equal(['cropping', true, []]);
    getPart(element, 'editor-apply')?.click();
    expect(isOpen(element)).to.equal(false);
    await nextEvent(element, 'change');
    expect(log.names).to.deep.equal(['flare-accept', '→cropping', ...SENT, 'input', 'change']);
  });

  it('asks for a file of upload() too', async () => {
    const { element } = await make();
    const ended = element.upload(photo());
    await opened(element);
    getPart(element, 'editor-apply')?.click();
    expect((await ended).blob.type).to.equal('image/png');
  });

  it('does not ask again when a failed upload is tried again', async () => {
    const { element } = await make('crop="manual" max-retries="0"');
    backend.storeResponse = 403;
    await pickIn(element);
    getPart(element, 'editor-apply')?.click();
    await waitForState(element, 'error');
    backend.storeResponse = 200;
    getPart(element, 'retry-button')?.click();
    await waitForState(element, 'success');
  });

  it('keeps the crop for upload() with no-auto, and shows it', async () => {
    const { element, log } = await make('crop="manual" no-auto');
    await pickIn(element);
    getPart(element, 'editor-apply')?.click();
    await waitForState(element, 'idle');
    expect([getText(element, 'status'), backend.requests]).to.deep.equal(['Ready to upload', []]);
    expect(shown(element)).to.match(/^blob:/);
    await element.upload();
    expect(log.names).to.deep.equal(['flare-accept', '→cropping', '→idle', ...SENT, 'input', 'change']);
  });

  it('uploads as soon as it is applied where upload() was called meanwhile', async () => {
    const { element } = await make('crop="manual" no-auto');
    await pickIn(element);
    const ended = element.upload();
    expect(isOpen(element)).to.equal(true);
    getPart(element, 'editor-apply')?.click();
    expect((await ended).key).to.equal(element.value);
  });

  it('has no editor for an animation that is kept; for its first frame it has', async () => {
    const moving = () => new File([gif(2)], 'a.gif', { type: 'image/gif' });
    const { element } = await make();
    await element.upload(moving());
    const still = await make('crop="manual" animated="first-frame"');
    await pickIn(still.element, moving());
    still.element.cancel();
  });

  it('refuses a picture that can’t be decoded', async () => {
    const { element, log } = await make();
    const broken = new File([new Uint8Array(await photo().arrayBuffer()).slice(0, 40)], 'a.jpg');
    expect(await codeOf(element.upload(broken))).to.equal('decode_failed');
    expect(log.names).to.deep.equal(['flare-accept', '→cropping', '→idle', 'flare-reject']);
    expect(isOpen(element)).to.equal(false);
  });

  it('shows and sends what the page’s decode hook makes, which is asked once', async () => {
    const { element } = await make();
    let asked = 0;
    element.decode = () => {
      asked++;
      return photo();
    };
    const ended = element.upload(new File([new Uint8Array(500)], 'a.heic', { type: 'image/png' }));
    await opened(element);
    getPart(element, 'editor-apply')?.click();
    await ended;
    expect(asked).to.equal(1);
  });
});

describe('leaving the editor', () => {
  const ways: [string, (element: FlareAvatarUpload, dialog: HTMLDialogElement) => unknown][] = [
    ['Cancel', (element) => getPart(element, 'editor-cancel')?.click()],
    ['Escape', () => sendKeys({ press: 'Escape' })],
    ['Escape on the stage, by a script', (element) => press(stageOf(element), 'Escape')],
    ['a phone’s back button', (_, dialog) => dialog.requestClose?.() ?? dialog.close()],
    ['a script that closes the dialog', (_, dialog) => dialog.close()],
  ];
  for (const [name, leave] of ways) {
    it(`by ${name} is one flare-cancel, and everything is as it was`, async () => {
      const { element, log } = await make();
      element.src = PIXEL;
      const code = codeOf(element.upload(photo()));
      await leave(element, await opened(element));
      expect(await code).to.equal('aborted');
      await element.updateComplete;
      expect(log.names).to.deep.equal(['flare-accept', '→cropping', '→idle', 'flare-cancel']);
      expect([isOpen(element), shown(element), backend.requests.length]).to.deep.equal([false, PIXEL, 0]);
      expect(getText(element, 'error')).to.equal('');
    });
  }

  it('lets the file wait that waited before', async () => {
    const { element } = await make('no-auto');
    pickFile(element, photo());
    await nextEvent(element, 'flare-accept');
    while (!shown(element)) await element.updateComplete.then(() => new Promise(requestAnimationFrame));
    element.crop = 'manual';
    await pickIn(element, photo(6));
    getPart(element, 'editor-cancel')?.click();
    await element.updateComplete;
    expect(getText(element, 'status')).to.equal('Ready to upload');
    element.crop = 'auto';
    const detail = await element.upload();
    expect(detail.key).to.equal(element.value);
  });
});

describe('what else closes the editor', () => {
  it('is another file', async () => {
    const { element, log } = await make();
    const code = codeOf(element.upload(photo()));
    const first = await opened(element);
    pickFile(element, photo(3));
    expect(await code).to.equal('aborted');
    expect(first.isConnected).to.equal(false);
    await opened(element);
    expect(log.names).to.deep.equal(['flare-accept', '→cropping', '→idle', 'flare-accept', '→cropping']);
    element.cancel();
  });

  const silent: [string, (element: FlareAvatarUpload) => unknown][] = [
    ['disabling', (element) => Object.assign(element, { disabled: true }).updateComplete],
    ['disconnecting', (element) => element.remove()],
  ];
  for (const [name, act] of silent) {
    it(`is ${name}, without a word`, async () => {
      const { element, log } = await make();
      const code = codeOf(element.upload(photo()));
      await opened(element);
      await act(element);
      expect(await code).to.equal('aborted');
      expect([isOpen(element), element.state]).to.deep.equal([false, 'idle']);
      expect(log.names).to.deep.equal(['flare-accept', '→cropping']);
    });
  }

  it('is cancel(), which lets go of the file too', async () => {
    const { element, log } = await make('no-auto');
    pickFile(element, photo());
    while (!getPart(element, 'edit-button')) await new Promise(requestAnimationFrame);
    getPart(element, 'edit-button')?.click();
    await opened(element);
    element.cancel();
    await element.updateComplete;
    expect([isOpen(element), getText(element, 'status')]).to.deep.equal([false, 'Add a picture']);
    expect(log.names.filter((name) => name === 'flare-cancel')).to.have.length(1);
  });
});

describe('Edit', () => {
  async function waiting(attributes: string) {
    const made = await make(attributes);
    pickFile(made.element, photo());
    while (!getPart(made.element, 'edit-button')) await new Promise(requestAnimationFrame);
    return made;
  }

  it('on a file that waits opens the editor; leaving it, the file waits as before', async () => {
    const { element, log } = await waiting('no-auto');
    const before = shown(element);
    const button = getPart(element, 'edit-button');
    button?.focus();
    button?.click();
    await opened(element);
    getPart(element, 'editor-cancel')?.click();
    await element.updateComplete;
    expect(element.shadowRoot?.activeElement).to.equal(getPart(element, 'edit-button'));
    expect([shown(element) === before, getText(element, 'status')]).to.deep.equal([true, 'Ready to upload']);
    expect(log.names.slice(1)).to.deep.equal(['→cropping', '→idle', 'flare-cancel']);
    await element.upload();
  });

  it('opens with the present crop, and waits for upload() again with no-auto', async () => {
    const { element } = await waiting('no-auto');
    for (const zoom of ['100', '200']) {
      getPart(element, 'edit-button')?.click();
      await opened(element);
      expect(getPart<HTMLInputElement>(element, 'editor-zoom')?.value).to.equal(zoom);
      Object.assign(getPart(element, 'editor-zoom') as HTMLElement, { value: 200 });
      getPart(element, 'editor-zoom')?.dispatchEvent(new Event('input'));
      getPart(element, 'editor-apply')?.click();
      await waitForState(element, 'idle');
    }
    expect(backend.requests).to.deep.equal([]);
  });

  it('on a picture that was just uploaded uploads it anew', async () => {
    const { element, log } = await make('');
    await element.upload(photo());
    await element.updateComplete;
    const names = log.names.length;
    getPart(element, 'edit-button')?.click();
    await opened(element);
    getPart(element, 'editor-apply')?.click();
    await waitForState(element, 'success');
    expect(log.names.slice(names)).to.deep.equal(['→idle', '→cropping', ...SENT]);
    expect(backend.requests).to.deep.equal(['presign', 'commit', 'presign', 'commit']);
  });

  it('on a picture that was just uploaded changes nothing when it is left', async () => {
    const { element } = await make('');
    await element.upload(photo());
    await element.updateComplete;
    const before = [shown(element), element.value];
    getPart(element, 'edit-button')?.click();
    await opened(element);
    getPart(element, 'editor-cancel')?.click();
    await element.updateComplete;
    expect([shown(element), element.value]).to.deep.equal(before);
    expect(element.state).to.equal('idle');
  });

  it('on a failed upload sends the new crop', async () => {
    const { element } = await make('max-retries="0"');
    backend.responses.presign = () => jsonResponse({}, 403);
    await codeOf(element.upload(photo()));
    await element.updateComplete;
    backend.responses.presign = new FakeBackend().responses.presign;
    getPart(element, 'edit-button')?.click();
    await opened(element);
    getPart(element, 'editor-apply')?.click();
    await waitForState(element, 'success');
  });

  it('is not there without a picked picture, with crop="off", for a kept animation, after a removal, while disabled', async () => {
    const { element } = await make('');
    expect(getPart(element, 'edit-button')).to.equal(null);
    element.avatarUrl = '/api/me/avatar';
    await element.upload(photo());
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
