import { AvatarUploadError } from './errors.js';
import { addTimeout, fetchJson, resolveHeaders } from './fetch-json.js';
import { getThrownCode } from './thrown-code.js';
import type { EndpointRequest, EndpointResponse } from './transport.js';
import { UPLOAD_DEFAULTS } from './upload-defaults.js';

/** Implements `Transport.call` with `fetch`. */
export async function callEndpoint(request: EndpointRequest, signal: AbortSignal): Promise<EndpointResponse> {
  const { phase, method, url, body, headers, credentials = UPLOAD_DEFAULTS.credentials, keepalive = false } = request;
  const limited = addTimeout(signal);
  // Until `fetch` is called, only the page's own `headers` function can fail.
  let fetchError: string | undefined;
  try {
    const requestHeaders = await resolveHeaders(headers);
    fetchError = 'network';
    if (body) requestHeaders.set('content-type', 'application/json');
    return await fetchJson(url, {
      method,
      headers: requestHeaders,
      credentials,
      keepalive,
      signal: limited,
      body: body ? JSON.stringify(body) : null,
    });
  } catch (cause) {
    const code = signal.aborted ? 'aborted' : limited.aborted ? 'timeout' : (fetchError ?? getThrownCode(cause));
    throw new AvatarUploadError(code, phase, { cause });
  }
}
