import type { ClientErrorCode, KnownErrorCode } from './error-codes.js';

export type { ClientErrorCode };

/** Where in an upload something failed. */
export type Phase = 'pick' | 'prepare' | 'presign' | 'put' | 'commit' | 'load' | 'remove';

/** Every code that is known here; a back end or a `validate` hook may use others. */
export type ErrorCode = KnownErrorCode | (string & {});

/** What is known of a failure besides its code and phase. */
export interface ErrorDetails {
  /** HTTP status, where there was an answer. */
  status?: number | undefined;
  /** What a developer may do about it. */
  hint?: string | undefined;
  /** What was thrown; only its name and its message, without URLs, are kept. */
  cause?: unknown;
  /** Seconds the server asks to wait before the next try. */
  retryAfter?: number | undefined;
  /** Default: by the code. */
  retryable?: boolean | undefined;
  /** Key of a text that says it more exactly than the code's own. */
  messageKey?: string | undefined;
}

/**
 * The codes that are `retryable` in ERROR_CODES. Repeated here, and compared by
 * a test, because a page loads this file at once and the table with the upload.
 */
const RETRYABLE = /^(network|timeout|rate_limited|internal|unavailable|upload_expired)$/;

/**
 * A failed upload, load or removal. Neither its message nor its cause ever
 * holds a URL, a request or a response: presigned URLs are secrets.
 */
export class AvatarUploadError extends Error {
  override name = 'AvatarUploadError';
  readonly status?: number | undefined;
  readonly hint?: string | undefined;
  /** Seconds the server asks to wait before the next try. */
  readonly retryAfter?: number | undefined;
  /** True if sending the same again may succeed. */
  readonly retryable: boolean;
  /** Key of a text that says it more exactly than the code's own. */
  readonly messageKey?: string | undefined;

  constructor(
    readonly code: ErrorCode,
    readonly phase: Phase,
    { status, hint, cause, retryAfter, retryable, messageKey }: ErrorDetails = {},
  ) {
    super(`${phase} failed: ${code}${status ? ` (HTTP ${status})` : ''}`, cause ? { cause: withoutUrls(cause) } : {});
    this.status = status;
    this.hint = hint;
    this.retryAfter = retryAfter;
    this.retryable = retryable ?? RETRYABLE.test(code);
    this.messageKey = messageKey;
  }

  /** A copy of this error with some of its fields replaced, and all the others kept. */
  with({ code = this.code, ...details }: ErrorDetails & { code?: ErrorCode }): AvatarUploadError {
    return new AvatarUploadError(code, this.phase, { ...this, cause: this.cause, ...details });
  }
}

/** The code of something that a page's own function has thrown: a lost connection can be told by what fetch throws. */
export function getThrownCode(cause: unknown): ErrorCode {
  const { name, message } = cause instanceof Error ? cause : new Error();
  if (name === 'TimeoutError') return 'timeout';
  // Chromium, Firefox, Safari, Node; other TypeErrors are mistakes in the page.
  return name === 'TypeError' && /fetch|network|load failed|connection/i.test(message) ? 'network' : 'internal';
}

function withoutUrls(cause: unknown): Error {
  const { name, message } = cause instanceof Error ? cause : new Error(String(cause));
  // Any word with a slash or a query in it may be one.
  const clean = new Error(message.replace(/\S*[/?&]\S+/g, '[URL]'));
  clean.name = name;
  return clean;
}
