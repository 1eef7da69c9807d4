/** The class, not defined as a tag. */
export type * from './events.js';
export { FlareAvatarUpload } from './flare-avatar-upload.js';
export { registerLocale } from './i18n/language.js';
export type { LocaleMessages, MessageKey, Messages, Texts } from './i18n/messages.js';
