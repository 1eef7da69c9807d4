/** What the first load of an avatar and all other endpoint calls have in common. */
import type { EndpointResponse, HeadersSource } from './transport.js';

/** Milliseconds after which an endpoint call counts as lost. */
const TIMEOUT = 30_000;

/**
 * Adds a time limit to the signal of an endpoint call. The listener keeps the combined signal alive: WebKit 2.50 collects
 * one without listeners although a request uses it, and the request is never aborted.
 */
export const addTimeout = (signal: AbortSignal): AbortSignal =>
  Object.assign(AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]), { onabort() {} });

/** @throws what the page's `headers` function throws. */
export const resolveHeaders = async (headers: HeadersSource | undefined): Promise<Headers> =>
  new Headers(typeof headers === 'function' ? await headers() : headers);

/** @throws what `fetch` throws. */
export async function fetchJson(url: string, init: RequestInit): Promise<EndpointResponse> {
  const response = await fetch(url, { ...init, cache: 'no-store' });
  return { status: response.status, body: parseJson(await response.text()), headers: response.headers };
}

/** Returns the text itself if it is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
