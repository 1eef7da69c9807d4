import { callEndpoint } from './call-endpoint.js';
import { AvatarUploadError } from './errors.js';
import type { PutAnswer, PutCall, Transport } from './transport.js';

/** fetch for the endpoints; XMLHttpRequest for the PUT, because fetch tells no upload progress. */
export const browserTransport: Transport = { call: callEndpoint, put };

function put(call: PutCall, signal: AbortSignal): Promise<PutAnswer> {
  return new Promise((resolve, reject) => {
    const fail = (code: string, cause?: unknown) => reject(new AvatarUploadError(code, 'put', { cause }));
    if (signal.aborted) return fail('aborted');
    const xhr = new XMLHttpRequest();
    let stall: ReturnType<typeof setTimeout> | undefined;
    const alive = () => {
      clearTimeout(stall);
      // More than a timer can hold would fire at once.
      stall = setTimeout(() => end(() => fail('timeout')), Math.min(call.stallTimeout * 1000, 2 ** 31 - 1));
    };
    const abort = () => end(() => fail('aborted'));
    const end = (settle: () => void) => {
      clearTimeout(stall);
      signal.removeEventListener('abort', abort);
      settle();
      // Does nothing once the request is over; its events come too late to be heard.
      xhr.abort();
    };
    xhr.upload.onprogress = ({ loaded }) => {
      if (signal.aborted) return;
      alive();
      call.onProgress(Math.min(loaded, call.body.size));
    };
    xhr.onload = () => end(() => resolve({ status: xhr.status }));
    xhr.onerror = () => end(() => fail('network'));
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
