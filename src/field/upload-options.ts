import type { UploadOptions } from '../core/upload-avatar.js';
import { UPLOAD_SETTINGS, type UploadSettings } from '../settings.js';

/** What `uploadAvatar()` takes of an element's settings, as they are now. */
export const pickUploadOptions = (settings: UploadSettings): UploadOptions =>
  Object.fromEntries(Object.keys(UPLOAD_SETTINGS).map((name) => [name, settings[name as keyof UploadSettings]]));
