import { rejectOnAbort, throwIfAborted } from './abort.js';
import { isRetriedAutomatically } from './error-info.js';
import { AvatarUploadError, type Phase } from './errors.js';

/** A try that failed and is followed by another. */
export interface RetryInfo {
  /** Counts the tries of this step that have failed: 1 before the second try. */
  attempt: number;
  /** Milliseconds until the next try. */
  delay: number;
  /** Why the last one failed. */
  error: AvatarUploadError;
}

/** How failed tries are followed by others. */
export interface RetryOptions {
  /** Tries of a step after its first. Default: 3. */
  maxRetries?: number | undefined;
  /** Called when a try has failed and another one follows. */
  onRetry?: ((retry: RetryInfo) => void) | undefined;
  /** Called with true when the upload begins to wait for the network, with false when it goes on. */
  onOffline?: ((isWaiting: boolean) => void) | undefined;
}

/** Milliseconds of waiting between the tries of one upload, at most. */
const MOST_WAITING = 30_000;
/** Milliseconds that a server may ask to wait. */
const LONGEST_WAIT = 10_000;
/** Milliseconds before the second try; twice as many before each further one, at most. */
const BACKOFF = { first: 1000, most: 8000 };

/** The tries of one upload. */
export class StepRetrier {
  /** Milliseconds. */
  #waited = 0;
  readonly #used = new Map<Phase, number>();
  readonly #failed = new Map<Phase, number>();

  constructor(
    private readonly options: RetryOptions,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * Does a step until it succeeds, fails for good, or has been tried often enough.
   * @param act one try; its signal is aborted when the upload is, and when the network goes.
   * @throws {AvatarUploadError} of the last try.
   */
  async runStep<T>(phase: Phase, act: (signal: AbortSignal) => Promise<T>): Promise<T> {
    for (;;) {
      throwIfAborted(this.signal, phase);
      try {
        return await attempt(phase, act, this.signal);
      } catch (cause) {
        throwIfAborted(this.signal, phase);
        await this.#wait(phase, cause as AvatarUploadError);
      }
    }
  }

  /** Tells a failed try that is followed by another one. */
  reportRetry(error: AvatarUploadError, delay = 0): void {
    const attempt = (this.#failed.get(error.phase) ?? 0) + 1;
    this.#failed.set(error.phase, attempt);
    this.options.onRetry?.({ attempt, delay, error });
  }

  /** Waits for the moment of the next try. */
  async #wait(phase: Phase, error: AvatarUploadError): Promise<void> {
    if (!isRetriedAutomatically(error)) throw error;
    if (isOffline() && !error.status) {
      this.options.onOffline?.(true);
      await untilOnline(this.signal, phase);
      this.options.onOffline?.(false);
      // Costs no try: it was not the last one's fault.
      return this.reportRetry(error);
    }
    const delay = this.#delay(phase, error);
    this.reportRetry(error, delay);
    await sleep(delay, this.signal, phase);
  }

  /** Milliseconds until the next try; throws if there is none. */
  #delay(phase: Phase, error: AvatarUploadError): number {
    const used = this.#used.get(phase) ?? 0;
    const asked = (error.retryAfter ?? 0) * 1000;
    if (asked > LONGEST_WAIT) throw error.with({ code: 'rate_limited', retryable: true });
    const backoff = Math.min(BACKOFF.first * 2 ** used, BACKOFF.most) * (0.5 + Math.random() / 2);
    const delay = Math.round(asked || backoff);
    if (used >= (this.options.maxRetries ?? 3) || this.#waited + delay > MOST_WAITING) throw error;
    this.#used.set(phase, used + 1);
    this.#waited += delay;
    return delay;
  }
}

/** One try, which is lost when the network goes. */
async function attempt<T>(phase: Phase, act: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
  const lost = new AbortController();
  const lose = () => isOffline() && lost.abort();
  globalThis.addEventListener?.('offline', lose);
  const either = AbortSignal.any([signal, lost.signal]);
  try {
    return await rejectOnAbort(act(either), either, phase);
  } catch (error) {
    throw lost.signal.aborted ? new AvatarUploadError('network', phase) : error;
  } finally {
    globalThis.removeEventListener?.('offline', lose);
  }
}

const isOffline = (): boolean => globalThis.navigator?.onLine === false;

/**
 * A browser that says it is offline is believed only after a try has failed:
 * a server on the same machine is reached all the same.
 */
function untilOnline(signal: AbortSignal, phase: Phase): Promise<void> {
  const over = new AbortController();
  const online = new Promise<void>((resolve) => {
    globalThis.addEventListener('online', () => resolve(), { signal: over.signal });
  });
  return rejectOnAbort(online, signal, phase).finally(() => over.abort());
}

function sleep(delay: number, signal: AbortSignal, phase: Phase): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, delay);
  });
  return rejectOnAbort(over, signal, phase).finally(() => clearTimeout(timer));
}
