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
  retryable?: boolean;
  /** Key of a message that describes the failure more precisely than the code's own. */
  messageKey?: string | undefined;
}

/** The sentence for a lost connection: the only one that is needed before the others are loaded. */
export const NETWORK_SENTENCE = 'Connection lost. Check your network, then try again.';

/** What is known about an error by its code and phase. */
interface ErrorDescription {
  /** A sentence for the user. */
  readonly message: string;
  readonly retryable: boolean;
  /** With a copy of the exception, without URLs. */
  readonly options?: { cause: Error } | undefined;
}

type DescribeError = (code: string, phase: Phase, cause: unknown) => ErrorDescription;

/** Errors that were created before the tables of codes and sentences were loaded, each with its cause and details. */
type EarlyErrors = [error: AvatarUploadError, cause: unknown, details: ErrorDetails][];
let earlyErrors: EarlyErrors | undefined = [];

// Other errors get their sentence as soon as it is loaded.
let describeError: DescribeError = (code) => ({
  message: code === 'network' ? NETWORK_SENTENCE : 'Try again.',
  retryable: true,
});

/**
 * Sets what is known about errors: the tables are loaded later than this file.
 * @returns the errors to describe anew.
 */
export const setErrorDescriber = (describe: DescribeError): EarlyErrors | undefined => {
  const errors = earlyErrors;
  describeError = describe;
  earlyErrors = undefined;
  return errors;
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
  /** What went wrong: a code of this package, of the back end or of a `validate` hook. */
  declare readonly code: ErrorCode;
  /** The step that failed. */
  declare readonly phase: Phase;
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

  constructor(code: ErrorCode, phase: Phase, { cause: original, ...details }: ErrorDetails = {}) {
    const { message, retryable, options } = describeError(code, phase, original);
    super(message, options);
    earlyErrors?.push([this, original, details]);
    Object.assign(this, { retryable }, details, { code, phase });
  }

  /** Returns a copy of this error in which the given fields are replaced, and all others are kept. */
  with({ code = this.code, ...details }: ErrorDetails & { code?: ErrorCode }): AvatarUploadError {
    return new AvatarUploadError(code, this.phase, { ...this, cause: this.cause, ...details });
  }
}
