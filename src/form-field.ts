import { LitElement } from 'lit';

/** An element with this attribute does nothing: it is not hydrated yet. */
export const DEFERRAL = 'defer-hydration';

/** A Lit element that is a form control: the parts of `ElementInternals` that every native control has. */
export abstract class FormField extends LitElement {
  static readonly formAssociated = true;

  readonly #internals = this.attachInternals();
  /** Kept, because WebKitGTK 2.50 was seen to return another, empty set later. */
  readonly #states = this.#internals.states;

  /** The form that the field belongs to. */
  get form(): HTMLFormElement | null {
    return this.#internals.form;
  }

  /** The `<label>` elements of the field. */
  get labels(): NodeList {
    return this.#internals.labels;
  }

  get validity(): ValidityState {
    return this.#internals.validity;
  }

  get validationMessage(): string {
    return this.#internals.validationMessage;
  }

  get willValidate(): boolean {
    return this.#internals.willValidate;
  }

  /** Whether the field is valid. Dispatches `invalid` if it is not. */
  checkValidity(): boolean {
    this.updateValidity();
    return this.#internals.checkValidity();
  }

  /** Like `checkValidity()`, and shows the user what is wrong. */
  reportValidity(): boolean {
    this.updateValidity();
    return this.#internals.reportValidity();
  }

  /** Brings validity up to date with the element's state. */
  protected abstract updateValidity(): void;

  /**
   * @param message - why the field is invalid; empty if it is valid.
   * @param flag - the constraint that the field fails.
   */
  protected setInvalid(message: string, flag: keyof ValidityStateFlags): void {
    const anchor = this.shadowRoot?.querySelector('button') ?? undefined;
    this.#internals.setValidity({ [flag]: message !== '' }, message, anchor);
  }

  /** @param name - accessible name of the control, which ARIA attributes of the page override. */
  protected setName(name: string): void {
    this.#internals.role = 'group';
    this.#internals.ariaLabel = name;
  }

  /** @param value - what the form submits; nothing if it is empty. */
  protected setFormValue(value: string): void {
    this.#internals.setFormValue(value || null);
  }

  protected toggleCustomState(name: string, isOn: boolean): void {
    if (this.#states.has(name) === isOn) return;
    this.#states[isOn ? 'add' : 'delete'](name);
    this.requestUpdate();
  }

  /** The control is disabled, by itself or by a fieldset. */
  protected get isDisabled(): boolean {
    return this.matches(`:disabled,[${DEFERRAL}]`);
  }
}
