import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { AvatarUploadError, type Phase } from './core/errors.js';
import type { Emit, SuccessDetail } from './events.js';
import { PresentAvatar } from './field/current-avatar.js';
import { Picture } from './field/displayed-image.js';
import { hasUnfinished } from './field/has-pending-commit.js';
import type { ElementHost } from './field/host.js';
import type { UploadSettings } from './field/run-upload.js';
import type { State } from './field/snapshot.js';
import type { Uploads } from './field/upload-session.js';
import { type Messages, restingMessages } from './i18n/messages.js';
import { declared, initial } from './settings.js';
import { styles } from './view/field.styles.js';

/** Every property with its default; those without an attribute are undefined at first. */
const DEFAULTS = {
  presignUrl: '/api/uploads/presign',
  commitUrl: '/api/uploads/commit',
  avatarUrl: '/api/me/avatar',
  src: '',
  alt: '',
  label: '',
  initials: '',
  shape: ['circle', 'rounded', 'square'],
  accept: 'image/jpeg,image/png,image/webp,image/gif,image/avif',
  maxFileSize: 20 * 2 ** 20,
  crop: ['auto', 'manual', 'off'],
  animated: ['keep', 'first-frame'],
  outputSize: 512,
  outputType: 'image/webp',
  outputQuality: 0.85,
  capture: null,
  noDrop: false,
  noPaste: false,
  noAuto: false,
  noRemove: false,
  noUnloadGuard: false,
  name: '',
  required: false,
  disabled: false,
  maxRetries: 3,
  stallTimeout: 30,
  credentials: ['same-origin', 'include', 'omit'],
  headers: undefined,
  presign: undefined,
  commit: undefined,
  transform: undefined,
  validate: undefined,
  decode: undefined,
  messages: undefined,
};

/**
 * A form field for a user's picture: picked, cropped, uploaded straight from
 * the browser to the store, and shown.
 *
 * @tag flare-avatar-upload
 *
 * @fires {CustomEvent<{file: File}>} flare-accept - A file has passed the checks. Cancelable: nothing more happens to it.
 * @fires {CustomEvent<{file: File, error: AvatarUploadError}>} flare-reject - A file was refused before anything was sent.
 * @fires {CustomEvent<{file: File, blob: Blob}>} flare-start - The upload begins.
 * @fires {CustomEvent<{loaded: number, total: number, ratio: number}>} flare-progress - Bytes have been sent.
 * @fires {CustomEvent<{attempt: number, delay: number, error: AvatarUploadError}>} flare-retry - A try has failed and another one follows.
 * @fires {CustomEvent<{key: string, avatar: Avatar | null, blob: Blob}>} flare-success - The picture is committed.
 * @fires {CustomEvent<{error: AvatarUploadError}>} flare-error - An upload, a load or a removal has failed.
 * @fires {CustomEvent} flare-cancel - An upload was cancelled.
 * @fires {CustomEvent} flare-remove - The picture is about to be removed. Cancelable.
 * @fires {CustomEvent} flare-removed - The picture is removed.
 * @fires {CustomEvent<{state: State, previous: State}>} flare-statechange - `state` has changed.
 * @fires {Event} input - `value` has changed by the user's doing.
 * @fires {Event} change - `value` has changed by the user's doing.
 *
 * @slot placeholder - Shown where there is no picture and there are no initials.
 * @slot icon - In the badge.
 * @slot hint - Below the line of text.
 *
 * @csspart base - The whole control.
 * @csspart image - The picture.
 * @csspart initials - The initials, where there is no picture.
 * @csspart placeholder - The silhouette, where there are no initials either.
 * @csspart trigger - The button over the picture.
 * @csspart progress - The ring.
 * @csspart status - What is going on, in words.
 * @csspart error - What went wrong, in words.
 * @csspart remove-button - Removes the picture.
 * @csspart retry-button - Tries again what has failed.
 * @csspart cancel-button - Cancels the upload.
 * @csspart edit-button - Opens the editor on the picture that was picked.
 * @csspart editor - The dialog in which the crop is chosen.
 * @csspart editor-stage - The picture under the frame.
 * @csspart editor-zoom - The zoom slider.
 * @csspart editor-rotate - Turns the picture.
 * @csspart editor-flip - Exchanges left and right.
 * @csspart editor-reset - Back to the whole picture, upright.
 * @csspart editor-apply - Takes the crop.
 * @csspart editor-cancel - Leaves the editor; everything is as it was.
 *
 * @cssprop [--flare-size=96px] - Width and height of the picture.
 * @cssprop [--flare-accent] - Colour of the badge, the ring and the buttons.
 * @cssprop [--flare-danger] - Colour of errors.
 * @cssprop [--flare-surface] - Ground behind initials and placeholder.
 * @cssprop [--flare-radius] - Corner radius of the picture; overrides `shape`.
 * @cssprop [--flare-badge-border] - Colour of the line around the badge; by default that of the page.
 * @cssprop [--flare-text-width=15rem] - Least width of the element, for the line of text.
 * @cssprop [--flare-font-size=0.8125rem] - Size of the line of text.
 * @cssprop [--flare-editor-width=27rem] - Width of the editor, where the window is wide enough.
 * @cssprop [--flare-editor-surface] - Ground of the editor.
 * @cssprop [--flare-editor-shade] - What lies over the picture outside the editor's frame.
 *
 * @cssstate idle - Nothing is going on.
 * @cssstate cropping - The crop is being chosen.
 * @cssstate preparing - The picture is being made ready.
 * @cssstate presigning - The upload is being asked for.
 * @cssstate uploading - Bytes are on their way.
 * @cssstate committing - The upload is being checked and recorded.
 * @cssstate success - The picture is saved.
 * @cssstate error - An upload, a load or a removal has failed.
 * @cssstate empty - There is no picture.
 * @cssstate dragover - A file is held over the element.
 * @cssstate offline - The network is gone; the upload waits for it.
 * @cssstate retrying - A try has failed; the next one is waited for.
 * @cssstate finishing - All bytes are sent, the answer is not there yet.
 * @cssstate loading - The present picture is being asked for.
 * @cssstate removing - The picture is being removed.
 * @cssstate disabled - The element or its fieldset is disabled.
 * @cssstate user-invalid - The form was found invalid because of this field.
 */
export class FlareAvatarUpload extends LitElement implements UploadSettings {
  static readonly formAssociated = true;
  static override readonly shadowRootOptions: ShadowRootInit = {
    ...LitElement.shadowRootOptions,
    delegatesFocus: true,
  };
  static override readonly styles = styles;
  static override readonly properties = declared(DEFAULTS);

  /**
   * Endpoint that mints the presigned PUT.
   * @attr presign-url
   */
  declare presignUrl: string;
  /**
   * Endpoint that checks and records the upload.
   * @attr commit-url
   */
  declare commitUrl: string;
  /**
   * Endpoint of the present avatar: GET shows it, DELETE removes it. Empty: neither.
   * @attr avatar-url
   */
  declare avatarUrl: string;
  /**
   * Picture to show until one is uploaded, instead of asking `avatar-url`.
   * @attr src
   */
  declare src: string;
  /**
   * Alternative text of the picture.
   * @attr alt
   */
  declare alt: string;
  /**
   * Name of the control; by default the text of its `<label>`.
   * @attr label
   */
  declare label: string;
  /**
   * Shown where there is no picture.
   * @attr initials
   */
  declare initials: string;
  /**
   * Outline of the picture.
   * @attr shape
   */
  declare shape: 'circle' | 'rounded' | 'square';
  /**
   * What may be picked, as on `<input type=file>`.
   * @attr accept
   */
  declare accept: string;
  /**
   * Bytes; of the picked file.
   * @attr max-file-size
   */
  declare maxFileSize: number;
  /**
   * `auto`: the centred square is uploaded; `manual`: the one that the user chooses; `off`: the file's own bytes.
   * @attr crop
   */
  declare crop: 'auto' | 'manual' | 'off';
  /**
   * `keep` uploads an animated picture uncropped, `first-frame` makes a still.
   * @attr animated
   */
  declare animated: 'keep' | 'first-frame';
  /**
   * Pixels on each side of the square that is uploaded.
   * @attr output-size
   */
  declare outputSize: number;
  /**
   * Type of the square that is uploaded.
   * @attr output-type
   */
  declare outputType: string;
  /**
   * 0 to 1.
   * @attr output-quality
   */
  declare outputQuality: number;
  /**
   * As on `<input type=file>`.
   * @attr capture
   */
  declare capture: string | null;
  /**
   * Don't take dropped files.
   * @attr no-drop
   */
  declare noDrop: boolean;
  /**
   * Don't take pasted files.
   * @attr no-paste
   */
  declare noPaste: boolean;
  /**
   * Upload only when `upload()` is called.
   * @attr no-auto
   */
  declare noAuto: boolean;
  /**
   * Offer no way to remove the picture.
   * @attr no-remove
   */
  declare noRemove: boolean;
  /**
   * Don't ask before the page is left while bytes are in flight.
   * @attr no-unload-guard
   */
  declare noUnloadGuard: boolean;
  /**
   * Name of the field in its form.
   * @attr name
   */
  declare name: string;
  /**
   * The form can't be submitted without a picture.
   * @attr required
   */
  declare required: boolean;
  /** @attr disabled */
  declare disabled: boolean;
  /**
   * Tries of each step of an upload after its first.
   * @attr max-retries
   */
  declare maxRetries: number;
  /**
   * Seconds without progress before a PUT counts as lost.
   * @attr stall-timeout
   */
  declare stallTimeout: number;
  /**
   * For the three endpoint calls, never for the PUT.
   * @attr credentials
   */
  declare credentials: RequestCredentials;
  /** Texts to use instead of the element's own, by key. */
  declare messages: Messages | undefined;

  /** Headers for the endpoint calls: an object, or a function that returns one. */
  declare headers: UploadSettings['headers'];
  /** Replaces the presign call. */
  declare presign: UploadSettings['presign'];
  /** Replaces the commit call. */
  declare commit: UploadSettings['commit'];
  /** Gives a Blob to upload instead of the prepared one. */
  declare transform: UploadSettings['transform'];
  /** Gives a code to refuse the file with, or null. */
  declare validate: UploadSettings['validate'];
  /** Gives a Blob that the browser can decode, made from a file it can't. */
  declare decode: UploadSettings['decode'];

  readonly #internals = this.attachInternals();
  /** Held, because WebKitGTK 2.50 was seen to give an empty set later, which no longer takes a state back. */
  readonly #states = this.#internals.states;
  readonly #picture = new Picture(this);
  /** What the controllers may do. */
  readonly #host: ElementHost = {
    settings: this,
    picture: this.#picture,
    root: () => this.shadowRoot as ShadowRoot,
    state: () => this.#state,
    has: (state) => this.#has(state),
    isBusy: () => this.#uploads?.isBusy ?? false,
    text: (key) => this.#text(key),
    emit: (type, detail) => this.#emit(type, detail),
    become: (state) => this.#become(state),
    rest: () => this.#enter('idle'),
    recover: () => this.#rest(),
    error: () => this.#error,
    show: (error) => this.#show(error),
    fail: (error, again) => this.#fail(error, again),
    failLoad: (error) => this.#failLoad(error),
    toggle: (state, on) => this.#toggle(state, on),
    value: () => this.#value,
    setValue: (value) => this.#setValue(value),
    dispatch: (event) => this.dispatchEvent(event),
    update: () => this.requestUpdate(),
    load: (phase) => this.#load(phase),
  };
  readonly #present = new PresentAvatar(this, this.#host);
  #words: Messages = restingMessages;
  #uploads: Uploads | null = null;
  #uploadsLoad: Promise<Uploads> | null = null;
  #state: State = 'idle';
  #value = '';
  #error: AvatarUploadError | null = null;
  /** Does again what has failed. */
  #again: (() => Promise<unknown>) | null = null;
  /** Counts what the user or the page has asked for, so that the last word counts. */
  #turn = 0;
  /** A file that waits for the uploads to be loaded. */
  #waiting: File | undefined;
  /** The inner element that had the focus before an update. */
  #focused: Element | null = null;

  constructor() {
    super();
    Object.assign(this, initial(DEFAULTS));
    for (const type of ['pointerenter', 'focusin', 'dragenter']) this.addEventListener(type, this.#onIntent);
    for (const type of ['dragover', 'dragleave', 'drop', 'paste']) this.addEventListener(type, this.#onTransfer);
    // A click on the element's <label> comes as a click on the element itself.
    this.addEventListener('click', (event) => event.composedPath()[0] === this && this.pick());
    this.addEventListener('invalid', () => this.#toggle('user-invalid', true));
    this.#toggle('idle', true);
  }

  /** What the element is doing. */
  get state(): State {
    return this.#state;
  }

  /** The committed key, or an empty string; what the form submits. */
  get value(): string {
    return this.#value;
  }

  get form(): HTMLFormElement | null {
    return this.#internals.form;
  }

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

  checkValidity(): boolean {
    this.#validate();
    return this.#internals.checkValidity();
  }

  reportValidity(): boolean {
    this.#validate();
    return this.#internals.reportValidity();
  }

  /** Opens the file picker; needs a user's gesture, as on `<input type=file>`. */
  pick(): void {
    if (this.#isOff) return;
    this.renderRoot.querySelector('input')?.click();
    // While the user chooses.
    this.#load('pick').then(
      (uploads) => uploads.warm(),
      () => {},
    );
  }

  /**
   * Uploads a file, or the one that was picked and waits.
   * @throws {AvatarUploadError} with code `aborted` if something else takes its place.
   */
  upload(file: File | undefined = this.#waiting): Promise<SuccessDetail> {
    return this.#use('pick', (uploads) => uploads.upload(file), file);
  }

  /** Ends what is under way, and lets go of a file that waits or has failed. */
  cancel(): void {
    const open = this.#waiting || this.#state === 'error';
    this.#turn++;
    this.#waiting = undefined;
    if (this.#uploads?.cancel()) return;
    this.#rest();
    if (open) this.#emit('flare-cancel', undefined);
  }

  /** Does again what has failed; resolves when that is over, however it went. */
  async retry(): Promise<void> {
    if (!this.#isOff) await this.#again?.().catch(() => {});
  }

  /**
   * Removes the avatar.
   * @throws {AvatarUploadError} if that failed: the picture is still there.
   */
  removeAvatar(): Promise<void> {
    return this.#use('remove', (uploads) => uploads.remove());
  }

  /** Asks for the present avatar again; resolves when that is over, however it went. */
  refresh(): Promise<void> {
    return this.#present.refresh();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop();
  }

  /** @internal */
  formDisabledCallback(): void {
    this.requestUpdate();
    // Once more: where `disabled` is reflected this comes in the middle of an update.
    queueMicrotask(() => this.requestUpdate());
  }

  /** @internal */
  formResetCallback(): void {
    this.cancel();
    this.#setValue('');
    this.#toggle('user-invalid', false);
    this.refresh();
  }

  protected override willUpdate(): void {
    this.#toggle('disabled', this.#isOff);
    if (this.#isOff) this.#stop();
    this.#toggle('empty', !this.#url);
    this.#focused = this.shadowRoot?.activeElement ?? null;
  }

  protected override firstUpdated(): void {
    if (this.#isOff || !hasUnfinished()) return;
    this.#load('commit')
      .then((uploads) => uploads.finish())
      .catch(() => {});
  }

  protected override updated(): void {
    this.#validate();
    this.#uploads?.dress(this.shadowRoot as ShadowRoot);
    // A button that has done its work takes the focus with it: give it to the trigger.
    if (this.#focused && !this.#focused.isConnected) this.focus();
  }

  protected override render(): TemplateResult {
    const label = this.label || this.#internals.labels[0]?.textContent?.trim() || this.#text('label');
    const url = this.#url;
    return html`
      <div part="base" role="group" aria-label=${label}>
        <div class="frame">
          <div class="picture">${this.#renderPicture(url)}</div>
          ${this.#uploads?.ring(this.shape)}
          <button part="trigger" type="button" aria-label=${this.#text(url ? 'change' : 'pick', label)}
            aria-describedby="status error" ?disabled=${this.#isOff} @click=${this.pick}>
            <span class="badge"><slot name="icon">${icon(url ? PENCIL : PLUS)}</slot></span>
          </button>
        </div>
        ${this.#renderLine(url)}
        <slot name="hint"></slot>
        <input type="file" hidden .accept=${this.accept} capture=${this.capture ?? nothing}
          @click=${stop} @input=${stop} @change=${this.#onPick}>
      </div>`;
  }

  #renderPicture(url: string | null): TemplateResult {
    if (url)
      return html`<img part="image" src=${url} alt=${this.alt}
      @load=${() => this.#present.displayed()} @error=${() => this.#present.broken(url)}>`;
    if (this.initials) return html`<span part="initials" aria-hidden="true">${this.initials}</span>`;
    return html`<slot name="placeholder">${icon(PERSON, 'placeholder')}</slot>`;
  }

  #renderLine(url: string | null): TemplateResult {
    const uploads = this.#uploads;
    const button = (name: string, act: () => unknown) =>
      html`<button part="${name}-button" type="button" @click=${act}>${this.#text(name)}</button>`;
    const error = this.#error;
    const status = uploads?.status ?? 'idle';
    const resting = status === 'idle' && (url || error || this.#has('loading'));
    const removable =
      this.#picture.exists(this.src) && this.avatarUrl && !this.noRemove && !this.#isOff && /idle|success/.test(status);
    return html`
      <p class="line">
        <span id="status" part="status" role="status" dir="auto">${resting ? nothing : (uploads?.line ?? this.#text(status))}</span>
        <span id="error" part="error" role="alert" dir="auto">${error && (uploads?.sentence(error) ?? this.#text('network'))}</span>
        ${this.#again && !this.#isOff ? button('retry', this.retry) : nothing}
        ${uploads?.editable && !this.#isOff ? button('edit', () => uploads.edit().catch(() => {})) : nothing}
        ${uploads?.open ? button('cancel', this.cancel) : nothing}
        ${removable ? button('remove', () => this.removeAvatar().catch(() => {})) : nothing}
      </p>`;
  }

  #text(key: string, label = ''): string {
    // Codes come from outside: `constructor` is a key of any object.
    const words: unknown = this.messages?.[key] ?? this.#words[key];
    return typeof words === 'string' ? words.replace('{label}', () => label) : '';
  }

  /** Address of the picture on show. */
  get #url(): string | null {
    return this.#has('removing') ? null : this.#picture.url(this.src);
  }

  get #isOff(): boolean {
    return this.disabled || this.matches(':disabled');
  }

  #has(state: string): boolean {
    return this.#states.has(state);
  }

  #toggle(state: string, on: boolean): void {
    if (this.#has(state) === on) return;
    this.#states[on ? 'add' : 'delete'](state);
    this.requestUpdate();
  }

  readonly #emit: Emit = (type, detail) => {
    const cancelable = /accept|remove$/.test(type);
    const event = new CustomEvent(type, { detail, cancelable, bubbles: true, composed: true });
    return this.dispatchEvent(event);
  };

  #become(state: State): void {
    const previous = this.#state;
    this.#enter(state);
    if (state !== previous) this.#emit('flare-statechange', { state, previous });
  }

  #enter(state: State): void {
    this.#toggle(this.#state, false);
    this.#toggle(state, true);
    this.#state = state;
  }

  #fail(error: AvatarUploadError, again: () => Promise<unknown>): void {
    this.#show(error, again);
    this.#become('error');
    // A listener may have begun something else by now.
    if (this.#error === error) this.#emit('flare-error', { error });
    this.#onIntent();
  }

  #failLoad(error: AvatarUploadError): void {
    // What the user is doing matters more.
    if (!this.#uploads?.open || this.#error?.phase === 'load') this.#fail(error, () => this.refresh());
  }

  #show(error: AvatarUploadError | null, again?: () => Promise<unknown>): void {
    this.#error = error;
    this.#again = again ?? null;
    this.requestUpdate();
  }

  #rest(): void {
    this.#show(null);
    this.#become('idle');
  }

  #setValue(value: string | null): void {
    this.#value = value ?? '';
    this.#internals.setFormValue(value || null);
    this.#validate();
  }

  #validate(): void {
    const missing = this.required && !this.#value && !this.#picture.exists(this.src);
    const trigger = this.shadowRoot?.querySelector('button') ?? undefined;
    this.#internals.setValidity({ valueMissing: missing }, missing ? this.#text('required') : '', trigger);
    if (!missing) this.#toggle('user-invalid', false);
  }

  /** Loads what using the element needs; once. */
  #load(phase: Phase): Promise<Uploads> {
    this.#uploadsLoad ??= import('./field/upload-session.js').then(({ Uploads, en }) => {
      this.#words = { ...en, ...restingMessages };
      this.requestUpdate();
      this.#uploads = new Uploads(this.#host, this.#present);
      return this.#uploads;
    });
    return this.#uploadsLoad.catch((cause: unknown) => {
      this.#uploadsLoad = null;
      throw new AvatarUploadError('network', phase, { cause });
    });
  }

  /** Does something with the uploads once they are loaded, unless more has been asked for by then. */
  async #use<T>(phase: Phase, act: (uploads: Uploads) => Promise<T>, file?: File): Promise<T> {
    const turn = ++this.#turn;
    this.#waiting = file;
    const uploads = await this.#load(phase).catch((error: AvatarUploadError) => {
      if (turn === this.#turn) this.#fail(error, () => this.#use(phase, act, file));
      throw error;
    });
    const isLast = turn === this.#turn;
    if (isLast) this.#waiting = undefined;
    if (!isLast || this.#isOff) throw new AvatarUploadError('aborted', phase);
    return act(uploads);
  }

  /** A file that the user has chosen, in whatever way. */
  #take(file: File): void {
    this.#use('pick', (uploads) => uploads.take(file), file).catch(() => {});
  }

  /** Ends what is under way, without a word. */
  #stop(): void {
    this.#turn++;
    this.#waiting = undefined;
    this.#toggle('dragover', false);
    this.#uploads?.stop();
  }

  readonly #onIntent = (): void => {
    this.#load('pick').catch(() => {});
  };

  /** Files that are dragged over the element, dropped on it or pasted into it. */
  readonly #onTransfer = (event: Event): void => {
    const { type, dataTransfer, clipboardData, relatedTarget } = event as DragEvent & ClipboardEvent;
    const data = dataTransfer ?? clipboardData;
    if (this.#isOff || (clipboardData ? this.noPaste : this.noDrop) || !data?.types.includes('Files')) return;
    event.preventDefault();
    // Moving onto a child leaves the parent too.
    this.#toggle('dragover', type === 'dragover' || (type === 'dragleave' && this.contains(relatedTarget as Node)));
    const file = data.files[0];
    if (file && /drop|paste/.test(type)) this.#take(file);
  };

  readonly #onPick = (event: Event): void => {
    const input = event.target as HTMLInputElement;
    const file = input.files?.[0];
    // So that the same file can be picked again.
    input.value = '';
    if (file) this.#take(file);
  };
}

const stop = (event: Event): void => event.stopPropagation();

const PLUS = 'M12 5v14M5 12h14';
const PENCIL = 'M4 20l1-4L16 5l3 3L8 19zM13.5 7.5l3 3';
const PERSON = 'M16 10a4 4 0 1 1-8 0 4 4 0 0 1 8 0zM4 24a8 8 0 0 1 16 0z';
const icon = (path: string, part = ''): TemplateResult =>
  html`<svg part=${part} viewBox="0 0 24 24" aria-hidden="true"><path d=${path} /></svg>`;
