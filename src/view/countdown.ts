import type { Wait } from '../field/snapshot.js';

/** Calls back each time the remaining seconds of a wait change. */
export class Countdown {
  #wait: Wait | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param onTick - called when the remaining seconds have changed. */
  constructor(private readonly onTick: () => void) {}

  /** Counts the seconds of this wait, if it has an end. */
  follow(wait: Wait | null): void {
    if (wait === this.#wait) return;
    this.#wait = wait;
    clearTimeout(this.#timer);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#wait?.reason !== 'retrying') return;
    const remaining = this.#wait.until - Date.now();
    if (remaining <= 1000) return;
    this.#timer = setTimeout(
      () => {
        this.onTick();
        this.#schedule();
      },
      remaining % 1000 || 1000,
    );
  }
}

/** Seconds until the next try, rounded up. */
export const getRemainingSeconds = (until: number): number => Math.max(1, Math.ceil((until - Date.now()) / 1000));
