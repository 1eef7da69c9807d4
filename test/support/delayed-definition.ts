import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { createContext } from './browser.js';

/** A page in which the element is defined only when the test wants it. */
export class DelayedDefinition {
  /** Warnings and errors in the console. */
  readonly problems: string[] = [];
  /** Paths of the page's requests. */
  readonly requests: string[] = [];

  private constructor(readonly page: Page) {
    page.on('console', (message) => {
      if (/warning|error/.test(message.type())) this.problems.push(message.text());
    });
    page.on('pageerror', (error) => this.problems.push(String(error)));
  }

  /** Opens a page with this body, and waits until the browser has painted it. */
  static async open(browser: Browser, body: string): Promise<DelayedDefinition> {
    const opened = new DelayedDefinition(await (await createContext(browser)).newPage());
    const { page, requests } = opened;
    await page.addInitScript(() => {
      const shifts: PerformanceEntry[] = [];
      Object.assign(window, { shifts });
      new PerformanceObserver((list) => shifts.push(...list.getEntries())).observe({
        type: 'layout-shift',
        buffered: true,
      });
    });
    await page.route('http://server.test/**', (route) => {
      const { pathname } = new URL(route.request().url());
      if (pathname !== '/') requests.push(pathname);
      const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>App</title><body>${body}</body></html>`;
      return pathname === '/'
        ? route.fulfill({ contentType: 'text/html', body: html })
        : route.fulfill({ json: { url: null } });
    });
    await page.goto('http://server.test/');
    await waitForPaint(page);
    return opened;
  }

  /** Bundles a module and runs it. @param folder - where its imports are resolved. */
  async run(code: string, folder: string): Promise<void> {
    const { outputFiles } = await build({
      stdin: { contents: code, resolveDir: folder },
      bundle: true,
      write: false,
      format: 'esm',
      target: 'es2022',
      define: { 'process.env.NODE_ENV': '"development"' },
    });
    await this.page.addScriptTag({ content: outputFiles[0]?.text ?? '', type: 'module' });
    await this.page.waitForFunction(() => customElements.get('flare-avatar-upload'));
    await waitForPaint(this.page);
  }

  /** The boxes of the elements that match: left, top, width and height in pixels. */
  measure(selector: string): Promise<number[][]> {
    return this.page.evaluate(
      (all) =>
        Array.from(document.querySelectorAll(all), (element) => {
          const { x, y, width, height } = element.getBoundingClientRect();
          return [x, y, width, height];
        }),
      selector,
    );
  }

  /** Number of the layout shifts that the browser has reported. */
  countShifts(): Promise<number> {
    return this.page.evaluate(() => (window as unknown as { shifts: unknown[] }).shifts.length);
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}

/** Waits until the browser has painted what is rendered now. Layout shifts are reported after that. */
const waitForPaint = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    for (const { updateComplete } of document.querySelectorAll('flare-avatar-upload')) await updateComplete;
    for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
  });
