import { AvatarUploadError, type ErrorDetails } from '../../src/core/errors.js';
import type {
  EndpointRequest,
  EndpointResponse,
  PutRequest,
  PutResponse,
  Transport,
} from '../../src/core/transport.js';

type RequestKind = 'presign' | 'put' | 'commit' | 'load' | 'remove';

/** A request that waits for the test to respond. */
export interface ScriptedRequest {
  kind: RequestKind;
  /** What the transport was called with. */
  request: EndpointRequest & PutRequest;
  signal: AbortSignal;
  /** @param code - the storage's own error code, for a PUT. */
  respond(status: number, body?: unknown, headers?: Record<string, string>, code?: string): void;
  fail(code: 'network' | 'timeout', details?: ErrorDetails): void;
}

/**
 * A network that the test plays: `await nextRequest()` gives the next request,
 * which waits until the test responds. It keeps to the transport's contract
 * about aborts, and throws for a request after an abort.
 */
export class ScriptedTransport implements Transport {
  /** The kinds of all requests so far. */
  readonly sent: string[] = [];
  readonly #queue: ScriptedRequest[] = [];
  readonly #waiters: ((request: ScriptedRequest) => void)[] = [];

  nextRequest(): Promise<ScriptedRequest> {
    const request = this.#queue.shift();
    return request ? Promise.resolve(request) : new Promise((resolve) => this.#waiters.push(resolve));
  }

  call(request: EndpointRequest, signal: AbortSignal): Promise<EndpointResponse> {
    return this.#send<EndpointResponse>(request.phase as RequestKind, request as EndpointRequest & PutRequest, signal);
  }

  put(request: PutRequest, signal: AbortSignal): Promise<PutResponse> {
    return this.#send<PutResponse>('put', request as EndpointRequest & PutRequest, signal);
  }

  #send<T>(kind: RequestKind, request: EndpointRequest & PutRequest, signal: AbortSignal): Promise<T> {
    this.sent.push(kind);
    if (signal.aborted) throw new Error(`${kind} was sent after an abort`);
    return new Promise((resolve, reject) => {
      const fail = (code: string, details?: ErrorDetails) =>
        reject(new AvatarUploadError(code, request.phase ?? 'put', details));
      signal.addEventListener('abort', () => fail('aborted'));
      const respond: ScriptedRequest['respond'] = (status, body, headers, code) =>
        resolve({ status, body, headers: new Headers(headers), code } as T);
      const scripted: ScriptedRequest = { kind, request, signal, respond, fail };
      const waiter = this.#waiters.shift();
      if (waiter) waiter(scripted);
      else this.#queue.push(scripted);
    });
  }
}
