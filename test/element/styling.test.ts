import { expect, fixture, html } from '@open-wc/testing';
import { emulateMedia, setViewport } from '@web/test-runner-commands';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { createPngFile, waitUntil } from '../support/element-fixtures.js';
import { getPart, installFakeBackend, jsonResponse, PIXEL, waitForState } from '../support/fake-backend.js';
import { IS_CHROMIUM } from '../support/shown-is-stored.js';
import { IS_WEBKIT, resizeViewport } from '../support/webkit.js';

const backend = installFakeBackend();
const page = document.documentElement;

afterEach(async () => {
  page.removeAttribute('style');
  page.removeAttribute('dir');
  if (!IS_WEBKIT) await setViewport({ width: 800, height: 600 });
});

/** Inserts markup with elements, and waits for their first update. */
async function insert(markup: string): Promise<FlareAvatarUpload[]> {
  const container = await fixture<HTMLElement>(html`<div></div>`);
  container.innerHTML = markup;
  const elements = Array.from(container.querySelectorAll('flare-avatar-upload'));
  await Promise.all(elements.map((element) => element.updateComplete));
  return elements;
}

const insertOne = async (markup: string) => (await insert(markup))[0] as FlareAvatarUpload;

const getBox = (element: Element | null): DOMRect => (element as Element).getBoundingClientRect();
const find = (element: FlareAvatarUpload, selector: string): HTMLElement =>
  element.renderRoot.querySelector(selector) as HTMLElement;

/** Whether a box is inside another one, half a pixel aside. */
const isInside = (inner: DOMRect, outer: DOMRect): boolean =>
  inner.left >= outer.left - 0.5 &&
  inner.right <= outer.right + 0.5 &&
  inner.top >= outer.top - 0.5 &&
  inner.bottom <= outer.bottom + 0.5;

async function failUpload(element: FlareAvatarUpload): Promise<void> {
  backend.responses.presign = () => jsonResponse({}, 403);
  await element.upload(createPngFile()).catch(() => {});
  await waitForState(element, 'error');
  backend.resetResponses();
}

/** Starts an upload that stays in the state `uploading`. Call the result to end it. */
async function holdUpload(element: FlareAvatarUpload): Promise<() => Promise<unknown>> {
  backend.storeResponse = 'hold';
  const ended = element.upload(createPngFile()).catch(() => {});
  await waitForState(element, 'uploading');
  return () => {
    element.cancel();
    return ended;
  };
}

const ELEMENT = '<flare-avatar-upload avatar-url=""></flare-avatar-upload>';

/** Containers, the last one with the element; `*` stands for it. */
const CONTAINERS: Record<string, string> = {
  'a block': '<div>*</div>',
  'a flex row': '<div style="display: flex"><b style="flex: none">Photo</b><p style="min-width: 0">*</p></div>',
  'a flex item that does not grow': '<div style="display: flex; align-items: center">* <span>Ada Lovelace</span></div>',
  'a grid with centered items': '<div style="display: grid; justify-items: center">*</div>',
  'a table cell': '<table><tr><td>*</td><td>Ada</td></tr></table>',
  'an inline-block': '<div style="display: inline-block">*</div>',
  'right to left': '<div dir="rtl" style="display: flex">*<span>Ada</span></div>',
};

describe('the element is never wider than its container', () => {
  for (const [name, markup] of Object.entries(CONTAINERS)) {
    it(`on a page of 320 px with text of 200 %: ${name}`, async function () {
      await resizeViewport(this, { width: 320, height: 568 });
      page.style.fontSize = '200%';
      const element = await insertOne(markup.replace('*', ELEMENT));
      const check = (state: string) => {
        const box = getBox(element);
        const outer = getBox(element.parentElement);
        // In Firefox and WebKit, scroll bars take up space.
        expect([state, page.scrollWidth, box.left >= outer.left, box.right <= outer.right]).to.deep.equal([
          state,
          page.clientWidth,
          true,
          true,
        ]);
        expect(getBox(find(element, '.frame')).width, state).to.equal(96);
      };
      check('empty');
      const end = await holdUpload(element);
      check('uploading');
      await end();
      await failUpload(element);
      check('error');
    });
  }

  it('in a flex row, a grid, a table and a block that are narrower than the picture, which shrinks and stays square', async () => {
    for (const markup of [
      '<div style="width: 32px">*</div>',
      '<div style="width: 32px; display: flex">*</div>',
      '<div style="display: grid; grid-template-columns: 32px 1fr">*</div>',
      '<table style="table-layout: fixed; width: 32px; border-spacing: 0"><tr><td style="padding: 0">*</td></tr></table>',
    ]) {
      const element = await insertOne(markup.replace('*', ELEMENT));
      element.style.minWidth = '0';
      await failUpload(element);
      const { width, height } = getBox(find(element, '.frame'));
      expect([markup, getBox(element).width, width, height]).to.deep.equal([markup, 32, 20, 20]);
      expect(isInside(getBox(find(element, '.badge')), getBox(element)), markup).to.equal(true);
    }
  });

  it('and below 48 px, it takes the room of picture and ring only, also in a table row', async () => {
    const element = await insertOne(
      `<table style="border-spacing: 0"><tr><td style="padding: 0">${ELEMENT}</td><td>Ada Lovelace</td></tr></table>`,
    );
    element.style.setProperty('--flare-size', '32px');
    const getSize = () => [getBox(element).width, getBox(element).height, getBox(element.parentElement).width];
    expect(getSize()).to.deep.equal([40, 40, 40]);
    await failUpload(element);
    expect(getSize()).to.deep.equal([40, 40, 40]);
    element.style.setProperty('--flare-size', '48px');
    expect(getBox(element).width).to.equal(240);
  });

  it('and `--flare-text-width` is the width that it prefers', async () => {
    const element = await insertOne(`<div style="display: flex">${ELEMENT}</div>`);
    element.style.setProperty('--flare-text-width', '300px');
    expect(getBox(element).width).to.equal(300);
    element.style.setProperty('--flare-text-width', '0px');
    expect(getBox(element).width).to.equal(108);
  });
});

describe('from 24 to 512 px', () => {
  for (const size of [24, 28, 32, 40, 47, 48, 64, 96, 176, 256, 512]) {
    it(`${size} px: nothing is cut, and badge and ring leave the picture visible`, async function () {
      await resizeViewport(this, { width: 800, height: 900 });
      for (const shape of ['circle', 'square']) {
        const element = await insertOne(`<div>${ELEMENT}</div>`);
        element.shape = shape as 'circle';
        element.style.setProperty('--flare-size', `${size}px`);
        await element.updateComplete;
        const [base, picture, badge] = [
          find(element, '[part=base]'),
          find(element, '.picture'),
          find(element, '.badge'),
        ];
        expect([getBox(picture).width, getBox(picture).height]).to.deep.equal([size, size]);
        expect(isInside(getBox(badge), getBox(base)), 'badge').to.equal(true);
        expect(getBox(badge).width).to.be.at.most(size * 0.55);
        expect(getBox(find(element, '.badge svg')).width).to.be.at.least(6);
        const end = await holdUpload(element);
        await element.updateComplete;
        const ring = getPart(element, 'progress');
        const stroke = Number.parseFloat(getComputedStyle(find(element, 'rect')).strokeWidth);
        const gap = getBox(picture).left - getBox(ring).left - stroke / 2;
        expect(gap, 'between picture and ring').to.be.at.least(1);
        expect(getBox(ring).left - stroke / 2, 'ring').to.be.at.least(getBox(base).left - 0.5);
        // The badge does not cover the ring.
        await waitUntil(() => getBox(badge).width === 0);
        await end();
      }
    });
  }
});

describe('the bubble of a narrow element', () => {
  const insertSmall = (markup = '*') =>
    insertOne(
      markup.replace('*', '<flare-avatar-upload avatar-url="" style="--flare-size: 32px"></flare-avatar-upload>'),
    );
  const isShown = (element: FlareAvatarUpload) => getComputedStyle(find(element, '.line')).opacity === '1';

  it('shows errors and their buttons without hover, and what an upload does', async () => {
    const element = await insertSmall();
    expect(isShown(element)).to.equal(false);
    const end = await holdUpload(element);
    expect(isShown(element)).to.equal(true);
    await end();
    await failUpload(element);
    expect(isShown(element)).to.equal(true);
    const { left, top, width, height } = getBox(getPart(element, 'retry-button'));
    const hit = element.shadowRoot?.elementFromPoint(left + width / 2, top + height / 2);
    expect(hit).to.equal(getPart(element, 'retry-button'));
    element.cancel();
    await element.updateComplete;
    expect(isShown(element)).to.equal(false);
  });

  it('shows the buttons while the element has the focus', async () => {
    const element = await insertSmall();
    element.avatarUrl = '/api/me/avatar';
    element.src = PIXEL;
    await element.updateComplete;
    element.focus();
    await waitUntil(() => isShown(element));
    expect(getPart(element, 'remove-button')).to.not.equal(null);
    element.blur();
    expect(isShown(element)).to.equal(false);
  });

  it('stays in a window of 320 px at both sides, in both directions', async function () {
    await resizeViewport(this, { width: 320, height: 568 });
    for (const dir of ['ltr', 'rtl'])
      for (const side of ['start', 'center', 'end']) {
        const element = await insertSmall(`<div style="display: flex; justify-content: ${side}">*</div>`);
        page.dir = dir;
        await failUpload(element);
        const { left, right } = getBox(find(element, '.line'));
        expect([dir, side, left >= 0, right <= 320, page.scrollWidth]).to.deep.equal([dir, side, true, true, 320]);
        element.remove();
      }
  });

  it('stays in a window that becomes smaller', async function () {
    const element = await insertSmall('<div style="margin-left: 40vw">*</div>');
    await failUpload(element);
    for (const width of [320, 800, 400]) {
      await resizeViewport(this, { width, height: 600 });
      await waitUntil(() => page.clientWidth === width && page.scrollWidth === width);
    }
  });
});

describe('the layout', () => {
  it('does not shift while the picture is loaded, removed or uploaded', async () => {
    backend.simulateStorage('avatars/me/1.webp');
    for (const size of ['32px', '96px', '256px']) {
      const element = await insertOne('<div><flare-avatar-upload></flare-avatar-upload></div>');
      element.style.setProperty('--flare-size', size);
      const getSizes = () => [getBox(element).width, getBox(element).height, getBox(find(element, '.frame')).top];
      const sizes = getSizes();
      const check = (state: string) => expect([state, ...getSizes()]).to.deep.equal([state, ...sizes]);
      await waitUntil(() => getPart(element, 'image'));
      check('loaded');
      element.dispatchEvent(new Event('pointerenter'));
      await waitUntil(() => getPart(element, 'progress'));
      check('ready');
      const end = await holdUpload(element);
      check('uploading');
      await end();
      backend.storeResponse = 200;
      await element.upload(createPngFile());
      await element.updateComplete;
      check('saved');
      await element.removeAvatar();
      await element.updateComplete;
      check('removed');
      backend.simulateStorage('avatars/me/1.webp');
    }
  });

  it('leaves room for a host that sets `part(base)` to a row, where the picture keeps its size', async () => {
    const element = await insertOne(
      `<div style="width: 200px"><style>.row::part(base) { display: flex }</style>${ELEMENT}</div>`,
    );
    element.className = 'row';
    await failUpload(element);
    expect(getBox(find(element, '.frame')).width).to.equal(96);
    expect(getBox(find(element, '.line')).left).to.be.at.least(getBox(find(element, '.frame')).right);
  });
});

describe('the colors and fonts of the page', () => {
  it('are inherited, and `color-scheme` and `accent-color` are followed', async () => {
    const element = await insertOne(`<div style="font-family: monospace; color: rgb(1, 2, 3)">${ELEMENT}</div>`);
    const read = (selector: string) => getComputedStyle(find(element, selector));
    expect([read('[part=status]').fontFamily, read('[part=status]').color]).to.deep.equal([
      'monospace',
      'rgb(1, 2, 3)',
    ]);
    const getAccent = () => read('.badge').backgroundColor;
    page.style.colorScheme = 'light';
    const light = getAccent();
    page.style.colorScheme = 'dark';
    expect(getAccent()).to.not.equal(light);
    page.style.accentColor = 'rgb(102, 51, 153)';
    element.requestUpdate();
    await element.updateComplete;
    await waitUntil(() => getAccent() === 'rgb(102, 51, 153)');
    element.style.setProperty('--flare-accent', 'rgb(0, 128, 0)');
    await waitUntil(() => getAccent() === 'rgb(0, 128, 0)');
    element.style.removeProperty('--flare-accent');
    page.style.accentColor = '';
    element.requestUpdate();
    await waitUntil(() => getAccent() !== 'rgb(102, 51, 153)' && getAccent() !== 'rgb(0, 128, 0)');
  });

  it('reach the dialogs', async () => {
    page.style.accentColor = 'rgb(102, 51, 153)';
    const element = await insertOne('<flare-avatar-upload avatar-url="" crop="manual"></flare-avatar-upload>');
    element.upload(createPngFile()).catch(() => {});
    await waitUntil(() => getPart(element, 'editor-apply'));
    const apply = getPart(element, 'editor-apply') as HTMLElement;
    expect(getComputedStyle(apply).backgroundColor).to.equal('rgb(102, 51, 153)');
    element.cancel();
  });
});

describe('the ring', () => {
  it('moves smoothly, and not at all for users who prefer reduced motion', async function () {
    // emulateMedia() needs Chromium's DevTools protocol.
    if (!IS_CHROMIUM) this.skip();
    const element = await insertOne(ELEMENT);
    const end = await holdUpload(element);
    const read = () => {
      const { transitionProperty, transitionDuration } = getComputedStyle(find(element, '.done'));
      return [transitionProperty, transitionDuration];
    };
    expect(read()).to.deep.equal(['stroke-dasharray', '0.4s']);
    await emulateMedia({ reducedMotion: 'reduce' });
    const moving = element.renderRoot.querySelectorAll('*');
    const { getAnimations } = element.shadowRoot as ShadowRoot;
    expect([moving.length > 0, getAnimations.call(element.shadowRoot), read()[0]]).to.deep.equal([true, [], 'none']);
    await end();
    await emulateMedia({ reducedMotion: 'no-preference' });
  });

  it('is shown for a moment after a success, and has the corners of the picture', async () => {
    const element = await insertOne(ELEMENT);
    element.style.setProperty('--flare-radius', '10px');
    await element.upload(createPngFile());
    await element.updateComplete;
    const ring = getPart(element, 'progress') as HTMLElement;
    expect(ring.getAnimations().map((animation) => (animation as CSSAnimation).animationName)).to.deep.equal([
      'confirm',
    ]);
    expect(getComputedStyle(find(element, '.done')).rx).to.equal('14.5px');
  });
});
