import { ERROR_CODES, type ErrorCodeInfo } from '../core/error-codes.js';
import { isAboutUpload, isKnownCode } from '../core/error-info.js';
import type { AvatarUploadError } from '../core/errors.js';
import type { Settings } from '../settings.js';
import type { GetText } from './messages.js';

type TextSettings = Pick<Settings, 'messages' | 'maxFileSize'>;

/** The sentence that tells the user what went wrong. */
export function formatError(error: AvatarUploadError, settings: TextSettings, getText: GetText): string {
  const { code, phase, messageKey } = error;
  const isMisleading = (phase === 'load' || phase === 'remove') && isAboutUpload(error);
  const text = isMisleading ? '' : getExactText(settings, getText, code, messageKey) || getText(getDefaultKey(code));
  return (text || getText(`${phase}_failed`) || getText('failed')).replace('{limit}', formatSize(settings.maxFileSize));
}

/** The text of a key, or a more exact one. A page's own text for the key comes before the built-in exact one. */
export function getExactText(
  { messages }: TextSettings,
  getText: GetText,
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

/** @param bytes - such as 20971520, which gives `20 MB`. */
function formatSize(bytes: number): string {
  const [unit, factor] = bytes < 2 ** 20 ? ['kB', 2 ** 10] : ['MB', 2 ** 20];
  return `${Math.round((bytes / factor) * 10) / 10} ${unit}`;
}
