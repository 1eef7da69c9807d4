import type { Context, MiddlewareHandler } from 'hono';
import { toApiError } from './errors.js';

/** One line of the log, as data: never a URL, a key, a user id or a secret. */
export interface LogEntry {
  level: 'info' | 'error';
  /** What the line tells of: an answered request, a run of the sweep, a hook that failed. */
  event: 'request' | 'sweep' | 'hook';
  [field: string]: unknown;
}

/** Takes the lines. */
export type Log = (entry: LogEntry) => void;

/** One line of JSON per entry, which Workers Logs takes apart into fields. */
export const logToConsole: Log = (entry) =>
  (entry.level === 'error' ? console.error : console.log)(JSON.stringify(entry));

/** Logs the answer to each request of one route: the pattern of its path, never the path itself. */
export function logAnswers(route: string, log: Log): MiddlewareHandler {
  return async (c, next) => {
    const began = Date.now();
    await next();
    const { status } = c.res;
    log({
      level: status === 500 ? 'error' : 'info',
      event: 'request',
      requestId: requestIdOf(c),
      method: c.req.method,
      route,
      status,
      ...(c.error && { code: toApiError(c.error).code }),
      ms: Date.now() - began,
      ...(c.error && status === 500 && { error: describeError(c.error) }),
    });
  };
}

const ids = new WeakMap<Request, string>();

/** Names a request in the log and in its answer: Cloudflare's own name for it, where it has one. */
export function requestIdOf({ req }: Context): string {
  const ray = req.header('cf-ray') ?? '';
  const id = ids.get(req.raw) ?? (/^[\w-]{1,64}$/.test(ray) ? ray : crypto.randomUUID());
  ids.set(req.raw, id);
  return id;
}

/** What may be logged of an error: messages come from anywhere, so what looks like a secret is left out. */
export function describeError(error: unknown): { name: string; message: string } {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { name, message: withoutSecrets(message) };
}

function withoutSecrets(text: string): string {
  return text
    .replace(/\b[a-z][a-z\d+.-]*:\/\/\S+/gi, '<url>')
    .replace(/\b(?:pending|avatars)\/\S+/g, '<key>')
    .replace(/(?=[\w+/=-]*\d)[\w+/=-]{20,}/g, '<…>');
}
