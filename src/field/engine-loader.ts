import type { ReactiveControllerHost } from 'lit';
import { AvatarUploadError, type Phase } from '../core/errors.js';
import { emitEvent } from '../events.js';
import type { FieldEngine } from './field-engine.js';
import type { FieldStore } from './field-store.js';
import { loadModule } from './load-module.js';
import { IDLE, type RetryAction } from './snapshot.js';

/**
 * Loads the engine of an element when it is needed. Commands that come before
 * it is loaded wait, and run in their order, so the last one wins.
 */
export class EngineLoader {
  /** Null until it is loaded. */
  engine: FieldEngine | null = null;
  #loading: Promise<FieldEngine> | null = null;
  /** What `retry()` does if the engine can't be loaded: the latest of the commands that wait. */
  #waiting: RetryAction | null = null;
  #controller = new AbortController();

  constructor(
    private readonly element: ReactiveControllerHost & HTMLElement,
    private readonly store: FieldStore,
    private readonly create: () => Promise<FieldEngine>,
  ) {}

  /**
   * Calls the engine, now or as soon as it is loaded.
   * @param retry - what `retry()` does if the engine can't be loaded; without it, the failure is not shown.
   * @throws {AvatarUploadError} `network` if the engine can't be loaded; `aborted` by `cancel()`.
   */
  async call<T>(run: (engine: FieldEngine) => T, phase: Phase, retry?: RetryAction): Promise<Awaited<T>> {
    if (this.engine) return await run(this.engine);
    if (retry) this.#waiting = retry;
    const { signal } = this.#controller;
    const engine = await this.#load(phase).catch((error) => {
      if (retry && retry === this.#waiting) this.#fail(error, retry);
      throw error;
    });
    // `cancel()` does not end a load.
    if (signal.aborted && phase !== 'load') throw new AvatarUploadError('aborted', phase);
    return await run(engine);
  }

  /** Drops the commands that wait: they reject with `aborted`. Returns whether there were any. */
  abort(): boolean {
    const hadCommands = this.#waiting !== null && this.#waiting.type !== 'refresh';
    this.#waiting = null;
    this.#controller.abort();
    this.#controller = new AbortController();
    return hadCommands;
  }

  /** Drops the commands that wait, and dismisses the failure to load the engine. */
  cancel(): void {
    const { kind } = this.store.snapshot.activity;
    const wasOpen = this.abort() || kind === 'error';
    this.store.setFacts({ activity: IDLE });
    if (wasOpen) emitEvent(this.element, 'flare-cancel', undefined);
  }

  #load(phase: Phase): Promise<FieldEngine> {
    this.#loading ??= this.create().then((engine) => {
      this.engine = engine;
      // The element renders through its engine from now on.
      this.element.requestUpdate();
      return engine;
    });
    return loadModule(this.#loading, phase).catch((error) => {
      this.#loading = null;
      throw error;
    });
  }

  #fail(error: AvatarUploadError, retry: RetryAction): void {
    this.#waiting = null;
    const activity = { kind: 'error', error, retry } as const;
    this.store.setFacts({ activity, isLoading: false });
    // A listener may have started something else.
    if (this.store.snapshot.activity === activity) emitEvent(this.element, 'flare-error', { error });
  }
}
