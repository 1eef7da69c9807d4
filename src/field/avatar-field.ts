import { html, type TemplateResult } from 'lit';
import type { Phase } from '../core/errors.js';
import { emitEvent, type SuccessDetail } from '../events.js';
import { restingMessages } from '../i18n/messages.js';
import { SettingsElement } from '../settings-element.js';
import { styles } from '../view/field.styles.js';
import { renderButton, renderFileInput, renderPlaceholder, renderTrigger } from '../view/field-template.js';
import type { AnyActivity, FieldView, UploadState } from './derive-view.js';
import { EngineLoader } from './engine-loader.js';
import type { FieldEngine } from './field-engine.js';
import { FieldStore } from './field-store.js';
import { listenForFiles, takePickedFile } from './file-inputs.js';
import { FirstLoad } from './first-load.js';
import { hasPendingCommit } from './has-pending-commit.js';
import type { FieldEvent } from './reduce.js';
import { IDLE, type RetryAction, type Snapshot } from './snapshot.js';

/** What the element derives from a snapshot itself; all the rest of the view is rendered by the engine. */
type ElementView = Pick<FieldView, 'state' | 'customStates' | 'status' | 'error'>;

/** Before the engine is loaded, there is only the error that it can't be loaded. */
function deriveRestingView({ activity }: Snapshot): ElementView {
  const { kind, error }: AnyActivity = activity;
  return { state: kind as UploadState, customStates: [kind], status: kind, error: error ?? null };
}

const createUpload = (file: File, upload: boolean): RetryAction => ({
  type: 'upload',
  command: { file, upload, edit: false, previous: null },
});

const REFRESH = { type: 'refresh' } as const;

/** What `<flare-avatar-upload>` does: it renders its snapshot, and sends commands to its engine. */
export class AvatarField extends SettingsElement {
  static override readonly shadowRootOptions: ShadowRootInit = {
    ...SettingsElement.shadowRootOptions,
    delegatesFocus: true,
  };
  static override readonly styles = styles;

  readonly #store = new FieldStore((snapshot, former, event) => this.#onChange(snapshot, former, event));
  readonly #loader = new EngineLoader(
    this,
    this.#store,
    (Engine) => new Engine(this, this.#store, this.#firstLoad, this.#getText, () => this.#isOff, this.#brokenUrl),
  );
  readonly #firstLoad = new FirstLoad(this, this.#store, (command, isShown) =>
    this.#loader.call((engine) => command(engine.currentAvatar), 'load', isShown ? REFRESH : undefined),
  );
  /** The last address that the browser failed to load before the engine was loaded. */
  #brokenUrl: string | null = null;

  constructor() {
    super();
    listenForFiles(
      this,
      () => this.#isOff,
      (isDragOver) => this.#setFlag('isDragOver', isDragOver),
      (file) => this.#selectFile(file),
    );
    for (const type of ['pointerenter', 'focusin', 'dragenter'])
      this.addEventListener(type, () => this.#callSilently((engine) => engine.session.preload()));
    // A click on the element's <label> is dispatched on the element itself.
    this.addEventListener('click', (event) => event.composedPath()[0] === this && this.pick());
    this.addEventListener('invalid', () => this.#setFlag('isUserInvalid', true));
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
    this.#callSilently((engine) => engine.session.preloadImageModule());
  }

  /**
   * Uploads a file, or the picked one that waits.
   * @throws {AvatarUploadError} that says what failed; `aborted` if the upload was canceled or replaced by another one.
   */
  upload(file?: File): Promise<SuccessDetail> {
    return this.#loader.call((engine) => engine.session.upload(file), 'pick', file && createUpload(file, true));
  }

  /** Cancels an upload or a removal, and dismisses a file that waits or has failed. */
  cancel(): void {
    if (this.#loader.isNeeded) this.#callSilently((engine) => engine.session.cancel());
    else if (this.#view.error) {
      this.#store.setFacts({ activity: IDLE });
      emitEvent(this, 'flare-cancel', undefined);
    }
  }

  /** Retries what failed. Resolves when that is over, whether it succeeded or not. */
  async retry(): Promise<void> {
    const { activity } = this.#store.snapshot;
    if (this.#isOff || activity.kind !== 'error') return;
    const { retry } = activity;
    const phase = retry.type === 'refresh' ? 'load' : 'pick';
    await this.#loader.call((engine) => engine.session.retry(), phase, retry).catch(() => {});
  }

  /**
   * Removes the avatar.
   * @throws {AvatarUploadError} if that failed; the picture is still there.
   */
  removeAvatar(): Promise<void> {
    return this.#loader.call((engine) => engine.session.remove(), 'remove', { type: 'remove' });
  }

  /** Loads the current avatar again. Resolves when that is over, whether it succeeded or not. */
  async refresh(): Promise<void> {
    await this.#loader.call((engine) => engine.currentAvatar.refresh(), 'load', REFRESH).catch(() => {});
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
    this.#store.setFacts({ avatar: { ...avatar, key: '' }, isUserInvalid: false });
    this.refresh();
  }

  protected override willUpdate(): void {
    this.toggleCustomState('disabled', this.#isOff);
    if (this.#isOff) this.#interrupt();
  }

  protected override firstUpdated(): void {
    if (this.#isOff || !hasPendingCommit()) return;
    this.#callSilently((engine) => engine.session.resumePendingCommit(), 'commit');
  }

  protected override updated(): void {
    this.updateValidity();
  }

  protected override render(): TemplateResult {
    const url = this.#getImageUrl();
    this.toggleCustomState('empty', !url);
    const label = this.label || this.labels[0]?.textContent?.trim() || this.#getText('label');
    const action = this.#getText(url ? 'change' : 'pick').replace('{label}', () => label);
    return html`
      <div part="base" role="group" aria-label=${label}>
        <div class="frame">
          <div class="picture">${this.#renderPicture(url)}</div>
          ${this.#engine?.renderProgressRing()}
          ${renderTrigger(action, url !== null, this.#isOff, () => this.pick())}
        </div>
        <p class="line">${this.#renderTexts(url)}${this.#engine?.renderButtons()}${this.#renderRemoveButton()}</p>
        <slot name="hint"></slot>
        ${renderFileInput(this.accept, this.capture, (event) => takePickedFile(event, (file) => this.#selectFile(file)))}
      </div>`;
  }

  #getImageUrl(): string | null {
    if (this.#engine) return this.#engine.getImageUrl(this.#picture);
    return this.#picture === this.#brokenUrl ? null : (this.#picture as string | null);
  }

  #renderPicture(url: string | null): TemplateResult {
    if (!url) return renderPlaceholder(this.initials);
    return html`<img part="image" src=${url} alt=${this.alt}
      @error=${() => this.#handleBrokenImage(url)}>`;
  }

  #handleBrokenImage(url: string): void {
    this.#brokenUrl = url;
    this.requestUpdate();
    this.#callSilently((engine) => engine.currentAvatar.handleBrokenImage(url));
  }

  #renderTexts(url: string | null): TemplateResult {
    const { status, error } = this.#view;
    // The picture or the error says enough.
    const isQuiet = status === 'idle' && (url || error || this.#store.snapshot.isLoading);
    const text = isQuiet ? null : this.#engine ? this.#engine.renderStatus() : this.#getText(status);
    const message = error && (this.#engine?.formatError() ?? this.#getText('network'));
    return html`
      <span id="status" part="status" role="status" dir="auto">${text}</span>
      <span id="error" part="error" role="alert" dir="auto">${message}</span>`;
  }

  #renderRemoveButton(): unknown {
    const { status } = this.#view;
    const isAllowed = this.avatarUrl && !this.noRemove && !this.#isOff;
    const canRemove = this.#picture && isAllowed && (status === 'idle' || status === 'success');
    return renderButton('remove', canRemove && this.#getText('remove'), () => this.removeAvatar().catch(() => {}));
  }

  protected override updateValidity(): void {
    const isMissing = this.required && !this.value && !this.#picture;
    this.setMissing(isMissing ? this.#getText('required') : '');
    if (!isMissing) this.#setFlag('isUserInvalid', false);
  }

  /** The avatar, or `src` while it is not known. */
  get #picture(): Blob | string | null {
    const { picture } = this.#store.snapshot.avatar;
    return picture === undefined ? this.src || null : picture;
  }

  get #isOff(): boolean {
    return this.disabled || this.isDisabled;
  }

  get #engine(): FieldEngine | null {
    return this.#loader.engine;
  }

  get #view(): ElementView {
    return this.#deriveView(this.#store.snapshot);
  }

  #deriveView(snapshot: Snapshot): ElementView {
    return (this.#engine?.deriveView ?? deriveRestingView)(snapshot);
  }

  readonly #getText = (key: string): string => {
    // Codes come from outside: `constructor` is a key of any object.
    const text: unknown = this.messages?.[key] ?? (this.#engine?.texts ?? restingMessages)[key];
    return typeof text === 'string' ? text : '';
  };

  /** Everything that follows from a new snapshot at once; the rest follows from the update. */
  #onChange(snapshot: Snapshot, former: Snapshot, { type }: FieldEvent): void {
    const { state: previous, customStates: formerStates } = this.#deriveView(former);
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

  /** Calls the engine for what nobody has asked for: a failure is not shown. */
  #callSilently(run: (engine: FieldEngine) => unknown, phase: Phase = 'load'): void {
    this.#loader.call(run, phase).catch(() => {});
  }

  #selectFile(file: File): void {
    const retry = createUpload(file, !this.noAuto);
    this.#loader.call((engine) => engine.session.selectFile(file), 'pick', retry).catch(() => {});
  }

  /** Ends what is going on, silently. */
  #interrupt(): void {
    if (this.#loader.isNeeded) this.#callSilently((engine) => engine.session.interrupt());
    this.#setFlag('isDragOver', false);
  }

  #setFlag(name: 'isDragOver' | 'isUserInvalid', isOn: boolean): void {
    if (isOn !== this.#store.snapshot[name]) this.#store.setFacts({ [name]: isOn });
  }
}
