import { AvatarUploadError, type ErrorDetails } from '../core/errors.js';
import { isCameraAllowed } from './is-camera-allowed.js';

const INSECURE = 'Browsers offer the camera only on https and on localhost.';
const FORBIDDEN = 'Allow it in the Permissions-Policy header, and in the allow attribute of iframes: camera.';

const createError = (code: string, details: ErrorDetails): AvatarUploadError =>
  new AvatarUploadError(code, 'pick', details);

/** The page can't ask for a camera. */
export const createInsecureError = (): AvatarUploadError =>
  createError('camera_denied', { messageKey: 'camera_insecure', hint: INSECURE });

/** The camera was unplugged, or the system took it away. */
export const createUnpluggedError = (): AvatarUploadError =>
  createError('camera_failed', { messageKey: 'camera_unplugged' });

/** The camera is on, and its video can't be played. */
export const createPlaybackError = (cause: unknown): AvatarUploadError => createError('camera_failed', { cause });

/** The error for what `getUserMedia` rejects with. Other failures have the same names, and other meanings. */
export function toCameraError(cause: unknown): AvatarUploadError {
  if (cause instanceof AvatarUploadError) return cause;
  const { name } = cause as Error;
  if (name === 'NotAllowedError' || name === 'SecurityError') {
    return createError('camera_denied', {
      cause,
      ...(!isCameraAllowed() && { messageKey: 'camera_forbidden', hint: FORBIDDEN }),
    });
  }
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return createError('camera_missing', { cause });
  // Chromium and Firefox reject with these if another app has the camera.
  const isInUse = name === 'NotReadableError' || name === 'AbortError';
  return createError('camera_failed', { cause, ...(isInUse && { messageKey: 'camera_in_use' }) });
}
