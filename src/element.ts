/** The class, not defined as a tag. */
export type * from './events.js';
export { FlareAvatarUpload } from './flare-avatar-upload.js';
export type { Messages } from './i18n/messages.js';
