import { AvatarUploadError, type ErrorDetails } from '../../src/core/errors.js';
import type {
  EndpointRequest,
  EndpointResponse,
  PutRequest,
  PutResponse,
  Transport,
} from '../../src/core/transport.js';

/** A request that waits for the test to answer it. */
export interface Scripted {
  kind: 'presign' | 'put' | 'commit' | 'load' | 'remove';
  call: EndpointRequest & PutRequest;
  signal: AbortSignal;
  /** @param code the store's own, for a PUT. */
  answer(status: number, body?: unknown, headers?: Record<string, string>, code?: string): void;
  fail(code: 'network' | 'timeout', details?: ErrorDetails): void;
}

/**
 * The network, played by the test: `await next()` gives the next request, which
 * is answered when the test says so. It keeps the transport's contract about
 * aborts, and throws for a request after an abort.
 */
export class ScriptedTransport implements Transport {
  readonly sent: string[] = [];
  readonly #arrived: Scripted[] = [];
  readonly #waiting: ((request: Scripted) => void)[] = [];

  next(): Promise<Scripted> {
    const request = this.#arrived.shift();
    return request ? Promise.resolve(request) : new Promise((resolve) => this.#waiting.push(resolve));
  }

  call(call: EndpointRequest, signal: AbortSignal): Promise<EndpointResponse> {
    return this.#send<EndpointResponse>(call.phase as Scripted['kind'], call as EndpointRequest & PutRequest, signal);
  }

  put(call: PutRequest, signal: AbortSignal): Promise<PutResponse> {
    return this.#send<PutResponse>('put', call as EndpointRequest & PutRequest, signal);
  }

  #send<T>(kind: Scripted['kind'], call: EndpointRequest & PutRequest, signal: AbortSignal): Promise<T> {
    this.sent.push(kind);
    if (signal.aborted) throw new Error(`${kind} was sent after an abort`);
    return new Promise((resolve, reject) => {
      const fail = (code: string, details?: ErrorDetails) =>
        reject(new AvatarUploadError(code, call.phase ?? 'put', details));
      signal.addEventListener('abort', () => fail('aborted'));
      const answer: Scripted['answer'] = (status, body, headers, code) =>
        resolve({ status, body, headers: new Headers(headers), code } as T);
      const request: Scripted = { kind, call, signal, answer, fail };
      const waiting = this.#waiting.shift();
      if (waiting) waiting(request);
      else this.#arrived.push(request);
    });
  }
}
