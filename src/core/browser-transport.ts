import { callEndpoint } from './call-endpoint.js';
import { watchCspViolations } from './csp-watcher.js';
import { AvatarUploadError, type ErrorDetails } from './errors.js';
import { mayHideProgress } from './hidden-progress.js';
import { isReadable } from './is-readable.js';
import type { PutRequest, PutResponse, Transport } from './transport.js';

/**
 * The default transport: `fetch` for the endpoints, and `XMLHttpRequest` for the
 * PUT, because `fetch` does not report upload progress.
 *
 * @example
 * ```ts
 * const transport: Transport = { ...browserTransport, call: callThroughServiceWorker };
 * ```
 */
export const browserTransport: Transport = { call: callEndpoint, put: putBlob };

/** Longest delay of a timer, in milliseconds: a longer one would fire at once. */
const LONGEST_DELAY = 2 ** 31 - 1;

/** Slowest transfer of a PUT whose progress is not known, in bytes per second. */
const MIN_SPEED = 16_000;

function putBlob(request: PutRequest, signal: AbortSignal): Promise<PutResponse> {
  return new Promise((resolve, reject) => {
    const fail = (code: string, details?: ErrorDetails) => reject(new AvatarUploadError(code, 'put', details));
    if (signal.aborted) return fail('aborted');
    const xhr = new XMLHttpRequest();
    const cspWatcher = watchCspViolations(request.url);
    let stallTimer: ReturnType<typeof setTimeout> | undefined;
    /** @param seconds - until the PUT counts as lost. */
    const restartStallTimer = (seconds = request.stallTimeout) => {
      clearTimeout(stallTimer);
      const delay = Math.min(seconds * 1000, LONGEST_DELAY);
      stallTimer = setTimeout(() => finish(() => fail('timeout')), delay);
    };
    const abort = () => finish(() => fail('aborted'));
    const finish = (settle: () => void) => {
      clearTimeout(stallTimer);
      signal.removeEventListener('abort', abort);
      cspWatcher.stop();
      settle();
      // Has no effect on a request that is over; later events find the promise settled.
      xhr.abort();
    };
    xhr.upload.onprogress = ({ loaded }) => {
      if (signal.aborted) return;
      restartStallTimer();
      request.onProgress(Math.min(loaded, request.body.size));
    };
    xhr.upload.onload = () => restartStallTimer(request.stallTimeout * 2);
    xhr.onload = () => finish(() => resolve(readResponse(xhr)));
    xhr.onerror = async () => {
      const hint = await cspWatcher.findHint();
      const isChanged = !(await isReadable(request.body));
      finish(() => (isChanged ? fail('file_changed') : fail('network', hint ? { hint, retryable: false } : {})));
    };
    signal.addEventListener('abort', abort);
    try {
      sendBlob(xhr, request);
      // Without progress events, silence says nothing: the PUT may take as long as its bytes on a slow line.
      restartStallTimer(request.stallTimeout + (mayHideProgress() ? request.body.size / MIN_SPEED : 0));
    } catch {
      // The URL or a header is invalid. The exception is dropped because its message may contain the URL.
      finish(() => fail('bad_response'));
    }
  });
}

/** @throws DOMException if the URL or a header is invalid. */
function sendBlob(xhr: XMLHttpRequest, { url, headers, body }: PutRequest): void {
  xhr.open('PUT', url);
  const names = Object.keys(headers);
  for (const name of names) xhr.setRequestHeader(name, headers[name] ?? '');
  // For a blob with a type the browser adds a content-type, which would not be signed.
  const hasContentType = names.some((name) => name.toLowerCase() === 'content-type');
  xhr.send(hasContentType ? body : body.slice(0, body.size, ''));
}

function readResponse(xhr: XMLHttpRequest): PutResponse {
  const { status } = xhr;
  if (status < 400) return { status };
  const lines = xhr.getAllResponseHeaders().trim().split(/\r\n/).filter(Boolean);
  const headers = new Headers(lines.map((line) => line.split(/:\s*(.*)/s, 2) as [string, string]));
  return { status, headers, code: /<Code>(\w{1,60})<\/Code>/.exec(xhr.responseText)?.[1] };
}
