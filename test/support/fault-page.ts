import type { Browser, Page } from 'playwright-core';
import { ApiClient, putFile } from './api-client.js';
import { createContext, toFile } from './browser.js';
import { type Fault, FaultProxy, type RequestKind } from './fault-proxy.js';
import { png } from './pictures.js';

/** What the page of a test has on its `window`. */
interface TestWindow {
  /** Types of the events so far, without their `flare-`. */
  events: string[];
  expireTimeLimits(): void;
}

/**
 * Runs in the page, before its scripts. Records events, and takes time away from
 * the machine: waits between retries are short, and time limits never expire by
 * themselves, so that a slow machine is not mistaken for a slow connection.
 * `window.expireTimeLimits()` makes all of them expire.
 */
function prepareWindow(): void {
  /** Milliseconds. The element waits at least this long before a retry; its time limits are in the range below. */
  const SHORTEST_BACKOFF = 400;
  const [SHORTEST_LIMIT, LONGEST_LIMIT] = [10_000, 20_000];
  const { setTimeout, clearTimeout } = window;
  const limits = new Map<number, () => void>();
  let nextId = -1;
  window.setTimeout = ((callback: () => void, delay = 0) => {
    if (delay < SHORTEST_BACKOFF || delay > LONGEST_LIMIT) return setTimeout(callback, delay);
    if (delay < SHORTEST_LIMIT) return setTimeout(callback, delay / 8);
    limits.set(nextId, callback);
    return nextId--;
  }) as typeof window.setTimeout;
  window.clearTimeout = (id) => {
    if (!limits.delete(Number(id))) clearTimeout(id);
  };
  AbortSignal.timeout = () => {
    const controller = new AbortController();
    limits.set(nextId--, () => controller.abort(new DOMException('The time limit expired.', 'TimeoutError')));
    return controller.signal;
  };
  const expireTimeLimits = () => {
    const callbacks = [...limits.values()];
    limits.clear();
    for (const callback of callbacks) callback();
  };
  const events: string[] = [];
  for (const type of ['retry', 'success', 'error', 'reject', 'cancel', 'removed'])
    document.addEventListener(`flare-${type}`, () => events.push(type));
  for (const type of ['input', 'change']) document.addEventListener(type, () => events.push(type));
  Object.assign(window, { events, expireTimeLimits } satisfies TestWindow);
}

/** A page with the element, behind a proxy of its own, of a new user who has an avatar. */
export class FaultPage {
  private constructor(
    readonly page: Page,
    readonly proxy: FaultProxy,
    private readonly client: ApiClient,
    /** Key of the avatar that the user had at first. */
    readonly oldKey: string,
  ) {}

  /** @param fault - what goes wrong from the start */
  static async open(browser: Browser, backEnd: string, fault?: [RequestKind, Fault, number?]): Promise<FaultPage> {
    const client = await ApiClient.signIn(backEnd);
    const oldKey = await uploadAvatar(client);
    const proxy = new FaultProxy(backEnd);
    const origin = await proxy.start();
    const context = await createContext(browser);
    const [name = '', value = ''] = client.cookie.split('=');
    await context.addCookies([{ name, value, url: origin }]);
    await context.addInitScript(prepareWindow);
    const page = await context.newPage();
    proxy.onStall = () => page.evaluate(() => (window as unknown as TestWindow).expireTimeLimits());
    await page.goto(origin);
    if (fault) proxy.injectFault(...fault);
    await page.evaluate(() => {
      document.body.innerHTML =
        '<flare-avatar-upload crop="off" stall-timeout="10" initials="AL"></flare-avatar-upload>';
    });
    const opened = new FaultPage(page, proxy, client, oldKey);
    if (!fault) await opened.waitUntilSettled();
    return opened;
  }

  /** Opens a page with this body. */
  async openBody(html: string): Promise<void> {
    this.proxy.bodies.set('/profile', html);
    await this.page.goto(`${this.proxy.origin}/profile`);
    await this.waitUntilSettled();
  }

  async close(): Promise<void> {
    await this.page.context().close();
    await this.proxy.stop();
  }

  async pick(bytes: Uint8Array = png({ width: 9, height: 9 }), name?: string): Promise<void> {
    await this.page.locator('flare-avatar-upload input[type=file]').setInputFiles(toFile(bytes, name));
  }

  async waitForState(state: string): Promise<void> {
    await this.page.waitForFunction(
      (expected) => document.querySelector('flare-avatar-upload')?.state === expected,
      state,
    );
  }

  async waitForValue(value: string): Promise<void> {
    await this.page.waitForFunction(
      (expected) => document.querySelector('flare-avatar-upload')?.value === expected,
      value,
    );
  }

  /** Waits until the element is not busy and its picture is loaded. */
  async waitUntilSettled(): Promise<void> {
    await this.page.waitForFunction(() => {
      const element = document.querySelector('flare-avatar-upload');
      if (!element || !/idle|success|error/.test(element.state)) return false;
      if (['loading', 'removing'].some((state) => element.matches(`:state(${state})`))) return false;
      return element.renderRoot.querySelector('img')?.complete ?? true;
    });
  }

  /** Returns what the user and the page's scripts get to know. */
  read() {
    return this.page.evaluate(() => {
      const element = document.querySelector('flare-avatar-upload');
      const text = (part: string) => element?.renderRoot.querySelector(`[part=${part}]`)?.textContent?.trim() ?? '';
      const image = element?.renderRoot.querySelector<HTMLImageElement>('[part=image]');
      return {
        value: element?.value ?? '',
        image: image ? decodeURIComponent(image.src) : null,
        isBroken: Boolean(image?.complete && image.naturalWidth === 0),
        status: text('status'),
        error: text('error'),
        canRetry: Boolean(element?.renderRoot.querySelector('[part=retry-button]')),
        events: (window as unknown as TestWindow).events,
      };
    });
  }

  /** Asks the back end, not the proxy, for the key of the user's avatar; empty if there is none. */
  async fetchKey(): Promise<string> {
    return (await this.client.getAvatar()).body.avatar?.key ?? '';
  }

  /** Keys of the avatars that the back end has committed, whether or not its responses have arrived. */
  get committedKeys(): string[] {
    const commits = this.proxy.responses.filter(({ kind, status }) => kind === 'commit' && status === 200);
    return [...new Set(commits.map(({ body }): string => JSON.parse(String(body)).avatar.key))];
  }
}

/** Uploads an avatar without a browser. Resolves with its key. */
async function uploadAvatar(client: ApiClient): Promise<string> {
  const presigned = await client.presign();
  await putFile(presigned, png());
  return (await client.commit(presigned)).body.avatar.key;
}
