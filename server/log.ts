import { toError } from './errors.js';

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

/**
 * A log that never fails: an entry that the host's log can't take is written to
 * the console. Nothing waits for a log that returns a promise.
 */
export function guardLog(log: Log): Log {
  return (entry) => {
    // Without an await, a log that is not async has its entry at once.
    new Promise((resolve) => resolve(log(entry))).catch(() => logToConsole(entry));
  };
}

/** An error as it may be logged: anything in its message that looks like a secret is replaced. */
export function describeError(error: unknown): { name: string; message: string } {
  const { name, message } = toError(error);
  return { name, message: redactSecrets(String(message)) };
}

function redactSecrets(text: string): string {
  return text
    .replace(/\b[a-z][a-z\d+.-]*:\/\/\S+/gi, '<url>')
    .replace(/\b(?:pending|avatars)\/\S+/g, '<key>')
    .replace(/(?=[\w+/=-]*\d)[\w+/=-]{20,}/g, '<…>');
}
