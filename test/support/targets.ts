import type { Page } from 'playwright-core';

/** Returns the controls of the element that a coarse or a fine pointer can't hit as easily as it should. */
export async function findSmallTargets(page: Page): Promise<string[]> {
  // Room for the pointer around the element.
  await page.evaluate(() => document.body.style.setProperty('padding', '3rem'));
  await page.setViewportSize({ width: 640, height: 900 });
  await page.emulateMedia({ colorScheme: 'light', forcedColors: 'none' });
  await waitForFrames(page);
  const fine = await page.evaluate(findMisses, 24);
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setTouchEmulationEnabled', { enabled: true });
  const isCoarse = await page.evaluate(() => matchMedia('(pointer: coarse)').matches);
  const coarse = isCoarse ? await page.evaluate(findMisses, 44) : ['The pointer is not coarse'];
  await session.send('Emulation.setTouchEmulationEnabled', { enabled: false });
  await session.detach();
  return [...fine, ...coarse];
}

/** Waits until the element has followed a change of the window's size. */
const waitForFrames = (page: Page): Promise<number> =>
  page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));

/** Runs in the page. Hits each control in its center, and as far from it as its smallest size reaches. */
function findMisses(size: number): string[] {
  const root = document.querySelector('flare-avatar-upload')?.shadowRoot as ShadowRoot;
  const scope = root.querySelector('dialog') ?? root;
  const reach = size / 2 - 1;
  return Array.from(scope.querySelectorAll<HTMLElement>('button:enabled, input:enabled:not([hidden])'), (control) => {
    control.scrollIntoView({ block: 'center' });
    const { left, top, width, height } = control.getBoundingClientRect();
    if (getComputedStyle(control.closest('.line') ?? control).opacity === '0') return [];
    const [x, y] = [left + width / 2, top + height / 2];
    const isMissed = [
      [0, 0],
      [-reach, 0],
      [reach, 0],
      [0, -reach],
      [0, reach],
    ].some(([dx = 0, dy = 0]) => {
      const hit = root.elementFromPoint(x + dx, y + dy);
      return !hit || !control.contains(hit);
    });
    return isMissed ? [`${size}: ${control.getAttribute('part')} ${width} × ${height}`] : [];
  }).flat();
}

/** Returns what does not fit into the width of a window of 1280 × 1024 pixels at a zoom of 400 %, or can't be reached. */
export async function findOverflow(page: Page): Promise<string[]> {
  await page.setViewportSize({ width: 320, height: 256 });
  await waitForFrames(page);
  return page.evaluate(() => {
    const root = document.querySelector('flare-avatar-upload')?.shadowRoot as ShadowRoot;
    document.body.style.padding = '0';
    const scope = root.querySelector('dialog') ?? root;
    const boxes = [document.documentElement, ...root.querySelectorAll('dialog, .title, .tools, .actions, .line')];
    // The texts of a small element are cut off until they are in a bubble.
    const visible = boxes.filter((box) => box.clientWidth > 1 && getComputedStyle(box).opacity !== '0');
    const wide = visible.filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth + 1);
    const lost = [...scope.querySelectorAll('button:enabled')].filter((control) => {
      control.scrollIntoView({ block: 'center' });
      const { top, bottom, left, right } = control.getBoundingClientRect();
      return top < 0 || bottom > innerHeight || left < 0 || right > innerWidth;
    });
    return [...wide, ...lost].map((element) => element.getAttribute('part') || element.className || element.tagName);
  });
}
