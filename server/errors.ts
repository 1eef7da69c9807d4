import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { ApiErrorCode, ErrorResponse } from '../src/core/protocol.js';

/** The one table of HTTP statuses by code. */
export const STATUS: Record<ApiErrorCode, ContentfulStatusCode> = {
  invalid_request: 400,
  digest_required: 400,
  bad_key: 400,
  unauthorized: 401,
  forbidden_origin: 403,
  not_found: 404,
  method_not_allowed: 405,
  not_uploaded: 409,
  upload_expired: 410,
  too_large: 413,
  unsupported_type: 415,
  invalid_image: 422,
  mismatch: 422,
  moderated: 422,
  rate_limited: 429,
  internal: 500,
  unavailable: 503,
};

/** A failure that the caller is told about, in a sentence for a person. */
export class ApiError extends Error {
  override name = 'ApiError';

  constructor(
    readonly code: ApiErrorCode,
    message: string,
    /** Response headers to send along: `retry-after`, `allow`. */
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }
}

/** Answers a failure as JSON. */
export function answerError(error: Error, c: Context): Response {
  const known = toApiError(error);
  const body: ErrorResponse = { error: known.message, code: known.code };
  return c.json(body, STATUS[known.code], known.headers);
}

/** What the caller is told: of what is not an `ApiError`, no more than `internal`. */
export function toApiError(error: Error): ApiError {
  if (error instanceof ApiError) return error;
  // Authentication libraries throw it.
  if (error instanceof HTTPException && error.status === 401) return unauthorized();
  return new ApiError('internal', 'Something went wrong on the server. Nothing was lost; please try again.');
}

export const unauthorized = (): ApiError => new ApiError('unauthorized', 'Please sign in first.');

/** The refusal of a file over the limit; the limit is named in MiB. */
export function tooLarge(maxBytes: number): ApiError {
  const limit = Math.round((maxBytes / 2 ** 20) * 10) / 10;
  return new ApiError('too_large', `The file is too large: at most ${limit} MiB.`);
}
