import { callEndpoint } from '../core/call-endpoint.js';
import { isAboutUpload } from '../core/error-info.js';
import { AvatarUploadError } from '../core/errors.js';
import { explainError } from '../core/explain-error.js';
import { assertOkResponse, parseResponse } from '../core/responses.js';
import { StepRetrier } from '../core/retry.js';
import type { EndpointRequest, EndpointResponse } from '../core/transport.js';
import type { ElementHost } from './host.js';
import { type RunHost, reportTries } from './run.js';

type Settings = ElementHost['settings'];

/**
 * Says what an unwanted answer to a load is.
 * @throws {AvatarUploadError} always.
 */
export function refuse(answer: EndpointResponse): never {
  parseResponse(answer, 'load');
  throw new AvatarUploadError('bad_response', 'load', { status: answer.status, hint: 'Expected {url} as JSON.' });
}

/**
 * Goes on with a load whose first try has failed.
 * @throws {AvatarUploadError} of the last try.
 */
export function loadAgain<T>(
  settings: Settings,
  failed: unknown,
  load: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  let first = true;
  const tries = new StepRetrier(settings, signal).runStep('load', async (once) => {
    const isOver = first;
    first = false;
    if (isOver) throw failed;
    return load(once);
  });
  return explained(settings, tries);
}

/**
 * Asks the back end to remove the avatar.
 * @throws {AvatarUploadError} of the last try.
 */
export async function askToRemove(settings: Settings, run: RunHost, signal: AbortSignal): Promise<void> {
  const { avatarUrl: url, headers, credentials, maxRetries } = settings;
  if (!url) throw new AvatarUploadError('invalid_request', 'remove', { hint: 'avatar-url is empty.' });
  const call: EndpointRequest = { phase: 'remove', method: 'DELETE', url, headers, credentials };
  const tries = new StepRetrier({ maxRetries, ...reportTries(run) }, signal).runStep('remove', async (once) => {
    run.wait(null);
    const answer = await callEndpoint(call, once);
    const body = parseResponse(answer, 'remove');
    // Other back ends answer it with nothing, in so many words.
    if (answer.status !== 204) assertOkResponse(body, 'remove');
  });
  await explained(settings, tries);
}

/** @throws {AvatarUploadError} of a load or a removal, with what a developer can do about it. */
function explained<T>({ avatarUrl }: Settings, doing: Promise<T>): Promise<T> {
  return doing.catch(async (error: AvatarUploadError) => {
    if (isAboutUpload(error)) throw error;
    throw await explainError(error, { loaded: 0, endpoint: avatarUrl });
  });
}
