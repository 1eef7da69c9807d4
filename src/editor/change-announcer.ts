/** Milliseconds of rest after which a change is told: who holds a key down hears of the end of it. */
const REST = 400;

/** Tells in words what has changed, once it has come to rest. */
export class Announcer {
  readonly #kinds = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param words for a kind of change; asked for when they are told, so that they are true then.
   * @param root of the status region.
   */
  constructor(
    private readonly words: (kind: string) => string,
    private readonly root: ParentNode,
  ) {}

  /** Something has changed; or something that was noted is not so any more. */
  note(kind: string, isSo = true): void {
    this.#kinds[isSo ? 'add' : 'delete'](kind);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tell(), REST);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #tell(): void {
    const region = this.root.querySelector('[role=status]') as HTMLElement;
    const text = [...this.#kinds].map(this.words).join(', ');
    this.#kinds.clear();
    // The same words once more would not be heard.
    if (text) region.textContent = region.textContent === text ? `${text}\u00a0` : text;
  }
}
