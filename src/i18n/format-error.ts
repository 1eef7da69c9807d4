import { ERROR_CODES, type ErrorCodeInfo } from '../core/error-codes.js';
import { isAboutUpload, isKnownCode } from '../core/error-info.js';
import type { AvatarUploadError } from '../core/errors.js';
import { fillText, formatSize, getExactText } from './format-text.js';
import type { Translation } from './messages.js';

/**
 * The sentence that tells the user what went wrong.
 * @param maxFileSize - in bytes.
 */
export function formatError(error: AvatarUploadError, maxFileSize: number, translation: Translation): string {
  const { code, phase, messageKey } = error;
  const { getText } = translation;
  const isMisleading = (phase === 'load' || phase === 'remove') && isAboutUpload(error);
  const text = isMisleading ? '' : getExactText(translation, code, messageKey) || getText(getDefaultKey(code));
  const limit = formatSize(maxFileSize, translation);
  return fillText(text || getText(`${phase}_failed`) || getText('failed'), { limit });
}

function getDefaultKey(code: string): string {
  const info: ErrorCodeInfo | null = isKnownCode(code) ? ERROR_CODES[code] : null;
  return info?.message ?? '';
}
