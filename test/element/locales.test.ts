import { expect, fixture, html } from '@open-wc/testing';
import { setViewport } from '@web/test-runner-commands';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { CameraRecorder, openCamera, waitForPart } from '../support/camera.js';
import { openDialog, waitForMutation } from '../support/crop-dialog.js';
import { createPngFile } from '../support/element-fixtures.js';
import { getPart, installFakeBackend, jsonResponse, PIXEL, pickFile, waitForState } from '../support/fake-backend.js';
import { IS_CHROMIUM } from '../support/shown-is-stored.js';
import { IS_WEBKIT, resizeViewport } from '../support/webkit.js';

/** A small phone: no text may be clipped, or wider than what contains it. */
const VIEWPORT = { width: 320, height: 568 };
/** All shipped languages. */
const LOCALES = ['en', ...(document.documentElement.dataset.locales ?? '').split(' ').filter(Boolean)];
/** Values as long as they can be. */
const VALUES: Record<string, string> = { limit: '1,023.5 kB', percent: '100 %', seconds: '10', label: 'x' };
/** Texts of the editor, and names that are only read out. */
const IS_ELSEWHERE = /^(editor|pick$|change$|label$|remove$|retry$|cancel$|edit$|camera$)/;

const backend = installFakeBackend();
let container: HTMLElement;

before(function () {
  return resizeViewport(this, VIEWPORT);
});
after(() => IS_WEBKIT || setViewport({ width: 800, height: 600 }));

async function loadTexts(tag: string): Promise<Record<string, string>> {
  if (tag === 'en') return (await import('../../src/i18n/en.js')).en;
  return (await import(new URL(`../../src/locales/${tag}.ts`, import.meta.url).href)).default;
}

async function createElements(...attributes: string[]): Promise<FlareAvatarUpload[]> {
  container = await fixture<HTMLElement>(html`<div></div>`);
  container.innerHTML = attributes.map((text) => `<flare-avatar-upload ${text}></flare-avatar-upload>`).join('');
  return Array.from(container.querySelectorAll('flare-avatar-upload'));
}

/** Changes the language of all elements, and waits until a part of one of them has this text. */
async function changeLanguage(tag: string, element: FlareAvatarUpload, part: string, text = ''): Promise<void> {
  container.lang = tag;
  container.dir = new Intl.Locale(tag).maximize().script?.match(/Arab|Hebr/) ? 'rtl' : 'ltr';
  const hasText = () => getPart(element, part)?.textContent?.includes(text);
  while (!hasText()) await waitForMutation(element.renderRoot);
  for (const other of container.querySelectorAll('flare-avatar-upload')) await other.updateComplete;
}

/** Returns the texts in an element that are wider than its box, or than the window. */
function findOverflow(element: Element): string[] {
  const box = element.getBoundingClientRect();
  const [left, right] = [Math.max(box.left, 0) - 1, Math.min(box.right, VIEWPORT.width) + 1];
  const isInside = getTextRects(element).every((rect) => rect.left >= left && rect.right <= right);
  const isClipped = element.scrollWidth > element.clientWidth + 1;
  return isInside && !isClipped ? [] : [`${element.getAttribute('part') ?? element.className}: ${element.textContent}`];
}

/** Returns the buttons whose text is wider than the button, or takes more lines than this. */
const findLargeButtons = (root: ParentNode, maxLines: number): string[] =>
  Array.from(root.querySelectorAll('button'), (button) => {
    const lines = new Set(getTextRects(button).map(({ top }) => Math.round(top)));
    return lines.size > maxLines ? [`${button.textContent} takes ${lines.size} lines`] : findOverflow(button);
  }).flat();

/** The boxes of the text in an element, without those of icons. */
function getTextRects(element: Element): DOMRect[] {
  const range = document.createRange();
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const rects: DOMRect[] = [];
  while (walker.nextNode()) {
    range.selectNodeContents(walker.currentNode);
    rects.push(...Array.from(range.getClientRects()).filter(({ width }) => width > 0));
  }
  return rects;
}

/** Shows each text in the status line, one after the other. */
function findLongTexts(element: FlareAvatarUpload, texts: Record<string, string>): string[] {
  const line = element.renderRoot.querySelector('.line') as HTMLElement;
  const span = document.createElement('span');
  line.append(span);
  const found = Object.entries(texts).flatMap(([key, text]) => {
    if (IS_ELSEWHERE.test(key)) return [];
    span.textContent = text.replace(/\{(\w+)\}/g, (_, name) => VALUES[name] ?? '');
    return findOverflow(line);
  });
  span.remove();
  return found;
}

describe('on a small phone, no text is clipped or overflows', () => {
  it('in the element and in its states, in any language', async () => {
    const elements = await createElements(
      'camera avatar-url=""',
      `camera src="${PIXEL}"`,
      'avatar-url="" no-auto',
      'avatar-url=""',
    );
    const [empty, , picked, failed] = elements as [FlareAvatarUpload, unknown, FlareAvatarUpload, FlareAvatarUpload];
    pickFile(picked, createPngFile());
    while (!getPart(picked, 'edit-button')) await waitForMutation(picked.renderRoot);
    backend.responses.presign = () => jsonResponse({}, 403);
    await failed.upload(createPngFile()).catch(() => {});
    await waitForState(failed, 'error');
    for (const tag of LOCALES) {
      const texts = await loadTexts(tag);
      await changeLanguage(tag, empty, 'status', texts.idle);
      const found = elements.flatMap((element) => [
        ...findLargeButtons(element.renderRoot, 1),
        ...findOverflow(element.renderRoot.querySelector('.line') as Element),
      ]);
      expect([tag, ...found, ...findLongTexts(empty, texts)]).to.deep.equal([tag]);
    }
  });

  it('in the crop editor, in any language', async () => {
    const [element] = (await createElements('avatar-url="" crop="manual"')) as [FlareAvatarUpload];
    const dialog = await openDialog(element);
    for (const tag of LOCALES) {
      const texts = await loadTexts(tag);
      await changeLanguage(tag, element, 'editor', texts.editor_apply);
      const boxes = [dialog, ...dialog.querySelectorAll('.title, .tools, .turns, .actions, .zoom')];
      const found = [...boxes.flatMap(findOverflow), ...findLargeButtons(dialog, 1)];
      const slider = getPart(element, 'editor-zoom')?.offsetWidth ?? 0;
      expect([tag, ...found, slider > 80 ? 'room for the slider' : slider]).to.deep.equal([tag, 'room for the slider']);
    }
    element.cancel();
  });

  it('in the camera dialog, before and after the photo, in any language', async function () {
    // See camera.test.ts.
    if (!IS_CHROMIUM) this.skip();
    const camera = new CameraRecorder();
    camera.install();
    const [element] = (await createElements('camera avatar-url=""')) as [FlareAvatarUpload];
    for (const step of ['camera-shutter', 'camera-use']) {
      if (step === 'camera-shutter') await openCamera(element);
      else getPart(element, 'camera-shutter')?.click();
      await waitForPart(element, step);
      const dialog = getPart(element, 'camera') as HTMLElement;
      for (const tag of LOCALES) {
        const texts = await loadTexts(tag);
        await changeLanguage(tag, element, step, texts[step.replace('-', '_')]);
        const boxes = [dialog, ...dialog.querySelectorAll('.title, .tools, .actions')];
        const found = [
          ...boxes.flatMap(findOverflow),
          ...findLargeButtons(dialog.querySelector('.actions') as Element, 1),
        ];
        expect([step, tag, ...found]).to.deep.equal([step, tag]);
      }
    }
    element.cancel();
    camera.restore();
  });

  it('and the name of a camera keeps its direction in a page that is read from right to left', async function () {
    // See camera.test.ts.
    if (!IS_CHROMIUM) this.skip();
    const camera = new CameraRecorder();
    camera.install();
    const [element] = (await createElements('camera avatar-url="" lang="he" dir="rtl"')) as [FlareAvatarUpload];
    await openCamera(element);
    const [name] = (await waitForPart(element, 'camera-select')).querySelectorAll('button');
    const shutter = getPart(element, 'camera-shutter') as HTMLElement;
    const directions = [name as HTMLElement, shutter].map((button) => getComputedStyle(button).direction);
    expect(directions).to.deep.equal(['ltr', 'rtl']);
    element.cancel();
    camera.restore();
  });
});
