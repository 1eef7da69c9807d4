import type { Context } from 'hono';

/**
 * Starts work that continues after the response is sent or the client has
 * disconnected. Errors of the work are ignored.
 * @returns False, without starting the work, if there is no execution context, as in tests.
 */
export function runInBackground(c: Context, work: () => Promise<unknown>): boolean {
  const context = getExecutionContext(c);
  context?.waitUntil(work().catch(() => {}));
  return context !== null;
}

function getExecutionContext(c: Context) {
  try {
    // Hono throws if there is none.
    return c.executionCtx;
  } catch {
    return null;
  }
}
