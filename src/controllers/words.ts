import { isAboutUpload } from '../core/error-info.js';
import type { AvatarUploadError, Phase } from '../core/errors.js';
import type { ElementHost } from './host.js';

/** What fails this early means that the file is refused. */
export const isRefusal = (phase: Phase): boolean => phase === 'pick' || phase === 'prepare';

/** A failure in words. */
export function sentence(host: ElementHost, error: AvatarUploadError): string {
  const { code, phase, messageKey: exact } = error;
  const { settings } = host;
  const text = (key: string) => words(host, key, key === code ? exact : '');
  const [unit, factor] = settings.maxFileSize < 2 ** 20 ? ['kB', 2 ** 10] : ['MB', 2 ** 20];
  const limit = `${Math.round((settings.maxFileSize / factor) * 10) / 10} ${unit}`;
  // Before the upload no server had a part in it: `internal` says nothing there.
  const isEmpty = /load|remove/.test(phase) ? isAboutUpload(error) : code === 'internal' && isRefusal(phase);
  const own = isEmpty ? '' : text(code);
  return (own || text(`${phase}_failed`) || text('failed')).replace('{limit}', limit);
}

/** The text of a key, or the one that says it more exactly; a page's own words for the key come before ours. */
export function words({ text, settings }: ElementHost, key: string, exact = ''): string {
  const isOwn = settings.messages?.[key] !== undefined && settings.messages[exact] === undefined;
  return (!isOwn && exact && text(exact)) || text(key);
}
