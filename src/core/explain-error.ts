import type { FailureContext } from './diagnose-error.js';
import type { AvatarUploadError } from './errors.js';

/**
 * Longest time that an error waits for its hint, in milliseconds: the
 * connection that the hints are loaded over may be what is broken.
 */
const TIMEOUT = 1000;

/** Returns the error with a hint for the developer, and logs it to the console once. */
export async function explainError(error: AvatarUploadError, context: FailureContext): Promise<AvatarUploadError> {
  if (error.code === 'aborted' || error.phase === 'prepare') return error;
  const diagnoseError = await loadDiagnoseError();
  const hint = diagnoseError?.(error, context);
  return !hint || hint === error.hint ? error : error.with({ hint });
}

/** Loads the hints, which are a chunk of their own; undefined if that fails or takes too long. */
async function loadDiagnoseError(): Promise<typeof import('./diagnose-error.js').diagnoseError | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), TIMEOUT);
  });
  const loaded = import('./diagnose-error.js').then(({ diagnoseError }) => diagnoseError).catch(() => undefined);
  return Promise.race([loaded, timeout]).finally(() => clearTimeout(timer));
}
