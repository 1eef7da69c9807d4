import type { ReactiveControllerHost } from 'lit';
import { AvatarUploadError } from '../core/errors.js';
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
   * Calls the engine, now or as soon as it is loaded. Until then a file is shown to be on its way.
   * @param retry - what `retry()` does if the engine can't be loaded; without it, the failure is not shown.
   * @throws {AvatarUploadError} `network` if the engine can't be loaded; `aborted` if the user cancels before it is.
   */
  async call<T>(run: (engine: Engine) => T, retry?: RetryAction): Promise<Awaited<T>> {
    if (retry) this.#latest = retry;
    if (!this.engine) await this.#wait(retry);
    return await run(this.engine as Engine);
  }

  async #wait(retry?: RetryAction): Promise<void> {
    const { store } = this;
    if (retry && 'command' in retry) store.setFacts({ activity: { kind: 'selecting', command: retry.command } });
    const { activity } = store.snapshot;
    const error = await loadModule(this.#load(), retry?.phase ?? 'load').catch((error: AvatarUploadError) => error);
    // The user has canceled, or chosen another file.
    const isAborted = retry?.phase === 'pick' && store.snapshot.activity !== activity;
    if (isAborted) throw new AvatarUploadError('aborted', 'pick');
    if (!error) return;
    if (retry && retry === this.#latest) this.#fail(error, retry);
    throw error;
  }

  #load(): Promise<void> {
    this.#loading ??= this.load().then(
      (engine) => {
        this.engine = engine;
        // The element renders through its engine from now on.
        this.element.requestUpdate();
      },
      (cause) => {
        this.#loading = null;
        throw cause;
      },
    );
    return this.#loading;
  }

  #fail(error: AvatarUploadError, retry: RetryAction): void {
    const activity = { kind: 'error', error, retry } as const;
    this.store.setFacts({ activity, isLoading: false });
    // A listener may have started something else.
    if (this.store.snapshot.activity === activity) emitEvent(this.element, 'flare-error', { error });
  }
}
