import { html, nothing, type TemplateResult } from 'lit';
import type { FieldView } from '../field/derive-view.js';
import type { GetText } from '../i18n/messages.js';
import type { Settings } from '../settings.js';

/** What the template shows. */
export interface FieldModel {
  readonly settings: Settings;
  readonly view: FieldView;
  /** Address of the displayed image, or null. */
  readonly url: string | null;
  readonly label: string;
  readonly isDisabled: boolean;
  readonly canEdit: boolean;
  readonly canRemove: boolean;
  readonly status: unknown;
  readonly error: string | null;
  readonly progressRing: unknown;
  readonly getText: GetText;
}

/** What the template's controls do. */
export interface FieldActions {
  pick(): void;
  selectFile(event: Event): void;
  retry(): void;
  edit(): void;
  cancel(): void;
  remove(): void;
  imageLoaded(): void;
  imageBroken(url: string): void;
}

/** The element at rest; progress and errors are passed in by what is loaded later. */
export function renderField(model: FieldModel, actions: FieldActions): TemplateResult {
  const { settings, url, label, isDisabled, getText } = model;
  const action = getText(url ? 'change' : 'pick').replace('{label}', () => label);
  return html`
    <div part="base" role="group" aria-label=${label}>
      <div class="frame">
        <div class="picture">${renderPicture(model, actions)}</div>
        ${model.progressRing}
        <button part="trigger" type="button" aria-label=${action}
          aria-describedby="status error" ?disabled=${isDisabled} @click=${actions.pick}>
          <span class="badge"><slot name="icon">${renderIcon(url ? PENCIL : PLUS)}</slot></span>
        </button>
      </div>
      ${renderLine(model, actions)}
      <slot name="hint"></slot>
      <input type="file" hidden .accept=${settings.accept} capture=${settings.capture ?? nothing}
        @click=${stopPropagation} @input=${stopPropagation} @change=${actions.selectFile}>
    </div>`;
}

function renderPicture({ settings, url }: FieldModel, { imageLoaded, imageBroken }: FieldActions): TemplateResult {
  if (url) {
    return html`<img part="image" src=${url} alt=${settings.alt}
      @load=${imageLoaded} @error=${() => imageBroken(url)}>`;
  }
  const { initials } = settings;
  if (initials) return html`<span part="initials" aria-hidden="true">${initials}</span>`;
  return html`<slot name="placeholder">${renderIcon(PERSON, 'placeholder')}</slot>`;
}

function renderLine(model: FieldModel, actions: FieldActions): TemplateResult {
  const { view, isDisabled, canEdit, canRemove, getText } = model;
  const button = (name: string, isShown: boolean, act: () => void) =>
    isShown && getText(name)
      ? html`<button part="${name}-button" type="button" @click=${act}>${getText(name)}</button>`
      : nothing;
  return html`
    <p class="line">
      <span id="status" part="status" role="status" dir="auto">${model.status}</span>
      <span id="error" part="error" role="alert" dir="auto">${model.error}</span>
      ${button('retry', view.canRetry && !isDisabled, actions.retry)}
      ${button('edit', canEdit && !isDisabled, actions.edit)}
      ${button('cancel', view.canCancel, actions.cancel)}
      ${button('remove', canRemove && !isDisabled, actions.remove)}
    </p>`;
}

const stopPropagation = (event: Event): void => event.stopPropagation();

const PLUS = 'M12 5v14M5 12h14';
const PENCIL = 'M4 20l1-4L16 5l3 3L8 19zM13.5 7.5l3 3';
const PERSON = 'M16 10a4 4 0 1 1-8 0 4 4 0 0 1 8 0zM4 24a8 8 0 0 1 16 0z';

const renderIcon = (path: string, part = ''): TemplateResult =>
  html`<svg part=${part} viewBox="0 0 24 24" aria-hidden="true"><path d=${path} /></svg>`;
