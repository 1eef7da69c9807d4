/** Milliseconds without a further change before it is announced: a key that is held down is announced once, at the end. */
const QUIET_TIME = 400;

/** Announces changes to screen readers, in a status region. */
export class ChangeAnnouncer {
  readonly #changes = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param describe - returns the text for kinds of changes. Called when they are announced, to describe the state at that time.
   * @param root - contains the status region.
   */
  constructor(
    private readonly describe: (changes: string[]) => string,
    private readonly root: ParentNode,
  ) {}

  /**
   * Announces a change soon.
   * @param isTrue - false drops the change, if it is not announced yet.
   */
  announce(change: string, isTrue = true): void {
    this.#changes[isTrue ? 'add' : 'delete'](change);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#writeStatus(), QUIET_TIME);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #writeStatus(): void {
    const region = this.root.querySelector('[role=status]') as HTMLElement;
    const text = this.describe([...this.#changes]);
    this.#changes.clear();
    // Screen readers skip a text that has not changed.
    if (text) region.textContent = region.textContent === text ? `${text}\u00a0` : text;
  }
}
