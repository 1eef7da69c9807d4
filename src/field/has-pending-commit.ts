/** Name of the item in session storage: uploads whose bytes have arrived and that are not committed. */
export const UNFINISHED = 'flare-avatar-upload';

/** Whether the page was left in the middle of an upload. */
export function hasUnfinished(): boolean {
  try {
    return sessionStorage.getItem(UNFINISHED) !== null;
  } catch {
    // Storage is forbidden here.
    return false;
  }
}
