import type { ReactiveControllerHost } from 'lit';
import { AvatarUploadError } from '../core/errors.js';
import { emitEvent } from '../events.js';
import type { FieldStore } from './field-store.js';
import { type FormControl, findEventTarget, isUploadRequested } from './form-submission.js';
import { loadModule } from './load-module.js';
import type { RetryAction, UploadCommand } from './snapshot.js';

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
  /** Submits the form again, once the engine decides whether the form has to wait for the upload. */
  #resubmit: (() => void) | undefined;

  constructor(
    private readonly element: ReactiveControllerHost & FormControl,
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
    const result = run(this.engine as Engine);
    if (this.#resubmit) this.element.updateComplete.then(this.#resubmit);
    this.#resubmit = undefined;
    return await result;
  }

  /** Holds back every submission of the form while a file waits for the engine, which then decides about it. */
  handleEvent(event: Event): void {
    const { form, name, noHold } = this.element;
    const { submitter, target } = event as SubmitEvent;
    if (target !== form || !name || noHold || !isUploadRequested(this.store.snapshot)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.#resubmit = () => form?.requestSubmit(submitter);
  }

  async #wait(retry?: RetryAction): Promise<void> {
    const { store } = this;
    const loading = new AbortController();
    if (retry && 'command' in retry) this.#showWaiting(retry.command, loading.signal);
    const { activity } = store.snapshot;
    const error = await loadModule(this.#load(), retry?.phase ?? 'load').catch((error: AvatarUploadError) => error);
    loading.abort();
    // The user has canceled, or chosen another file.
    const isAborted = retry?.phase === 'pick' && store.snapshot.activity !== activity;
    if (isAborted) throw new AvatarUploadError('aborted', 'pick');
    if (!error) return;
    if (retry && retry === this.#latest) this.#fail(error, retry);
    throw error;
  }

  /** Shows a file that waits for the engine, and lets the form wait for it until the signal is aborted. */
  #showWaiting(command: UploadCommand, signal: AbortSignal): void {
    const { element, store } = this;
    if (!isUploadRequested(store.snapshot)) this.#resubmit = undefined;
    store.setFacts({ activity: { kind: 'selecting', command } });
    findEventTarget(element.form)?.addEventListener('submit', this, { capture: true, signal });
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
