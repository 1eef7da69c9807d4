/** Milliseconds from which a timer is one of the clock's; shorter ones run as they are. */
const LONG = 500;

interface Timer {
  /** Milliseconds. */
  delay: number;
  at: number;
  act: () => void;
}

/** The page's long timers and its time of day, moved by the test. */
export class Clock {
  readonly timers = new Map<number, Timer>();
  /** Milliseconds. */
  #ahead = 0;
  #next = -1;
  readonly #real = { setTimeout: window.setTimeout, clearTimeout: window.clearTimeout, now: Date.now };

  install(): void {
    const { setTimeout, clearTimeout, now } = this.#real;
    // Real time does not count: on a slow machine it would make timers run early.
    const start = now();
    Date.now = () => start + this.#ahead;
    window.setTimeout = ((act: () => void, delay = 0) => {
      if (delay < LONG) return setTimeout(act, delay);
      this.timers.set(this.#next, { delay, at: Date.now() + delay, act });
      return this.#next--;
    }) as typeof window.setTimeout;
    window.clearTimeout = (id) => {
      if (!this.timers.delete(Number(id))) clearTimeout(id);
    };
  }

  restore(): void {
    const { setTimeout, clearTimeout, now } = this.#real;
    Object.assign(window, { setTimeout, clearTimeout });
    Date.now = now;
  }

  /** Lets so many milliseconds pass, and all timers run that end in them. */
  pass(milliseconds: number): void {
    this.#ahead += milliseconds;
    for (const [id, { at, act }] of this.timers) {
      if (at > Date.now()) continue;
      this.timers.delete(id);
      act();
    }
  }
}
