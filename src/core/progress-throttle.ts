/** Progress of the PUT. */
export interface Progress {
  /** Bytes sent so far. */
  loaded: number;
  /** Bytes in total. */
  total: number;
  /** `loaded / total`: 0 to 1. */
  ratio: number;
}

/** Minimum time between two reports, in milliseconds. The last report is never delayed. */
const INTERVAL = 50;

/** Reports the progress of one try: at most the total, never less than before, and at most 20 times a second. */
export class ProgressThrottle {
  #loaded = 0;
  #lastReport = { loaded: -1, time: Number.NEGATIVE_INFINITY };

  constructor(
    /** Bytes. */
    private readonly total: number,
    private readonly onProgress: (progress: Progress) => void,
  ) {}

  /** Bytes sent so far. */
  get loaded(): number {
    return this.#loaded;
  }

  /** @param loaded - bytes, as the transport counts them. */
  report(loaded: number): void {
    const { total } = this;
    this.#loaded = Math.min(Math.max(loaded, this.#loaded), total);
    const time = performance.now();
    const hasGrown = this.#loaded > this.#lastReport.loaded;
    if (!hasGrown || (this.#loaded < total && time - this.#lastReport.time < INTERVAL)) return;
    this.#lastReport = { loaded: this.#loaded, time };
    this.onProgress({ loaded: this.#loaded, total, ratio: total ? this.#loaded / total : 1 });
  }
}
