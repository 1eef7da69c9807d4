/**
 * Whether the browser may report no progress of an upload: it reports none of a request that the page's service worker
 * has answered.
 */
export function mayHideProgress(): boolean {
  try {
    return Boolean(globalThis.navigator?.serviceWorker?.controller);
  } catch {
    // In a sandboxed frame, where there is no service worker.
    return false;
  }
}
