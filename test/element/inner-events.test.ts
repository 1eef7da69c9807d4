import { expect } from '@open-wc/testing';
import { sendKeys, sendMouse } from '@web/test-runner-commands';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { createElement as createEditedElement, openDialog } from '../support/crop-dialog.js';
import { createElement, createPngFile } from '../support/element-fixtures.js';
import { getPart, installFakeBackend, waitForState } from '../support/fake-backend.js';

installFakeBackend();

/** The events of inner controls that listeners in the page must not see, with their phases. */
const TYPES = ['input', 'change', 'click', 'cancel', 'invalid', 'beforeinput'];
let seen: string[] = [];
let stop = () => {};

/** Listens in both phases on the window, the document and an ancestor. */
beforeEach(() => {
  seen = [];
  const record = ({ type }: Event) => seen.push(type);
  const targets = [window, document, document.body];
  const each = (name: 'addEventListener' | 'removeEventListener') => {
    for (const target of targets)
      for (const type of TYPES) for (const capture of [true, false]) target[name](type, record, capture);
  };
  each('addEventListener');
  stop = () => each('removeEventListener');
});
afterEach(() => stop());

/** Answers the file picker, as the browser does. */
function answerPicker(element: FlareAvatarUpload, file: File | null): void {
  const input = element.renderRoot.querySelector('input') as HTMLInputElement;
  const click = () => {
    input.dispatchEvent(new MouseEvent('click', { bubbles: true, composed: true, cancelable: true }));
    if (!file) return input.dispatchEvent(new Event('cancel', { bubbles: true }));
    const transfer = new DataTransfer();
    transfer.items.add(file);
    input.files = transfer.files;
    input.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
    return input.dispatchEvent(new Event('change', { bubbles: true }));
  };
  Object.assign(input, { click });
}

describe('listeners in the page', () => {
  it('see one input and one change of a pick: those of the element, after the commit', async () => {
    const { element } = await createElement('avatar-url=""');
    answerPicker(element, createPngFile());
    element.pick();
    expect(seen).to.deep.equal([]);
    await waitForState(element, 'success');
    expect(seen).to.deep.equal([...Array(6).fill('input'), ...Array(6).fill('change')]);
  });

  it('see nothing of a file picker that is closed', async () => {
    const { element } = await createElement('avatar-url=""');
    answerPicker(element, null);
    element.pick();
    element.pick();
    expect([seen, element.state]).to.deep.equal([[], 'idle']);
    expect(element.renderRoot.querySelectorAll('input').length).to.equal(1);
  });

  it('see nothing of the zoom slider, moved by mouse, keyboard, touch or assistive technology', async () => {
    const { element } = await createEditedElement();
    await openDialog(element);
    const slider = getPart<HTMLInputElement>(element, 'editor-zoom') as HTMLInputElement;
    const { left, top, width, height } = slider.getBoundingClientRect();
    const y = Math.round(top + height / 2);
    seen = [];
    await sendMouse({ type: 'move', position: [Math.round(left + width / 2), y] });
    await sendMouse({ type: 'down' });
    expect(slider.valueAsNumber).to.be.closeTo(550, 10);
    expect(element.shadowRoot?.activeElement).to.equal(slider);
    await sendMouse({ type: 'move', position: [Math.round(left + width + 50), y] });
    expect(slider.valueAsNumber).to.equal(1000);
    expect(slider.getAttribute('aria-valuetext')).to.equal('1,000%');
    seen = seen.filter((type) => type !== 'click');
    await sendMouse({ type: 'up' });
    await sendKeys({ press: 'Home' });
    expect(slider.valueAsNumber).to.equal(100);
    const expected: [string, number][] = [
      ['ArrowRight', 105],
      ['ArrowUp', 110],
      ['ArrowLeft', 105],
      ['PageUp', 195],
      ['PageDown', 105],
      ['ArrowDown', 100],
      ['End', 1000],
    ];
    for (const [press, value] of expected) {
      await sendKeys({ press });
      expect([press, slider.valueAsNumber]).to.deep.equal([press, value]);
    }
    slider.value = '200';
    const isSeen = (event: Event) => seen.push(`late ${event.type}`);
    document.addEventListener('input', isSeen, true);
    slider.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
    document.removeEventListener('input', isSeen, true);
    expect(slider.getAttribute('aria-valuetext')).to.equal('200%');
    // Only a listener on the window that was there first can see what assistive technology does.
    expect(seen.filter((type) => type !== 'click')).to.deep.equal(['input']);
    element.cancel();
  });

  it('see one click for each click of the user in the editor', async () => {
    const { element } = await createEditedElement();
    await openDialog(element);
    const name = element.renderRoot.querySelector('#editor-zoom') as HTMLElement;
    const { left, top } = name.getBoundingClientRect();
    seen = [];
    await sendMouse({ type: 'click', position: [Math.round(left + 4), Math.round(top + 4)] });
    expect(seen).to.deep.equal(['click', 'click', 'click']);
    element.cancel();
  });

  it('move the slider to the other side where the page is written from right to left', async () => {
    document.documentElement.dir = 'rtl';
    const { element } = await createEditedElement();
    await openDialog(element);
    const slider = getPart<HTMLInputElement>(element, 'editor-zoom') as HTMLInputElement;
    slider.focus();
    await sendKeys({ press: 'ArrowLeft' });
    expect(slider.valueAsNumber).to.equal(105);
    const { left, top, height } = slider.getBoundingClientRect();
    await sendMouse({ type: 'click', position: [Math.round(left + 2), Math.round(top + height / 2)] });
    expect(slider.valueAsNumber).to.equal(1000);
    document.documentElement.dir = '';
    element.cancel();
  });
});
