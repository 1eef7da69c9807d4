import { expect } from '@open-wc/testing';
import { sendKeys, sendMouse } from '@web/test-runner-commands';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import {
  createElement,
  createPhoto,
  decodePixels,
  dispatchPointer,
  drawVisiblePixels,
  getFrameRect,
  getMeanDifference,
  getStage,
  getVisibleSquare,
  HEIGHT,
  isDialogOpen,
  openDialog,
  pressKey,
  WIDTH,
  waitForAnnouncement,
  waitForDialog,
} from '../support/crop-dialog.js';
import { FakeBackend, getPart, nextEvent, waitForState } from '../support/fake-backend.js';
import { chooseCases } from '../support/run-factor.js';

let backend: FakeBackend;
beforeEach(() => {
  backend = new FakeBackend();
  backend.install();
});
afterEach(() => {
  backend.restore();
  document.documentElement.dir = '';
});

/** Creates an element whose crop dialog is open. */
async function openEditor(attributes?: string) {
  const made = await createElement(attributes);
  const dialog = await openDialog(made.element);
  await waitForAnimations(made.element);
  return { ...made, dialog };
}

/** Waits until the picture has stopped moving. */
async function waitForAnimations(element: FlareAvatarUpload): Promise<void> {
  await new Promise(requestAnimationFrame);
  await Promise.all(
    getStage(element)
      .getAnimations({ subtree: true })
      .map((animation) => animation.finished),
  );
}

const FIRST_SQUARE: [x: number, y: number, side: number] = [(WIDTH - HEIGHT) / 2, 0, HEIGHT];

function expectSquare(element: FlareAvatarUpload, expected: number[]): void {
  const square = getVisibleSquare(element);
  for (const [i, value] of square.entries()) expect(value, String(square)).to.be.closeTo(expected[i] ?? 0, 1.5);
}

/** Returns a point of the crop frame in the viewport: its center is 0, 0, and its side is 1. */
function getMousePosition(element: FlareAvatarUpload, x = 0, y = 0): [number, number] {
  const { left, top, width } = getFrameRect(element);
  return [Math.round(left + (0.5 + x) * width), Math.round(top + (0.5 + y) * width)];
}

async function dragPicture(element: FlareAvatarUpload, x: number, y: number): Promise<void> {
  await sendMouse({ type: 'move', position: getMousePosition(element) });
  await sendMouse({ type: 'down' });
  await sendMouse({ type: 'move', position: getMousePosition(element, x, y) });
  await sendMouse({ type: 'up' });
}

async function setZoom(element: FlareAvatarUpload, percent: number): Promise<void> {
  const slider = getPart<HTMLInputElement>(element, 'editor-zoom') as HTMLInputElement;
  slider.value = String(percent);
  slider.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
  slider.dispatchEvent(new Event('change', { bubbles: true }));
  await waitForAnimations(element);
}

describe('the crop dialog', () => {
  it('starts with the largest square in the center', async () => {
    const { element } = await openEditor();
    expectSquare(element, FIRST_SQUARE);
    element.cancel();
  });

  it('moves the picture with the mouse, up to its edge', async () => {
    const { element } = await openEditor();
    await dragPicture(element, 0.125, 0.3);
    expectSquare(element, [FIRST_SQUARE[0] - HEIGHT / 8, 0, HEIGHT]);
    await dragPicture(element, 0.9, 0);
    expectSquare(element, [0, 0, HEIGHT]);
    element.cancel();
  });

  it('zooms around the center of two fingers, and moves with them', async () => {
    const { element } = await openEditor();
    dispatchPointer(element, 'down', -0.1, 0, 1);
    dispatchPointer(element, 'down', 0.1, 0, 2);
    dispatchPointer(element, 'move', -0.2, 0, 1);
    dispatchPointer(element, 'move', 0.2, 0, 2);
    expectSquare(element, [FIRST_SQUARE[0] + HEIGHT / 4, HEIGHT / 4, HEIGHT / 2]);
    dispatchPointer(element, 'move', -0.1, 0, 1);
    dispatchPointer(element, 'move', 0.3, 0, 2);
    dispatchPointer(element, 'up', -0.1, 0, 1);
    expectSquare(element, [FIRST_SQUARE[0] + HEIGHT / 4 - HEIGHT / 20, HEIGHT / 4, HEIGHT / 2]);
    // The remaining finger keeps moving the picture.
    dispatchPointer(element, 'move', 0.4, 0, 2);
    dispatchPointer(element, 'up', 0.4, 0, 2);
    expectSquare(element, [FIRST_SQUARE[0] + HEIGHT / 4 - HEIGHT / 10, HEIGHT / 4, HEIGHT / 2]);
    element.cancel();
  });

  it('zooms around the pointer by wheel, without scrolling the page', async () => {
    const { element } = await openEditor();
    const [clientX, clientY] = getMousePosition(element, -0.5, -0.5);
    const init = { clientX, clientY, deltaY: -16 * 10, bubbles: true, cancelable: true, composed: true };
    expect(getStage(element).dispatchEvent(new WheelEvent('wheel', init))).to.equal(false);
    expectSquare(element, [FIRST_SQUARE[0], 0, HEIGHT / Math.exp(0.3)]);
    element.cancel();
  });

  it('zooms in around a double tap, and out again by another one', async () => {
    const { element } = await openEditor();
    const doubleTap = async () => {
      for (let tap = 0; tap < 2; tap++) {
        dispatchPointer(element, 'down', 0.25, 0.25);
        dispatchPointer(element, 'up', 0.25, 0.25);
      }
      await waitForAnimations(element);
    };
    await doubleTap();
    expectSquare(element, [FIRST_SQUARE[0] + (HEIGHT * 0.75) / 2, (HEIGHT * 0.75) / 2, HEIGHT / 2]);
    await doubleTap();
    expectSquare(element, [FIRST_SQUARE[0], 0, HEIGHT]);
    element.cancel();
  });

  it('moves a point outside the frame into its center by a tap, so that dragging is not required', async () => {
    const { element } = await openEditor();
    dispatchPointer(element, 'down', 0.53, 0);
    dispatchPointer(element, 'up', 0.53, 0);
    await waitForAnimations(element);
    expectSquare(element, [WIDTH - HEIGHT, 0, HEIGHT]);
    element.cancel();
  });

  for (const dir of ['ltr', 'rtl']) {
    it(`moves the picture in the direction of the arrow key, further with Shift (${dir})`, async () => {
      document.documentElement.dir = dir;
      const { element } = await openEditor();
      const stage = getStage(element);
      expect(element.shadowRoot?.activeElement).to.equal(stage);
      await sendKeys({ press: 'ArrowRight' });
      await waitForAnimations(element);
      expectSquare(element, [FIRST_SQUARE[0] - HEIGHT * 0.04, 0, HEIGHT]);
      pressKey(stage, 'ArrowLeft', { shiftKey: true });
      await waitForAnimations(element);
      expectSquare(element, [FIRST_SQUARE[0] + HEIGHT * 0.21, 0, HEIGHT]);
      element.cancel();
    });
  }

  it("zooms by + and −, and leaves the browser's own shortcuts alone", async () => {
    const { element } = await openEditor();
    await sendKeys({ press: '+' });
    await waitForAnimations(element);
    expectSquare(element, [FIRST_SQUARE[0] + (HEIGHT - HEIGHT / 1.1) / 2, (HEIGHT - HEIGHT / 1.1) / 2, HEIGHT / 1.1]);
    await sendKeys({ press: '-' });
    await waitForAnimations(element);
    expectSquare(element, FIRST_SQUARE);
    expect(pressKey(getStage(element), '+', { ctrlKey: true })).to.equal(true);
    expect(pressKey(getStage(element), 'r', { metaKey: true })).to.equal(true);
    expectSquare(element, FIRST_SQUARE);
    element.cancel();
  });

  it('zooms by the slider, within useful limits', async () => {
    const { element } = await openEditor();
    const slider = getPart<HTMLInputElement>(element, 'editor-zoom') as HTMLInputElement;
    expect([slider.min, slider.max]).to.deep.equal(['100', '1000']);
    await setZoom(element, 200);
    expectSquare(element, [FIRST_SQUARE[0] + HEIGHT / 4, HEIGHT / 4, HEIGHT / 2]);
    expect(slider.getAttribute('aria-valuetext')).to.equal('200%');
    element.cancel();
  });

  it('restores the first crop by Reset', async () => {
    const { element } = await openEditor();
    await setZoom(element, 300);
    for (const name of ['rotate', 'flip', 'reset']) getPart(element, `editor-${name}`)?.click();
    await waitForAnimations(element);
    expectSquare(element, FIRST_SQUARE);
    element.cancel();
  });

  it('lets no event of its slider, keys and clicks reach the page', async () => {
    const { element } = await openEditor();
    const events: string[] = [];
    for (const type of ['input', 'change', 'keydown', 'keyup', 'click'])
      document.addEventListener(type, ({ type: name }) => events.push(name), { once: true });
    await setZoom(element, 150);
    await sendKeys({ press: 'ArrowUp' });
    getPart(element, 'editor-rotate')?.click();
    expect(events).to.deep.equal([]);
    element.cancel();
  });

  it('announces each change once the picture has stopped moving', async () => {
    const { element, dialog } = await openEditor();
    const stage = getStage(element);
    pressKey(stage, '+');
    pressKey(stage, '+');
    expect(await waitForAnnouncement(dialog)).to.equal('Zoom 121%');
    pressKey(stage, 'ArrowRight', { shiftKey: true });
    pressKey(stage, 'ArrowRight', { shiftKey: true });
    expect(await waitForAnnouncement(dialog)).to.equal('0% from the left, 50% from the top');
    pressKey(stage, 'ArrowRight');
    expect(await waitForAnnouncement(dialog)).to.equal('Edge of the picture');
    pressKey(stage, 'r');
    expect(await waitForAnnouncement(dialog)).to.equal('Rotated 90°');
    getPart(element, 'editor-flip')?.click();
    expect(await waitForAnnouncement(dialog)).to.equal('Flipped');
    getPart(element, 'editor-reset')?.click();
    expect(await waitForAnnouncement(dialog)).to.equal('Crop reset');
    element.cancel();
  });

  it('works by keyboard alone, from the trigger to the upload, and returns the focus', async () => {
    const { element } = await createElement();
    element.focus();
    await openDialog(element);
    for (const key of ['+', '+', 'ArrowUp', 'r']) await sendKeys({ press: key });
    for (const name of [
      'editor-zoom',
      'editor-rotate',
      'editor-flip',
      'editor-reset',
      'editor-cancel',
      'editor-apply',
    ]) {
      await sendKeys({ press: 'Tab' });
      expect(element.shadowRoot?.activeElement).to.equal(getPart(element, name));
    }
    const uploaded = nextEvent(element, 'flare-success');
    await sendKeys({ press: 'Enter' });
    await uploaded;
    await element.updateComplete;
    expect(element.shadowRoot?.activeElement).to.equal(getPart(element, 'trigger'));
  });

  it('applies the crop by Enter on the stage, without submitting the form', async () => {
    const { element } = await createElement();
    const form = document.createElement('form');
    let submitted = 0;
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      submitted++;
    });
    element.replaceWith(form);
    form.append(element);
    await openDialog(element);
    await sendKeys({ press: 'Enter' });
    await waitForState(element, 'success');
    expect(submitted).to.equal(0);
  });

  it('works inside another dialog, in a rotated box with hidden overflow', async () => {
    const { element } = await createElement();
    const outer = document.createElement('dialog');
    const box = document.createElement('div');
    box.style.cssText = 'transform: rotate(20deg); overflow: hidden; width: 50px; height: 50px';
    element.replaceWith(outer);
    outer.append(box);
    box.append(element);
    outer.showModal();
    await openDialog(element);
    await waitForAnimations(element);
    expectSquare(element, FIRST_SQUARE);
    await sendKeys({ press: 'Escape' });
    expect([isDialogOpen(element), outer.open]).to.deep.equal([false, true]);
    outer.remove();
  });

  it('is accessible, and its controls are large enough', async () => {
    const { element, dialog } = await openEditor();
    await expect(element).to.be.accessible();
    for (const control of dialog.querySelectorAll('button, input')) {
      expect(control.getBoundingClientRect().height, control.getAttribute('part') ?? '').to.be.at.least(24);
    }
    element.cancel();
  });

  it("has the shape of the element's picture", async () => {
    for (const [attributes, radius] of [
      ['shape="circle"', '50%'],
      ['shape="square"', '0%'],
      ['style="--flare-radius: 24px; --flare-size: 96px"', '25%'],
    ]) {
      const { element } = await openEditor(`crop="manual" ${attributes}`);
      const frame = getStage(element).querySelector('.crop-frame') as HTMLElement;
      expect(getComputedStyle(frame).borderStartStartRadius).to.equal(radius);
      element.cancel();
    }
  });

  it('shows the texts of the page', async () => {
    const { element } = await createElement();
    element.messages = { editor_apply: 'Übernehmen' };
    await openDialog(element);
    expect(getPart(element, 'editor-apply')?.textContent?.trim()).to.equal('Übernehmen');
    element.cancel();
  });
});

const TURNS = [0, 1, 2, 3].flatMap((turns) => [false, true].map((isFlipped) => ({ turns, isFlipped })));

describe('the upload matches the crop frame', () => {
  for (let orientation = 1; orientation <= 8; orientation++) {
    it(`for orientation ${orientation}, rotated and flipped in every way, with a mean difference below 3 of 255`, async () => {
      const { element } = await createElement();
      // In `npm test`, each orientation is turned in another way.
      for (const { turns, isFlipped } of chooseCases(TURNS, (_, index) => index === orientation - 1)) {
        const upload = element.upload(createPhoto(orientation));
        await waitForDialog(element);
        await waitForAnimations(element);
        for (let turn = 0; turn < turns; turn++) getPart(element, 'editor-rotate')?.click();
        if (isFlipped) getPart(element, 'editor-flip')?.click();
        const stage = getStage(element);
        for (const key of ['+', '+', '+', 'ArrowLeft', 'ArrowUp', 'ArrowUp']) pressKey(stage, key);
        await waitForAnimations(element);
        const shown = drawVisiblePixels(element, 128);
        pressKey(stage, 'Enter');
        const uploaded = await decodePixels((await upload).blob, 128);
        expect(getMeanDifference(shown, uploaded), `${turns} ${isFlipped}`).to.be.below(3);
      }
    });
  }
});
