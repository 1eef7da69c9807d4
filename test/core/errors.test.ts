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
const getFields = ({ message, cause, ...fields }: AvatarUploadError) => ({ ...fields, message, cause: String(cause) });

it('returns a copy with some fields replaced, and all others kept', () => {
  expect(error.with({})).toBeInstanceOf(AvatarUploadError);
  expect(getFields(error.with({}))).toEqual(getFields(error));
  expect(getFields(error.with({ hint: 'Sign in.' }))).toEqual({ ...getFields(error), hint: 'Sign in.' });
  expect(getFields(error.with({ code: 'rate_limited' }))).toEqual({
    ...getFields(error),
    code: 'rate_limited',
    message: 'commit failed: rate_limited (HTTP 503)',
  });
});

it('removes URLs from the cause', () => {
  expect(String(error.cause)).toBe('TypeError: GET [URL] failed');
  expect(String(error.with({}).cause)).toBe('TypeError: GET [URL] failed');
});
