import { expect, it } from 'vitest';
import { ERROR_CODES } from '../../src/core/error-codes.js';
import { AvatarUploadError } from '../../src/core/errors.js';

it('gives an error its own sentence, also if it was created before the sentences were loaded', async () => {
  const codes = Object.keys(ERROR_CODES);
  const early = codes.map((code) => new AvatarUploadError(code, 'load', { cause: new Error('GET https://a.test/?x') }));
  const getFields = ({ code, message, retryable, cause }: AvatarUploadError) =>
    [code, message, retryable, String(cause)].join(' | ');
  const unlike = early.filter(({ message }) => message !== 'Try again.');
  expect(unlike.map(({ code }) => code)).toEqual(['network']);
  const { describeErrors } = await import('../../src/core/error-sentences.js');
  describeErrors();
  const late = codes.map((code) => new AvatarUploadError(code, 'load', { cause: new Error('GET https://a.test/?x') }));
  expect(early.map(getFields)).toEqual(late.map(getFields));
});

it('keeps what an early error was given', () => {
  const given = { status: 503, hint: 'Wait.', retryable: false, messageKey: 'failed' };
  expect(new AvatarUploadError('network', 'load', given)).toMatchObject(given);
});
