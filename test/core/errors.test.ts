import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../../src/core/error-codes.js';
import { describeErrors, ERROR_SENTENCES } from '../../src/core/error-sentences.js';
import { AvatarUploadError } from '../../src/core/errors.js';

describeErrors();

const error = new AvatarUploadError('internal', 'commit', {
  status: 503,
  hint: 'Check the logs.',
  cause: new TypeError('GET https://api.example/x?token=secret failed'),
  retryAfter: 11,
  retryable: false,
  messageKey: 'too_large_animation',
});
const getFields = ({ message, cause, ...fields }: AvatarUploadError) => ({ ...fields, message, cause: String(cause) });

it('returns a copy with some fields replaced, and all others kept', () => {
  expect(error.with({})).toBeInstanceOf(AvatarUploadError);
  expect(getFields(error.with({}))).toEqual(getFields(error));
  expect(getFields(error.with({ hint: 'Sign in.' }))).toEqual({ ...getFields(error), hint: 'Sign in.' });
  expect(getFields(error.with({ code: 'rate_limited' }))).toEqual({
    ...getFields(error),
    code: 'rate_limited',
    message: 'Too many attempts. Wait a moment, then try again.',
  });
});

it('removes URLs from the cause', () => {
  expect(String(error.cause)).toBe('TypeError: GET [URL] failed');
  expect(String(error.with({}).cause)).toBe('TypeError: GET [URL] failed');
});

describe('the message', () => {
  const phases = ['pick', 'prepare', 'presign', 'put', 'commit', 'load', 'remove'] as const;
  const codes = [...Object.keys(ERROR_CODES), 'no_face', 'constructor', '__proto__'];

  it.each(codes)('of %s is a sentence without technical parts, in any phase', (code) => {
    for (const phase of phases) {
      const { message } = new AvatarUploadError(code, phase, { status: 422, cause: new Error('https://a.test/?x') });
      expect(message).toMatch(/^[A-Z][^_/{}]*\.$/);
      expect(message).not.toMatch(/HTTP|\d{3}/);
    }
  });

  it('of an unknown code says what failed', () => {
    expect(new AvatarUploadError('no_face', 'pick').message).toBe(ERROR_SENTENCES.pick_failed);
    expect(new AvatarUploadError('odd', 'load').message).toBe(ERROR_SENTENCES.load_failed);
    expect(new AvatarUploadError('odd', 'commit').message).toBe(ERROR_SENTENCES.failed);
  });
});
