/**
 * Everything that an element does besides displaying the first picture: loaded
 * on the first sign that it will be used, or when its picture fails or changes.
 */
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { describeErrors } from '../core/error-sentences.js';
import { en } from '../i18n/en.js';
import { FieldTranslation } from '../i18n/field-translation.js';
import { formatError } from '../i18n/format-error.js';
import type { Language } from '../i18n/language.js';
import type { Settings } from '../settings.js';
import { adoptStyles } from '../view/adopt-styles.js';
import { Countdown } from '../view/countdown.js';
import { feedbackStyles } from '../view/feedback.styles.js';
import { styles } from '../view/field.styles.js';
import { renderButton } from '../view/field-template.js';
import { renderProgressRing } from '../view/progress-ring.js';
import { renderStatus } from '../view/status-line.js';
import type { AvatarWatcher } from './avatar-watcher.js';
import { CurrentAvatar } from './current-avatar.js';
import { deriveView, type FieldView } from './derive-view.js';
import { DisplayedImage } from './displayed-image.js';
import type { FieldStore } from './field-store.js';
import { reduce } from './reduce.js';
import { SubmitHold } from './submit-hold.js';
import { UploadSession } from './upload-session.js';

/** The element, as its engine knows it. */
type FieldElement = ReactiveControllerHost & HTMLElement & Settings & { form: HTMLFormElement | null };

/** Owns the upload session and the current avatar of one element, and renders what they do. */
export class FieldEngine implements ReactiveController {
  readonly currentAvatar: CurrentAvatar;
  readonly session: UploadSession;
  readonly #hold: SubmitHold;
  readonly #translation: FieldTranslation;
  readonly #image: DisplayedImage;
  readonly #countdown = new Countdown(() => this.element.requestUpdate());
  /** The inner element that had the focus before an update. */
  #focused: Element | null = null;

  constructor(
    private readonly element: FieldElement,
    private readonly store: FieldStore,
    watcher: AvatarWatcher,
    language: Language,
    private readonly isDisabled: () => boolean,
  ) {
    describeErrors();
    language.english = en;
    this.#translation = new FieldTranslation(language);
    store.reducer = reduce;
    store.deriveView = deriveView;
    this.#image = new DisplayedImage(element, watcher);
    this.currentAvatar = new CurrentAvatar(element, store, this.#image, watcher);
    this.session = new UploadSession(element, store, this.currentAvatar, {
      translation: this.#translation,
      isDisabled,
    });
    this.#hold = new SubmitHold(element, store);
    element.addController(this);
  }

  /** The form was reset. */
  reset(): Promise<void> {
    this.#hold.clear();
    this.store.setFacts({ isUserInvalid: false });
    return this.currentAvatar.refresh();
  }

  readonly #onImageLoad = (): void => this.currentAvatar.handleLoadedImage();

  hostUpdate(): void {
    this.#focused = this.element.shadowRoot?.activeElement ?? null;
  }

  hostUpdated(): void {
    const root = this.element.shadowRoot as ShadowRoot;
    for (const sheet of [styles, feedbackStyles]) adoptStyles(root, sheet);
    // `load` events don't bubble.
    root.addEventListener('load', this.#onImageLoad, true);
    this.#countdown.follow(this.#view.wait);
    describeTrigger(this.element, root);
    // A button that has done its work is removed with the focus on it: the trigger gets it.
    if (this.#focused && !this.#focused.isConnected) this.element.focus();
  }

  /** The address of the image to display, or null. */
  getImageUrl(picture: Blob | string | null): string | null {
    const isRemoving = this.store.snapshot.activity.kind === 'removing';
    return isRemoving ? null : this.#image.getUrl(picture, this.#view.preview);
  }

  renderProgressRing(): unknown {
    return renderProgressRing(this.#view, this.element.shape, this.#translation);
  }

  renderStatus(): unknown {
    const held = this.#hold.isHolding && this.#translation.getText('held');
    return renderStatus(this.#view, this.#translation, held || '');
  }

  /** What went wrong, and what follows from it for the form. */
  formatError(): string | null {
    const { error } = this.#view;
    const sentences = [
      error && formatError(error, this.element.maxFileSize, this.#translation),
      this.#hold.isDropped && this.#translation.getText('not_submitted'),
    ];
    return sentences.filter(Boolean).join(' ') || null;
  }

  renderButtons(): unknown {
    const { canRetry, canCancel } = this.#view;
    const { session } = this;
    const isOn = !this.isDisabled();
    const button = (name: string, isShown: boolean, act: () => void) =>
      renderButton(name, isShown && this.#translation.getText(name), act);
    return [
      button('retry', canRetry && isOn, () => session.retry()),
      button('edit', isOn && session.canEdit, () => session.edit()),
      button('cancel', canCancel, () => session.cancel()),
    ];
  }

  get #view(): FieldView {
    return deriveView(this.store.snapshot);
  }
}

/** The elements that describe the whole control describe its button, too: it is what has the focus. */
function describeTrigger({ ariaDescribedByElements }: Element, root: ShadowRoot): void {
  const trigger = root.querySelector('button') as HTMLButtonElement;
  const others = ariaDescribedByElements ?? [];
  // The attribute names what is in the shadow root, and nothing else.
  if (others.length === 0) trigger.setAttribute('aria-describedby', 'status error');
  else trigger.ariaDescribedByElements = [...root.querySelectorAll('#status, #error'), ...others];
}
