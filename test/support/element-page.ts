import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { FlareAvatarUpload } from '../../src/flare-avatar-upload.js';
import { createContext, toFile } from './browser.js';
import type { CdnSite } from './cdn-site.js';
import { png } from './pictures.js';

/** The requests of an upload, and the removal. */
export type Step = 'presign' | 'put' | 'commit' | 'remove';

const PATHS: Record<Step, string> = {
  presign: '**/api/uploads/presign',
  put: '**/store',
  commit: '**/api/uploads/commit',
  remove: '**/api/me/avatar',
};

export const KEY = 'avatars/o/1.webp';

const RESPONSES: Record<Step, unknown> = {
  presign: { url: '/store', signedHeaders: { 'content-type': 'image/webp' }, key: 'pending/o/1' },
  put: {},
  commit: { ok: true, avatar: { key: KEY } },
  remove: { ok: true },
};

/** A picture that can be cropped. */
export const PICTURE = toFile(png({ width: 60, height: 40 }));

/** A page with the built element, and a back end that the test plays. */
export class ElementPage {
  private constructor(readonly page: Page) {}

  /** @param path - of the page; a test that opens several pages gives each one a path. */
  static async open(
    browser: Browser,
    site: CdnSite,
    origin: string,
    body: string,
    path = '/',
    options?: BrowserContextOptions,
  ): Promise<ElementPage> {
    const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Profile</title>
      <meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
      <style>body { color: CanvasText; background: Canvas }</style>
      <script type="module" src="/cdn/flare-avatar-upload.js"></script><main><h1>Profile</h1>${body}</main></html>`;
    site.pages.set(path, { html, policy: '' });
    const opened = new ElementPage(await (await createContext(browser, options)).newPage());
    // From now on the browser asks the test for files. Asking for that together with a click comes too late.
    opened.page.on('filechooser', () => {});
    for (const step of Object.keys(PATHS) as Step[]) await opened.answer(step);
    await opened.page.goto(`${origin}${path}`);
    await opened.page.waitForFunction(() => customElements.get('flare-avatar-upload'));
    return opened;
  }

  /** Answers the requests of a step from now on. Without an answer, they stay open. */
  async answer(step: Step, body: unknown = RESPONSES[step], status = 200): Promise<void> {
    await this.page.route(PATHS[step], (route) => {
      // The avatar endpoint: only removals are answered by the test.
      if (step === 'remove' && route.request().method() !== 'DELETE') return route.fulfill({ json: { url: null } });
      // A wait of the same length whatever happens: the trees contain it.
      const headers = status === 503 ? { 'retry-after': '9' } : undefined;
      return body === null ? undefined : route.fulfill({ status, json: body, ...(headers && { headers }) });
    });
  }

  /** Presses a key that opens the file picker, and picks a picture. */
  async pickByKey(key: string): Promise<void> {
    const chooser = this.page.waitForEvent('filechooser');
    await this.page.keyboard.press(key);
    await (await chooser).setFiles(PICTURE);
  }

  /** Gives a picture to the element, as a page does. The upload goes on. */
  async upload(): Promise<void> {
    await this.page.evaluate(
      (bytes) => {
        const file = new File([new Uint8Array(bytes)], 'me.png', { type: 'image/png' });
        document
          .querySelector('flare-avatar-upload')
          ?.upload(file)
          .catch(() => {});
      },
      [...PICTURE.buffer],
    );
  }

  /** Waits until the condition holds for the element. The condition is sent to the page as text. */
  async waitFor(condition: (element: FlareAvatarUpload) => unknown): Promise<void> {
    await this.page.waitForFunction(`(${condition})(document.querySelector('flare-avatar-upload'))`);
  }

  async waitForState(state: string): Promise<void> {
    await this.page.waitForFunction(
      (name) => document.querySelector('flare-avatar-upload')?.matches(`:state(${name})`),
      state,
    );
    // What follows from the state is rendered.
    await this.page.evaluate(() => document.querySelector('flare-avatar-upload')?.updateComplete);
  }

  /** The part of the inner control that has the focus, or the tag of another element. */
  findFocus(): Promise<string> {
    return this.page.evaluate(() => {
      const { activeElement } = document;
      const inner = activeElement?.shadowRoot?.activeElement ?? activeElement;
      return inner?.getAttribute('part') ?? inner?.id ?? '';
    });
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}
