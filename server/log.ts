import { redactSecrets } from './redact-secrets.js';

/**
 * One entry of the log. It never holds a URL, a key, a user id or a secret.
 *
 * @example
 * ```json
 * {"level":"info","event":"request","requestId":"8f1a…","method":"GET","route":"/me/avatar","status":200,"ms":12}
 * ```
 */
export interface LogEntry {
  level: 'info' | 'error';
  /** What the entry is about: a request, a run of the sweep, or a hook that failed. */
  event: 'request' | 'sweep' | 'hook';
  [field: string]: unknown;
}

/**
 * Receives log entries.
 *
 * @example
 * ```ts
 * createAvatarApi({ authenticate, log: (entry) => logger[entry.level](entry) });
 * ```
 */
export type Log = (entry: LogEntry) => void;

/** Writes each entry as one line of JSON, which Workers Logs splits into fields. */
export const logToConsole: Log = (entry) =>
  (entry.level === 'error' ? console.error : console.log)(JSON.stringify(entry));

/** An error as it may be logged: anything in its message that looks like a secret is replaced. */
export function describeError(error: unknown): { name: string; message: string } {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { name, message: redactSecrets(message) };
}
