import { ERROR_CODES, type ErrorCodeInfo } from '../core/error-codes.js';
import { isAboutUpload, isKnownCode } from '../core/error-info.js';
import type { AvatarUploadError } from '../core/errors.js';
import type { Settings } from '../settings.js';
import { fillText, formatSize } from './format-text.js';
import type { Translation } from './messages.js';

type TextSettings = Pick<Settings, 'messages' | 'maxFileSize'>;

/** The sentence that tells the user what went wrong. */
export function formatError(error: AvatarUploadError, settings: TextSettings, translation: Translation): string {
  const { code, phase, messageKey } = error;
  const { getText } = translation;
  const isMisleading = (phase === 'load' || phase === 'remove') && isAboutUpload(error);
  const text = isMisleading
    ? ''
    : getExactText(settings, translation, code, messageKey) || getText(getDefaultKey(code));
  const limit = formatSize(settings.maxFileSize, translation);
  return fillText(text || getText(`${phase}_failed`) || getText('failed'), { limit });
}

/** The text of a key, or a more exact one. A page's own text for the key comes before the built-in exact one. */
export function getExactText(
  { messages }: TextSettings,
  { getText }: Translation,
  key: string,
  exactKey: string | undefined,
): string {
  const isOverridden = messages?.[key] !== undefined && messages[exactKey ?? ''] === undefined;
  return (!isOverridden && exactKey && getText(exactKey)) || getText(key);
}

function getDefaultKey(code: string): string {
  const info: ErrorCodeInfo | null = isKnownCode(code) ? ERROR_CODES[code] : null;
  return info?.message ?? '';
}
