import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { Settings } from '../settings.js';
import type { FieldStore } from './field-store.js';
import { isUploading } from './reduce.js';

/** An element that is a form control. */
type FormControl = ReactiveControllerHost &
  HTMLElement &
  Pick<Settings, 'name' | 'noHold'> & { form: HTMLFormElement | null };

/** A submission of the form that waits for the upload. */
interface HeldSubmission {
  readonly form: HTMLFormElement;
  readonly submitter: HTMLElement | null;
}

/**
 * Holds back the submission of the element's form while an upload is running:
 * the form would be submitted without the picture. It is submitted once the
 * upload has succeeded, by the same button.
 */
export class SubmitHold implements ReactiveController {
  /** The upload that a submission was waiting for has failed or was canceled, and the user has to know. */
  isDropped = false;
  #held: HeldSubmission | null = null;
  /** The latest click in the page, and the submit button that it activates. */
  #click: { readonly event: Event; readonly submitter: HTMLElement | null } | null = null;
  /** Where the events of the form are seen before the page's own listeners, while an upload is running. */
  #target: EventTarget | null = null;

  constructor(
    private readonly element: FormControl,
    private readonly store: FieldStore,
  ) {
    element.addController(this);
    element.addEventListener('invalid', (event) => this.#holdInvalid(event));
  }

  /** A submission waits for the upload. */
  get isHolding(): boolean {
    return this.#held !== null;
  }

  hostUpdated(): void {
    const { activity } = this.store.snapshot;
    const isRunning = isUploading(this.store.snapshot);
    this.#listen(isRunning ? this.#findTarget() : null);
    if (isRunning) this.isDropped = false;
    else if (this.#held) this.#release(this.#held, activity.kind === 'success');
  }

  hostDisconnected(): void {
    this.#listen(null);
  }

  /** Forgets the submission that waits, or that was dropped. */
  clear(): void {
    this.#held = null;
    this.isDropped = false;
  }

  /** Handles the `submit` and `click` events of the page. */
  handleEvent(event: Event): void {
    const { form } = this.element;
    if (event.type === 'click') this.#noteClick(event);
    else if (event.target === form && this.#shouldHold((event as SubmitEvent).submitter)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      this.#hold((event as SubmitEvent).submitter);
    }
  }

  /** The form's node tree: `submit` doesn't leave it. */
  #findTarget(): EventTarget | null {
    const root = this.element.form?.getRootNode();
    return root === document ? window : (root ?? null);
  }

  #listen(target: EventTarget | null): void {
    if (target === this.#target) return;
    for (const type of ['submit', 'click']) {
      this.#target?.removeEventListener(type, this, true);
      target?.addEventListener(type, this, true);
    }
    this.#target = target;
    this.#click = null;
  }

  /** Notes a click until the browser has done what follows from it. */
  #noteClick(event: Event): void {
    const click = { event, submitter: findSubmitter(event, this.element.form) };
    this.#click = click;
    setTimeout(() => {
      if (this.#click === click) this.#click = null;
    });
  }

  #shouldHold(submitter: HTMLElement | null): boolean {
    const { element, store } = this;
    const isOn = element.name && !element.noHold && !element.matches(':disabled') && isUploading(store.snapshot);
    return Boolean(isOn) && !closesDialog(element.form, submitter);
  }

  /**
   * A required field is invalid while its picture is uploaded, and an invalid
   * form dispatches no `submit` event. The browser validates because of a click
   * if that has been dispatched, and was not prevented.
   */
  #holdInvalid(event: Event): void {
    const { event: click, submitter = null } = this.#click ?? {};
    if (!submitter || click?.eventPhase !== Event.NONE || click.defaultPrevented) return;
    if (!this.#shouldHold(submitter) || !this.#areOthersValid()) return;
    event.preventDefault();
    this.store.setFacts({ isUserInvalid: false });
    this.#hold(submitter);
  }

  #areOthersValid(): boolean {
    const controls = Array.from(this.element.form?.elements ?? []) as HTMLInputElement[];
    return controls.every(
      (control) => control.matches(':valid') || !control.willValidate || (control as Element) === this.element,
    );
  }

  #hold(submitter: HTMLElement | null): void {
    this.#held = { form: this.element.form as HTMLFormElement, submitter };
    this.element.requestUpdate();
  }

  #release({ form, submitter }: HeldSubmission, isComplete: boolean): void {
    this.#held = null;
    // In another form by now, the picture is not part of the one that waits.
    const isDue = isComplete && form === this.element.form;
    this.isDropped = !isDue;
    this.element.requestUpdate();
    if (isDue) form.requestSubmit(isOwned(submitter, form) ? submitter : null);
  }
}

const isOwned = (button: HTMLElement | null, form: HTMLFormElement): boolean =>
  (button as HTMLButtonElement | null)?.form === form;

/** The form's submit button that a click activates. */
function findSubmitter({ target }: Event, form: HTMLFormElement | null): HTMLElement | null {
  const button = (target as Element).closest?.<HTMLButtonElement>('button, input');
  return form && button && /^(submit|image)$/.test(button.type) && isOwned(button, form) ? button : null;
}

/** Closes the dialog around the form, such as with a Cancel button: the data is not used. */
function closesDialog(form: HTMLFormElement | null, submitter: HTMLElement | null): boolean {
  const { formMethod, formNoValidate } = (submitter ?? {}) as Partial<HTMLButtonElement>;
  return (formMethod || form?.method) === 'dialog' && (formNoValidate || form?.noValidate) === true;
}
