import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectBrowser } from '../support/browser.js';
import { CdnSite } from '../support/cdn-site.js';
import { ElementPage } from '../support/element-page.js';
import { Fingers, type Position } from '../support/fingers.js';

const site = new CdnSite();
let browser: Browser;
let opened: ElementPage;
let fingers: Fingers;

/** A phone: one finger scrolls its pages, two zoom them. */
const PHONE = {
  hasTouch: true,
  isMobile: true,
  viewport: { width: 412, height: 800 },
  reducedMotion: 'reduce',
} as const;
const BODY = `<flare-avatar-upload crop="manual" avatar-url="" output-size="32"></flare-avatar-upload>
  <div style="height: 3000px"></div>`;

beforeAll(async () => {
  const [origin, connected] = await Promise.all([site.start(), connectBrowser()]);
  browser = connected;
  opened = await ElementPage.open(browser, site, origin, BODY, '/phone', PHONE);
  fingers = await Fingers.create(opened.page);
  await opened.upload();
  await opened.waitFor((element) => element.shadowRoot?.querySelector('dialog[open]'));
});
afterAll(() => Promise.all([browser?.close(), site.stop()]));
beforeEach(() => clickButton('editor-reset'));
afterEach(() => fingers.cancel());

const clickButton = (part: string) =>
  opened.page.evaluate(
    (name) =>
      document.querySelector('flare-avatar-upload')?.shadowRoot?.querySelector<HTMLElement>(`[part=${name}]`)?.click(),
    part,
  );

interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
  width: number;
}

/** Where a part of the editor is, in the viewport. The browser moves things for the next frame. */
const readBox = (selector: string): Promise<Box> =>
  opened.page.evaluate(async (name) => {
    await new Promise(requestAnimationFrame);
    const root = document.querySelector('flare-avatar-upload')?.shadowRoot;
    return root?.querySelector(name)?.getBoundingClientRect().toJSON();
  }, selector);

/** The picture: where it is, and how much larger than at first. */
async function readPicture() {
  const [picture, frame] = await Promise.all([readBox('canvas'), readBox('.crop-frame')]);
  const zoom = picture.width / frame.width / 1.5;
  /** The point of the picture that is at a position: 0, 0 is its left top corner. */
  const findPoint = ([x, y]: Position) => [(x - picture.left) / picture.width, (y - picture.top) / picture.width];
  return { ...picture, zoom, findPoint };
}

/** Returns a position in the crop frame, whose center is 0, 0, and whose side is 1. */
async function getPosition(x: number, y: number): Promise<Position> {
  const { left, top, width } = await readBox('.crop-frame');
  return [Math.round(left + (x + 0.5) * width), Math.round(top + (y + 0.5) * width)];
}

const move = ([x, y]: Position, dx: number, dy: number): Position => [x + dx, y + dy];

/** How far the page is scrolled and zoomed. */
const readPage = () =>
  opened.page.evaluate(async () => {
    await new Promise(requestAnimationFrame);
    return [scrollX, scrollY, visualViewport?.scale, devicePixelRatio];
  });

function expectClose(actual: number[], expected: number[], precision = 1): void {
  for (const [i, value] of actual.entries())
    expect(value, String(actual)).toBeCloseTo(expected[i] ?? Number.NaN, precision);
}

/** Zooms with two fingers around a position: their distances from it change. They stay down. */
async function pinch(center: Position, from: number, to: number): Promise<void> {
  await fingers.down(1, move(center, -from, 0));
  await fingers.down(2, move(center, from, 0));
  await fingers.move({ 1: move(center, -to, 0), 2: move(center, to, 0) });
}

async function zoomIn(): Promise<void> {
  await pinch(await getPosition(0, 0), 20, 40);
  for (const id of [1, 2]) await fingers.up(id);
}

describe('fingers on the picture in the editor', () => {
  it('one moves it, also outside of the stage', async () => {
    await zoomIn();
    const before = await readPicture();
    const { bottom } = await readBox('.stage');
    const start = await getPosition(0.1, 0.45);
    await fingers.down(1, start);
    await fingers.move({ 1: move(start, -30, 20) });
    const moved = await readPicture();
    expectClose([moved.left, moved.top], [before.left - 30, before.top + 20]);
    const outside: Position = [start[0], bottom + 30];
    await fingers.move({ 1: outside });
    const end = await readPicture();
    expectClose([end.left, end.top], [before.left, before.top + outside[1] - start[1]]);
    await fingers.up(1);
  });

  it('two zoom it around their center, and move it with them', async () => {
    const center = await getPosition(0.1, -0.1);
    const before = await readPicture();
    await pinch(center, 20, 50);
    const zoomed = await readPicture();
    expectClose([zoomed.zoom], [2.5], 2);
    expectClose(zoomed.findPoint(center), before.findPoint(center), 2);
    const target = move(center, 15, -10);
    await fingers.move({ 1: move(target, -50, 0), 2: move(target, 50, 0) });
    const moved = await readPicture();
    expectClose([moved.zoom], [2.5], 2);
    expectClose(moved.findPoint(target), before.findPoint(center), 2);
    for (const id of [1, 2]) await fingers.up(id);
  });

  it('one of two goes up: the picture stays, and follows the other one', async () => {
    const center = await getPosition(0, 0);
    await pinch(center, 20, 40);
    const before = await readPicture();
    await fingers.up(1);
    const stayed = await readPicture();
    expectClose([stayed.left, stayed.top, stayed.zoom], [before.left, before.top, before.zoom]);
    await fingers.move({ 2: move(center, 60, -10) });
    const moved = await readPicture();
    expectClose([moved.left, moved.top, moved.zoom], [before.left + 20, before.top - 10, before.zoom]);
    // And again around both, when the other one comes back.
    await fingers.down(1, move(center, -60, 10));
    await fingers.move({ 1: move(center, -30, 5), 2: move(center, 30, -5) });
    const smaller = await readPicture();
    expectClose([smaller.zoom], [before.zoom / 2], 2);
    for (const id of [1, 2]) await fingers.up(id);
  });

  it('a double tap zooms in around its point, and another one out again', async () => {
    const position = await getPosition(0.25, 0.25);
    const before = await readPicture();
    for (let tap = 0; tap < 2; tap++) await fingers.tap(position);
    const zoomed = await readPicture();
    expectClose([zoomed.zoom], [2], 2);
    expectClose(zoomed.findPoint(position), before.findPoint(position), 2);
    for (let tap = 0; tap < 2; tap++) await fingers.tap(position);
    const after = await readPicture();
    expectClose([after.left, after.top, after.zoom], [before.left, before.top, 1]);
  });

  it('the system takes them away: the picture stays, and follows the next finger', async () => {
    await pinch(await getPosition(0, 0), 20, 40);
    const before = await readPicture();
    await fingers.cancel();
    const stayed = await readPicture();
    expectClose([stayed.left, stayed.top, stayed.zoom], [before.left, before.top, before.zoom]);
    const start = await getPosition(0.2, 0);
    await fingers.down(1, start);
    await fingers.cancel();
    await fingers.down(1, start);
    await fingers.move({ 1: move(start, 25, -15) });
    await fingers.up(1);
    const moved = await readPicture();
    expectClose([moved.left, moved.top, moved.zoom], [before.left + 25, before.top - 15, before.zoom]);
  });
});

describe('a pinch on a trackpad', () => {
  it('zooms the picture around the pointer, and not the page', async () => {
    const [x, y] = await getPosition(0.2, 0.1);
    const before = await readPicture();
    const page = await readPage();
    const session = await opened.page.context().newCDPSession(opened.page);
    await session.send('Input.synthesizePinchGesture', { x, y, scaleFactor: 2, gestureSourceType: 'mouse' });
    const zoomed = await readPicture();
    expectClose([zoomed.zoom], [2], 1);
    expectClose(zoomed.findPoint([x, y]), before.findPoint([x, y]), 2);
    expect(await readPage()).toEqual(page);
  });

  it('in Safari, zooms it by gesture events, and not the page', async () => {
    const [clientX, clientY] = await getPosition(0.2, 0.1);
    const before = await readPicture();
    const dispatch = (type: string, scale: number) =>
      opened.page.evaluate(
        ([name, init]) => {
          const event = Object.assign(new Event(name, { bubbles: true, composed: true, cancelable: true }), init);
          const root = document.querySelector('flare-avatar-upload')?.shadowRoot;
          return root?.querySelector('.stage')?.dispatchEvent(event);
        },
        [type, { scale, clientX, clientY }] as const,
      );
    /** Whether the page zooms. */
    const zooms: unknown[] = [];
    for (const scale of [1.5, 2])
      for (const [type, value] of [
        ['gesturestart', 1],
        ['gesturechange', scale],
        ['gesturechange', scale],
        ['gestureend', scale],
      ] as const)
        zooms.push(await dispatch(type, value));
    expect(zooms).toEqual(zooms.map(() => false));
    const zoomed = await readPicture();
    expectClose([zoomed.zoom], [3], 2);
    expectClose(zoomed.findPoint([clientX, clientY]), before.findPoint([clientX, clientY]), 2);
    // Gestures on a touch screen come together with pointer events, which have zoomed already.
    await fingers.down(1, [clientX, clientY]);
    await fingers.move({ 1: [clientX + 10, clientY] });
    await dispatch('gesturestart', 1);
    await dispatch('gesturechange', 0.5);
    await fingers.up(1);
    expectClose([(await readPicture()).zoom], [3], 2);
  });
});

describe('the page behind the editor', () => {
  it('neither scrolls nor zooms, wherever the fingers are, until the editor is closed', async () => {
    const first = await readPage();
    const swipe = async (from: Position) => {
      await fingers.down(1, from);
      await fingers.move({ 1: move(from, 0, -80) }, 10);
      await fingers.up(1);
    };
    for (const selector of ['.stage', '.title', '.tools', '.actions', '[part=editor-zoom]']) {
      const { left, right, bottom } = await readBox(selector);
      // No button that closes the editor is there.
      const center: Position = [(left + right) / 2, bottom - 4];
      await swipe(center);
      await pinch(center, 10, 60);
      for (const id of [1, 2]) await fingers.up(id);
      for (let tap = 0; tap < 2; tap++) await fingers.tap(center);
      expect([selector, ...(await readPage())]).toEqual([selector, ...first]);
    }
    await clickButton('editor-cancel');
    await opened.waitForState('idle');
    await swipe([200, 600]);
    await opened.page.waitForFunction(() => scrollY > 50);
  });
});
