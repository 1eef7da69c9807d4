/**
 * Every error code of the package and the back end: the one table that says
 * what a code means. The client, the server, the OpenAPI document, the
 * conformance check and the pages in docs/errors read it.
 */

/**
 * What an error is about, and so where its text makes sense:
 * - `file`: the picked file, which is rejected before the first request.
 * - `upload`: an upload. Its text says nothing about a load or a removal.
 * - `request`: the user's permissions, the request, or the state of the server.
 * - `connection`: no response arrived, or the request was aborted.
 */
export type ErrorScope = 'file' | 'upload' | 'request' | 'connection';

/** What is known about an error code. */
export interface ErrorCodeInfo {
  /** HTTP status that the API answers with. Codes without one arise in the browser. */
  readonly status?: number;
  /** Sending the same request again may succeed. */
  readonly retryable?: true;
  /** The same upload would fail the same way again: `retry()` starts with a new presigned URL. */
  readonly final?: true;
  readonly scope: ErrorScope;
  /** Key of the default text in `messages`, where that is not the code itself. */
  readonly message?: string;
}

/** The first code of a status stands for that status, where a back end sends no code. */
export const ERROR_CODES = {
  invalid_request: { status: 400, final: true, scope: 'request' },
  digest_required: { status: 400, final: true, scope: 'upload', message: 'failed' },
  bad_key: { status: 400, final: true, scope: 'upload', message: 'failed' },
  unauthorized: { status: 401, scope: 'request' },
  forbidden_origin: { status: 403, scope: 'request' },
  forbidden: { status: 403, scope: 'request', message: 'forbidden_origin' },
  not_found: { status: 404, final: true, scope: 'request' },
  method_not_allowed: { status: 405, final: true, scope: 'request', message: 'failed' },
  not_uploaded: { status: 409, final: true, scope: 'upload' },
  upload_expired: { status: 410, retryable: true, final: true, scope: 'upload' },
  too_large: { status: 413, final: true, scope: 'upload' },
  unsupported_type: { status: 415, final: true, scope: 'upload' },
  invalid_image: { status: 422, final: true, scope: 'upload' },
  mismatch: { status: 422, final: true, scope: 'upload' },
  moderated: { status: 422, final: true, scope: 'upload' },
  rate_limited: { status: 429, retryable: true, scope: 'request' },
  internal: { status: 500, retryable: true, scope: 'request' },
  unavailable: { status: 503, retryable: true, scope: 'request' },

  network: { retryable: true, scope: 'connection' },
  timeout: { retryable: true, scope: 'connection' },
  aborted: { scope: 'connection' },
  bad_response: { scope: 'request' },
  storage_refused: { final: true, scope: 'upload' },
  file_too_large: { scope: 'file' },
  file_type: { scope: 'file' },
  file_empty: { scope: 'file' },
  file_changed: { scope: 'file' },
  decode_failed: { scope: 'file' },
  camera_denied: { scope: 'request' },
  camera_missing: { scope: 'request' },
  camera_failed: { scope: 'request' },
} as const satisfies Record<string, ErrorCodeInfo>;

/** Every code that the package itself uses. */
export type KnownErrorCode = keyof typeof ERROR_CODES;

/** Codes of the HTTP API: those with a status. */
export type ApiErrorCode = {
  [Code in KnownErrorCode]: (typeof ERROR_CODES)[Code] extends { status: number } ? Code : never;
}[KnownErrorCode];

/** Codes that arise in the browser. */
export type ClientErrorCode = Exclude<KnownErrorCode, ApiErrorCode>;
