/** Shortest delay of a timer that the clock controls, in milliseconds. Shorter timers run in real time. */
const MIN_DELAY = 500;

interface Timer {
  /** Milliseconds. */
  delay: number;
  /** When it is due, in milliseconds since 1970. */
  dueAt: number;
  callback: () => void;
}

/** Replaces the page's long timers and its current time, which the test advances. */
export class FakeClock {
  readonly timers = new Map<number, Timer>();
  /** How far the test has advanced the clock, in milliseconds. */
  #offset = 0;
  /** Negative, unlike the ids of real timers. */
  #nextId = -1;
  readonly #originals = { setTimeout: window.setTimeout, clearTimeout: window.clearTimeout, now: Date.now };

  install(): void {
    const { setTimeout, clearTimeout, now } = this.#originals;
    // Real time does not count: on a slow machine it would make timers run early.
    const start = now();
    Date.now = () => start + this.#offset;
    window.setTimeout = ((callback: () => void, delay = 0) => {
      if (delay < MIN_DELAY) return setTimeout(callback, delay);
      this.timers.set(this.#nextId, { delay, dueAt: Date.now() + delay, callback });
      return this.#nextId--;
    }) as typeof window.setTimeout;
    window.clearTimeout = (id) => {
      if (!this.timers.delete(Number(id))) clearTimeout(id);
    };
  }

  restore(): void {
    const { setTimeout, clearTimeout, now } = this.#originals;
    Object.assign(window, { setTimeout, clearTimeout });
    Date.now = now;
  }

  /** Advances the clock, and runs the timers that are due. */
  advance(milliseconds: number): void {
    this.#offset += milliseconds;
    for (const [id, { dueAt, callback }] of this.timers) {
      if (dueAt > Date.now()) continue;
      this.timers.delete(id);
      callback();
    }
  }
}
