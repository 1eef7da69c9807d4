import type { Context } from 'hono';
import type { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { type ApiErrorCode, ERROR_CODES } from '../src/core/error-codes.js';
import type { ErrorResponse } from '../src/core/protocol.js';

/**
 * A failure that the caller may know about. Thrown from `authenticate`,
 * `canView` or `moderate`, it becomes the response: `{"error": message, "code": code}` with
 * the status of the code.
 *
 * @example
 * ```ts
 * createAvatarApi({
 *   authenticate(c) {
 *     if (isMaintenance) throw new ApiError('unavailable', 'Down for maintenance.', { 'retry-after': '600' });
 *     return currentUser(c);
 *   },
 * });
 * ```
 */
export class ApiError extends Error {
  override name = 'ApiError';

  /**
   * @param code - The error code. It decides the HTTP status.
   * @param message - A sentence for a person.
   * @param headers - Response headers to add, such as `retry-after` or `allow`.
   * @param status - The HTTP status, if it is not the one of the code.
   */
  constructor(
    readonly code: ApiErrorCode,
    message: string,
    readonly headers: Record<string, string> = {},
    readonly status: number = ERROR_CODES[code].status,
  ) {
    super(message);
  }
}

/** What the API depends on. Names the part that fails in the log, and in the response of `/health`. */
export type Dependency = 'settings' | 'database' | 'storage' | 'sign-in';

/** A dependency is not available. The cause is for the log; the caller doesn't see it. */
export class DependencyError extends ApiError {
  constructor(
    readonly dependencies: readonly Dependency[],
    message: string,
    cause?: unknown,
    headers?: Record<string, string>,
  ) {
    super('unavailable', message, headers);
    this.cause = cause;
  }
}

/**
 * A store outside of Cloudflare Workers failed, as `flare-avatar-upload/server/node`
 * reports it. Not an `ApiError`: what it was doing may have taken effect.
 */
export class StoreError extends Error {
  override name = 'StoreError';

  /**
   * @param message - What failed, for the log. It never holds a URL or a secret.
   * @param isTransient - Whether the same request may succeed later.
   */
  constructor(
    readonly dependency: 'database' | 'storage',
    message: string,
    readonly isTransient: boolean,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

/** Hono's error handler: responds to a failure with JSON. */
export function toErrorResponse(error: Error, c: Context): Response {
  const { message, code, headers, status } = toApiError(error);
  const body: ErrorResponse = { error: message, code };
  return c.json(body, status as ContentfulStatusCode, headers);
}

/**
 * The error as the caller sees it. Anything that is neither an `ApiError` nor
 * an `HTTPException` becomes `internal`, without its message.
 */
export function toApiError(error: Error): ApiError {
  if (error instanceof ApiError) return error;
  if (isSchemaError(error)) return schemaError();
  if (isStoreError(error) && error.isTransient) return storeUnavailableError();
  return (isHttpException(error) && fromHttpException(error)) || internalError();
}

/** True for an error of the database about a table, index or column of this package that does not exist. */
export const isSchemaError = (error: unknown): boolean =>
  error instanceof Error &&
  /no such (table|index): flare_avatar_|table flare_avatar_\w+ has no column/.test(error.message);

export const schemaError = (): DependencyError =>
  new DependencyError(
    ['database'],
    'The tables in the database are missing or too old. Apply the migrations: npx wrangler d1 migrations apply DB --remote (in this repository: npm run deploy; without Workers: await migrateDatabase(database)).',
  );

/** (The entry `server/node` may be bundled apart from this one, with a class of its own.) */
export const isStoreError = (error: unknown): error is StoreError =>
  error instanceof Error && error.name === 'StoreError' && 'dependency' in error && 'isTransient' in error;

const storeUnavailableError = () =>
  new ApiError('unavailable', 'Pictures are not available right now. Please try again.', { 'retry-after': '2' });

/** True for errors that say how to respond: those of the API, and Hono's. */
export const isResponseError = (error: unknown): error is Error => error instanceof ApiError || isHttpException(error);

/** An application can have another copy of Hono than this module, and so another class. */
function isHttpException(error: unknown): error is HTTPException {
  return error instanceof Error && 'status' in error && 'getResponse' in error;
}

/** Headers of an exception's own response that are kept. Its body is replaced: every failure has the same form. */
const KEPT_HEADERS = ['www-authenticate', 'retry-after'];

/** Keeps the status, and the message, which Hono would send too. Null for a status that is no failure. */
function fromHttpException({ status, message, res }: HTTPException): ApiError | null {
  if (!Number.isInteger(status) || status < 400 || status > 599 || status === 500) return null;
  const headers = status === 429 ? { 'retry-after': '60' } : {};
  const kept = KEPT_HEADERS.map((name) => [name, res?.headers.get(name)]).filter(([, value]) => value);
  const code = nearestCode(status);
  const fallback = code === 'unauthorized' ? unauthorizedError() : internalError();
  const text = message || (code === 'forbidden' ? 'This is not allowed.' : fallback.message);
  return new ApiError(code, text, { ...headers, ...Object.fromEntries(kept) }, status);
}

/** The codes of the statuses that have several, from the host application's point of view. */
const HOST_CODES: Readonly<Record<number, ApiErrorCode>> = {
  400: 'invalid_request',
  403: 'forbidden',
  422: 'moderated',
};

function nearestCode(status: number): ApiErrorCode {
  const [code] = Object.entries(ERROR_CODES).find(([, info]) => 'status' in info && info.status === status) ?? [];
  if (code !== undefined) return HOST_CODES[status] ?? (code as ApiErrorCode);
  if (status < 500) return 'forbidden';
  return status >= 502 && status <= 504 ? 'unavailable' : 'internal';
}

/** Calls a function of the host application. Whatever it throws arrives as an Error, as Hono needs it. */
export async function callHost<T>(call: () => T | Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (thrown) {
    throw toError(thrown);
  }
}

/** Something that was thrown, as an Error. */
export function toError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  return new Error(typeof thrown === 'string' ? thrown : `A value that is not an Error was thrown: ${typeof thrown}.`);
}

const internalError = () => new ApiError('internal', 'Something went wrong on the server. Please try again.');

export const unauthorizedError = (): ApiError => new ApiError('unauthorized', 'Please sign in first.');

/** Message of `unsupported_type`. */
export const UNSUPPORTED_TYPE = "This file type isn't supported. Choose a JPEG, PNG, WebP or GIF.";

/** @param maxBytes - The limit, which the message names in MiB. */
export const tooLargeError = (maxBytes: number): ApiError => new ApiError('too_large', describeSizeLimit(maxBytes));

/** @param maxBytes - The limit, which the sentence names in MiB. */
export function describeSizeLimit(maxBytes: number): string {
  const limit = Math.round((maxBytes / 2 ** 20) * 10) / 10;
  return `The file is too large. The limit is ${limit} MiB.`;
}
