import { afterEach, expect, it, vi } from 'vitest';
import { AvatarUploadError } from '../../src/core/errors.js';
import { explainError } from '../../src/core/explain-error.js';
import { uploadAvatar } from '../../src/core/upload-avatar.js';

const { diagnoseError } = vi.hoisted(() => ({ diagnoseError: vi.fn<() => string | undefined>() }));
vi.mock('../../src/core/diagnose-error.js', () => ({ diagnoseError }));
afterEach(() => diagnoseError.mockReset());

const context = { loaded: 0 };
const failPresign = (signal?: AbortSignal) =>
  uploadAvatar(new Blob(['a']), {
    signal,
    presign: () => Promise.reject(Object.assign(new Error('No.'), { status: 401 })),
  }).catch((error: AvatarUploadError) => error);

it('adds the hint to the error, and keeps all other fields', async () => {
  diagnoseError.mockReturnValue('Sign in.');
  const error = (await failPresign()) as AvatarUploadError;
  expect(error).toMatchObject({ code: 'unauthorized', phase: 'presign', status: 401, hint: 'Sign in.' });
  expect(String(error.cause)).toBe('Error: No.');
});

it('returns the same error if there is no hint', async () => {
  const error = new AvatarUploadError('moderated', 'commit');
  expect(await explainError(error, context)).toBe(error);
});

it('does not replace `aborted`, if the upload is aborted meanwhile', async () => {
  const controller = new AbortController();
  diagnoseError.mockImplementation(() => void controller.abort());
  expect(await failPresign(controller.signal)).toMatchObject({ code: 'aborted', phase: 'presign' });
});

it('does not explain an abort, or a file that was refused before the upload', async () => {
  await explainError(new AvatarUploadError('aborted', 'put'), context);
  await explainError(new AvatarUploadError('decode_failed', 'prepare'), context);
  expect(diagnoseError).not.toHaveBeenCalled();
});
