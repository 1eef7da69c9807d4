import type { Context } from 'hono';

const requests = new WeakSet<Request>();

/** Marks the request of a health check, for `authenticate`. */
export const markHealthCheck = (c: Context): unknown => requests.add(c.req.raw);

/** Whether this request asks for the health of what a sign-in needs, and not for its user. */
export const isHealthCheck = (c: Context): boolean => requests.has(c.req.raw);
