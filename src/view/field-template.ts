import { html, nothing, type TemplateResult } from 'lit';

/** The icon of the button over the picture. */
export const renderBadge = (hasPicture: boolean): TemplateResult => renderIcon(hasPicture ? PENCIL : PLUS);

/** What is shown where there is no picture. */
export const renderPlaceholder = (initials: string): TemplateResult =>
  initials
    ? html`<span part="initials" aria-hidden="true">${initials}</span>`
    : html`<slot name="placeholder">${renderIcon(PERSON, 'placeholder')}</slot>`;

/** A button of the status line; nothing if it has no label. */
export const renderButton = (name: string, label: unknown, act: () => void): unknown =>
  label ? html`<button part="${name}-button" type="button" @click=${act}>${label}</button>` : nothing;

const PLUS = 'M12 5v14M5 12h14';
const PENCIL = 'M4 20l1-4L16 5l3 3L8 19zM13.5 7.5l3 3';
const PERSON = 'M16 10a4 4 0 1 1-8 0 4 4 0 0 1 8 0zM4 24a8 8 0 0 1 16 0z';

const renderIcon = (path: string, part = ''): TemplateResult =>
  html`<svg part=${part} viewBox="0 0 24 24" aria-hidden="true"><path d=${path} /></svg>`;
