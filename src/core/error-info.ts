/**
 * Look-ups in the table of error codes. Codes and statuses may be unknown: they
 * come from back ends, from a page's hooks and from storage.
 */
import { ERROR_CODES, type ErrorCodeInfo, type KnownErrorCode } from './error-codes.js';

/** The fields of an `AvatarUploadError` that decide what happens next. */
interface FailedStep {
  readonly code: string;
  readonly phase: string;
  /** HTTP status, if there was a response. */
  readonly status?: number | undefined;
  readonly retryable: boolean;
}

const TABLE: Readonly<Record<string, ErrorCodeInfo>> = ERROR_CODES;

export const isKnownCode = (code: string): code is KnownErrorCode => Object.hasOwn(ERROR_CODES, code);

/** Returns the first code with exactly this status. 502 and 504, which gateways send, count as 503. */
function findCode(status: number): KnownErrorCode | undefined {
  const listed = status === 502 || status === 504 ? 503 : status;
  return Object.keys(ERROR_CODES)
    .filter(isKnownCode)
    .find((code) => TABLE[code]?.status === listed);
}

/**
 * Returns the code for an HTTP status, for back ends that send no code.
 * @param status - a status below 400 means that the response is unusable.
 */
export function getCodeForStatus(status: number): KnownErrorCode {
  if (status < 400) return 'bad_response';
  return findCode(status) ?? (status < 500 ? 'invalid_request' : 'internal');
}

/** Returns the row of a code, or of the code for its status if the code is unknown. */
export function getErrorInfo(code: string, status = 0): ErrorCodeInfo {
  return ERROR_CODES[isKnownCode(code) ? code : getCodeForStatus(status)];
}

/** Whether the same request may succeed a little later. */
export function isTransientStatus(status: number): boolean {
  const { retryable, final }: ErrorCodeInfo = ERROR_CODES[getCodeForStatus(status)];
  return retryable === true && !final;
}

/**
 * Whether a failed step is retried without asking the user: after a lost
 * connection, a time-out, and the statuses 429, 500, 502, 503 and 504.
 */
export function isRetriedAutomatically({ code, status, retryable }: FailedStep): boolean {
  if (!status) return retryable && getErrorInfo(code).scope === 'connection';
  return findCode(status) !== undefined && isTransientStatus(status);
}

/**
 * Whether the same upload would fail the same way again, so that a retry has to
 * start with a new presigned URL. For a response of an endpoint the status
 * decides, because its code may be unknown; 401, 403 and 429 depend on the user
 * and the time, and are never final. For a failed PUT the code decides, because
 * `storage_refused` comes with any status.
 */
export function isFinalForUpload({ code, phase, status }: FailedStep): boolean {
  const isPut = phase === 'put';
  // The presigned URL is not a valid URL.
  if (isPut && code === 'bad_response') return true;
  return getErrorInfo(status && !isPut ? getCodeForStatus(status) : code).final === true;
}

/** Whether the upload has expired, and may succeed with a new presigned URL. */
export function isExpired({ code }: FailedStep): boolean {
  const { retryable, final } = getErrorInfo(code);
  return retryable === true && final === true;
}

/** Whether an error is about the uploaded picture, and makes no sense for a load or a removal. */
export const isAboutUpload = ({ code }: FailedStep): boolean => getErrorInfo(code).scope === 'upload';
