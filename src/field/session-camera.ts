import { throwIfAborted } from '../core/abort.js';
import { AvatarUploadError } from '../core/errors.js';
import type { Translation } from '../i18n/messages.js';
import type { Settings } from '../settings.js';
import type { FieldStore } from './field-store.js';
import { loadModule } from './load-module.js';
import { reportFailure } from './report-failure.js';

/** The camera dialog of one element: one at a time. */
export class SessionCamera {
  /** Closes the dialog, if it is open or on its way. */
  #controller: AbortController | null = null;

  constructor(
    private readonly element: HTMLElement & Settings,
    private readonly store: FieldStore,
    private readonly translation: Translation,
  ) {}

  get isOpen(): boolean {
    return this.#controller !== null;
  }

  /** Opens the dialog. Resolves with the photo; null if there is none: a failure was reported. */
  async takePhoto(): Promise<File | null> {
    const controller = new AbortController();
    const { signal } = controller;
    this.#controller = controller;
    try {
      return await this.#openDialog(signal);
    } catch (cause) {
      if (!signal.aborted) this.#report(cause);
      return null;
    } finally {
      if (this.#controller === controller) this.#controller = null;
    }
  }

  close(): void {
    this.#controller?.abort();
    this.#controller = null;
  }

  async #openDialog(signal: AbortSignal): Promise<File | null> {
    const { element, translation } = this;
    const [{ takePhoto }, { matchesAccept }] = await Promise.all([
      loadModule(import('../camera/index.js'), 'pick'),
      loadModule(import('./run-upload.js'), 'pick'),
    ]);
    throwIfAborted(signal, 'pick');
    // The element has left the page meanwhile, and is told at the end of the task.
    if (!element.isConnected) return null;
    const root = element.shadowRoot as ShadowRoot;
    const isAccepted = (type: string) => matchesAccept(element.accept, '', type);
    return takePhoto({ root, isAccepted, translation, cancel: () => this.close(), signal });
  }

  #report(cause: unknown): void {
    const error =
      cause instanceof AvatarUploadError ? cause : new AvatarUploadError('camera_failed', 'pick', { cause });
    reportFailure(this.element, this.store, { type: 'failed', error, retry: { phase: 'pick', camera: true } });
  }
}
