import type { KnownErrorCode } from './error-codes.js';
import { getErrorInfo, isKnownCode } from './error-info.js';
import { AvatarUploadError, NETWORK_SENTENCE, type Phase, setErrorDescriber } from './errors.js';

/**
 * What went wrong, in English, by code or phase: the `message` of an error, and
 * the element's default texts. Loaded with the code that uploads.
 */
export const ERROR_SENTENCES = {
  network: NETWORK_SENTENCE,
  file_empty: 'This file is empty. Choose another one.',
  file_too_large: 'This file is too large. Choose a smaller one.',
  file_type: 'This file type isn’t supported. Choose a JPEG, PNG, WebP or GIF.',
  file_changed: 'This file was moved or changed. Choose it again.',
  decode_failed: 'Your browser can’t open this picture. Choose another one.',
  camera_denied: 'Camera access is blocked. Allow it in your browser’s settings, then try again.',
  camera_missing: 'No camera was found. Connect one, then try again.',
  camera_failed: 'The camera couldn’t be started. Try again.',
  aborted: 'This action was canceled.',
  pick_failed: 'This file can’t be used. Choose another one.',
  prepare_failed: 'This picture can’t be used. Choose another one.',
  unauthorized: 'You’re signed out. Sign in, then try again.',
  forbidden: 'You don’t have permission to do this. Contact the site owner.',
  forbidden_origin: 'You don’t have permission to do this. Contact the site owner.',
  invalid_request: 'Something went wrong. Reload the page, then try again.',
  bad_response: 'The server sent an unexpected response. Try again later.',
  not_found: 'This service isn’t available. Try again later.',
  not_uploaded: 'The picture didn’t reach the server. Try again.',
  upload_expired: 'The upload took too long. Try again.',
  too_large: 'This picture is too large. Choose a smaller one.',
  unsupported_type: 'This file type isn’t supported. Choose a JPEG or PNG.',
  invalid_image: 'The server couldn’t process this picture. Choose another one.',
  mismatch: 'The picture was damaged during the upload. Try again.',
  moderated: 'This picture isn’t allowed. Choose another one.',
  rate_limited: 'Too many attempts. Wait a moment, then try again.',
  storage_refused: 'The picture couldn’t be saved. Try again later.',
  timeout: 'The connection timed out. Check your network, then try again.',
  internal: 'Something went wrong. Try again later.',
  unavailable: 'The server isn’t available right now. Try again later.',
  load_failed: 'Your picture couldn’t be loaded. Try again.',
  remove_failed: 'Your picture couldn’t be removed. Try again.',
  failed: 'The upload failed. Try again.',
} as const satisfies Partial<Record<KnownErrorCode | `${Phase}_failed` | 'failed', string>>;

const TABLE: Readonly<Record<string, string>> = ERROR_SENTENCES;

/** Gives errors the sentence for their code, or else for their phase. Also errors that were created before. */
export function describeErrors(): void {
  const early = setErrorDescriber((code, phase, cause) => {
    // Codes come from outside: `constructor` is a key of any object.
    const key = [code, `${phase}_failed`].find((name) => Object.hasOwn(TABLE, name));
    const retryable = isKnownCode(code) && getErrorInfo(code).retryable === true;
    const options = cause ? { cause: removeUrls(cause) } : undefined;
    return { message: TABLE[key ?? 'failed'] as string, retryable, options };
  });
  for (const [error, cause, details] of early ?? []) {
    const later = new AvatarUploadError(error.code, error.phase, { ...details, cause });
    Object.assign(error, { message: later.message, cause: later.cause, retryable: later.retryable });
  }
}

/** Longest message of another error that is kept, in characters. */
const MAX_MESSAGE_LENGTH = 500;

/** Returns an error with the same name and message, cut, in which any word with a slash or a query is replaced. */
function removeUrls(cause: unknown): Error {
  const { name, message } = cause instanceof Error ? cause : new Error(String(cause));
  const clean = new Error(
    // Cut first, and word by word: a pattern that looks for the beginning of a word is quadratic in its length.
    message.slice(0, MAX_MESSAGE_LENGTH).replace(/\S+/g, (word) => (/[/?&]/.test(word) ? '[URL]' : word)),
  );
  clean.name = name;
  return clean;
}
