import type { FailureContext } from './diagnose-error.js';
import type { AvatarUploadError } from './errors.js';

/** Milliseconds that a failure waits for its explanation: the connection it comes over may be what is broken. */
const PATIENCE = 1000;

/** The error with a hint for the developer, who is told once in the console too. */
export async function explainError(error: AvatarUploadError, facts: FailureContext): Promise<AvatarUploadError> {
  if (error.code === 'aborted' || error.phase === 'prepare') return error;
  const diagnose = await load();
  const hint = diagnose?.(error, facts);
  return !hint || hint === error.hint ? error : error.with({ hint });
}

/** Loaded when something has failed; undefined if that fails too. */
async function load(): Promise<typeof import('./diagnose-error.js').diagnoseError | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), PATIENCE);
  });
  const loaded = import('./diagnose-error.js').then(({ diagnoseError }) => diagnoseError).catch(() => undefined);
  return Promise.race([loaded, late]).finally(() => clearTimeout(timer));
}
