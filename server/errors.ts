import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { type ApiErrorCode, ERROR_CODES } from '../src/core/error-codes.js';
import type { ErrorResponse } from '../src/core/protocol.js';

/**
 * A failure that the caller may know about. Thrown from `authenticate` or
 * `canView`, it becomes the response: `{"error": message, "code": code}` with
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
   */
  constructor(
    readonly code: ApiErrorCode,
    message: string,
    readonly headers: Record<string, string> = {},
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

/** Hono's error handler: responds to a failure with JSON. */
export function toErrorResponse(error: Error, c: Context): Response {
  const { message, code, headers } = toApiError(error);
  const body: ErrorResponse = { error: message, code };
  return c.json(body, ERROR_CODES[code].status, headers);
}

/** The error as the caller sees it. Anything that is not an `ApiError` becomes `internal`, without its message. */
export function toApiError(error: Error): ApiError {
  if (error instanceof ApiError) return error;
  // Authentication libraries throw this one.
  if (error instanceof HTTPException && error.status === 401) return unauthorizedError();
  return new ApiError('internal', 'Something went wrong on the server. Please try again.');
}

export const unauthorizedError = (): ApiError => new ApiError('unauthorized', 'Please sign in first.');

/** @param maxBytes - The limit, which the message names in MiB. */
export const tooLargeError = (maxBytes: number): ApiError => new ApiError('too_large', describeSizeLimit(maxBytes));

/** @param maxBytes - The limit, which the sentence names in MiB. */
export function describeSizeLimit(maxBytes: number): string {
  const limit = Math.round((maxBytes / 2 ** 20) * 10) / 10;
  return `The file is too large. The limit is ${limit} MiB.`;
}
