import { expect } from '@open-wc/testing';
import { sendKeys, sendMouse } from '@web/test-runner-commands';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import {
  difference,
  frameOf,
  HEIGHT,
  isOpen,
  make,
  opened,
  photo,
  pickIn,
  pixelsOf,
  point,
  press,
  said,
  shownPixels,
  shownSquare,
  stageOf,
  WIDTH,
} from '../support/crop-dialog.js';
import { FakeBackend, getPart, nextEvent, waitForState } from '../support/fake-backend.js';

let backend: FakeBackend;
beforeEach(() => {
  backend = new FakeBackend();
  backend.install();
});
afterEach(() => {
  backend.restore();
  document.documentElement.dir = '';
});

/** An element with its editor open, and what the frame shows at first: the middle of the picture. */
async function editing(attributes?: string) {
  const made = await make(attributes);
  const dialog = await pickIn(made.element);
  await settled(made.element);
  return { ...made, dialog };
}

/** Resolves once the picture has come to its place. */
async function settled(element: FlareAvatarUpload): Promise<void> {
  await new Promise(requestAnimationFrame);
  await Promise.all(
    stageOf(element)
      .getAnimations({ subtree: true })
      .map((animation) => animation.finished),
  );
}

const FIRST: [x: number, y: number, side: number] = [(WIDTH - HEIGHT) / 2, 0, HEIGHT];

function isAt(element: FlareAvatarUpload, wanted: number[]): void {
  const square = shownSquare(element);
  for (const [at, value] of square.entries()) expect(value, String(square)).to.be.closeTo(wanted[at] ?? 0, 1.5);
}

/** The middle of the frame, moved by parts of it, for a real mouse. */
function spot(element: FlareAvatarUpload, x = 0, y = 0): [number, number] {
  const { left, top, width } = frameOf(element);
  return [Math.round(left + (0.5 + x) * width), Math.round(top + (0.5 + y) * width)];
}

async function drag(element: FlareAvatarUpload, x: number, y: number): Promise<void> {
  await sendMouse({ type: 'move', position: spot(element) });
  await sendMouse({ type: 'down' });
  await sendMouse({ type: 'move', position: spot(element, x, y) });
  await sendMouse({ type: 'up' });
}

async function slide(element: FlareAvatarUpload, percent: number): Promise<void> {
  const slider = getPart<HTMLInputElement>(element, 'editor-zoom') as HTMLInputElement;
  slider.value = String(percent);
  slider.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
  slider.dispatchEvent(new Event('change', { bubbles: true }));
  await settled(element);
}

describe('the editor', () => {
  it('shows the middle of the picture, all that fits', async () => {
    const { element } = await editing();
    isAt(element, FIRST);
    element.cancel();
  });

  it('moves the picture with the mouse, up to its edge', async () => {
    const { element } = await editing();
    await drag(element, 0.125, 0.3);
    isAt(element, [FIRST[0] - HEIGHT / 8, 0, HEIGHT]);
    await drag(element, 0.9, 0);
    isAt(element, [0, 0, HEIGHT]);
    element.cancel();
  });

  it('zooms about the middle of two fingers, and moves with them', async () => {
    const { element } = await editing();
    point(element, 'down', -0.1, 0, 1);
    point(element, 'down', 0.1, 0, 2);
    point(element, 'move', -0.2, 0, 1);
    point(element, 'move', 0.2, 0, 2);
    isAt(element, [FIRST[0] + HEIGHT / 4, HEIGHT / 4, HEIGHT / 2]);
    point(element, 'move', -0.1, 0, 1);
    point(element, 'move', 0.3, 0, 2);
    point(element, 'up', -0.1, 0, 1);
    isAt(element, [FIRST[0] + HEIGHT / 4 - HEIGHT / 20, HEIGHT / 4, HEIGHT / 2]);
    // The finger that is left goes on moving it.
    point(element, 'move', 0.4, 0, 2);
    point(element, 'up', 0.4, 0, 2);
    isAt(element, [FIRST[0] + HEIGHT / 4 - HEIGHT / 10, HEIGHT / 4, HEIGHT / 2]);
    element.cancel();
  });

  it('zooms by wheel about the pointer, and keeps the page where it is', async () => {
    const { element } = await editing();
    const [clientX, clientY] = spot(element, -0.5, -0.5);
    const init = { clientX, clientY, deltaY: -16 * 10, bubbles: true, cancelable: true, composed: true };
    expect(stageOf(element).dispatchEvent(new WheelEvent('wheel', init))).to.equal(false);
    isAt(element, [FIRST[0], 0, HEIGHT / Math.exp(0.3)]);
    element.cancel();
  });

  it('zooms in by a double tap about it, and out again by another one', async () => {
    const { element } = await editing();
    const twice = async () => {
      for (let tap = 0; tap < 2; tap++) {
        point(element, 'down', 0.25, 0.25);
        point(element, 'up', 0.25, 0.25);
      }
      await settled(element);
    };
    await twice();
    isAt(element, [FIRST[0] + (HEIGHT * 0.75) / 2, (HEIGHT * 0.75) / 2, HEIGHT / 2]);
    await twice();
    isAt(element, [FIRST[0], 0, HEIGHT]);
    element.cancel();
  });

  it('brings what is beside the frame into it by a tap: there is a way without dragging', async () => {
    const { element } = await editing();
    point(element, 'down', 0.53, 0);
    point(element, 'up', 0.53, 0);
    await settled(element);
    isAt(element, [WIDTH - HEIGHT, 0, HEIGHT]);
    element.cancel();
  });

  for (const dir of ['ltr', 'rtl']) {
    it(`moves the picture the way the arrow points, ${dir}; with Shift farther`, async () => {
      document.documentElement.dir = dir;
      const { element } = await editing();
      const stage = stageOf(element);
      expect(element.shadowRoot?.activeElement).to.equal(stage);
      await sendKeys({ press: 'ArrowRight' });
      await settled(element);
      isAt(element, [FIRST[0] - HEIGHT * 0.04, 0, HEIGHT]);
      press(stage, 'ArrowLeft', { shiftKey: true });
      await settled(element);
      isAt(element, [FIRST[0] + HEIGHT * 0.21, 0, HEIGHT]);
      element.cancel();
    });
  }

  it('zooms by + and −, and leaves the browser’s own keys alone', async () => {
    const { element } = await editing();
    await sendKeys({ press: '+' });
    await settled(element);
    isAt(element, [FIRST[0] + (HEIGHT - HEIGHT / 1.1) / 2, (HEIGHT - HEIGHT / 1.1) / 2, HEIGHT / 1.1]);
    await sendKeys({ press: '-' });
    await settled(element);
    isAt(element, FIRST);
    expect(press(stageOf(element), '+', { ctrlKey: true })).to.equal(true);
    expect(press(stageOf(element), 'r', { metaKey: true })).to.equal(true);
    isAt(element, FIRST);
    element.cancel();
  });

  it('zooms by its slider, no farther than makes sense', async () => {
    const { element } = await editing();
    const slider = getPart<HTMLInputElement>(element, 'editor-zoom') as HTMLInputElement;
    expect([slider.min, slider.max]).to.deep.equal(['100', '1000']);
    await slide(element, 200);
    isAt(element, [FIRST[0] + HEIGHT / 4, HEIGHT / 4, HEIGHT / 2]);
    expect(slider.getAttribute('aria-valuetext')).to.equal('200%');
    element.cancel();
  });

  it('goes back to the beginning by Reset', async () => {
    const { element } = await editing();
    await slide(element, 300);
    for (const name of ['rotate', 'flip', 'reset']) getPart(element, `editor-${name}`)?.click();
    await settled(element);
    isAt(element, FIRST);
    element.cancel();
  });

  it('lets no event out: those of the slider, keys, clicks', async () => {
    const { element } = await editing();
    const heard: string[] = [];
    for (const type of ['input', 'change', 'keydown', 'keyup', 'click'])
      document.addEventListener(type, ({ type: name }) => heard.push(name), { once: true });
    await slide(element, 150);
    await sendKeys({ press: 'ArrowUp' });
    getPart(element, 'editor-rotate')?.click();
    expect(heard).to.deep.equal([]);
    element.cancel();
  });

  it('tells each change once it has come to rest, as it is then', async () => {
    const { element, dialog } = await editing();
    const stage = stageOf(element);
    press(stage, '+');
    press(stage, '+');
    expect(await said(dialog)).to.equal('Zoom 121%');
    press(stage, 'ArrowRight', { shiftKey: true });
    press(stage, 'ArrowRight', { shiftKey: true });
    expect(await said(dialog)).to.equal('0% from the left, 50% from the top');
    press(stage, 'ArrowRight');
    expect(await said(dialog)).to.equal('Edge of the picture');
    press(stage, 'r');
    expect(await said(dialog)).to.equal('Rotated 90°');
    getPart(element, 'editor-flip')?.click();
    expect(await said(dialog)).to.equal('Flipped');
    getPart(element, 'editor-reset')?.click();
    expect(await said(dialog)).to.equal('Crop reset');
    element.cancel();
  });

  it('can be used by keyboard alone, from the trigger to the upload, and gives the focus back', async () => {
    const { element } = await make();
    element.focus();
    await pickIn(element);
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
    const ended = nextEvent(element, 'flare-success');
    await sendKeys({ press: 'Enter' });
    await ended;
    await element.updateComplete;
    expect(element.shadowRoot?.activeElement).to.equal(getPart(element, 'trigger'));
  });

  it('is applied by Enter on the stage, which submits no form around the element', async () => {
    const { element } = await make();
    const form = document.createElement('form');
    let submitted = 0;
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      submitted++;
    });
    element.replaceWith(form);
    form.append(element);
    await pickIn(element);
    await sendKeys({ press: 'Enter' });
    await waitForState(element, 'success');
    expect(submitted).to.equal(0);
  });

  it('works in another dialog, in a box that is turned and cut off', async () => {
    const { element } = await make();
    const outer = document.createElement('dialog');
    const box = document.createElement('div');
    box.style.cssText = 'transform: rotate(20deg); overflow: hidden; width: 50px; height: 50px';
    element.replaceWith(outer);
    outer.append(box);
    box.append(element);
    outer.showModal();
    await pickIn(element);
    await settled(element);
    isAt(element, FIRST);
    await sendKeys({ press: 'Escape' });
    expect([isOpen(element), outer.open]).to.deep.equal([false, true]);
    outer.remove();
  });

  it('lacks nothing that assistive technology needs; its controls are large enough', async () => {
    const { element, dialog } = await editing();
    await expect(element).to.be.accessible();
    for (const control of dialog.querySelectorAll('button, input')) {
      expect(control.getBoundingClientRect().height, control.getAttribute('part') ?? '').to.be.at.least(24);
    }
    element.cancel();
  });

  it('has the outline of the element’s picture', async () => {
    for (const [attributes, radius] of [
      ['shape="circle"', '50%'],
      ['shape="square"', '0%'],
      ['style="--flare-radius: 24px; --flare-size: 96px"', '25%'],
    ]) {
      const { element } = await editing(`crop="manual" ${attributes}`);
      const frame = stageOf(element).querySelector('.crop-frame') as HTMLElement;
      expect(getComputedStyle(frame).borderStartStartRadius).to.equal(radius);
      element.cancel();
    }
  });

  it('says what a page wants it to', async () => {
    const { element } = await make();
    element.messages = { editor_apply: 'Übernehmen' };
    await pickIn(element);
    expect(getPart(element, 'editor-apply')?.textContent?.trim()).to.equal('Übernehmen');
    element.cancel();
  });
});

describe('what the frame shows is what is uploaded', () => {
  for (let orientation = 1; orientation <= 8; orientation++) {
    it(`for orientation ${orientation}, turned and flipped in every way, within 3 of 256 steps`, async () => {
      const { element } = await make();
      for (const turns of [0, 1, 2, 3]) {
        for (const isFlipped of [false, true]) {
          const ended = element.upload(photo(orientation));
          await opened(element);
          await settled(element);
          for (let turn = 0; turn < turns; turn++) getPart(element, 'editor-rotate')?.click();
          if (isFlipped) getPart(element, 'editor-flip')?.click();
          const stage = stageOf(element);
          for (const key of ['+', '+', '+', 'ArrowLeft', 'ArrowUp', 'ArrowUp']) press(stage, key);
          await settled(element);
          const shown = shownPixels(element, 128);
          press(stage, 'Enter');
          const uploaded = await pixelsOf((await ended).blob, 128);
          expect(difference(shown, uploaded), `${turns} ${isFlipped}`).to.be.below(3);
        }
      }
    });
  }
});
