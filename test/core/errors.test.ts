import { expect, it } from 'vitest';
import { AvatarUploadError } from '../../src/core/errors.js';

const error = new AvatarUploadError('internal', 'commit', {
  status: 503,
  hint: 'Check the logs.',
  cause: new TypeError('GET https://api.example/x?token=secret failed'),
  retryAfter: 11,
  retryable: false,
  messageKey: 'too_large_animation',
});
const fieldsOf = ({ message, cause, ...fields }: AvatarUploadError) => ({ ...fields, message, cause: String(cause) });

it('keeps every field in a copy, except those that are given', () => {
  expect(error.with({})).toBeInstanceOf(AvatarUploadError);
  expect(fieldsOf(error.with({}))).toEqual(fieldsOf(error));
  expect(fieldsOf(error.with({ hint: 'Sign in.' }))).toEqual({ ...fieldsOf(error), hint: 'Sign in.' });
  expect(fieldsOf(error.with({ code: 'rate_limited' }))).toEqual({
    ...fieldsOf(error),
    code: 'rate_limited',
    message: 'commit failed: rate_limited (HTTP 503)',
  });
});

it('keeps no URL of what was thrown', () => {
  expect(String(error.cause)).toBe('TypeError: GET [URL] failed');
  expect(String(error.with({}).cause)).toBe('TypeError: GET [URL] failed');
});
