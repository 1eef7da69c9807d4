import { html, isServer, nothing, type TemplateResult } from 'lit';
import { isCameraAllowed } from '../camera/is-camera-allowed.js';
import { emitEvent, type SuccessDetail } from '../events.js';
import { Language } from '../i18n/language.js';
import { SettingsElement } from '../settings-element.js';
import { followAccentColor } from '../view/accent-color.js';
import { styles } from '../view/field.styles.js';
import { renderBadge, renderButton, renderPlaceholder } from '../view/field-template.js';
import { AvatarWatcher } from './avatar-watcher.js';
import type { UploadState } from './derive-view.js';
import { EngineLoader } from './engine-loader.js';
import type { FieldEngine } from './field-engine.js';
import { FieldStore, type RestingView } from './field-store.js';
import { listenForFiles, takePickedFile } from './file-inputs.js';
import { isUploadRequested } from './form-submission.js';
import { hasPendingCommit } from './has-pending-commit.js';
import type { FieldEvent } from './reduce.js';
import { IDLE, type RetryAction, type Snapshot } from './snapshot.js';

/** Events of the inner input stay inside the element. */
const stopPropagation = (event: Event): void => event.stopPropagation();

/** The texts of the elements that name a control. */
const joinTexts = (nodes: Iterable<Node> | null): string =>
  Array.from(nodes ?? [], (node) => node.textContent)
    .join(' ')
    .trim();

/** What `<flare-avatar-upload>` does: it renders its snapshot, and sends commands to its engine. */
export class AvatarField extends SettingsElement {
  static override readonly shadowRootOptions: ShadowRootInit = {
    ...SettingsElement.shadowRootOptions,
    delegatesFocus: true,
  };
  static override readonly styles = styles;

  readonly #language = new Language(this);
  readonly #store = new FieldStore((snapshot, former, event) => this.#onChange(snapshot, former, event));
  readonly #loader = new EngineLoader(this, this.#store, () => this.#createEngine());
  /** A server renders the element, or has rendered it: the first update renders the same. */
  #isStatic = isServer || this.shadowRoot !== null;
  readonly #watcher = new AvatarWatcher(this, this.#store, this.#loader);
  /** The file input, once the picker has been opened. */
  #input: HTMLInputElement | null = null;

  constructor() {
    super();
    listenForFiles(
      this,
      () => this.#isOff,
      (isDragOver) => this.#setFlag('isDragOver', isDragOver),
      this.#selectFiles,
    );
    for (const type of ['pointerenter', 'focusin', 'dragenter'])
      this.addEventListener(type, () => this.#run((engine) => engine.session.preload()));
    // A click on the element's <label> is dispatched on the element itself.
    this.addEventListener('click', (event) => event.composedPath()[0] === this && this.pick());
    this.addEventListener('invalid', () => this.#setFlag('isUserInvalid', true));
    this.toggleCustomState('idle', true);
    const root = this.createRenderRoot();
    Object.assign(this, { renderRoot: root });
    // Declarative shadow DOM on a page that doesn't hydrate it: what the server has rendered is replaced.
    if (!this.renderOptions.renderBefore) return;
    root.replaceChildren();
    this.renderOptions.renderBefore = null;
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
    this.#input ??= this.renderRoot.querySelector('input');
    // Outside of the page, so that the page doesn't see the events that follow.
    this.#input?.remove();
    this.#input?.click();
    this.#run((engine) => engine.session.preloadImageModule());
  }

  /** Opens the camera dialog. Resolves when it is closed, whether a photo was taken or not. */
  openCamera(): Promise<void> {
    return this.#run((engine) => engine.session.openCamera(), { phase: 'pick', camera: true });
  }

  /**
   * Uploads a file, or the picked one that waits.
   * @throws {AvatarUploadError} that says what failed; `aborted` if the upload was canceled or replaced by another one.
   */
  upload(file?: File): Promise<SuccessDetail> {
    return this.#loader.call(
      (engine) => engine.session.upload(file),
      file && { phase: 'pick', command: { file, upload: true } },
    );
  }

  /** Cancels an upload or a removal, and dismisses a file that waits or has failed. */
  cancel(): void {
    if (this.#dismiss()) emitEvent(this, 'flare-cancel', undefined);
    else if (this.#loader.isNeeded) this.#run((engine) => engine.session.cancel());
  }

  /** Retries what failed. Resolves when that is over, whether it succeeded or not. */
  async retry(): Promise<void> {
    const { activity } = this.#store.snapshot;
    if (activity.kind === 'error') await this.#run((engine) => engine.session.retry(activity), activity.retry);
  }

  /**
   * Removes the avatar.
   * @throws {AvatarUploadError} if that failed; the picture is still there.
   */
  removeAvatar(): Promise<void> {
    return this.#loader.call((engine) => engine.session.remove(), { phase: 'remove' });
  }

  /** Loads the current avatar again. Resolves when that is over, whether it succeeded or not. */
  refresh(): Promise<void> {
    return this.#run((engine) => engine.currentAvatar.refresh(), { phase: 'load' });
  }

  override connectedCallback(): void {
    if (!this.#watcher.isPresent) super.connectedCallback();
    this.connectedMoveCallback();
  }

  /**
   * Called in place of the other two by `moveBefore()`.
   * @internal
   */
  connectedMoveCallback(): void {
    // The language, the form and the label may be others here.
    this.requestUpdate();
  }

  /** An element that is in a page again at the end of the task was only moved. */
  override disconnectedCallback(): void {
    setTimeout(() => this.isConnected || !this.#watcher.isPresent || this.#leave());
  }

  /** @internal */
  adoptedCallback(): void {
    // The styles don't follow the element into another document: the engine adds them again.
    this.#run(() => {});
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
    this.formStateRestoreCallback('');
    this.#run((engine) => engine.reset(), { phase: 'load' });
  }

  /**
   * The browser restores the value of a page that the user comes back to.
   * @internal
   */
  formStateRestoreCallback(key: string): void {
    this.#store.setFacts({ avatar: { ...this.#store.snapshot.avatar, key } });
  }

  protected override willUpdate(): void {
    this.toggleCustomState('disabled', this.#isOff);
    if (this.#isOff) this.#interrupt();
  }

  protected override firstUpdated(): void {
    if (this.#isStatic) this.requestUpdate();
    this.#isStatic = false;
    // The browser has looked for `autofocus` before a script that comes late defines the element.
    if (this.autofocus && document.activeElement === document.body) this.focus();
    if (this.#isOff || !hasPendingCommit()) return;
    this.#run((engine) => engine.session.resumePendingCommit());
  }

  protected override updated(): void {
    this.updateValidity();
    followAccentColor(this, this.renderRoot.firstElementChild as HTMLElement);
  }

  protected override render(): TemplateResult {
    const url = this.#getImageUrl();
    this.toggleCustomState('empty', !url);
    // What a server knows nothing of is rendered in the browser: texts, form and label.
    const isStatic = this.#isStatic;
    const label =
      joinTexts(this.ariaLabelledByElements) ||
      this.ariaLabel ||
      this.label ||
      joinTexts(this.labels) ||
      this.#language.getText('label');
    if (!isStatic) this.setName(label);
    const action = this.#language.getText(url ? 'change' : 'pick').replace('{label}', () => label);
    return html`
      <div part="base">
        <div class="frame">
          <div class="picture">${this.#renderPicture(url, label)}</div>
          ${this.#engine?.renderProgressRing()}
          <button part="trigger" type="button" aria-label=${isStatic ? nothing : action} aria-describedby="status error"
            ?disabled=${this.#isOff} @click=${this.pick}>
            <span class="badge"><slot name="icon">${renderBadge(url !== null)}</slot></span>
          </button>
        </div>
        <p class="line">${this.#renderTexts(url)}${this.#renderButtons()}</p>
        <slot name="hint"></slot>
        <input type="file" hidden .accept=${this.accept} capture=${this.capture ?? nothing}
          @input=${stopPropagation} @change=${this.#takePickedFile} @cancel=${this.#takePickedFile}>
      </div>`;
  }

  #getImageUrl(): string | null {
    if (this.#engine) return this.#engine.getImageUrl(this.#picture);
    return this.#picture === this.#watcher.brokenUrl ? null : (this.#picture as string | null);
  }

  #renderPicture(url: string | null, label: string): TemplateResult {
    if (!url) return renderPlaceholder(this.initials);
    const alt = this.alt || (this.hasAttribute('alt') ? '' : label);
    return html`<img part="image" src=${url} alt=${alt}
      @error=${() => this.#handleBrokenImage(url)}>`;
  }

  #handleBrokenImage(url: string): void {
    this.#watcher.brokenUrl = url;
    this.requestUpdate();
    this.#run((engine) => engine.currentAvatar.handleBrokenImage(url));
  }

  #renderTexts(url: string | null): TemplateResult {
    const { isLoading } = this.#language;
    const { status, error } = this.#view;
    // The picture or the error says enough. What screen readers read out waits for the element's language.
    const isQuiet =
      this.#isStatic || isLoading || (status === 'idle' && (url || error || this.#store.snapshot.isLoading));
    const getText = (key: string) => this.#language.getText(key);
    const text = isQuiet ? null : this.#engine ? this.#engine.renderStatus() : getText(status);
    // Without the engine, the error is that it can't be loaded.
    const message = isLoading
      ? null
      : this.#engine
        ? this.#engine.formatError()
        : error && (getText('network') || error.message);
    return html`
      <span id="status" part="status" role="status" dir="auto">${text}</span>
      <span id="error" part="error" role="alert" dir="auto">${message}</span>`;
  }

  #renderButtons(): unknown {
    const { status, error } = this.#view;
    if (this.#isOff || this.#isStatic) return nothing;
    const name = error ? 'retry' : 'cancel';
    const isResting = status === 'idle' || status === 'success';
    const canRemove = this.#picture && this.avatarUrl && !this.noRemove && isResting;
    const hasCamera = this.camera && isResting && navigator.mediaDevices && isCameraAllowed();
    return [
      this.#engine?.renderButtons() ??
        renderButton(name, (error || status === 'preparing') && this.#language.getText(name), () => this[name]()),
      renderButton('camera', hasCamera && this.#language.getText('camera'), () => this.openCamera()),
      renderButton('remove', canRemove && this.#language.getText('remove'), () => this.removeAvatar().catch(() => {})),
    ];
  }

  protected override updateValidity(): void {
    const isMissing = this.required && !this.value && !this.#picture;
    const isUploading = isUploadRequested(this.#store.snapshot);
    const getText = (key: string) => this.#language.getText(key);
    this.setInvalid(
      isMissing ? (isUploading && getText('required_uploading')) || getText('required') : '',
      isUploading ? 'customError' : 'valueMissing',
    );
    if (!isMissing) this.#setFlag('isUserInvalid', false);
  }

  /** The avatar, or `src` while it is not known. */
  get #picture(): Blob | string | null {
    const { picture } = this.#store.snapshot.avatar;
    return picture === undefined ? this.src || null : picture;
  }

  get #isOff(): boolean {
    return this.disabled || (!this.#isStatic && this.isDisabled);
  }

  get #engine(): FieldEngine | null {
    return this.#loader.engine;
  }

  get #view(): RestingView {
    return this.#store.deriveView(this.#store.snapshot);
  }

  /** Everything that follows from a new snapshot at once; the rest follows from the update. */
  #onChange(snapshot: Snapshot, former: Snapshot, { type }: FieldEvent): void {
    const { state: previous, customStates: formerStates } = this.#store.deriveView(former);
    const { state, customStates } = this.#view;
    for (const name of [...formerStates, ...customStates]) this.toggleCustomState(name, customStates.includes(name));
    this.toggleCustomState('loading', snapshot.isLoading);
    this.toggleCustomState('dragover', snapshot.isDragOver);
    this.toggleCustomState('user-invalid', snapshot.isUserInvalid);
    const { key } = snapshot.avatar;
    if (key !== former.avatar.key) {
      this.setFormValue(key);
      this.updateValidity();
    }
    this.requestUpdate();
    if (state !== previous && type !== 'interrupted') emitEvent(this, 'flare-statechange', { state, previous });
  }

  #createEngine(): Promise<FieldEngine> {
    return import('./field-engine.js').then(
      ({ FieldEngine }) => new FieldEngine(this, this.#store, this.#watcher, this.#language, () => this.#isOff),
    );
  }

  /**
   * Calls the engine, and resolves when that is over, whether it succeeded or not.
   * @param retry - what `retry()` does if the engine can't be loaded; without it, the failure is not shown.
   */
  async #run(command: (engine: FieldEngine) => unknown, retry?: RetryAction): Promise<void> {
    await this.#loader.call(command, retry).catch(() => {});
  }

  readonly #takePickedFile = (event: Event): void => {
    // The end-to-end tests of pages look for it there.
    if (this.#input) this.renderRoot.append(this.#input);
    takePickedFile(event, this.#selectFiles);
  };

  readonly #selectFiles = ([file, ...others]: Iterable<File>, link?: string): void => {
    if (!file && !link) return;
    const command = { file: file ?? new File([], 'picture'), others, link, upload: !this.noAuto };
    this.#run((engine) => engine.session.selectFile(command), { phase: 'pick', command });
  };

  /** Ends what is going on: the element is not in a page any more. */
  #leave(): void {
    super.disconnectedCallback();
    this.#setFlag('isDragOver', false);
    if (this.#engine) this.#engine.session.leave();
    else if (this.#store.snapshot.activity.kind !== 'error') this.cancel();
  }

  /** Before the engine is loaded: drops a file that waits for it, or the error. Returns false if there is neither. */
  #dismiss(): boolean {
    const isOpen = !this.#engine && this.#store.snapshot.activity !== IDLE;
    if (isOpen) this.#store.setFacts({ activity: IDLE });
    return isOpen;
  }

  /** Ends what is going on, silently. */
  #interrupt(): void {
    this.#dismiss();
    if (this.#loader.isNeeded) this.#run((engine) => engine.session.interrupt());
    this.#setFlag('isDragOver', false);
  }

  #setFlag(name: 'isDragOver' | 'isUserInvalid', isOn: boolean): void {
    if (isOn !== this.#store.snapshot[name]) this.#store.setFacts({ [name]: isOn });
  }
}
