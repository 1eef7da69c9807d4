import { callEndpoint } from './call-endpoint.js';
import { watchCspViolations } from './csp-watcher.js';
import { AvatarUploadError, type ErrorDetails } from './errors.js';
import type { PutRequest, PutResponse, Transport } from './transport.js';

/** fetch for the endpoints; XMLHttpRequest for the PUT, because fetch tells no upload progress. */
export const browserTransport: Transport = { call: callEndpoint, put };

/** Milliseconds: more than a timer can hold would fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

function put(call: PutRequest, signal: AbortSignal): Promise<PutResponse> {
  return new Promise((resolve, reject) => {
    const fail = (code: string, details?: ErrorDetails) => reject(new AvatarUploadError(code, 'put', details));
    if (signal.aborted) return fail('aborted');
    const xhr = new XMLHttpRequest();
    const policy = watchCspViolations(call.url);
    let stall: ReturnType<typeof setTimeout> | undefined;
    const alive = (patience = 1) => {
      clearTimeout(stall);
      const delay = Math.min(call.stallTimeout * patience * 1000, LONGEST_TIMER);
      stall = setTimeout(() => end(() => fail('timeout')), delay);
    };
    const abort = () => end(() => fail('aborted'));
    const end = (settle: () => void) => {
      clearTimeout(stall);
      signal.removeEventListener('abort', abort);
      policy.stop();
      settle();
      // Does nothing once the request is over; its events come too late to be heard.
      xhr.abort();
    };
    xhr.upload.onprogress = ({ loaded }) => {
      if (signal.aborted) return;
      alive();
      call.onProgress(Math.min(loaded, call.body.size));
    };
    xhr.upload.onload = () => alive(2);
    xhr.onload = () => end(() => resolve(answerOf(xhr)));
    xhr.onerror = async () => {
      const hint = await policy.refusal();
      end(() => fail('network', hint ? { hint, retryable: false } : {}));
    };
    signal.addEventListener('abort', abort);
    try {
      xhr.open('PUT', call.url);
      const names = Object.keys(call.headers);
      for (const name of names) xhr.setRequestHeader(name, call.headers[name] ?? '');
      alive();
      // A typed body would bring a content type that nobody has signed.
      const isTyped = names.some((name) => name.toLowerCase() === 'content-type');
      xhr.send(isTyped ? call.body : call.body.slice(0, call.body.size, ''));
    } catch {
      // The address or a header is not valid; the exception's text would name it.
      end(() => fail('bad_response'));
    }
  });
}

function answerOf(xhr: XMLHttpRequest): PutResponse {
  const { status } = xhr;
  if (status < 400) return { status };
  const lines = xhr.getAllResponseHeaders().trim().split(/\r\n/).filter(Boolean);
  const headers = new Headers(lines.map((line) => line.split(/:\s*(.*)/s, 2) as [string, string]));
  return { status, headers, code: /<Code>(\w{1,60})<\/Code>/.exec(xhr.responseText)?.[1] };
}
