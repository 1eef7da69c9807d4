import type { MiddlewareHandler } from 'hono';

/** How much of an unread body is read before the rest is canceled: bytes, and milliseconds. */
const DRAIN_LIMIT = { bytes: 2 ** 20, ms: 1000 };

/**
 * Reads a request body that no handler has read to its end, within limits. If
 * such a body is canceled at once, workerd closes the connection, and the next
 * request on it may fail.
 *
 * @example
 * ```ts
 * app.use(drainBody());
 * ```
 */
export function drainBody(): MiddlewareHandler {
  return async function drainBody(c, next) {
    await next();
    const { body } = c.req.raw;
    if (body && !body.locked) await discardStream(body);
  };
}

async function discardStream(body: ReadableStream<Uint8Array>): Promise<void> {
  const reader = body.getReader();
  const cancelReader = () => reader.cancel().catch(() => {});
  const timer = setTimeout(cancelReader, DRAIN_LIMIT.ms);
  try {
    for (let length = 0; length <= DRAIN_LIMIT.bytes; ) {
      const { value } = await reader.read();
      if (!value) break;
      length += value.byteLength;
    }
  } catch {
    // The client has disconnected.
  }
  clearTimeout(timer);
  await cancelReader();
}
