import type { Facts } from './diagnose-error.js';
import { AvatarUploadError } from './errors.js';

/** Milliseconds that a failure waits for its explanation: the connection it comes over may be what is broken. */
const PATIENCE = 1000;

/** The error with a hint for the developer, who is told once in the console too. */
export async function explain(error: AvatarUploadError, facts: Facts): Promise<AvatarUploadError> {
  if (error.code === 'aborted' || error.phase === 'prepare') return error;
  const diagnose = await load();
  const hint = diagnose?.(error, facts);
  if (!hint || hint === error.hint) return error;
  const { code, phase, status, cause, retryAfter, retryable } = error;
  return new AvatarUploadError(code, phase, { status, cause, retryAfter, retryable, hint });
}

/** Loaded when something has failed; undefined if that fails too. */
async function load(): Promise<typeof import('./diagnose-error.js').diagnose | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), PATIENCE);
  });
  const loaded = import('./diagnose-error.js').then(({ diagnose }) => diagnose).catch(() => undefined);
  return Promise.race([loaded, late]).finally(() => clearTimeout(timer));
}
