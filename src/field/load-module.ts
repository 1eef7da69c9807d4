import { AvatarUploadError, type Phase } from '../core/errors.js';

/**
 * Waits for a part of the package that is loaded on demand.
 * @throws {AvatarUploadError} `network` if it can't be loaded.
 */
export const loadModule = <T>(module: Promise<T>, phase: Phase): Promise<T> =>
  module.catch((cause: unknown) => {
    throw new AvatarUploadError('network', phase, { cause });
  });
