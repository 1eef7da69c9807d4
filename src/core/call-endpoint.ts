import { AvatarUploadError, getThrownCode } from './errors.js';
import type { EndpointRequest, EndpointResponse } from './transport.js';

/** Seconds until an endpoint call counts as lost. */
const TIMEOUT = 30;

/** `Transport.call` by fetch. */
export async function callEndpoint(call: EndpointRequest, signal: AbortSignal): Promise<EndpointResponse> {
  const { phase, method, url, body, headers, credentials = 'same-origin', keepalive = false } = call;
  const timeout = AbortSignal.timeout(TIMEOUT * 1000);
  // Until the request is made, what fails is the page's own doing.
  let failure: string | undefined;
  try {
    const sent = new Headers(typeof headers === 'function' ? await headers() : headers);
    failure = 'network';
    if (body) sent.set('content-type', 'application/json');
    const response = await fetch(url, {
      method,
      headers: sent,
      credentials,
      cache: 'no-store',
      keepalive,
      signal: AbortSignal.any([signal, timeout]),
      body: body ? JSON.stringify(body) : null,
    });
    return { status: response.status, body: parse(await response.text()), headers: response.headers };
  } catch (cause) {
    const code = signal.aborted ? 'aborted' : timeout.aborted ? 'timeout' : (failure ?? getThrownCode(cause));
    throw new AvatarUploadError(code, phase, { cause });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
