import type { Phase } from './errors.js';

/** Headers for the endpoint calls: an object, or a function that returns one. */
export type HeadersSource = Record<string, string> | (() => Record<string, string> | Promise<Record<string, string>>);

/** A call of one of the app's own endpoints. */
export interface EndpointRequest {
  phase: Phase;
  method: 'GET' | 'POST' | 'DELETE';
  url: string;
  /** Sent as JSON. */
  body?: unknown;
  headers?: HeadersSource | undefined;
  credentials?: RequestCredentials | undefined;
  /** Sent to the end though the page is closed. */
  keepalive?: boolean | undefined;
}

/** What an endpoint answered, whatever its status. */
export interface EndpointResponse {
  status: number;
  /** The parsed JSON; undefined where the answer was not JSON. */
  body: unknown;
  /** Those the page may read; `Retry-After` and `Date` are used. */
  headers?: Headers | undefined;
}

/** The PUT of the bytes to the store. */
export interface PutRequest {
  url: string;
  /** Exactly the headers to set. */
  headers: Record<string, string>;
  body: Blob;
  /**
   * Seconds without progress after which the PUT counts as lost; twice as many
   * once all bytes are sent, because the last of them are still in buffers.
   */
  stallTimeout: number;
  /** Called with the bytes sent so far, never more than the body has. */
  onProgress(loaded: number): void;
}

/** What the store answered. */
export interface PutResponse {
  status: number;
  /** Those the page may read; `Retry-After` is used. */
  headers?: Headers | undefined;
  /** The `<Code>` of the store's XML, where the page may read it. Nothing else of the answer is kept. */
  code?: string | undefined;
}

/**
 * The network, as an upload sees it.
 *
 * Both calls resolve with any HTTP answer and reject with an
 * `AvatarUploadError`: `network` where there was none, `timeout` where none
 * came, `aborted` once the signal is aborted. With a signal that is aborted
 * already nothing is sent; after an abort nothing is reported any more.
 */
export interface Transport {
  call(call: EndpointRequest, signal: AbortSignal): Promise<EndpointResponse>;
  put(call: PutRequest, signal: AbortSignal): Promise<PutResponse>;
}
