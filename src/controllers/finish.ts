/**
 * Uploads that outlive their page: what has arrived when a page is left is
 * committed by the next page of the same tab. Kept are the upload's key and its
 * end; never a URL that allows anything.
 */
import { isFinalForUpload } from '../core/error-info.js';
import type { AvatarUploadError } from '../core/errors.js';
import { commitUpload } from '../core/upload-avatar.js';
import { pickUploadOptions, type UploadSettings } from './run.js';
import { UNFINISHED } from './unfinished.js';

interface Unfinished {
  /** Names the upload. */
  key: string;
  /** Milliseconds since 1970. */
  until: number;
}

/** Milliseconds that a back end has for a commit. */
const LIFE = 600_000;

/** Remembers what has arrived; null: there is nothing to remember any more. */
export function keep(settings: UploadSettings, key: string | null): void {
  try {
    const all = read();
    const name = backEndOf(settings);
    if (key === null) delete all[name];
    else all[name] = { key, until: Date.now() + LIFE };
    if (Object.keys(all).length > 0) sessionStorage.setItem(UNFINISHED, JSON.stringify(all));
    else sessionStorage.removeItem(UNFINISHED);
  } catch {
    // Storage is forbidden, or full: then nothing is remembered.
  }
}

/**
 * Commits what an earlier page has left behind. What can't be committed is
 * forgotten: its time is over, or another user is signed in.
 * @returns the committed key, or null.
 */
export async function finish(settings: UploadSettings, signal: AbortSignal): Promise<string | null> {
  const kept = read()[backEndOf(settings)];
  // Another element of this page must not do it as well.
  keep(settings, null);
  if (!kept || !(kept.until > Date.now())) return null;
  try {
    const { key } = await commitUpload(kept.key, { ...pickUploadOptions(settings), signal });
    return signal.aborted ? null : key;
  } catch (error) {
    if (!signal.aborted && !isFinalForUpload(error as AvatarUploadError)) keep(settings, kept.key);
    return null;
  }
}

function read(): Record<string, Unfinished> {
  try {
    return Object.assign(Object.create(null), JSON.parse(sessionStorage.getItem(UNFINISHED) ?? '{}'));
  } catch {
    return Object.create(null);
  }
}

/** Who is to commit: an address without its query, which may hold a secret. */
function backEndOf({ commit, commitUrl }: UploadSettings): string {
  const { origin, pathname } = new URL(commitUrl, document.baseURI);
  return `${commit ? 'hook ' : ''}${origin}${pathname}`;
}
