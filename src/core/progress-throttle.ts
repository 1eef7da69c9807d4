/** Bytes sent so far. */
export interface Progress {
  /** Bytes. */
  loaded: number;
  /** Bytes. */
  total: number;
  /** 0 to 1. */
  ratio: number;
}

/** Milliseconds between two reports, at least; the last one comes in any case. */
const PACE = 50;

/** What is told of one try: never more than there is, never less than before, and not too often. */
export class ProgressThrottle {
  #loaded = 0;
  /** The bytes told last, and when. */
  #told = { loaded: -1, at: Number.NEGATIVE_INFINITY };

  constructor(
    private readonly total: number,
    private readonly tell: (progress: Progress) => void,
  ) {}

  /** Bytes. */
  get loaded(): number {
    return this.#loaded;
  }

  /** @param loaded bytes, as the transport counts them. */
  report(loaded: number): void {
    const { total } = this;
    this.#loaded = Math.min(Math.max(loaded, this.#loaded), total);
    const at = performance.now();
    const isNews = this.#loaded > this.#told.loaded;
    if (!isNews || (this.#loaded < total && at - this.#told.at < PACE)) return;
    this.#told = { loaded: this.#loaded, at };
    this.tell({ loaded: this.#loaded, total, ratio: total ? this.#loaded / total : 1 });
  }
}
