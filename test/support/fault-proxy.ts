import { readFile } from 'node:fs/promises';
import { Agent, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { root } from './dev-server.js';
import { HttpServer } from './http-server.js';

/** What a request is for. */
export type RequestKind = 'presign' | 'put' | 'commit' | 'load' | 'image' | 'remove';

/**
 * What goes wrong with a request:
 *
 * - `drop request`: the connection ends before the server gets the request
 * - `drop midway`: it ends in the middle of a PUT, or else of the response
 * - `drop response`: it ends after the server has handled the request
 * - `stall`: nothing more happens
 * - `slow`: the request body arrives slowly
 * - `truncate`: the first half of the response arrives as if it were all
 * - `duplicate`: the server gets the request twice
 * - a response that does not come from the server
 */
export type Fault =
  | 'drop request'
  | 'drop midway'
  | 'drop response'
  | 'stall'
  | 'slow'
  | 'truncate'
  | 'duplicate'
  | { status: number; headers?: Record<string, string>; body?: string };

/** A response of the back end, whether or not the client has received it. */
interface BackEndResponse {
  kind: RequestKind;
  status: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

const PAGE =
  '<!doctype html><meta charset="utf-8"><title>Faults</title>' +
  '<script type="module" src="/cdn/flare-avatar-upload.js"></script>';

/** A page with the built element, and the real back end behind a connection that fails on request. */
export class FaultProxy extends HttpServer {
  /** Kinds of the requests so far, in order. */
  readonly requests: RequestKind[] = [];
  readonly responses: BackEndResponse[] = [];
  /** What is in the body of the page, by path. */
  readonly bodies = new Map<string, string>();
  /** Called when a request has stalled. */
  onStall: () => void = () => {};
  #fault: { kind: RequestKind; fault: Fault; times: number } | null = null;
  readonly #backEnd: URL;
  /** A connection for each request: the server may close an idle one in the moment in which it is used again. */
  readonly #agent = new Agent({ keepAlive: false });

  /** @param backEnd - origin of the back end */
  constructor(backEnd: string) {
    super((incoming, outgoing) => {
      // Browsers retry by themselves what fails on a connection that was used before.
      outgoing.shouldKeepAlive = false;
      this.#handle(incoming, outgoing).catch(() => outgoing.destroy());
    });
    this.#backEnd = new URL(backEnd);
  }

  /** Makes the next requests of a kind fail. Replaces the fault that was set before. */
  injectFault(kind: RequestKind, fault: Fault, times = Number.POSITIVE_INFINITY): void {
    this.#fault = { kind, fault, times };
  }

  /** Removes the fault, and forgets requests and responses. */
  reset(): void {
    this.#fault = null;
    this.requests.length = 0;
    this.responses.length = 0;
  }

  async #handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const kind = kindOf(incoming);
    if (!kind) return this.#servePage(incoming, outgoing);
    this.requests.push(kind);
    const fault = this.#takeFault(kind);
    if (fault === 'drop request') return void incoming.socket.destroy();
    if (fault === 'stall') {
      incoming.pause();
      return this.onStall();
    }
    const isAborted = fault === 'drop midway' && kind === 'put';
    const body = await readBody(incoming, fault === 'slow', isAborted);
    if (!body) return void incoming.socket.destroy();
    if (typeof fault === 'object') return void outgoing.writeHead(fault.status, fault.headers).end(fault.body);
    if (fault === 'duplicate') await this.#forward(kind, incoming, body);
    send(await this.#forward(kind, incoming, body), fault, outgoing);
  }

  #takeFault(kind: RequestKind): Fault | undefined {
    if (this.#fault?.kind !== kind || this.#fault.times === 0) return undefined;
    this.#fault.times--;
    return this.#fault.fault;
  }

  /** Forwards the request under this proxy's own host name, which the back end signs URLs for. */
  #forward(
    kind: RequestKind,
    { method, url, headers }: IncomingMessage,
    requestBody: Buffer,
  ): Promise<BackEndResponse> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = this.#backEnd;
      const options = { hostname, port, method, path: url, headers, agent: this.#agent };
      const forwarded = request(options, async (incoming) => {
        const { statusCode: status = 0 } = incoming;
        const body = (await readBody(incoming)) ?? Buffer.alloc(0);
        const response = { kind, status, headers: incoming.headers, body };
        this.responses.push(response);
        resolve(response);
      });
      forwarded.on('error', reject);
      forwarded.end(requestBody);
    });
  }

  async #servePage({ url = '' }: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const script = /^\/cdn\/((?:locales\/)?[\w.-]+)$/.exec(url)?.[1];
    outgoing.setHeader('content-type', script ? 'text/javascript' : 'text/html');
    outgoing.end(script ? await readFile(join(root, 'dist', 'cdn', script)) : PAGE + (this.bodies.get(url) ?? ''));
  }
}

function kindOf({ method, url = '' }: IncomingMessage): RequestKind | null {
  if (url === '/api/uploads/presign') return 'presign';
  if (url === '/api/uploads/commit') return 'commit';
  if (url.split('?')[0] === '/api/me/avatar') return method === 'DELETE' ? 'remove' : 'load';
  if (url.startsWith('/cdn-cgi/')) return method === 'PUT' ? 'put' : 'image';
  return null;
}

/** Resolves with undefined if the message is aborted after its first chunk. */
async function readBody(message: IncomingMessage, isSlow = false, isAborted = false): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) {
    chunks.push(chunk);
    if (isAborted) return undefined;
    if (isSlow) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return Buffer.concat(chunks);
}

function send({ status, headers, body }: BackEndResponse, fault: Fault | undefined, outgoing: ServerResponse): void {
  if (fault === 'drop response') return void outgoing.destroy();
  const { connection, 'content-length': length, 'transfer-encoding': encoding, ...rest } = headers;
  const half = body.subarray(0, body.length / 2);
  if (fault === 'truncate') return void outgoing.writeHead(status, rest).end(half);
  outgoing.writeHead(status, { ...rest, 'content-length': body.length });
  if (fault !== 'drop midway') return void outgoing.end(body);
  outgoing.write(half, () => outgoing.destroy());
}
