/** The seconds until something happens, told as they go by. */
export class Countdown {
  /** Milliseconds since 1970. */
  #end = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Seconds at the start. */
  first = 0;

  /** @param tick called when the seconds have changed. */
  constructor(private readonly tick: () => void) {}

  /** Seconds, rounded up. */
  get left(): number {
    return Math.max(1, Math.ceil((this.#end - Date.now()) / 1000));
  }

  /** @param delay milliseconds. */
  start(delay: number): void {
    this.stop();
    this.#end = Date.now() + delay;
    this.first = this.left;
    this.#next();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #next(): void {
    const rest = this.#end - Date.now();
    if (rest <= 1000) return;
    this.#timer = setTimeout(
      () => {
        this.tick();
        this.#next();
      },
      rest % 1000 || 1000,
    );
  }
}
