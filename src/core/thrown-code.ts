import type { ErrorCode } from './errors.js';

/** Returns the code for an exception from a page's own function: `network` for what a failed `fetch` throws. */
export function getThrownCode(cause: unknown): ErrorCode {
  const { name, message } = cause instanceof Error ? cause : new Error();
  if (name === 'TimeoutError') return 'timeout';
  // The messages of Chromium, Firefox, Safari and Node. Any other TypeError is a bug in the page.
  return name === 'TypeError' && /fetch|network|load failed|connection|input stream/i.test(message)
    ? 'network'
    : 'internal';
}
