import type { TemplateResult } from 'lit';
import { emitEvent, type SuccessDetail } from './events.js';
import { CurrentAvatar } from './field/current-avatar.js';
import { deriveView, type UploadState } from './field/derive-view.js';
import { DisplayedImage } from './field/displayed-image.js';
import { FieldStore } from './field/field-store.js';
import { FileInputs } from './field/file-inputs.js';
import { hasPendingCommit } from './field/has-pending-commit.js';
import type { FieldEvent } from './field/reduce.js';
import { SessionLoader } from './field/session-loader.js';
import { type Facts, INITIAL_SNAPSHOT, type Snapshot } from './field/snapshot.js';
import type { UploadSession } from './field/upload-session.js';
import { type Messages, restingMessages } from './i18n/messages.js';
import { SettingsElement } from './settings-element.js';
import type { Countdown } from './view/countdown.js';
import { styles } from './view/field.styles.js';
import { type FieldActions, renderField } from './view/field-template.js';

/**
 * A form field for a user's avatar: picks, crops and uploads a picture straight
 * from the browser to the store, and shows it.
 *
 * @tag flare-avatar-upload
 *
 * @example
 * ```html
 * <flare-avatar-upload name="avatar" required></flare-avatar-upload>
 * ```
 *
 * @fires {CustomEvent<{file: File}>} flare-accept - A file passed the checks. Cancelable: `preventDefault()` stops the upload.
 * @fires {CustomEvent<{file: File, error: AvatarUploadError}>} flare-reject - A file was rejected before anything was sent.
 * @fires {CustomEvent<{file: File, blob: Blob}>} flare-start - The upload starts.
 * @fires {CustomEvent<{loaded: number, total: number, ratio: number}>} flare-progress - Bytes were sent.
 * @fires {CustomEvent<{attempt: number, delay: number, error: AvatarUploadError}>} flare-retry - A try failed; the next one starts after `delay` milliseconds.
 * @fires {CustomEvent<{key: string, avatar: Avatar | null, blob: Blob}>} flare-success - The picture is committed.
 * @fires {CustomEvent<{error: AvatarUploadError}>} flare-error - An upload, a load or a removal failed.
 * @fires {CustomEvent} flare-cancel - An upload was canceled, or an error was dismissed.
 * @fires {CustomEvent} flare-remove - The picture is about to be removed. Cancelable: `preventDefault()` keeps it.
 * @fires {CustomEvent} flare-removed - The picture was removed.
 * @fires {CustomEvent<{state: UploadState, previous: UploadState}>} flare-statechange - `state` changed.
 * @fires {Event} input - The user changed `value`.
 * @fires {Event} change - The user changed `value`.
 *
 * @slot placeholder - Shown when there is neither a picture nor initials.
 * @slot icon - The icon in the badge.
 * @slot hint - Below the status line.
 *
 * @csspart base - The whole control.
 * @csspart image - The picture.
 * @csspart initials - The initials, shown when there is no picture.
 * @csspart placeholder - The silhouette, shown when there is neither a picture nor initials.
 * @csspart trigger - The button over the picture that opens the file picker.
 * @csspart progress - The progress ring.
 * @csspart status - The text that says what the element is doing.
 * @csspart error - The error message.
 * @csspart remove-button - Removes the picture.
 * @csspart retry-button - Retries what failed.
 * @csspart cancel-button - Cancels the upload.
 * @csspart edit-button - Opens the crop editor for the picked file.
 * @csspart editor - The crop dialog.
 * @csspart editor-stage - The picture under the crop frame.
 * @csspart editor-zoom - The zoom slider.
 * @csspart editor-rotate - Rotates the picture by 90°.
 * @csspart editor-flip - Flips the picture horizontally.
 * @csspart editor-reset - Resets the crop.
 * @csspart editor-apply - Applies the crop.
 * @csspart editor-cancel - Closes the editor without changes.
 *
 * @cssprop [--flare-size=96px] - Width and height of the picture.
 * @cssprop [--flare-accent] - Color of the badge, the progress ring and the buttons.
 * @cssprop [--flare-danger] - Color of errors.
 * @cssprop [--flare-surface] - Background of initials and placeholder.
 * @cssprop [--flare-radius] - Corner radius of the picture; overrides `shape`.
 * @cssprop [--flare-badge-border] - Color of the line around the badge. Default: the color of the page.
 * @cssprop [--flare-text-width=15rem] - Minimum width of the element, for the status line.
 * @cssprop [--flare-font-size=0.8125rem] - Font size of the status line.
 * @cssprop [--flare-editor-width=27rem] - Width of the editor, where the window is wide enough.
 * @cssprop [--flare-editor-surface] - Background of the editor.
 * @cssprop [--flare-editor-shade] - Color over the picture outside the crop frame.
 *
 * @cssstate idle - Nothing is going on.
 * @cssstate cropping - The crop editor is open.
 * @cssstate preparing - The picture is being prepared.
 * @cssstate presigning - A presigned URL is being requested.
 * @cssstate uploading - Bytes are being sent.
 * @cssstate committing - The back end is checking and recording the upload.
 * @cssstate success - The picture is saved.
 * @cssstate error - An upload, a load or a removal failed.
 * @cssstate empty - There is no picture.
 * @cssstate dragover - A file is being dragged over the element.
 * @cssstate offline - The upload waits for the network.
 * @cssstate retrying - A try failed; the next one starts after a pause.
 * @cssstate finishing - All bytes are sent, and the store has not answered yet.
 * @cssstate loading - The current avatar is being loaded.
 * @cssstate removing - The picture is being removed.
 * @cssstate disabled - The element or its fieldset is disabled.
 * @cssstate user-invalid - The form reported the field as invalid.
 */
export class FlareAvatarUpload extends SettingsElement {
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
  readonly #actions: FieldActions = {
    pick: () => this.pick(),
    selectFile: this.#inputs.onPick,
    retry: () => this.retry(),
    edit: () => this.#loader.session?.edit(),
    cancel: () => this.cancel(),
    remove: () => this.removeAvatar().catch(() => {}),
    imageLoaded: () => this.#currentAvatar.handleLoadedImage(),
    imageBroken: (url) => this.#currentAvatar.handleBrokenImage(url),
  };
  #view = deriveView(INITIAL_SNAPSHOT);
  #texts: Messages = restingMessages;
  #feedback: typeof import('./view/feedback.js') | null = null;
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
    const error = this.#view.error;
    const label = this.label || this.labels[0]?.textContent?.trim() || this.#getText('label');
    const status = this.#view.status;
    const canRemove = this.#picture && this.avatarUrl && !this.noRemove && (status === 'idle' || status === 'success');
    return renderField(
      {
        settings: this,
        view: this.#view,
        url: this.#url,
        label,
        isDisabled: this.#isOff,
        canEdit: this.#loader.session?.canEdit ?? false,
        canRemove: Boolean(canRemove),
        status: this.#renderStatus(),
        error: error && (this.#feedback?.formatError(error, this, this.#getText) ?? this.#getText('network')),
        progressRing: this.#feedback?.renderProgressRing(this.#view, this.shape),
        getText: this.#getText,
      },
      this.#actions,
    );
  }

  /** Nothing, where the picture or the error says enough. */
  #renderStatus(): unknown {
    const { status, statusDetail, error, isLoading } = this.#view;
    if (status === 'idle' && (this.#url || error || isLoading)) return null;
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
    const [{ UploadSession }] = await Promise.all([import('./field/upload-session.js'), this.#loadFeedback()]);
    const services = { getText: this.#getText, isDisabled: () => this.#isOff };
    return new UploadSession(this, this.#store, this.#currentAvatar, services);
  }

  #selectFile(file: File): void {
    const command = { file, upload: !this.noAuto, edit: false, previous: null };
    this.#loader.call((session) => session.selectFile(file), 'pick', { type: 'upload', command }).catch(() => {});
  }

  /** Loads the texts, and what shows progress and errors. */
  async #loadFeedback(): Promise<void> {
    const feedback = await import('./view/feedback.js');
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
