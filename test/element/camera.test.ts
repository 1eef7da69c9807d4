import { expect } from '@open-wc/testing';
import { sendKeys } from '@web/test-runner-commands';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { CameraRecorder, openCamera, waitForPart, waitForShutter } from '../support/camera.js';
import {
  createElement,
  createPngFile,
  restoreBrowserState,
  setHidden,
  waitForFrames,
} from '../support/element-fixtures.js';
import { getPart, getText, installFakeBackend, nextEvent, pickFile, waitForState } from '../support/fake-backend.js';
import { IS_CHROMIUM } from '../support/shown-is-stored.js';

const backend = installFakeBackend();
let camera: CameraRecorder;
// WebKitGTK has no camera that shows a test picture, and Firefox only one, with which it loses the test runner's page.
before(function () {
  if (!IS_CHROMIUM) this.skip();
});
beforeEach(() => {
  camera = new CameraRecorder();
  camera.install();
  localStorage.clear();
});
afterEach(() => {
  camera.restore();
  restoreBrowserState();
});

const ATTRIBUTES = 'camera avatar-url=""';
const getFocus = (element: FlareAvatarUpload) => element.shadowRoot?.activeElement?.getAttribute('part');
const hasDialog = (element: FlareAvatarUpload) => getPart(element, 'camera') !== null;

const getVideo = (element: FlareAvatarUpload) =>
  getPart(element, 'camera-preview')?.querySelector('video') as HTMLVideoElement;

/** Replaces a property of an object until the test ends. */
function replace(target: object, name: string, value: unknown): () => void {
  Object.defineProperty(target, name, { value, configurable: true });
  return () => Reflect.deleteProperty(target, name);
}

describe('the camera button', () => {
  it('is there with the attribute, and asks for nothing until it is clicked', async () => {
    const { element } = await createElement(ATTRIBUTES);
    const button = getPart(element, 'camera-button');
    expect([button?.textContent, camera.constraints.length]).to.deep.equal(['Take a photo', 0]);
    button?.click();
    await waitForShutter(element);
    expect(camera.constraints.length).to.equal(1);
    element.cancel();
    const plain = await createElement('avatar-url=""');
    expect(getPart(plain.element, 'camera-button')).to.equal(null);
  });

  it('is missing where the page can reach no camera: without https, by Permissions-Policy, and while disabled', async () => {
    const restoreDevices = replace(navigator, 'mediaDevices', undefined);
    const { element } = await createElement(ATTRIBUTES);
    expect(getPart(element, 'camera-button')).to.equal(null);
    restoreDevices();
    const restorePolicy = replace(document, 'featurePolicy', { allowsFeature: () => false });
    element.requestUpdate();
    await element.updateComplete;
    expect(getPart(element, 'camera-button')).to.equal(null);
    restorePolicy();
    element.disabled = true;
    await element.updateComplete;
    expect(getPart(element, 'camera-button')).to.equal(null);
    await element.openCamera();
    expect([hasDialog(element), camera.constraints]).to.deep.equal([false, []]);
  });
});

describe('a photo', () => {
  it('is taken by Space, retaken, and used by Enter; it is uploaded, and the camera is off', async () => {
    const { element, log } = await createElement(ATTRIBUTES);
    getPart(element, 'camera-button')?.focus();
    await openCamera(element);
    expect(getFocus(element)).to.equal('camera-shutter');
    await sendKeys({ press: ' ' });
    await waitForPart(element, 'camera-use');
    expect(getFocus(element)).to.equal('camera-use');
    expect(getPart(element, 'camera')?.querySelector('[role=status]')?.textContent).to.equal('Photo taken');
    getPart(element, 'camera-retake')?.click();
    await waitForShutter(element);
    expect(getFocus(element)).to.equal('camera-shutter');
    await sendKeys({ press: 'Enter' });
    await waitForPart(element, 'camera-use');
    const accepted = nextEvent(element, 'flare-accept');
    await sendKeys({ press: 'Enter' });
    const { file } = (await accepted).detail;
    expect([file.name, file.type, camera.liveTracks]).to.deep.equal(['photo.jpg', 'image/jpeg', []]);
    await waitForState(element, 'success');
    expect(log.names.slice(0, 2)).to.deep.equal(['flare-accept', '→preparing']);
  });

  it('can be retaken: the preview plays on', async () => {
    const { element } = await createElement(ATTRIBUTES);
    (await openCamera(element)).click();
    (await waitForPart(element, 'camera-retake')).click();
    await waitForShutter(element);
    const video = getVideo(element);
    expect([video.isConnected, video.paused]).to.deep.equal([true, false]);
    await nextEvent(video, 'timeupdate');
    element.cancel();
  });

  it('is not mirrored, unlike the preview, and has all pixels of the camera', async () => {
    const { element } = await createElement(`${ATTRIBUTES} no-auto`);
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 480 });
    const context = canvas.getContext('2d') as CanvasRenderingContext2D;
    const draw = () => {
      for (const [i, color] of ['#f00', '#00f'].entries()) {
        context.fillStyle = color;
        context.fillRect(i * 320, 0, 320, 480);
      }
    };
    draw();
    const timer = setInterval(draw, 30);
    camera.answer = async () => canvas.captureStream();
    const shutter = await openCamera(element);
    expect(getComputedStyle(getPart(element, 'camera-preview') as HTMLElement).scale).to.equal('-1 1');
    shutter.click();
    const use = await waitForPart(element, 'camera-use');
    expect(getComputedStyle(getPart(element, 'camera-preview') as HTMLElement).scale).to.equal('none');
    const accepted = nextEvent(element, 'flare-accept');
    use.click();
    clearInterval(timer);
    const bitmap = await createImageBitmap((await accepted).detail.file);
    context.drawImage(bitmap, 0, 0);
    const [red = 0, , blue = 255] = context.getImageData(20, 240, 1, 1).data;
    expect([bitmap.width, bitmap.height, red > 200, blue < 60]).to.deep.equal([640, 480, true, true]);
  });

  it('goes to the crop editor with crop="manual"', async () => {
    const { element } = await createElement(`${ATTRIBUTES} crop="manual"`);
    (await openCamera(element)).click();
    (await waitForPart(element, 'camera-use')).click();
    await waitForPart(element, 'editor');
    expect([hasDialog(element), element.state]).to.deep.equal([false, 'cropping']);
    element.cancel();
  });

  it('has a type that the element accepts', async () => {
    const { element } = await createElement(`${ATTRIBUTES} accept="image/png" no-auto`);
    (await openCamera(element)).click();
    const accepted = nextEvent(element, 'flare-accept');
    (await waitForPart(element, 'camera-use')).click();
    expect((await accepted).detail.file.type).to.equal('image/png');
  });

  it('has the size of a photo where the camera makes larger ones than its video, and only then', async () => {
    const blob = (width: number, height: number): Promise<Blob> =>
      new Promise((resolve) => {
        const canvas = Object.assign(document.createElement('canvas'), { width, height });
        canvas.getContext('2d');
        canvas.toBlob((made) => resolve(made as Blob), 'image/png');
      });
    const sizes: [photo: [number, number], isUsed: boolean][] = [
      [[4000, 3000], true],
      [[3000, 4000], false],
      [[160, 120], false],
    ];
    for (const [[width, height], isUsed] of sizes) {
      const restore = replace(
        globalThis,
        'ImageCapture',
        class {
          getPhotoCapabilities = async () => ({ imageWidth: { max: 4000 }, imageHeight: { max: 3000 } });
          takePhoto = () => blob(width, height);
        },
      );
      const { element } = await createElement(`${ATTRIBUTES} no-auto`);
      (await openCamera(element)).click();
      const accepted = nextEvent(element, 'flare-accept');
      (await waitForPart(element, 'camera-use')).click();
      expect((await createImageBitmap((await accepted).detail.file)).width === width).to.equal(isUsed);
      restore();
    }
  });
});

describe('a key that is held down on the shutter', () => {
  it('does not use the photo unseen', async () => {
    const { element } = await createElement(ATTRIBUTES);
    await openCamera(element);
    await sendKeys({ down: 'Enter' });
    await waitForPart(element, 'camera-use');
    await sendKeys({ down: 'Enter' });
    await waitForFrames();
    expect(hasDialog(element)).to.equal(true);
    await sendKeys({ up: 'Enter' });
    element.cancel();
  });
});

describe('several cameras', () => {
  it('can be chosen from, and the choice is remembered', async () => {
    const { element } = await createElement(ATTRIBUTES);
    await openCamera(element);
    const buttons = () => [...(getPart(element, 'camera-select')?.querySelectorAll('button') ?? [])];
    await waitForPart(element, 'camera-select');
    const pressed = buttons().findIndex((button) => button.ariaPressed === 'true');
    expect([buttons().length, pressed]).to.deep.equal([2, 0]);
    buttons()[1]?.click();
    await waitForShutter(element);
    expect(buttons().map((button) => button.ariaPressed)).to.deep.equal(['false', 'true']);
    expect(camera.liveTracks.length).to.equal(1);
    const { deviceId } = (camera.liveTracks[0] as MediaStreamTrack).getSettings();
    element.cancel();
    await openCamera(element);
    expect(camera.constraints.at(-1)?.deviceId).to.deep.equal({ exact: deviceId });
    element.cancel();
  });

  it('do not include a remembered one that is gone: another one is used', async () => {
    localStorage.setItem('flare-avatar-upload-camera', 'gone');
    const { element } = await createElement(ATTRIBUTES);
    await openCamera(element);
    expect(camera.liveTracks.length).to.equal(1);
    element.cancel();
  });
});

describe('a camera that the page can not use', () => {
  const refusals: [name: string, code: string, text: string][] = [
    [
      'NotAllowedError',
      'camera_denied',
      'Camera access is blocked. Allow it in your browser’s settings, then try again.',
    ],
    ['NotFoundError', 'camera_missing', 'No camera was found. Connect one, then try again.'],
    ['NotReadableError', 'camera_failed', 'Another app is using the camera. Close that app, then try again.'],
    ['UnknownError', 'camera_failed', 'The camera couldn’t be started. Try again.'],
  ];
  for (const [name, code, text] of refusals) {
    it(`is reported for ${name}: ${text}`, async () => {
      const { element, log } = await createElement(ATTRIBUTES);
      camera.refuse(name);
      const failed = nextEvent(element, 'flare-error');
      await element.openCamera();
      expect((await failed).detail.error).to.include({ code, phase: 'pick', retryable: false });
      await element.updateComplete;
      expect([getText(element, 'error'), hasDialog(element)]).to.deep.equal([text, false]);
      expect(log.names).to.deep.equal(['→error', 'flare-error']);
    });
  }

  it('is reported on a page without https, and where the Permissions-Policy forbids it', async () => {
    const restoreDevices = replace(navigator, 'mediaDevices', undefined);
    const { element } = await createElement(ATTRIBUTES);
    await element.openCamera();
    await element.updateComplete;
    expect(getText(element, 'error')).to.contain('secure connection (HTTPS)');
    restoreDevices();
    const restorePolicy = replace(document, 'featurePolicy', { allowsFeature: () => false });
    camera.refuse('NotAllowedError');
    await element.openCamera();
    restorePolicy();
    await element.updateComplete;
    expect(getText(element, 'error')).to.contain('isn’t allowed on this page');
  });

  it('is not reported as a matter of permission if its video can not be played', async () => {
    const { element } = await createElement(ATTRIBUTES);
    const { play } = HTMLMediaElement.prototype;
    HTMLMediaElement.prototype.play = () => Promise.reject(new DOMException('No.', 'NotAllowedError'));
    const failed = nextEvent(element, 'flare-error');
    await element.openCamera();
    HTMLMediaElement.prototype.play = play;
    const { code, messageKey } = (await failed).detail.error;
    expect([code, messageKey]).to.deep.equal(['camera_failed', undefined]);
    expect(camera.liveTracks).to.deep.equal([]);
  });

  it('is asked again by Try again', async () => {
    const { element } = await createElement(ATTRIBUTES);
    camera.refuse('NotReadableError');
    await element.openCamera();
    camera.answer = null;
    const button = await waitForPart(element, 'retry-button');
    button.click();
    await waitForShutter(element);
    expect(element.state).to.equal('idle');
    element.cancel();
  });

  it('is reported when it is unplugged while the dialog is open; a photo that was taken stays', async () => {
    const { element } = await createElement(ATTRIBUTES);
    const shutter = await openCamera(element);
    const failed = nextEvent(element, 'flare-error');
    camera.liveTracks[0]?.dispatchEvent(new Event('ended'));
    expect((await failed).detail.error.code).to.equal('camera_failed');
    await element.updateComplete;
    expect(getText(element, 'error')).to.equal('The camera was disconnected. Reconnect it, then try again.');
    expect([hasDialog(element), shutter.isConnected, camera.liveTracks]).to.deep.equal([false, false, []]);
    (await openCamera(element)).click();
    await waitForPart(element, 'camera-use');
    camera.liveTracks[0]?.dispatchEvent(new Event('ended'));
    expect(getPart(element, 'camera-use')).not.to.equal(null);
    element.cancel();
  });
});

describe('the camera is off', () => {
  const endings: [name: string, end: (element: FlareAvatarUpload) => unknown][] = [
    ['the Cancel button', (element) => getPart(element, 'camera-cancel')?.click()],
    ['the Escape key', () => sendKeys({ press: 'Escape' })],
    ['cancel()', (element) => element.cancel()],
    ['a script that closes the dialog', (element) => getPart<HTMLDialogElement>(element, 'camera')?.close()],
    ['a page that is hidden', () => setHidden(true)],
    ['disabling', (element) => Object.assign(element, { disabled: true }).updateComplete],
    ['removing the element', (element) => element.remove()],
    ['picking a file', (element) => pickFile(element, createPngFile())],
  ];
  for (const [name, end] of endings) {
    it(`after ${name}, and the dialog is closed without an event`, async () => {
      const { element, log } = await createElement(`${ATTRIBUTES} no-auto`);
      const button = getPart(element, 'camera-button');
      button?.focus();
      const closed = element.openCamera();
      await waitForShutter(element);
      await end(element);
      await closed;
      expect([hasDialog(element), camera.liveTracks, camera.tracks.length]).to.deep.equal([false, [], 1]);
      expect(log.names.filter((event) => event !== 'flare-accept')).to.deep.equal([]);
      if (/Cancel|Escape/.test(name)) expect(getFocus(element)).to.equal('camera-button');
    });
  }

  it('if the permission comes after the dialog was closed', async () => {
    const { element } = await createElement(ATTRIBUTES);
    const { getUserMedia } = MediaDevices.prototype;
    let allow = () => {};
    const allowed = new Promise<void>((resolve) => {
      allow = resolve;
    });
    camera.answer = async (constraints) => {
      await allowed;
      return getUserMedia.call(navigator.mediaDevices, constraints);
    };
    const closed = element.openCamera();
    await waitForPart(element, 'camera');
    expect(getPart(element, 'camera-shutter')?.ariaDisabled).to.equal('true');
    element.cancel();
    await closed;
    allow();
    while (camera.tracks.length === 0) await waitForFrames();
    await waitForFrames();
    expect(camera.liveTracks).to.deep.equal([]);
  });
});

describe('the camera dialog', () => {
  it('stays open and goes on when its element is moved in the document, also while the camera starts', async () => {
    const { element } = await createElement(ATTRIBUTES);
    const other = document.createElement('div');
    element.parentElement?.after(other);
    element.openCamera();
    await waitForPart(element, 'camera');
    while (!getVideo(element).srcObject) await waitForFrames();
    other.append(element);
    await waitForShutter(element);
    other.before(element);
    await element.updateComplete;
    expect(getPart(element, 'camera')?.matches(':modal')).to.equal(true);
    await nextEvent(getVideo(element), 'timeupdate');
    expect([getVideo(element).paused, camera.tracks.length, camera.liveTracks.length]).to.deep.equal([false, 1, 1]);
    getPart(element, 'camera-shutter')?.click();
    await waitForPart(element, 'camera-use');
    element.cancel();
    element.remove();
    other.remove();
  });

  it('does not open in an element that is in no page, and nothing is reported', async () => {
    const { element, log } = await createElement(ATTRIBUTES);
    const opened = element.openCamera();
    element.remove();
    await opened;
    await element.openCamera();
    expect([hasDialog(element), element.state, camera.constraints]).to.deep.equal([false, 'idle', []]);
    expect([element.renderRoot.querySelector('dialog'), log.names]).to.deep.equal([null, []]);
  });

  it('is named, and passes axe, before and after the photo', async () => {
    const { element } = await createElement(ATTRIBUTES);
    const shutter = await openCamera(element);
    await expect(element).to.be.accessible();
    shutter.click();
    await waitForPart(element, 'camera-use');
    await expect(element).to.be.accessible();
    element.cancel();
    expect(backend.requests).to.deep.equal([]);
  });
});
