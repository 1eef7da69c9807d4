/** What failed loads, and removals, need: loaded on demand. */
import { callEndpoint } from '../core/call-endpoint.js';
import { isAboutUpload } from '../core/error-info.js';
import { AvatarUploadError } from '../core/errors.js';
import { explainError } from '../core/explain-error.js';
import { assertOkResponse, parseResponse } from '../core/responses.js';
import { type RetryOptions, StepRetrier } from '../core/retry.js';
import { getThrownCode } from '../core/thrown-code.js';
import type { EndpointResponse } from '../core/transport.js';
import type { Settings } from '../settings.js';

/**
 * Retries a load whose first try has failed.
 * @param failure - of the first try: an exception, or a response that is no answer of an avatar endpoint.
 * @param load - rejects with such a failure.
 * @throws {AvatarUploadError} of the last try.
 */
export function retryLoad<T>(
  settings: Settings,
  failure: unknown,
  load: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  let isFirst = true;
  const attempt = (trySignal: AbortSignal) => {
    const result = isFirst ? Promise.reject(failure) : load(trySignal);
    isFirst = false;
    return result.catch((cause) => throwLoadError(cause, trySignal));
  };
  return withHint(settings, new StepRetrier(settings, signal).runStep('load', attempt, settings.headers));
}

/** @throws {AvatarUploadError} always. */
function throwLoadError(failure: unknown, signal: AbortSignal): never {
  const { status, headers, body } = failure as Partial<EndpointResponse>;
  if (status === undefined) {
    const code = signal.aborted ? 'aborted' : getThrownCode(failure);
    throw new AvatarUploadError(code, 'load', { cause: failure });
  }
  parseResponse({ status, headers, body }, 'load');
  throw new AvatarUploadError('bad_response', 'load', { status, hint: 'Expected {url} as JSON.' });
}

/**
 * Asks the back end to remove the avatar.
 * @param onTry - called as each try starts.
 * @throws {AvatarUploadError} of the last try.
 */
export async function deleteAvatar(
  settings: Settings,
  options: RetryOptions & { onTry(): void },
  signal: AbortSignal,
): Promise<void> {
  const { avatarUrl: url, headers, credentials } = settings;
  if (!url) throw new AvatarUploadError('invalid_request', 'remove', { hint: 'avatar-url is empty.' });
  const attempt = async (trySignal: AbortSignal) => {
    options.onTry();
    const request = { phase: 'remove', method: 'DELETE', url, headers, credentials } as const;
    const response = await callEndpoint(request, trySignal);
    const body = parseResponse(response, 'remove');
    // Other back ends may answer 204 without a body.
    if (response.status !== 204) assertOkResponse(body, 'remove');
  };
  await withHint(settings, new StepRetrier(options, signal).runStep('remove', attempt, headers));
}

/** @throws {AvatarUploadError} the rejection, with a hint for the developer. */
function withHint<T>({ avatarUrl }: Settings, result: Promise<T>): Promise<T> {
  return result.catch(async (error: AvatarUploadError) => {
    if (isAboutUpload(error)) throw error;
    throw await explainError(error, { loaded: 0, endpoint: avatarUrl });
  });
}
