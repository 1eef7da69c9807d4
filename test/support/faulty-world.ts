import { AvatarUploadError } from '../../src/core/errors.js';
import type {
  EndpointRequest,
  EndpointResponse,
  PutRequest,
  PutResponse,
  Transport,
} from '../../src/core/transport.js';

export type Step = 'presign' | 'put' | 'commit';

/** What goes wrong with one request or its response. */
export interface Fault {
  name: string;
  /** Whether the server has processed the request before the failure. */
  acts: boolean;
  /** Share of the bytes that a PUT has sent before the failure. */
  sent?: number;
  /** How the request fails without a response. */
  fails?: 'network' | 'timeout';
  /** The response that replaces the server's own. */
  answer?: { status: number; body?: unknown; headers?: Record<string, string>; code?: string };
}

const createFault = (acts: boolean, more: Omit<Fault, 'acts' | 'name'>) => ({ acts, ...more });
const respondWith = (code: number, headers: Record<string, string> = {}) =>
  createFault(false, { answer: { status: code, body: { error: 'A sentence.' }, headers } });

export const FAULTS: Fault[] = Object.entries({
  'connection lost before': createFault(false, { fails: 'network', sent: 0 }),
  'connection lost in the middle': createFault(false, { fails: 'network', sent: 0.5 }),
  'connection lost after the server acted': createFault(true, { fails: 'network', sent: 1 }),
  'time-out': createFault(false, { fails: 'timeout', sent: 1 }),
  'time-out after the server acted': createFault(true, { fails: 'timeout', sent: 1 }),
  stall: createFault(false, { fails: 'timeout', sent: 0.5 }),
  'wrong CORS': createFault(false, { fails: 'network', sent: 0 }),
  400: respondWith(400),
  401: respondWith(401),
  403: respondWith(403),
  404: respondWith(404),
  409: respondWith(409),
  410: respondWith(410),
  413: respondWith(413),
  415: respondWith(415),
  422: respondWith(422),
  429: respondWith(429),
  '429 with Retry-After': respondWith(429, { 'retry-after': '2' }),
  '429 with a long Retry-After': respondWith(429, { 'retry-after': '60' }),
  500: respondWith(500),
  501: respondWith(501),
  502: respondWith(502),
  503: respondWith(503),
  '503 with a long Retry-After': respondWith(503, { 'retry-after': '11' }),
  504: respondWith(504),
  HTML: createFault(true, { answer: { status: 200 } }),
  'an empty answer': createFault(true, { answer: { status: 200 } }),
  'truncated JSON': createFault(true, { answer: { status: 200 } }),
  'wrong JSON': createFault(true, { answer: { status: 200, body: { fine: [] } } }),
  'a redirect to a page': createFault(false, { answer: { status: 200 } }),
  'a redirect that is not followed': createFault(false, { answer: { status: 302 } }),
  'an expired URL': createFault(false, { answer: { status: 400, code: 'ExpiredRequest' } }),
}).map(([name, fault]) => ({ name, ...fault }));

/**
 * A back end and storage in memory that keep to the contract, behind a network
 * whose faults the test decides.
 */
export class FaultyWorld implements Transport {
  readonly requests: Step[] = [];
  /** Requests that were sent after an abort or after the upload was over. */
  readonly lateRequests: Step[] = [];
  /** Number of commits that reached the back end. */
  commits = 0;
  /** Keys of the avatars that were created. */
  readonly avatars: string[] = [];
  /** Set by the test once no more requests may be sent. */
  isOver = false;
  readonly #stored = new Set<string>();
  readonly #committed = new Map<string, string>();
  #presigned = 0;

  /**
   * @param getFault - returns the fault of the n-th request (from 1) of a step.
   * @param latency - milliseconds in each direction.
   */
  constructor(
    private readonly getFault: (step: Step, n: number) => Fault | undefined,
    private readonly latency = 0,
  ) {}

  async call({ phase, body }: EndpointRequest, signal: AbortSignal): Promise<EndpointResponse> {
    const step = phase as 'presign' | 'commit';
    const process = () => (step === 'presign' ? this.#presign() : this.#commit((body as { key: string }).key));
    return this.#respond(step, process, signal);
  }

  async put(request: PutRequest, signal: AbortSignal): Promise<PutResponse> {
    const send = (share: number) => {
      for (const part of [0.25, 0.5, 1]) if (part <= share) request.onProgress(Math.floor(request.body.size * part));
    };
    return this.#respond('put', () => this.#store(request.url), signal, send);
  }

  /** Number of requests of one step. */
  count(step: Step): number {
    return this.requests.filter((request) => request === step).length;
  }

  async #respond<T extends { status: number }>(
    step: Step,
    process: () => EndpointResponse,
    signal: AbortSignal,
    send: (share: number) => void = () => {},
  ): Promise<T> {
    if (this.isOver || signal.aborted) this.lateRequests.push(step);
    this.requests.push(step);
    const fault = this.getFault(step, this.count(step));
    await this.#delay(step, signal);
    send(fault?.sent ?? 1);
    const response = !fault || fault.acts ? process() : null;
    await this.#delay(step, signal);
    if (fault?.fails) throw new AvatarUploadError(fault.fails, step);
    if (!fault?.answer) return response as unknown as T;
    // Nothing reads the body of the storage's response, so that it can't be wrong.
    if (step === 'put' && fault.acts && response) return response as unknown as T;
    return { ...fault.answer, headers: new Headers(fault.answer.headers) } as unknown as T;
  }

  /** Waits for the latency, and rejects on an abort, as the transport's contract requires. */
  #delay(step: Step, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.latency) return resolve();
      const abort = () => {
        clearTimeout(timer);
        reject(new AvatarUploadError('aborted', step));
      };
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', abort);
        resolve();
      }, this.latency);
      signal.addEventListener('abort', abort);
    });
  }

  #presign(): EndpointResponse {
    const key = `pending/o/${++this.#presigned}`;
    return { status: 200, body: { url: `https://store.example/${key}?secret`, signedHeaders: {}, key } };
  }

  #store(url: string): EndpointResponse {
    const key = new URL(url).pathname.slice(1);
    if (this.#stored.has(key)) return { status: 412, body: undefined };
    this.#stored.add(key);
    return { status: 200, body: undefined };
  }

  #commit(key: string): EndpointResponse {
    this.commits++;
    if (!this.#stored.has(key)) return { status: 409, body: { code: 'not_uploaded' } };
    const avatar = this.#committed.get(key) ?? `avatars/o/${this.#committed.size + 1}`;
    if (!this.#committed.has(key)) this.avatars.push(avatar);
    this.#committed.set(key, avatar);
    return { status: 200, body: { ok: true, avatar: { key: avatar } } };
  }
}
