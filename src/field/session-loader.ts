import { AvatarUploadError, type Phase } from '../core/errors.js';
import { emitEvent } from '../events.js';
import type { FieldStore } from './field-store.js';
import { loadModule } from './load-module.js';
import type { RetryAction } from './snapshot.js';
import type { UploadSession } from './upload-session.js';

/**
 * Loads the session of an element when it is needed. Commands that come before
 * it is loaded wait, and run in their order, so the last one wins.
 */
export class SessionLoader {
  /** Null until it is loaded. */
  session: UploadSession | null = null;
  #loading: Promise<UploadSession> | null = null;
  /** What `retry()` does if the session can't be loaded: the latest of the commands that wait. */
  #waiting: RetryAction | null = null;
  #controller = new AbortController();

  constructor(
    private readonly element: HTMLElement,
    private readonly store: FieldStore,
    private readonly load: () => Promise<UploadSession>,
  ) {}

  /** Loads the session before there is a command. */
  preload(): void {
    this.#load('pick').catch(() => {});
  }

  /**
   * Calls the session, now or as soon as it is loaded.
   * @param retry - what `retry()` does if the session can't be loaded.
   * @throws {AvatarUploadError} `network` if the session can't be loaded; `aborted` by `abort()`.
   */
  async call<T>(run: (session: UploadSession) => T, phase: Phase = 'pick', retry?: RetryAction): Promise<Awaited<T>> {
    if (this.session) return await run(this.session);
    if (retry) this.#waiting = retry;
    const { signal } = this.#controller;
    const session = await this.#load(phase).catch((error) => {
      if (retry && retry === this.#waiting) this.#fail(error, retry);
      throw error;
    });
    if (signal.aborted) throw new AvatarUploadError('aborted', phase);
    return await run(session);
  }

  /** Drops the commands that wait: they reject with `aborted`. Returns whether there were any. */
  abort(): boolean {
    const hadCommands = this.#waiting !== null;
    this.#waiting = null;
    this.#controller.abort();
    this.#controller = new AbortController();
    return hadCommands;
  }

  #load(phase: Phase): Promise<UploadSession> {
    this.#loading ??= this.load().then((session) => {
      this.session = session;
      return session;
    });
    return loadModule(this.#loading, phase).catch((error) => {
      this.#loading = null;
      throw error;
    });
  }

  #fail(error: AvatarUploadError, retry: RetryAction): void {
    this.#waiting = null;
    this.store.dispatch({ type: 'failed', error, retry });
    if (this.store.shows(error)) emitEvent(this.element, 'flare-error', { error });
  }
}
