/** Name of the item in session storage that holds uploads whose bytes have arrived and that are not committed. */
export const PENDING_COMMITS = 'flare-avatar-upload';

/** Whether an earlier page of this tab was left between the end of a PUT and its commit. */
export function hasPendingCommit(): boolean {
  try {
    return sessionStorage.getItem(PENDING_COMMITS) !== null;
  } catch {
    // Storage is not allowed here.
    return false;
  }
}
