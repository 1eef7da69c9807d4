import { afterEach, expect, it, vi } from 'vitest';
import { AvatarUploadError } from '../../src/core/errors.js';
import { explainError } from '../../src/core/explain-error.js';
import { uploadAvatar } from '../../src/core/upload-avatar.js';

const { diagnoseError } = vi.hoisted(() => ({ diagnoseError: vi.fn<() => string | undefined>() }));
vi.mock('../../src/core/diagnose-error.js', () => ({ diagnoseError }));
afterEach(() => diagnoseError.mockReset());

const facts = { loaded: 0 };
const failing = (signal?: AbortSignal) =>
  uploadAvatar(new Blob(['a']), {
    signal,
    presign: () => Promise.reject(Object.assign(new Error('No.'), { status: 401 })),
  }).catch((error: AvatarUploadError) => error);

it('adds the hint, and keeps the rest', async () => {
  diagnoseError.mockReturnValue('Sign in.');
  const error = (await failing()) as AvatarUploadError;
  expect(error).toMatchObject({ code: 'unauthorized', phase: 'presign', status: 401, hint: 'Sign in.' });
  expect(String(error.cause)).toBe('Error: No.');
});

it('leaves an error alone that there is nothing to say about', async () => {
  const error = new AvatarUploadError('moderated', 'commit');
  expect(await explainError(error, facts)).toBe(error);
});

it('comes too late for an upload that is aborted meanwhile', async () => {
  const controller = new AbortController();
  diagnoseError.mockImplementation(() => void controller.abort());
  expect(await failing(controller.signal)).toMatchObject({ code: 'aborted', phase: 'presign' });
});

it('says nothing of what is ended on purpose, or was refused before it was sent', async () => {
  await explainError(new AvatarUploadError('aborted', 'put'), facts);
  await explainError(new AvatarUploadError('decode_failed', 'prepare'), facts);
  expect(diagnoseError).not.toHaveBeenCalled();
});
