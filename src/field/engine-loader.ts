import type { ReactiveControllerHost } from 'lit';
import type { AvatarUploadError } from '../core/errors.js';
import { emitEvent } from '../events.js';
import type { FieldStore } from './field-store.js';
import { loadModule } from './load-module.js';
import type { RetryAction } from './snapshot.js';

/**
 * Loads the engine of an element when it is needed. Commands that come before
 * it is loaded wait, and run in their order, so the last one wins.
 */
export class EngineLoader<Engine> {
  /** Null until it is loaded. */
  engine: Engine | null = null;
  #loading: Promise<void> | null = null;
  /** What `retry()` does if the engine can't be loaded: the latest of the commands that wait. */
  #latest: RetryAction | undefined;

  constructor(
    private readonly element: ReactiveControllerHost & HTMLElement,
    private readonly store: FieldStore,
    private readonly load: () => Promise<Engine>,
  ) {}

  /** The engine is loaded, or on its way. */
  get isNeeded(): boolean {
    return this.#loading !== null;
  }

  /**
   * Calls the engine, now or as soon as it is loaded.
   * @param retry - what `retry()` does if the engine can't be loaded; without it, the failure is not shown.
   * @throws {AvatarUploadError} `network` if the engine can't be loaded.
   */
  async call<T>(run: (engine: Engine) => T, retry?: RetryAction): Promise<Awaited<T>> {
    if (retry) this.#latest = retry;
    if (!this.engine) await this.#load(retry);
    return await run(this.engine as Engine);
  }

  async #load(retry?: RetryAction): Promise<void> {
    this.#loading ??= this.load().then((engine) => {
      this.engine = engine;
      // The element renders through its engine from now on.
      this.element.requestUpdate();
    });
    const loading = this.#loading;
    try {
      await loadModule(loading, retry?.phase ?? 'load');
    } catch (error) {
      if (this.#loading === loading) this.#loading = null;
      if (retry && retry === this.#latest) this.#fail(error as AvatarUploadError, retry);
      throw error;
    }
  }

  #fail(error: AvatarUploadError, retry: RetryAction): void {
    const activity = { kind: 'error', error, retry } as const;
    this.store.setFacts({ activity, isLoading: false });
    // A listener may have started something else.
    if (this.store.snapshot.activity === activity) emitEvent(this.element, 'flare-error', { error });
  }
}
