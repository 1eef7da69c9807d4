import { type CSSResult, type ReactiveController, type ReactiveControllerHost, render, type TemplateResult } from 'lit';
import type { Translation } from '../i18n/messages.js';
import { followAccentColor } from '../view/accent-color.js';
import { adoptStyles } from '../view/adopt-styles.js';
import { dialogStyles } from './dialog.styles.js';

export interface ModalDialogOptions {
  /** The element's shadow root, in which the dialog is opened. */
  root: ShadowRoot;
  translation: Translation;
  /** Called when the user cancels. The caller closes the dialog by aborting the signal. */
  cancel(): void;
  /** Closes the dialog. */
  signal: AbortSignal;
}

/** A modal dialog in the element's shadow root. It follows the element's language, and gives the focus back. */
export abstract class ModalDialog<Options extends ModalDialogOptions> implements ReactiveController {
  protected readonly container = document.createElement('div');

  constructor(
    protected readonly options: Options,
    private readonly styles: CSSResult,
  ) {}

  /** The `<dialog>`, which listens to its events with this object. */
  protected abstract renderDialog(): TemplateResult;

  /** Handles any key but Escape. */
  protected abstract handleKey(event: KeyboardEvent): void;

  readonly text = (key: string): string => this.options.translation.getText(key);

  readonly cancel = (): void => this.options.cancel();

  /** @throws {DOMException} if the element is not in a page. */
  protected show(): void {
    const { root, signal } = this.options;
    root.append(this.container);
    this.update();
    try {
      this.present();
    } catch (error) {
      // The element is not in a page.
      this.container.remove();
      throw error;
    }
    signal.addEventListener('abort', this.#onAbort);
    this.#host.addController(this);
    this.hostUpdated();
  }

  /** Makes the dialog modal: at first, and after its element was moved, which ends that. */
  protected present(): void {
    for (const styles of [dialogStyles, this.styles]) adoptStyles(this.options.root, styles);
    this.dialog.open = false;
    this.dialog.showModal();
  }

  /** Called once: when the dialog has done its work, or the signal is aborted. */
  protected close(): void {
    this.options.signal.removeEventListener('abort', this.#onAbort);
    this.#host.removeController(this);
    // The browser returns the focus to the control that had it before.
    this.dialog.close();
    this.container.remove();
    if (document.activeElement === document.body) this.#host.focus({ preventScroll: true });
  }

  readonly #onAbort = (): void => this.close();

  protected update(): void {
    render(this.renderDialog(), this.container);
  }

  /**
   * The texts may be in another language from now on, and the element in another place or color. The color takes a
   * computation of styles: too much for `update()`, which follows each move of a pointer.
   */
  hostUpdated(): void {
    if (this.container.isConnected && !this.dialog.matches(':modal')) this.present();
    followAccentColor(this.#host, this.container);
    this.update();
  }

  handleEvent(event: Event): void {
    // Inner controls are invisible to the page.
    event.stopPropagation();
    const { type } = event;
    const isKey = type === 'keydown';
    // The browser closes dialogs, too: by the back button of a phone, or from a script.
    if (type === 'cancel' || type === 'close' || (isKey && (event as KeyboardEvent).key === 'Escape')) {
      this.#leave(event);
    } else if (isKey) {
      this.handleKey(event as KeyboardEvent);
    } else if (type === 'wheel' && event.target === this.dialog) {
      // Keeps the page behind the dialog from scrolling.
      event.preventDefault();
    }
  }

  protected get dialog(): HTMLDialogElement {
    return this.find('dialog') as HTMLDialogElement;
  }

  protected find(selector: string): HTMLElement {
    return this.container.querySelector(selector) as HTMLElement;
  }

  get #host(): ReactiveControllerHost & HTMLElement {
    return this.options.root.host as ReactiveControllerHost & HTMLElement;
  }

  #leave(event: Event): void {
    event.preventDefault();
    // The close event comes after the dialog was removed.
    if (this.container.isConnected) this.cancel();
  }
}
