import type { AvatarUploadError } from '../../src/core/errors.js';
import type { RetryInfo } from '../../src/core/retry.js';
import { type UploadOptions, uploadAvatar } from '../../src/core/upload-avatar.js';
import { type ScriptedRequest, ScriptedTransport } from './scripted-transport.js';
import { SimulatedPage } from './simulated-page.js';

export type ScriptedResponse =
  | [status: number, body?: unknown, headers?: Record<string, string>, code?: string]
  | 'network'
  | 'timeout';

export const file = new File(['picture'], 'me.png', { type: 'image/png' });

/** The body of a presign response. */
export const presigned = (key = 'pending/o/1', more = {}) => ({
  url: `https://store.example/${key}?secret`,
  signedHeaders: {},
  key,
  ...more,
});

/** The body of a commit response. */
export const ok = { ok: true };

/** The page of the current test. */
export const page = new SimulatedPage();

/** Starts an upload whose requests wait for the test to respond. */
export function startUpload(options: UploadOptions = {}, blob: Blob = file) {
  const transport = new ScriptedTransport();
  const callbacks: string[] = [];
  const retries: RetryInfo[] = [];
  const outcome = uploadAvatar(blob, {
    transport,
    onState: (state) => callbacks.push(state),
    onRetry: (retry) => {
      callbacks.push('retry');
      retries.push(retry);
    },
    onOffline: (isWaiting) => callbacks.push(isWaiting ? 'offline' : 'online'),
    ...options,
  }).then(
    (result) => ({ key: result.key, error: undefined }),
    (error: AvatarUploadError) => ({ key: undefined, error }),
  );
  return { transport, callbacks, retries, outcome };
}

/** Waits for the next request, and moves the clock if the upload waits before it. */
export async function waitForRequest(transport: ScriptedTransport): Promise<ScriptedRequest> {
  const next = transport.nextRequest();
  await page.runUntilSettled(next);
  return next;
}

/** Responds to the requests in this order, each as soon as it comes. */
export async function respondInOrder(
  transport: ScriptedTransport,
  ...responses: ScriptedResponse[]
): Promise<ScriptedRequest[]> {
  const requests: ScriptedRequest[] = [];
  for (const response of responses) {
    const request = await waitForRequest(transport);
    requests.push(request);
    if (typeof response === 'string') request.fail(response);
    else request.respond(...response);
  }
  return requests;
}

/** Moves the clock until the upload is over. */
export async function waitForOutcome<T>(outcome: Promise<T>): Promise<T> {
  await page.runUntilSettled(outcome);
  return outcome;
}
