/** Asks the user before the page is left, while it is on. */
export class UnloadGuard {
  readonly #onBeforeUnload = (event: Event): void => event.preventDefault();

  constructor(private readonly isEnabled: boolean) {}

  toggle(isOn: boolean): void {
    if (isOn && this.isEnabled) addEventListener('beforeunload', this.#onBeforeUnload);
    else removeEventListener('beforeunload', this.#onBeforeUnload);
  }
}
