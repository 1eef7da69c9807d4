/**
 * The part of Playwright's interface that fault-page.ts and engines.test.ts use, over WebDriver, for WebKitGTK:
 * Playwright drives only a WebKit of its own. A session is a browser process, and WebKitWebDriver has one at a time.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type PageScript = string | ((argument: never) => unknown);

/** Code points of WebDriver for keys that have no character. */
const KEYS: Record<string, string> = {
  Tab: '\uE004',
  Enter: '\uE007',
  Shift: '\uE008',
  Escape: '\uE00C',
  Space: ' ',
  ArrowLeft: '\uE012',
  ArrowUp: '\uE013',
  ArrowRight: '\uE014',
  ArrowDown: '\uE015',
};

/** The key under which WebDriver names an element. */
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';

/** Finds the first visible element that matches, in shadow trees too. It runs in the page. */
function findElement([selector, text]: [string, string]): Element | undefined {
  const listElements = (root: ParentNode): Element[] =>
    Array.from(root.querySelectorAll('*')).flatMap((element) => [
      element,
      ...(element.shadowRoot ? listElements(element.shadowRoot) : []),
    ]);
  const hasText = (element: Element) =>
    `${element.getAttribute('aria-label') ?? element.textContent}`.toLowerCase().includes(text.toLowerCase());
  const matches = listElements(document).filter(
    (element) => element.matches(selector) && (!text || (element.checkVisibility() && hasText(element))),
  );
  return matches.at(-1);
}

/** An element of a page, as Playwright's `Locator`. */
class WebDriverLocator {
  constructor(
    private readonly page: WebDriverPage,
    private readonly selector: string,
    private readonly text = '',
  ) {}

  /** Resolves with WebDriver's name of the element, once there is one. */
  async waitFor(): Promise<string> {
    const handle = await this.page.waitForFunction(findElement, [this.selector, this.text]);
    return (handle as Record<string, string>)[ELEMENT] ?? '';
  }

  async click(): Promise<void> {
    await this.page.send('POST', `element/${await this.waitFor()}/click`, {});
  }

  async setInputFiles({ name, buffer }: { name: string; buffer: Buffer }): Promise<void> {
    const path = join(this.page.folder, name);
    writeFileSync(path, buffer);
    await this.page.send('POST', `element/${await this.waitFor()}/value`, { text: path });
  }
}

/** A page of WebKitGTK, as Playwright's `Page`. */
class WebDriverPage {
  /** Files that the page picks. */
  readonly folder = mkdtempSync(join(tmpdir(), 'flare-files-'));

  constructor(
    private readonly driver: WebDriver,
    private readonly owner: WebDriverContext,
  ) {}

  send(method: string, path: string, body?: unknown): Promise<unknown> {
    return this.driver.send(method, path, body);
  }

  context(): WebDriverContext {
    return this.owner;
  }

  async goto(url: string): Promise<void> {
    await this.send('POST', 'url', { url });
    for (const { name, value } of this.owner.cookies) await this.send('POST', 'cookie', { cookie: { name, value } });
    await this.#runInitScripts();
  }

  async reload(): Promise<void> {
    await this.send('POST', 'refresh', {});
    await this.#runInitScripts();
  }

  async goBack(): Promise<void> {
    await this.send('POST', 'back', {});
  }

  async #runInitScripts(): Promise<void> {
    for (const script of this.owner.initScripts) await this.evaluate(script);
  }

  /** Runs a function or an expression in the page. Resolves with its result, as JSON has it. */
  async evaluate(script: PageScript, argument?: unknown): Promise<unknown> {
    const call = typeof script === 'string' ? script : `(${script})(argument)`;
    const code = `const [argument, resolve] = arguments;
      (async () => ${call})().then((value) => resolve({ value }), (error) => resolve({ error: String(error) }));`;
    const result = await this.send('POST', 'execute/async', { script: code, args: [argument ?? null] });
    const { value, error } = result as { value?: unknown; error?: string };
    if (error) throw new Error(error);
    return value;
  }

  /** Waits until a function or an expression has a true value. Resolves with it. */
  async waitForFunction(script: PageScript, argument?: unknown): Promise<unknown> {
    const deadline = Date.now() + this.owner.timeout;
    while (Date.now() < deadline) {
      const value = await this.evaluate(script, argument);
      if (value) return value;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`The page never fulfilled: ${script} (${JSON.stringify(argument)})`);
  }

  locator(selector: string): WebDriverLocator {
    return new WebDriverLocator(this, selector.split(' ').at(-1) ?? '');
  }

  getByRole(role: string, { name }: { name: string }): WebDriverLocator {
    return new WebDriverLocator(this, role, name);
  }

  getByText(text: string): WebDriverLocator {
    return new WebDriverLocator(this, ':not(script, style)', text);
  }

  readonly keyboard = {
    press: async (key: string): Promise<void> => {
      const value = KEYS[key] ?? key;
      const actions = ['keyDown', 'keyUp'].map((type) => ({ type, value }));
      await this.send('POST', 'actions', { actions: [{ type: 'key', id: 'keyboard', actions }] });
    },
  };
}

/** Pages with cookies and storage of their own, as Playwright's `BrowserContext`: a browser process. */
class WebDriverContext {
  readonly cookies: { name: string; value: string }[] = [];
  readonly initScripts: PageScript[] = [];
  timeout = 0;
  #page: WebDriverPage | undefined;

  constructor(private readonly driver: WebDriver) {}

  /** @param timeout - milliseconds after which a wait fails */
  setDefaultTimeout(timeout: number): void {
    this.timeout = timeout;
  }

  async addCookies(cookies: { name: string; value: string }[]): Promise<void> {
    this.cookies.push(...cookies);
  }

  /** Adds a script that runs after each load, not before the page's own scripts. */
  async addInitScript(script: PageScript): Promise<void> {
    this.initScripts.push(script);
  }

  async newPage(): Promise<WebDriverPage> {
    await this.driver.startSession();
    this.#page = new WebDriverPage(this.driver, this);
    return this.#page;
  }

  async close(): Promise<void> {
    await this.driver.endSession();
    if (this.#page) rmSync(this.#page.folder, { recursive: true, force: true });
  }
}

/** Requests to WebKitWebDriver, which scripts/engines.mjs starts. */
class WebDriver {
  readonly #origin = `http://127.0.0.1:${process.env.WEBKIT_DRIVER_PORT}`;
  #session = '';
  /** The requests so far: a session takes one at a time. */
  #queue: Promise<unknown> = Promise.resolve();

  async startSession(): Promise<void> {
    await this.endSession();
    const capabilities = {
      alwaysMatch: {
        browserName: 'MiniBrowser',
        timeouts: { script: 240_000, pageLoad: 240_000 },
        'webkitgtk:browserOptions': { binary: process.env.WEBKIT_PATH, args: ['--automation'] },
      },
    };
    const result = await this.#request('POST', 'session', { capabilities });
    this.#session = (result as { sessionId: string }).sessionId;
  }

  async endSession(): Promise<void> {
    if (this.#session) await this.#request('DELETE', `session/${this.#session}`);
    this.#session = '';
  }

  send(method: string, path: string, body?: unknown): Promise<unknown> {
    const sent = this.#queue.then(() => this.#request(method, `session/${this.#session}/${path}`, body));
    this.#queue = sent.catch(() => {});
    return sent;
  }

  async #request(method: string, path: string, body?: unknown): Promise<unknown> {
    const init = { method, ...(body !== undefined && { body: JSON.stringify(body) }) };
    const response = await fetch(`${this.#origin}/${path}`, init);
    const { value } = (await response.json()) as { value: { error?: string; message?: string } };
    if (!response.ok)
      throw new Error(`WebDriver: ${path.split('/').slice(2).join('/')}: ${value.message ?? value.error}`);
    return value;
  }
}

/** WebKitGTK, as Playwright's `Browser`. */
export class WebDriverBrowser {
  readonly #driver = new WebDriver();

  async newContext(): Promise<WebDriverContext> {
    return new WebDriverContext(this.#driver);
  }

  close(): Promise<void> {
    return this.#driver.endSession();
  }
}
