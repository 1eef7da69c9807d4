/**
 * Uploads that outlive their page: the next page of the same tab commits what
 * had arrived when a page was left. Only the upload's key and its expiry are
 * stored, never a URL that grants anything.
 */
import type { UploadSettings } from '../settings.js';
import { PENDING_COMMITS } from './has-pending-commit.js';

export interface PendingCommit {
  /** Names the upload. */
  key: string;
  /** Milliseconds since 1970. */
  until: number;
}

/** A back end accepts a commit for this many milliseconds. */
const COMMIT_WINDOW = 600_000;

export function rememberCommit(settings: UploadSettings, key: string): void {
  updatePendingCommit(settings, { key, until: Date.now() + COMMIT_WINDOW });
}

export function forgetCommit(settings: UploadSettings): void {
  updatePendingCommit(settings, undefined);
}

/** Forgets the upload that an earlier page has left behind, and returns it if the back end may still commit it. */
export function takePendingCommit(settings: UploadSettings): PendingCommit | null {
  const pending = readAll()[getBackEnd(settings)];
  forgetCommit(settings);
  return pending && pending.until > Date.now() ? pending : null;
}

/** Remembers an upload, or forgets it. */
export function updatePendingCommit(settings: UploadSettings, pending: PendingCommit | undefined): void {
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
