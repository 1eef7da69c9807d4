import { AvatarUploadError, type Phase } from './errors.js';

/**
 * Settles like the promise, but rejects as soon as the signal is aborted: a page's hook may never settle.
 * @throws {@link AvatarUploadError} with code `aborted`, if the signal is aborted first.
 */
export async function rejectOnAbort<T>(promise: Promise<T>, signal: AbortSignal, phase: Phase): Promise<T> {
  const settled = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    const abort = () => reject(new AvatarUploadError('aborted', phase));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { signal: settled.signal });
  });
  try {
    return await Promise.race([aborted, promise]);
  } finally {
    settled.abort();
    // After an abort nobody handles a late rejection of the promise.
    promise.catch(() => {});
  }
}

/** @throws {@link AvatarUploadError} with code `aborted`, if the signal is aborted. */
export function throwIfAborted(signal: AbortSignal, phase: Phase): void {
  if (signal.aborted) throw new AvatarUploadError('aborted', phase);
}
