import { AvatarUploadError, type Phase } from './errors.js';

/** What a promise gives, or `aborted` as soon as the signal is: hooks may never settle. */
export async function rejectOnAbort<T>(promise: Promise<T>, signal: AbortSignal, phase: Phase): Promise<T> {
  const over = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    const abort = () => reject(new AvatarUploadError('aborted', phase));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { signal: over.signal });
  });
  try {
    return await Promise.race([aborted, promise]);
  } finally {
    over.abort();
    // Whichever of the two comes too late is not waited for.
    promise.catch(() => {});
  }
}

/** @throws {AvatarUploadError} `aborted`, if the signal is. */
export function throwIfAborted(signal: AbortSignal, phase: Phase): void {
  if (signal.aborted) throw new AvatarUploadError('aborted', phase);
}
