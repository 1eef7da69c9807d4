import { html, type TemplateResult } from 'lit';
import { emitEvent, type SuccessDetail } from '../events.js';
import { type Messages, restingMessages } from '../i18n/messages.js';
import { SettingsElement } from '../settings-element.js';
import type { Countdown } from '../view/countdown.js';
import { styles } from '../view/field.styles.js';
import { renderButton, renderFileInput, renderPlaceholder, renderTrigger } from '../view/field-template.js';
import { CurrentAvatar } from './current-avatar.js';
import { deriveView, type UploadState } from './derive-view.js';
import { DisplayedImage } from './displayed-image.js';
import { FieldStore } from './field-store.js';
import { FileInputs } from './file-inputs.js';
import { hasPendingCommit } from './has-pending-commit.js';
import type { FieldEvent } from './reduce.js';
import { SessionLoader } from './session-loader.js';
import { type Facts, INITIAL_SNAPSHOT, type Snapshot } from './snapshot.js';
import type { UploadSession } from './upload-session.js';

/** What `<flare-avatar-upload>` does: it renders its snapshot and sends commands to its session. */
export class AvatarField extends SettingsElement {
  static override readonly shadowRootOptions: ShadowRootInit = {
    ...SettingsElement.shadowRootOptions,
    delegatesFocus: true,
  };
  static override readonly styles = styles;

  readonly #store = new FieldStore((snapshot, previous, event) => this.#onChange(snapshot, previous, event));
  readonly #image = new DisplayedImage(this);
  readonly #currentAvatar = new CurrentAvatar(this, this.#store, this.#image, () => this.#loadFeedback());
  readonly #loader = new SessionLoader(this, this.#store, () => this.#loadSession());
  readonly #inputs = new FileInputs(this, {
    isDisabled: () => this.#isOff,
    onDrag: (isDragOver) => this.#setDragOver(isDragOver),
    onFile: (file) => this.#selectFile(file),
  });
  #view = deriveView(INITIAL_SNAPSHOT);
  #texts: Messages = restingMessages;
  #feedback: typeof import('../view/feedback.js') | null = null;
  #countdown: Countdown | null = null;
  #url: string | null = null;
  /** The inner element that had the focus before an update. */
  #focused: Element | null = null;

  constructor() {
    super();
    for (const type of ['pointerenter', 'focusin', 'dragenter'])
      this.addEventListener(type, () => this.#loader.preload());
    // A click on the element's <label> is dispatched on the element itself.
    this.addEventListener('click', (event) => event.composedPath()[0] === this && this.pick());
    this.addEventListener('invalid', () => this.#setUserInvalid(true));
    this.toggleCustomState('idle', true);
  }

  /** What the element is doing. */
  get state(): UploadState {
    return this.#view.state;
  }

  /** The committed key, or an empty string; what the form submits. */
  get value(): string {
    return this.#store.snapshot.avatar.key;
  }

  /** Opens the file picker. Needs a user gesture, as on `<input type=file>`. */
  pick(): void {
    if (this.#isOff) return;
    this.renderRoot.querySelector('input')?.click();
    this.#loader.call((session) => session.preloadImageModule()).catch(() => {});
  }

  /**
   * Uploads a file, or the picked one that waits.
   * @throws {AvatarUploadError} that says what failed; `aborted` if the upload was canceled or replaced by another one.
   */
  upload(file?: File): Promise<SuccessDetail> {
    const command = file && { file, upload: true, edit: false, previous: null };
    return this.#loader.call((session) => session.upload(file), 'pick', command && { type: 'upload', command });
  }

  /** Cancels an upload or a removal, and dismisses a file that waits or has failed. */
  cancel(): void {
    const { session } = this.#loader;
    if (session) {
      session.cancel();
      return;
    }
    const wasOpen = this.#loader.abort() || this.#view.canCancel;
    this.#store.dispatch({ type: 'canceled', selection: null });
    if (wasOpen) emitEvent(this, 'flare-cancel', undefined);
  }

  /** Retries what failed. Resolves when that is over, whether it succeeded or not. */
  async retry(): Promise<void> {
    const { activity } = this.#store.snapshot;
    if (this.#isOff || activity.kind !== 'error') return;
    const { retry } = activity;
    if (retry.type === 'refresh') await this.refresh();
    else await this.#loader.call((session) => session.retry(), 'pick', retry).catch(() => {});
  }

  /**
   * Removes the avatar.
   * @throws {AvatarUploadError} if that failed; the picture is still there.
   */
  removeAvatar(): Promise<void> {
    return this.#loader.call((session) => session.remove(), 'remove', { type: 'remove' });
  }

  /** Loads the current avatar again. Resolves when that is over, whether it succeeded or not. */
  refresh(): Promise<void> {
    return this.#currentAvatar.refresh();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#interrupt();
  }

  /** @internal */
  formDisabledCallback(): void {
    this.requestUpdate();
    // Once more: where `disabled` is reflected, this is called in the middle of an update.
    queueMicrotask(() => this.requestUpdate());
  }

  /** @internal */
  formResetCallback(): void {
    this.cancel();
    const { avatar } = this.#store.snapshot;
    this.#setFacts({ avatar: { ...avatar, key: '' }, isUserInvalid: false });
    this.refresh();
  }

  protected override willUpdate(): void {
    this.toggleCustomState('disabled', this.#isOff);
    if (this.#isOff) this.#interrupt();
    const isRemoving = this.#store.snapshot.activity.kind === 'removing';
    this.#url = isRemoving ? null : this.#image.getUrl(this.#picture, this.#view.preview);
    this.toggleCustomState('empty', !this.#url);
    this.#focused = this.shadowRoot?.activeElement ?? null;
  }

  protected override firstUpdated(): void {
    if (this.#isOff || !hasPendingCommit()) return;
    this.#loader.call((session) => session.resumePendingCommit(), 'commit').catch(() => {});
  }

  protected override updated(): void {
    this.updateValidity();
    this.#feedback?.adoptStyles(this.shadowRoot as ShadowRoot);
    // A button that has done its work is removed with the focus on it: the trigger gets it.
    if (this.#focused && !this.#focused.isConnected) this.focus();
  }

  protected override render(): TemplateResult {
    const label = this.label || this.labels[0]?.textContent?.trim() || this.#getText('label');
    const url = this.#url;
    const action = this.#getText(url ? 'change' : 'pick').replace('{label}', () => label);
    return html`
      <div part="base" role="group" aria-label=${label}>
        <div class="frame">
          <div class="picture">${this.#renderPicture(url)}</div>
          ${this.#feedback?.renderProgressRing(this.#view, this.shape)}
          ${renderTrigger(action, url !== null, this.#isOff, () => this.pick())}
        </div>
        <p class="line">${this.#renderTexts()}${this.#renderButtons()}</p>
        <slot name="hint"></slot>
        ${renderFileInput(this.accept, this.capture, this.#inputs.onPick)}
      </div>`;
  }

  #renderPicture(url: string | null): TemplateResult {
    if (!url) return renderPlaceholder(this.initials);
    return html`<img part="image" src=${url} alt=${this.alt}
      @load=${() => this.#currentAvatar.handleLoadedImage()}
      @error=${() => this.#currentAvatar.handleBrokenImage(url)}>`;
  }

  #renderTexts(): TemplateResult {
    const { error } = this.#view;
    const message = error && (this.#feedback?.formatError(error, this, this.#getText) ?? this.#getText('network'));
    return html`
      <span id="status" part="status" role="status" dir="auto">${this.#renderStatus()}</span>
      <span id="error" part="error" role="alert" dir="auto">${message}</span>`;
  }

  #renderButtons(): unknown {
    const { status, canRetry, canCancel } = this.#view;
    const isOn = !this.#isOff;
    const canRemove = this.#picture && this.avatarUrl && !this.noRemove && (status === 'idle' || status === 'success');
    const button = (name: string, isShown: unknown, act: () => void) =>
      renderButton(name, isShown && this.#getText(name), act);
    return [
      button('retry', canRetry && isOn, () => this.retry()),
      button('edit', isOn && this.#loader.session?.canEdit, () => this.#loader.session?.edit()),
      button('cancel', canCancel, () => this.cancel()),
      button('remove', canRemove && isOn, () => this.removeAvatar().catch(() => {})),
    ];
  }

  /** Nothing, where the picture or the error says enough. */
  #renderStatus(): unknown {
    const { status, statusDetail, error } = this.#view;
    if (status === 'idle' && (this.#url || error || this.#store.snapshot.isLoading)) return null;
    const text = this.#feedback?.getExactText(this, this.#getText, status, statusDetail) ?? this.#getText(status);
    return this.#feedback?.renderStatus(this.#view, text) ?? text;
  }

  protected override updateValidity(): void {
    const isMissing = this.required && !this.value && !this.#picture;
    this.setMissing(isMissing ? this.#getText('required') : '');
    if (!isMissing) this.#setUserInvalid(false);
  }

  /** The avatar, or `src` while it is not known. */
  get #picture(): Blob | string | null {
    const { picture } = this.#store.snapshot.avatar;
    return picture === undefined ? this.src || null : picture;
  }

  get #isOff(): boolean {
    return this.disabled || this.isDisabled;
  }

  readonly #getText = (key: string): string => {
    // Codes come from outside: `constructor` is a key of any object.
    const text: unknown = this.messages?.[key] ?? this.#texts[key];
    return typeof text === 'string' ? text : '';
  };

  /** Everything that follows from a new snapshot at once; the rest follows from the update. */
  #onChange(snapshot: Snapshot, former: Snapshot, { type }: FieldEvent): void {
    const { state: previous, customStates } = this.#view;
    this.#view = deriveView(snapshot);
    const { state, wait } = this.#view;
    for (const name of [...customStates, ...this.#view.customStates])
      this.toggleCustomState(name, this.#view.customStates.includes(name));
    const { key } = snapshot.avatar;
    if (key !== former.avatar.key) {
      this.setFormValue(key);
      this.updateValidity();
    }
    this.#countdown?.follow(wait);
    this.requestUpdate();
    if (state !== previous && type !== 'interrupted') emitEvent(this, 'flare-statechange', { state, previous });
  }

  async #loadSession(): Promise<UploadSession> {
    const [{ UploadSession }] = await Promise.all([import('./upload-session.js'), this.#loadFeedback()]);
    const services = { getText: this.#getText, isDisabled: () => this.#isOff };
    return new UploadSession(this, this.#store, this.#currentAvatar, services);
  }

  #selectFile(file: File): void {
    const command = { file, upload: !this.noAuto, edit: false, previous: null };
    this.#loader.call((session) => session.selectFile(file), 'pick', { type: 'upload', command }).catch(() => {});
  }

  /** Loads the texts, and what shows progress and errors. */
  async #loadFeedback(): Promise<void> {
    const feedback = await import('../view/feedback.js');
    if (this.#feedback) return;
    this.#feedback = feedback;
    this.#texts = { ...feedback.en, ...restingMessages };
    this.#countdown = new feedback.Countdown(() => this.requestUpdate());
    this.requestUpdate();
  }

  /** Ends what is going on, silently. */
  #interrupt(): void {
    if (this.#loader.session) this.#loader.session.interrupt();
    else this.#loader.abort();
    this.#setDragOver(false);
  }

  #setDragOver(isDragOver: boolean): void {
    if (isDragOver !== this.#store.snapshot.isDragOver) this.#setFacts({ isDragOver });
  }

  #setUserInvalid(isUserInvalid: boolean): void {
    if (isUserInvalid !== this.#store.snapshot.isUserInvalid) this.#setFacts({ isUserInvalid });
  }

  #setFacts(facts: Partial<Facts>): void {
    this.#store.dispatch({ type: 'factsChanged', facts });
  }
}
