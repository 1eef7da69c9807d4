import { AvatarUploadError, getThrownCode } from './errors.js';
import type { EndpointRequest, EndpointResponse } from './transport.js';
import { UPLOAD_DEFAULTS } from './upload-defaults.js';

/** Seconds after which an endpoint call counts as lost. */
const TIMEOUT = 30;

/** Implements `Transport.call` with `fetch`. */
export async function callEndpoint(request: EndpointRequest, signal: AbortSignal): Promise<EndpointResponse> {
  const { phase, method, url, body, headers, credentials = UPLOAD_DEFAULTS.credentials, keepalive = false } = request;
  const timeout = AbortSignal.timeout(TIMEOUT * 1000);
  // Until `fetch` is called, only the page's own `headers` function can fail.
  let fetchError: string | undefined;
  try {
    const requestHeaders = new Headers(typeof headers === 'function' ? await headers() : headers);
    fetchError = 'network';
    if (body) requestHeaders.set('content-type', 'application/json');
    const response = await fetch(url, {
      method,
      headers: requestHeaders,
      credentials,
      cache: 'no-store',
      keepalive,
      signal: AbortSignal.any([signal, timeout]),
      body: body ? JSON.stringify(body) : null,
    });
    return { status: response.status, body: parseJson(await response.text()), headers: response.headers };
  } catch (cause) {
    const code = signal.aborted ? 'aborted' : timeout.aborted ? 'timeout' : (fetchError ?? getThrownCode(cause));
    throw new AvatarUploadError(code, phase, { cause });
  }
}

/** Returns undefined if the text is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
