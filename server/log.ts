import { ApiError, type Dependency, DependencyError, isStoreError, toError } from './errors.js';
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
  /** What the entry is about: a request, a run of the sweep, a hook that failed, or work besides the response that failed. */
  event: 'request' | 'sweep' | 'hook' | 'background';
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

/** An error as it is logged. */
export interface LoggedError {
  name: string;
  message: string;
  cause?: LoggedError;
}

/** How many causes of an error are logged. */
const MAX_CAUSES = 3;

/**
 * An error as it may be logged, with its causes: anything in a message that looks
 * like a secret is replaced. Messages of an `ApiError` are public and stay whole:
 * they name settings, and give addresses as examples.
 */
export function describeError(error: unknown, maxCauses = MAX_CAUSES): LoggedError {
  const { name, message, cause } = toError(error);
  const described = {
    name: redactSecrets(String(name)),
    message: error instanceof ApiError ? message : redactSecrets(String(message)),
  };
  return cause === undefined || maxCauses === 0
    ? described
    : { ...described, cause: describeError(cause, maxCauses - 1) };
}

/** The fields that describe a failure: the error, and what is not available, if that is known. */
export function describeFailure(error: unknown): { dependencies?: readonly Dependency[]; error: LoggedError } {
  const dependencies = error instanceof DependencyError ? error.dependencies : findFailedStore(error);
  return { ...(dependencies && { dependencies }), error: describeError(error) };
}

/** D1 and R2 begin their messages in ways of their own: `D1_ERROR: …`, `put: … (10001)`. */
function findFailedStore(error: unknown): Dependency[] | undefined {
  if (isStoreError(error)) return [error.dependency];
  const message = error instanceof Error ? error.message.slice(0, 1000) : '';
  if (/^D1_[A-Z]+/.test(message)) return ['database'];
  return /^(?:get|head|put|delete|list): .*\(\d+\)$/.test(message) ? ['storage'] : undefined;
}
