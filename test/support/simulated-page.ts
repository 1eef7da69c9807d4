import { vi } from 'vitest';

/** What a page or a worker has, and Node has not: events of the network, counted, and a clock that the test moves. */
export class Page {
  online = true;
  readonly #target = new EventTarget();
  readonly #listening = new Map<string, number>();

  install(): void {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    const page = this;
    vi.stubGlobal('navigator', {
      get onLine() {
        return page.online;
      },
    });
    vi.stubGlobal('addEventListener', (name: string, listener: EventListener, options?: AddEventListenerOptions) => {
      this.#count(name, 1);
      options?.signal?.addEventListener('abort', () => this.#count(name, -1));
      this.#target.addEventListener(name, listener, options);
    });
    vi.stubGlobal('removeEventListener', (name: string, listener: EventListener) => {
      this.#count(name, -1);
      this.#target.removeEventListener(name, listener);
    });
  }

  restore(): void {
    vi.useRealTimers();
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  }

  /** @param isFalse the browser tells it, and does not mean it. */
  goOffline(isFalse = false): void {
    this.online = isFalse;
    this.#target.dispatchEvent(new Event('offline'));
  }

  goOnline(): void {
    this.online = true;
    this.#target.dispatchEvent(new Event('online'));
  }

  /** Listeners and timers that are there still. */
  get leftovers(): number {
    return [...this.#listening.values()].reduce((sum, count) => sum + count, 0) + vi.getTimerCount();
  }

  /** Lets time go by while something waits for it, until a promise is settled. */
  async until(promise: Promise<unknown>): Promise<void> {
    let settled = false;
    const settle = () => {
      settled = true;
    };
    promise.then(settle, settle);
    while (!settled) {
      await this.breathe();
      if (!settled && vi.getTimerCount() > 0) await vi.advanceTimersToNextTimerAsync();
    }
  }

  /** Lets what is not of the page's clock (digests, modules) come to its end. */
  async breathe(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  #count(name: string, by: number): void {
    this.#listening.set(name, (this.#listening.get(name) ?? 0) + by);
  }
}
