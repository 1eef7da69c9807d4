/** Milliseconds of rest after which a change is told: who holds a key down hears of the end of it. */
const REST = 400;

/** Tells in words what has changed, once it has come to rest. */
export class Announcer {
  readonly #kinds = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #last = '';

  /**
   * @param words for a kind of change; asked for when they are told, so that they are true then.
   * @param say gets them.
   */
  constructor(
    private readonly words: (kind: string) => string,
    private readonly say: (text: string) => void,
  ) {}

  /** Something has changed; nothing is told of a kind that is said not to have. */
  note(kind: string, isSo = true): void {
    this.#kinds[isSo ? 'add' : 'delete'](kind);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tell(), REST);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #tell(): void {
    const text = [...this.#kinds].map(this.words).join(', ');
    this.#kinds.clear();
    // The same words once more would not be heard.
    this.#last = text === this.#last ? `${text}\u00a0` : text;
    this.say(this.#last);
  }
}
