import { vi } from 'vitest';

/** What a browser page has and Node lacks: network events, whose listeners are counted, and a clock that the test moves. */
export class SimulatedPage {
  online = true;
  #events = new EventTarget();
  readonly #listenerCounts = new Map<string, number>();

  install(): void {
    this.online = true;
    this.#events = new EventTarget();
    this.#listenerCounts.clear();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    const page = this;
    vi.stubGlobal('navigator', {
      get onLine() {
        return page.online;
      },
    });
    vi.stubGlobal('addEventListener', (name: string, listener: EventListener, options?: AddEventListenerOptions) => {
      this.#countListener(name, 1);
      options?.signal?.addEventListener('abort', () => this.#countListener(name, -1));
      this.#events.addEventListener(name, listener, options);
    });
    vi.stubGlobal('removeEventListener', (name: string, listener: EventListener) => {
      this.#countListener(name, -1);
      this.#events.removeEventListener(name, listener);
    });
  }

  restore(): void {
    vi.useRealTimers();
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  }

  goOffline(): void {
    this.online = false;
    this.dispatchOffline();
  }

  goOnline(): void {
    this.online = true;
    this.#events.dispatchEvent(new Event('online'));
  }

  /** Dispatches the event alone: `navigator.onLine` stays as it is. */
  dispatchOffline(): void {
    this.#events.dispatchEvent(new Event('offline'));
  }

  /** Number of listeners and timers that are still active. */
  get activeCount(): number {
    return [...this.#listenerCounts.values()].reduce((sum, count) => sum + count, 0) + vi.getTimerCount();
  }

  /** Moves the clock from timer to timer, until the promise is settled. */
  async runUntilSettled(promise: Promise<unknown>): Promise<void> {
    let isSettled = false;
    const settle = () => {
      isSettled = true;
    };
    promise.then(settle, settle);
    while (!isSettled) {
      await this.flushTasks();
      if (!isSettled && vi.getTimerCount() > 0) await vi.advanceTimersToNextTimerAsync();
    }
  }

  /** Waits for work that does not depend on the clock: digests and the loading of modules. */
  async flushTasks(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  #countListener(name: string, change: number): void {
    this.#listenerCounts.set(name, (this.#listenerCounts.get(name) ?? 0) + change);
  }
}
