import { describe, expect, it } from 'vitest';
import { ERROR_CODES, type ErrorCodeInfo } from '../../src/core/error-codes.js';
import {
  getCodeForStatus,
  getErrorInfo,
  isAboutUpload,
  isExpired,
  isFinalForUpload,
  isRetriedAutomatically,
  isTransientStatus,
} from '../../src/core/error-info.js';
import { describeErrors } from '../../src/core/error-sentences.js';
import { AvatarUploadError, type Phase } from '../../src/core/errors.js';

// As every upload does.
describeErrors();

const rows = Object.entries<ErrorCodeInfo>(ERROR_CODES);
const createError = (status: number, code: string = getCodeForStatus(status), phase: Phase = 'commit') =>
  new AvatarUploadError(code, phase, { status });

describe('a status', () => {
  it.each<[status: number, code: string, isTransient: boolean, isRetried: boolean, isFinal: boolean]>([
    [0, 'bad_response', false, false, false],
    [200, 'bad_response', false, false, false],
    [302, 'bad_response', false, false, false],
    [400, 'invalid_request', false, false, true],
    [401, 'unauthorized', false, false, false],
    [403, 'forbidden_origin', false, false, false],
    [404, 'not_found', false, false, true],
    [405, 'method_not_allowed', false, false, true],
    [409, 'not_uploaded', false, false, true],
    [410, 'upload_expired', false, false, true],
    [413, 'too_large', false, false, true],
    [415, 'unsupported_type', false, false, true],
    [418, 'invalid_request', false, false, true],
    [422, 'invalid_image', false, false, true],
    [429, 'rate_limited', true, true, false],
    [500, 'internal', true, true, false],
    [501, 'internal', true, false, false],
    [502, 'unavailable', true, true, false],
    [503, 'unavailable', true, true, false],
    [504, 'unavailable', true, true, false],
    [599, 'internal', true, false, false],
  ])('%i: %s, transient: %s, retried: %s, final: %s', (status, code, isTransient, isRetried, isFinal) => {
    expect(getCodeForStatus(status)).toBe(code);
    expect(isTransientStatus(status)).toBe(isTransient);
    expect(isRetriedAutomatically(createError(status))).toBe(isRetried);
    expect(isFinalForUpload(createError(status))).toBe(isFinal);
  });

  it.each(['quota_used', 'constructor', '__proto__', 'toString'])('decides what an unknown code means (%s)', (code) => {
    expect(getErrorInfo(code, 422)).toBe(ERROR_CODES.invalid_image);
    expect(getErrorInfo(code, 502)).toBe(ERROR_CODES.unavailable);
    expect(getErrorInfo(code)).toBe(ERROR_CODES.bad_response);
    expect(isFinalForUpload(createError(422, code))).toBe(true);
    expect(isRetriedAutomatically(createError(503, code))).toBe(true);
    expect(isAboutUpload(createError(422, code))).toBe(false);
  });

  it('of 401, 403 or 429 is never final, whatever the code', () => {
    for (const status of [401, 403, 429]) {
      for (const [code] of rows) expect(isFinalForUpload(createError(status, code))).toBe(false);
    }
  });
});

describe('a code', () => {
  it.each(rows)('%s means what its row says', (code, row) => {
    expect(getErrorInfo(code)).toBe(row);
    expect(getErrorInfo(code, 418)).toBe(row);
    const error = new AvatarUploadError(code, 'commit');
    expect(error.retryable).toBe(row.retryable ?? false);
    expect(isFinalForUpload(error)).toBe(row.final ?? false);
    expect(isAboutUpload(error)).toBe(row.scope === 'upload');
    expect(isExpired(error)).toBe(code === 'upload_expired');
    // Without a status there was no response, and only a lost connection is retried.
    expect(isRetriedAutomatically(error)).toBe(code === 'network' || code === 'timeout');
    expect(isRetriedAutomatically(error.with({ retryable: false }))).toBe(false);
  });

  it.each<[code: string, status: number | undefined, isFinal: boolean]>([
    ['storage_refused', 403, true],
    ['bad_response', undefined, true],
    ['upload_expired', undefined, true],
    ['network', undefined, false],
    ['unavailable', 503, false],
    ['rate_limited', 503, false],
  ])('of a failed PUT decides, whatever the status: %s with %s is final: %s', (code, status, isFinal) => {
    expect(isFinalForUpload(new AvatarUploadError(code, 'put', { status }))).toBe(isFinal);
  });
});
