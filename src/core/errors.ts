import type { ClientErrorCode, KnownErrorCode } from './error-codes.js';

export type { ClientErrorCode };

/** The step in which something failed. */
export type Phase = 'pick' | 'prepare' | 'presign' | 'put' | 'commit' | 'load' | 'remove';

/** Every code that the package uses; a back end or a `validate` hook may use others. */
export type ErrorCode = KnownErrorCode | (string & {});

/** Details of a failure besides its code and phase. */
export interface ErrorDetails {
  /** HTTP status, if there was a response. */
  status?: number | undefined;
  /** What the developer can do about it. */
  hint?: string | undefined;
  /** The exception behind the failure. Only its name and its message, without URLs, are kept. */
  cause?: unknown;
  /** Seconds that the server asks to wait before the next try. */
  retryAfter?: number | undefined;
  /**
   * True if sending the same request again may succeed.
   * @defaultValue depends on the code
   */
  retryable?: boolean | undefined;
  /** Key of a message that describes the failure more precisely than the code's own. */
  messageKey?: string | undefined;
}

/**
 * The codes that are `retryable` in ERROR_CODES. They are repeated here, and
 * compared by a test, because the element loads this file at once, and that
 * table only with the upload.
 */
const RETRYABLE = /^(network|timeout|rate_limited|internal|unavailable|upload_expired)$/;

/** The sentence for a lost connection: the only one that is needed before the others are loaded. */
export const NETWORK_SENTENCE = 'Connection lost. Check your network, then try again.';

type DescribeError = (code: string, phase: Phase) => string;

let describeError: DescribeError = () => NETWORK_SENTENCE;

/** Sets how errors get their message: the sentences are loaded later than this file. */
export const setErrorDescriber = (describe: DescribeError): void => {
  describeError = describe;
};

/**
 * A failed upload, load or removal. Its message is a sentence in English for
 * the user; what a developer needs is in its fields. Neither the message nor its cause ever
 * contains a URL, a request or a response: presigned URLs are secrets.
 *
 * @example
 * ```ts
 * try {
 *   await uploadAvatar(blob);
 * } catch (error) {
 *   if (error instanceof AvatarUploadError && error.code === 'unauthorized') showSignIn();
 * }
 * ```
 */
export class AvatarUploadError extends Error {
  override name = 'AvatarUploadError';
  /** HTTP status, if there was a response. */
  declare readonly status?: number | undefined;
  /** What the developer can do about it. */
  declare readonly hint?: string | undefined;
  /** Seconds that the server asks to wait before the next try. */
  declare readonly retryAfter?: number | undefined;
  /** True if sending the same request again may succeed. */
  declare readonly retryable: boolean;
  /** Key of a message that describes the failure more precisely than the code's own. */
  declare readonly messageKey?: string | undefined;

  constructor(
    readonly code: ErrorCode,
    readonly phase: Phase,
    { cause, retryable = RETRYABLE.test(code), ...details }: ErrorDetails = {},
  ) {
    super(describeError(code, phase), cause ? { cause: removeUrls(cause) } : {});
    Object.assign(this, details, { code, phase, retryable });
  }

  /** Returns a copy of this error in which the given fields are replaced, and all others are kept. */
  with({ code = this.code, ...details }: ErrorDetails & { code?: ErrorCode }): AvatarUploadError {
    return new AvatarUploadError(code, this.phase, { ...this, cause: this.cause, ...details });
  }
}

/** Longest message of another error that is kept, in characters. */
const MAX_MESSAGE_LENGTH = 500;

/** Returns an error with the same name and message, cut, in which any word with a slash or a query is replaced. */
function removeUrls(cause: unknown): Error {
  const { name, message } = cause instanceof Error ? cause : new Error(String(cause));
  const clean = new Error(
    // Cut first, and word by word: a pattern that looks for the beginning of a word is quadratic in its length.
    message.slice(0, MAX_MESSAGE_LENGTH).replace(/\S+/g, (word) => (/[/?&]/.test(word) ? '[URL]' : word)),
  );
  clean.name = name;
  return clean;
}
