import { AvatarUploadError } from '../../src/core/errors.js';
import type {
  EndpointRequest,
  EndpointResponse,
  PutRequest,
  PutResponse,
  Transport,
} from '../../src/core/transport.js';

export type Step = 'presign' | 'put' | 'commit';

/** What goes wrong with one request, or with its answer. */
export interface Fault {
  name: string;
  /** Whether the server has done what it was asked before it goes wrong. */
  acts: boolean;
  /** Share of the bytes that a PUT has sent by then. */
  sent?: number;
  /** How the request ends without an answer. */
  fails?: 'network' | 'timeout';
  /** The answer in place of the server's own. */
  answer?: { status: number; body?: unknown; headers?: Record<string, string>; code?: string };
}

const type = (acts: boolean, more: Omit<Fault, 'acts' | 'name'>) => ({ acts, ...more });
const status = (code: number, headers: Record<string, string> = {}) =>
  type(false, { answer: { status: code, body: { error: 'A sentence.' }, headers } });

/** The faults by name. */
export const FAULTS: Fault[] = Object.entries({
  'connection lost before': type(false, { fails: 'network', sent: 0 }),
  'connection lost in the middle': type(false, { fails: 'network', sent: 0.5 }),
  'connection lost after the server acted': type(true, { fails: 'network', sent: 1 }),
  'time-out': type(false, { fails: 'timeout', sent: 1 }),
  'time-out after the server acted': type(true, { fails: 'timeout', sent: 1 }),
  stall: type(false, { fails: 'timeout', sent: 0.5 }),
  'wrong CORS': type(false, { fails: 'network', sent: 0 }),
  400: status(400),
  401: status(401),
  403: status(403),
  404: status(404),
  409: status(409),
  410: status(410),
  413: status(413),
  415: status(415),
  422: status(422),
  429: status(429),
  '429 with Retry-After': status(429, { 'retry-after': '2' }),
  '429 with a long Retry-After': status(429, { 'retry-after': '60' }),
  500: status(500),
  501: status(501),
  502: status(502),
  503: status(503),
  '503 with a long Retry-After': status(503, { 'retry-after': '11' }),
  504: status(504),
  HTML: type(true, { answer: { status: 200 } }),
  'an empty answer': type(true, { answer: { status: 200 } }),
  'truncated JSON': type(true, { answer: { status: 200 } }),
  'wrong JSON': type(true, { answer: { status: 200, body: { fine: [] } } }),
  'a redirect to a page': type(false, { answer: { status: 200 } }),
  'a redirect that is not followed': type(false, { answer: { status: 302 } }),
  'an expired URL': type(false, { answer: { status: 400, code: 'ExpiredRequest' } }),
}).map(([name, fault]) => ({ name, ...fault }));

/**
 * A back end and a store in memory, that keep to the contract; what goes wrong
 * on the way to them and back is the test's to say.
 */
export class FaultyWorld implements Transport {
  readonly requests: Step[] = [];
  /** Requests that came after the end of what sent them. */
  readonly zombies: Step[] = [];
  /** Commits that reached the back end. */
  commits = 0;
  /** Keys of the avatars that there are. */
  readonly avatars: string[] = [];
  /** True once nothing may be sent any more. */
  isOver = false;
  readonly #stored = new Set<string>();
  readonly #committed = new Map<string, string>();
  #presigned = 0;

  /**
   * @param faultOf what is wrong with the n-th request (from 1) of a step.
   * @param latency milliseconds to the server, and back.
   */
  constructor(
    private readonly faultOf: (step: Step, n: number) => Fault | undefined,
    private readonly latency = 0,
  ) {}

  async call({ phase, body }: EndpointRequest, signal: AbortSignal): Promise<EndpointResponse> {
    const step = phase as 'presign' | 'commit';
    const act = () => (step === 'presign' ? this.#presign() : this.#commit((body as { key: string }).key));
    return this.#answer(step, act, signal);
  }

  async put(call: PutRequest, signal: AbortSignal): Promise<PutResponse> {
    const send = (share: number) => {
      for (const part of [0.25, 0.5, 1]) if (part <= share) call.onProgress(Math.floor(call.body.size * part));
    };
    return this.#answer('put', () => this.#store(call.url), signal, send);
  }

  /** Requests of one step. */
  count(step: Step): number {
    return this.requests.filter((request) => request === step).length;
  }

  async #answer<T extends { status: number }>(
    step: Step,
    act: () => EndpointResponse,
    signal: AbortSignal,
    send: (share: number) => void = () => {},
  ): Promise<T> {
    if (this.isOver || signal.aborted) this.zombies.push(step);
    this.requests.push(step);
    const fault = this.faultOf(step, this.count(step));
    await this.#travel(step, signal);
    send(fault?.sent ?? 1);
    const own = !fault || fault.acts ? act() : null;
    await this.#travel(step, signal);
    if (fault?.fails) throw new AvatarUploadError(fault.fails, step);
    if (!fault?.answer) return own as unknown as T;
    // The body of the store's answer is read by nobody.
    if (step === 'put' && fault.acts && own) return own as unknown as T;
    return { ...fault.answer, headers: new Headers(fault.answer.headers) } as unknown as T;
  }

  /** Ends with an abort, as the transport's contract says. */
  #travel(step: Step, signal: AbortSignal): Promise<void> {
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
