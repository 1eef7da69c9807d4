import { rejectOnAbort, throwIfAborted } from './abort.js';
import { isRetriedAutomatically } from './error-info.js';
import { describeErrors } from './error-sentences.js';
import { AvatarUploadError, type Phase } from './errors.js';
import type { HeadersSource } from './transport.js';
import { UPLOAD_DEFAULTS } from './upload-defaults.js';

/** A failed try that is followed by another one. */
export interface RetryInfo {
  /** Number of failed tries of this step: 1 before the second try. */
  attempt: number;
  /** Milliseconds until the next try. */
  delay: number;
  /** Why the last try failed. */
  error: AvatarUploadError;
}

/**
 * How transient failures are retried: lost connections, time-outs, and HTTP 429,
 * 500, 502, 503 and 504. A `Retry-After` of up to 10 seconds is obeyed; a longer
 * one ends the upload with `rate_limited`.
 *
 * @example
 * ```ts
 * await uploadAvatar(blob, {
 *   maxRetries: 5,
 *   onRetry: ({ attempt, delay }) => showStatus(`Retry ${attempt} in ${delay / 1000} s`),
 *   onOffline: (isWaiting) => showStatus(isWaiting ? "You're offline" : 'Uploading'),
 * });
 * ```
 */
export interface RetryOptions {
  /**
   * Tries of a step after its first.
   * @defaultValue `3`
   */
  maxRetries?: number | undefined;
  /** Called when a try has failed and another one follows. */
  onRetry?: ((retry: RetryInfo) => void) | undefined;
  /** Called with true when the upload starts to wait for the network, and with false when it continues. */
  onOffline?: ((isWaiting: boolean) => void) | undefined;
}

/** Maximum of all delays between the tries of one upload, in milliseconds. */
const MAX_TOTAL_DELAY = 30_000;
/** Longest delay that a server may ask for, in milliseconds. */
const MAX_RETRY_AFTER = 10_000;
/** Delay before the second try, doubled before each further one up to a maximum, in milliseconds. */
const BACKOFF = { first: 1000, max: 8000 };

/** Retries the steps of one upload, which share the time for delays. */
export class StepRetrier {
  /** Sum of the delays so far, in milliseconds. */
  #totalDelay = 0;
  /** Retries of each step that count towards `maxRetries`. */
  readonly #retries = new Map<Phase, number>();
  /** Steps that were answered with 401, after which the page's `headers` function was called again. */
  readonly #reauthorized = new Set<Phase>();
  /** Retries of each step that were reported. */
  readonly #reports = new Map<Phase, number>();

  constructor(
    private readonly options: RetryOptions,
    private readonly signal: AbortSignal,
  ) {
    describeErrors();
  }

  /**
   * Runs a step until it succeeds, fails for good, or has been tried often enough.
   * @param attempt - makes one try. Its signal is aborted with the upload, and when the browser goes offline.
   * @param headers - what the request sends. A function is called again once after a 401: its token may have expired.
   * @throws {@link AvatarUploadError} of the last try.
   */
  async runStep<T>(
    phase: Phase,
    attempt: (signal: AbortSignal) => Promise<T>,
    headers?: HeadersSource | undefined,
  ): Promise<T> {
    for (;;) {
      throwIfAborted(this.signal, phase);
      try {
        return await attemptWhileOnline(phase, attempt, this.signal);
      } catch (cause) {
        throwIfAborted(this.signal, phase);
        const error = cause as AvatarUploadError;
        if (!this.#canReauthorize(phase, error, headers)) await this.#waitForNextTry(phase, error);
      }
    }
  }

  /** Reports a failed try that is followed by another one. */
  reportRetry(error: AvatarUploadError, delay = 0): void {
    const attempt = (this.#reports.get(error.phase) ?? 0) + 1;
    this.#reports.set(error.phase, attempt);
    this.options.onRetry?.({ attempt, delay, error });
  }

  /** Whether the next try is made at once, with new headers. It does not count towards `maxRetries`. */
  #canReauthorize(phase: Phase, error: AvatarUploadError, headers: HeadersSource | undefined): boolean {
    const isExpired = error.status === 401 && typeof headers === 'function' && !this.#reauthorized.has(phase);
    if (!isExpired) return false;
    this.#reauthorized.add(phase);
    this.reportRetry(error);
    return true;
  }

  /** @throws {@link AvatarUploadError} if there is no next try. */
  async #waitForNextTry(phase: Phase, error: AvatarUploadError): Promise<void> {
    if (!isRetriedAutomatically(error)) throw error;
    if (isOffline() && !error.status) {
      this.options.onOffline?.(true);
      await waitUntilOnline(this.signal, phase);
      this.options.onOffline?.(false);
      // Does not count towards `maxRetries`: the server had no part in it.
      return this.reportRetry(error);
    }
    const delay = this.#takeDelay(phase, error);
    this.reportRetry(error, delay);
    await sleep(delay, this.signal, phase);
  }

  /**
   * Counts a retry, and returns the milliseconds until the next try.
   * @throws {@link AvatarUploadError} if there is no next try.
   */
  #takeDelay(phase: Phase, error: AvatarUploadError): number {
    const retries = this.#retries.get(phase) ?? 0;
    const retryAfter = (error.retryAfter ?? 0) * 1000;
    if (retryAfter > MAX_RETRY_AFTER) throw error.with({ code: 'rate_limited', retryable: true });
    const backoff = Math.min(BACKOFF.first * 2 ** retries, BACKOFF.max) * (0.5 + Math.random() / 2);
    const delay = Math.round(retryAfter || backoff);
    const { maxRetries = UPLOAD_DEFAULTS.maxRetries } = this.options;
    if (retries >= maxRetries || this.#totalDelay + delay > MAX_TOTAL_DELAY) throw error;
    this.#retries.set(phase, retries + 1);
    this.#totalDelay += delay;
    return delay;
  }
}

/** Makes one try, which fails with `network` when the browser goes offline. */
async function attemptWhileOnline<T>(
  phase: Phase,
  attempt: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const offline = new AbortController();
  const onOffline = () => isOffline() && offline.abort();
  globalThis.addEventListener?.('offline', onOffline);
  const either = AbortSignal.any([signal, offline.signal]);
  try {
    return await rejectOnAbort(attempt(either), either, phase);
  } catch (error) {
    throw offline.signal.aborted ? new AvatarUploadError('network', phase) : error;
  } finally {
    globalThis.removeEventListener?.('offline', onOffline);
  }
}

/** Asked only after a try has failed: a browser that reports offline can still reach a server on the same machine. */
const isOffline = (): boolean => globalThis.navigator?.onLine === false;

function waitUntilOnline(signal: AbortSignal, phase: Phase): Promise<void> {
  const settled = new AbortController();
  const online = new Promise<void>((resolve) => {
    globalThis.addEventListener('online', () => resolve(), { signal: settled.signal });
  });
  return rejectOnAbort(online, signal, phase).finally(() => settled.abort());
}

/** @param delay - milliseconds. */
function sleep(delay: number, signal: AbortSignal, phase: Phase): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const elapsed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, delay);
  });
  return rejectOnAbort(elapsed, signal, phase).finally(() => clearTimeout(timer));
}
