import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { FieldStore } from './field-store.js';
import { type FormControl, findEventTarget, isUploadRequested } from './form-submission.js';
import type { Snapshot } from './snapshot.js';

/** A submission of the form that waits for the upload. All elements that it waits for share it. */
interface HeldSubmission {
  readonly form: HTMLFormElement;
  readonly submitter: HTMLElement | null;
}

/** The holds of all elements with an engine. */
const holds = new WeakMap<Element, SubmitHold>();

/**
 * Holds back the submission of the element's form while an upload is running:
 * the form would be submitted without the picture. It is submitted once the
 * uploads of all its elements have succeeded, by the same button.
 */
export class SubmitHold implements ReactiveController {
  /** The upload that a submission was waiting for has failed or was canceled, and the user has to know. */
  isDropped = false;
  #held: HeldSubmission | null = null;
  /** The latest click in the page, and the submit button that it activates. */
  #click: { readonly event: Event; readonly submitter: HTMLElement | null } | null = null;
  /** Where the events of the form are seen, while they matter. */
  #target: EventTarget | undefined;

  constructor(
    private readonly element: ReactiveControllerHost & FormControl,
    private readonly store: FieldStore,
  ) {
    holds.set(element, this);
    element.addController(this);
    element.addEventListener('invalid', (event) => this.#holdInvalid(event));
  }

  /** A submission waits for the upload. */
  get isHolding(): boolean {
    return this.#held !== null;
  }

  hostUpdated(): void {
    const { snapshot } = this.store;
    const isRunning = isUploadRequested(snapshot);
    if (isRunning) this.isDropped = false;
    else if (this.#held) this.#release(this.#held, snapshot.activity.kind === 'success');
    this.#listen(isRunning || this.isDropped ? findEventTarget(this.element.form) : undefined);
  }

  hostDisconnected(): void {
    this.#listen(undefined);
  }

  /** Forgets the submission that waits, or that was dropped. */
  clear(): void {
    this.#held = null;
    this.isDropped = false;
  }

  /** Handles the `submit` and `click` events of the page. */
  handleEvent(event: Event): void {
    const { submitter, type, target } = event as SubmitEvent;
    if (type === 'click') this.#noteClick(event);
    else if (target !== this.element.form) return;
    else if (this.canHold(submitter)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      this.#hold(submitter);
    } else {
      // The form is submitted now: that an earlier submission was dropped does not matter any more.
      this.isDropped = false;
      this.element.requestUpdate();
    }
  }

  #listen(target: EventTarget | undefined): void {
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

  /** Whether a submission by this button has to wait for the element. */
  canHold(submitter: HTMLElement | null): boolean {
    const { element, store } = this;
    return !element.matches(':disabled') && shouldHold(element, store.snapshot, submitter);
  }

  /**
   * A required field is invalid while its picture is uploaded, and an invalid
   * form dispatches no `submit` event. The browser validates because of a click
   * if that has been dispatched, and was not prevented.
   */
  #holdInvalid(event: Event): void {
    const { event: click, submitter = null } = this.#click ?? {};
    if (!submitter || click?.eventPhase !== Event.NONE || click.defaultPrevented) return;
    if (!this.canHold(submitter) || !this.#areOthersValid(submitter)) return;
    event.preventDefault();
    this.store.setFacts({ isUserInvalid: false });
    this.#hold(submitter);
  }

  /** Whether nothing else is missing: another element that is uploading holds the submission as well. */
  #areOthersValid(submitter: HTMLElement): boolean {
    const controls = Array.from(this.element.form?.elements ?? []) as HTMLInputElement[];
    return controls.every(
      (control) => control.matches(':valid') || !control.willValidate || holds.get(control)?.canHold(submitter),
    );
  }

  #hold(submitter: HTMLElement | null): void {
    const held = { form: this.element.form as HTMLFormElement, submitter };
    for (const hold of findHolds(held.form)) if (hold.canHold(submitter)) hold.#setHeld(held);
  }

  #setHeld(held: HeldSubmission | null): void {
    this.#held = held;
    this.element.requestUpdate();
  }

  /** The last of the form's elements submits it. If one of them fails, the form is not submitted. */
  #release(held: HeldSubmission, isComplete: boolean): void {
    const { form, submitter } = held;
    // In another form by now, the picture is not part of the one that waits.
    const isHere = form === this.element.form;
    const isDue = isComplete && isHere;
    this.#setHeld(null);
    this.isDropped = !isDue;
    if (!isHere) return;
    const others = findHolds(form).filter((hold) => hold !== this && (hold.#held === held || hold.canHold(submitter)));
    for (const other of others) other.#setHeld(isDue ? held : null);
    const isOwned = (submitter as HTMLButtonElement | null)?.form === form;
    if (isDue && others.length === 0) form.requestSubmit(isOwned ? submitter : null);
  }
}

const findHolds = (form: HTMLFormElement): SubmitHold[] =>
  Array.from(form.elements, (control) => holds.get(control)).filter((hold) => hold !== undefined);

/** The submit button of the form behind a `click` or `submit` event. */
function findSubmitter(event: Event, form: HTMLFormElement | null): HTMLButtonElement | null {
  const { submitter, target } = event as SubmitEvent;
  const button = (submitter ?? (target as Element).closest?.('button, input')) as HTMLButtonElement | null;
  return form && button?.form === form && /^(submit|image)$/.test(button.type) ? button : null;
}

/** Whether the form has to wait for the element if this button submits it. */
const shouldHold = ({ form, name, noHold }: FormControl, snapshot: Snapshot, submitter: HTMLElement | null): boolean =>
  !!name && !noHold && isUploadRequested(snapshot) && !closesDialog(form, submitter);

/** Closes the dialog around the form, such as with a Cancel button: the data is not used. */
function closesDialog(form: HTMLFormElement | null, submitter: HTMLElement | null): boolean {
  const { formMethod, formNoValidate } = (submitter ?? {}) as Partial<HTMLButtonElement>;
  return (formMethod || form?.method) === 'dialog' && (formNoValidate || form?.noValidate) === true;
}
