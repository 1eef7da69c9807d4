/**
 * Look-ups in the table of error codes. Codes and statuses come from outside:
 * a back end, a page's hook or the store may use any.
 */
import { ERROR_CODES, type ErrorCodeInfo, type KnownErrorCode } from './error-codes.js';

/** The fields of an `AvatarUploadError` that decide what happens next. */
interface FailedStep {
  readonly code: string;
  readonly phase: string;
  /** HTTP status, where there was an answer. */
  readonly status?: number | undefined;
  readonly retryable: boolean;
}

const TABLE: Readonly<Record<string, ErrorCodeInfo>> = ERROR_CODES;

export const isKnownCode = (code: string): code is KnownErrorCode => Object.hasOwn(ERROR_CODES, code);

/** The first code of exactly this status. Gateways answer 502 and 504 where a server would answer 503. */
function findCode(status: number): KnownErrorCode | undefined {
  const listed = status === 502 || status === 504 ? 503 : status;
  return Object.keys(ERROR_CODES)
    .filter(isKnownCode)
    .find((code) => TABLE[code]?.status === listed);
}

/**
 * The code that stands for an HTTP status, where a back end sends none.
 * @param status - 0 where there was no answer. Below 400 it is one that nobody can use.
 */
export function getCodeForStatus(status: number): KnownErrorCode {
  if (status < 400) return 'bad_response';
  return findCode(status) ?? (status < 500 ? 'invalid_request' : 'internal');
}

/** What is known about a code, or else about the status that it came with. */
export function getErrorInfo(code: string, status = 0): ErrorCodeInfo {
  return ERROR_CODES[isKnownCode(code) ? code : getCodeForStatus(status)];
}

/** Whether a status is a passing condition of the server: the same request may succeed a little later. */
export function isTransientStatus(status: number): boolean {
  const { retryable, final }: ErrorCodeInfo = ERROR_CODES[getCodeForStatus(status)];
  return retryable === true && !final;
}

/**
 * Whether the failed step is repeated without asking the user: after a lost
 * connection or a time-out, and after 429, 500, 502, 503 and 504.
 */
export function isRetriedAutomatically({ code, status, retryable }: FailedStep): boolean {
  if (!status) return retryable && getErrorInfo(code).scope === 'connection';
  return findCode(status) !== undefined && isTransientStatus(status);
}

/**
 * Whether the same upload would fail the same way again. The status decides
 * where an endpoint has answered, because its code may be one of its own: 401,
 * 403 and 429 are about who asks, and when, and never final. Of the store's
 * answers the code decides.
 */
export function isFinalForUpload({ code, phase, status }: FailedStep): boolean {
  const isPut = phase === 'put';
  // The presigned address is not a URL.
  if (isPut && code === 'bad_response') return true;
  return getErrorInfo(status && !isPut ? getCodeForStatus(status) : code).final === true;
}

/** Whether the upload has expired: the same bytes may succeed with a new presigned URL, and only with one. */
export function isExpired({ code }: FailedStep): boolean {
  const { retryable, final } = getErrorInfo(code);
  return retryable === true && final === true;
}

/** Whether an error is about a picture on its way, and says nothing about a load or a removal. */
export const isAboutUpload = ({ code }: FailedStep): boolean => getErrorInfo(code).scope === 'upload';
