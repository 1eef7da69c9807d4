/**
 * Uploads that outlive their page: the next page of the same tab commits what
 * had arrived when a page was left. Only the upload's key and its expiry are
 * stored, never a URL that grants anything.
 */
import { isFinalForUpload } from '../core/error-info.js';
import type { AvatarUploadError } from '../core/errors.js';
import { commitUpload } from '../core/upload-avatar.js';
import { pickUploadOptions, type UploadSettings } from '../settings.js';
import { PENDING_COMMITS } from './has-pending-commit.js';

interface PendingCommit {
  /** Names the upload. */
  key: string;
  /** Milliseconds since 1970. */
  until: number;
}

/** A back end accepts a commit for this many milliseconds. */
const COMMIT_WINDOW = 600_000;

export function rememberCommit(settings: UploadSettings, key: string): void {
  update(settings, { key, until: Date.now() + COMMIT_WINDOW });
}

export function forgetCommit(settings: UploadSettings): void {
  update(settings, undefined);
}

/**
 * Commits what an earlier page has left behind. An upload that can't be
 * committed any more is forgotten; one that may succeed later is kept.
 * @returns the committed key, or null.
 */
export async function resumeCommit(settings: UploadSettings, signal: AbortSignal): Promise<string | null> {
  const pending = readAll()[getBackEnd(settings)];
  // Another element of this page must not commit it as well.
  forgetCommit(settings);
  if (!pending || !(pending.until > Date.now())) return null;
  try {
    const { key } = await commitUpload(pending.key, { ...pickUploadOptions(settings), signal });
    return signal.aborted ? null : key;
  } catch (error) {
    if (!signal.aborted && !isFinalForUpload(error as AvatarUploadError)) update(settings, pending);
    return null;
  }
}

function update(settings: UploadSettings, pending: PendingCommit | undefined): void {
  try {
    const all = readAll();
    const backEnd = getBackEnd(settings);
    if (pending) all[backEnd] = pending;
    else delete all[backEnd];
    if (Object.keys(all).length > 0) sessionStorage.setItem(PENDING_COMMITS, JSON.stringify(all));
    else sessionStorage.removeItem(PENDING_COMMITS);
  } catch {
    // Storage is not allowed, or full: nothing is remembered.
  }
}

function readAll(): Record<string, PendingCommit> {
  try {
    return Object.assign(Object.create(null), JSON.parse(sessionStorage.getItem(PENDING_COMMITS) ?? '{}'));
  } catch {
    return Object.create(null);
  }
}

/** Identifies the back end by its commit endpoint, without a query, which may hold a secret. */
function getBackEnd({ commit, commitUrl }: UploadSettings): string {
  const { origin, pathname } = new URL(commitUrl, document.baseURI);
  return `${commit ? 'hook ' : ''}${origin}${pathname}`;
}
