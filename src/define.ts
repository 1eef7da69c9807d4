import type { AvatarUploadEventMap } from './events.js';
import { FlareAvatarUpload } from './flare-avatar-upload.js';

declare global {
  /** The events bubble: a listener on any element, on the document or on the window may get them. */
  interface GlobalEventHandlersEventMap extends AvatarUploadEventMap {}
  interface HTMLElementTagNameMap {
    'flare-avatar-upload': FlareAvatarUpload;
  }
}

const NAME = 'flare-avatar-upload';
// Loaded twice, by two scripts or in two versions: the first one stays.
if (!customElements.get(NAME)) customElements.define(NAME, FlareAvatarUpload);
else console.warn(`${NAME} is defined twice.`);

export { AvatarUploadError } from './core/errors.js';
export { registerLocale } from './i18n/language.js';
export { FlareAvatarUpload };
