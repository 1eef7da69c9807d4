import type { Phase } from './errors.js';

/**
 * Headers for the endpoint calls: an object, or a function that is called before each request, and once more if
 * the endpoint answers with 401.
 *
 * @example
 * ```ts
 * const headers: HeadersSource = async () => ({ authorization: `Bearer ${await getToken()}` });
 * ```
 */
export type HeadersSource = Record<string, string> | (() => Record<string, string> | Promise<Record<string, string>>);

/** A request to one of the app's own endpoints. */
export interface EndpointRequest {
  phase: Phase;
  method: 'GET' | 'POST' | 'DELETE';
  url: string;
  /** Sent as JSON. */
  body?: unknown;
  headers?: HeadersSource | undefined;
  /** @defaultValue `'same-origin'` */
  credentials?: RequestCredentials | undefined;
  /**
   * Lets the request finish after the page is closed.
   * @defaultValue `false`
   */
  keepalive?: boolean | undefined;
}

/** The response of an endpoint, whatever its status. */
export interface EndpointResponse {
  /** HTTP status. */
  status: number;
  /** The parsed JSON, or the text of a body that is not JSON. */
  body: unknown;
  /** The headers that the page may read. `Retry-After` and `Date` are used. */
  headers?: Headers | undefined;
}

/** The PUT of the bytes to the presigned URL. */
export interface PutRequest {
  /** The presigned URL. A secret: do not log it. */
  url: string;
  /** Exactly the headers to set, and no others: they are signed. */
  headers: Record<string, string>;
  body: Blob;
  /**
   * Seconds without progress after which the PUT counts as lost. Once all bytes
   * are handed to the network it is twice as long, because the last of them are still in buffers. Where the browser
   * reports no progress, because of a service worker, the PUT has this time plus that of its bytes at 16 kB per second.
   */
  stallTimeout: number;
  /**
   * Reports progress.
   * @param loaded - bytes sent so far, at most `body.size`.
   */
  onProgress(loaded: number): void;
}

/** The response of the storage to the PUT. */
export interface PutResponse {
  /** HTTP status. */
  status: number;
  /** The headers that the page may read. `Retry-After` is used. */
  headers?: Headers | undefined;
  /** The `<Code>` of S3's XML error, if the page may read it. Nothing else of the body is kept. */
  code?: string | undefined;
}

/**
 * The network layer of an upload. Replace it to send requests in another way, or to script them in tests.
 *
 * Both methods resolve with any HTTP response and reject with an
 * `AvatarUploadError`: `network` if there is no response, `timeout` if none
 * arrives in time, `aborted` once the signal is aborted, `file_changed` if the body can't be read any more. If the signal is
 * already aborted, nothing is sent; after an abort, `onProgress` is not called any more.
 *
 * @example
 * Log the status of each endpoint call:
 * ```ts
 * const transport: Transport = {
 *   ...browserTransport,
 *   async call(request, signal) {
 *     const response = await browserTransport.call(request, signal);
 *     console.log(request.phase, response.status);
 *     return response;
 *   },
 * };
 * await uploadAvatar(blob, { transport });
 * ```
 */
export interface Transport {
  /** Sends a request to one of the app's own endpoints. */
  call(request: EndpointRequest, signal: AbortSignal): Promise<EndpointResponse>;
  /** Sends the bytes to the presigned URL. */
  put(request: PutRequest, signal: AbortSignal): Promise<PutResponse>;
}
