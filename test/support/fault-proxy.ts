import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { root } from './dev-server.js';

/** What a request is for. */
export type Kind = 'presign' | 'put' | 'commit' | 'load' | 'image' | 'remove';

/**
 * What goes wrong with a request.
 * - `lost before`: the connection ends before the server hears of it
 * - `lost in the middle`: the server hears half of the request, or the client half of the answer
 * - `lost after`: the server has done it, and its answer is lost
 * - `stall`: nothing more is heard of it
 * - `slow`: the request takes its time
 * - `truncated`: half of the answer, as if it were whole
 * - `twice`: something on the way has sent it twice
 * - an answer that does not come from the server
 */
export type Fault =
  | 'lost before'
  | 'lost in the middle'
  | 'lost after'
  | 'stall'
  | 'slow'
  | 'truncated'
  | 'twice'
  | { status: number; headers?: Record<string, string>; body?: string };

/** What the back end has answered, whether that has arrived or not. */
interface Answered {
  kind: Kind;
  status: number;
  body: Buffer;
}

interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

const PAGE =
  '<!doctype html><meta charset="utf-8"><title>Faults</title>' +
  '<script type="module" src="/cdn/flare-avatar-upload.js"></script>';

/** The real back end with a bad line in front of it, and a page with the built element. */
export class FaultProxy {
  /** What has come in, in order. */
  readonly requests: Kind[] = [];
  readonly answered: Answered[] = [];
  #faults: { kind: Kind; fault: Fault; times: number }[] = [];
  readonly #server: Server;

  private constructor(private readonly backEnd: URL) {
    this.#server = createServer((incoming, outgoing) => {
      // Browsers send again by themselves what is lost on a connection that was used before.
      outgoing.shouldKeepAlive = false;
      this.#handle(incoming, outgoing).catch(() => outgoing.destroy());
    });
  }

  /** @param backEnd its origin. */
  static async start(backEnd: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(new URL(backEnd));
    await new Promise<void>((resolve) => proxy.#server.listen(0, resolve));
    return proxy;
  }

  get origin(): string {
    return `http://localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on, so many requests of a kind go wrong; none does that was said before. */
  break(kind: Kind, fault: Fault, times = Infinity): void {
    this.#faults = [{ kind, fault, times }];
  }

  /** Forgets faults, requests and answers. */
  mend(): void {
    this.#faults = [];
    this.requests.length = 0;
    this.answered.length = 0;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const kind = kindOf(incoming);
    if (!kind) return this.#servePage(incoming, outgoing);
    this.requests.push(kind);
    const fault = this.#nextFault(kind);
    if (fault === 'lost before') return void incoming.socket.destroy();
    if (fault === 'stall') return void incoming.pause();
    const half = fault === 'lost in the middle' && kind === 'put';
    const body = await read(incoming, fault === 'slow', half);
    if (!body) return void incoming.socket.destroy();
    if (typeof fault === 'object') return void outgoing.writeHead(fault.status, fault.headers).end(fault.body);
    if (fault === 'twice') await this.#ask(kind, incoming, body);
    reply(await this.#ask(kind, incoming, body), fault, outgoing);
  }

  #nextFault(kind: Kind): Fault | undefined {
    const found = this.#faults.find((it) => it.kind === kind && it.times > 0);
    if (found) found.times--;
    return found?.fault;
  }

  /** The back end is asked under this proxy's own name, which is what it signs. */
  #ask(kind: Kind, { method, url, headers }: IncomingMessage, body: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = this.backEnd;
      const asked = request({ hostname, port, method, path: url, headers }, async (answer) => {
        const bytes = (await read(answer)) ?? Buffer.alloc(0);
        const { statusCode: status = 0 } = answer;
        this.answered.push({ kind, status, body: bytes });
        resolve({ status, headers: answer.headers, body: bytes });
      });
      asked.on('error', reject);
      asked.end(body);
    });
  }

  async #servePage({ url = '' }: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const script = /^\/cdn\/([\w.-]+)$/.exec(url)?.[1];
    outgoing.setHeader('content-type', script ? 'text/javascript' : 'text/html');
    outgoing.end(script ? await readFile(join(root, 'dist', 'cdn', script)) : PAGE);
  }
}

function kindOf({ method, url = '' }: IncomingMessage): Kind | null {
  if (url === '/api/uploads/presign') return 'presign';
  if (url === '/api/uploads/commit') return 'commit';
  if (url === '/api/me/avatar') return method === 'DELETE' ? 'remove' : 'load';
  if (url.startsWith('/cdn-cgi/')) return method === 'PUT' ? 'put' : 'image';
  return null;
}

/** Undefined where only half of it was to be read. */
async function read(message: IncomingMessage, isSlow = false, isHalf = false): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) {
    chunks.push(chunk);
    if (isHalf) return undefined;
    if (isSlow) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return Buffer.concat(chunks);
}

function reply({ status, headers, body }: Answer, fault: Fault | undefined, outgoing: ServerResponse): void {
  if (fault === 'lost after') return void outgoing.destroy();
  const { connection, 'content-length': length, 'transfer-encoding': encoding, ...rest } = headers;
  const half = body.subarray(0, body.length / 2);
  if (fault === 'truncated') return void outgoing.writeHead(status, rest).end(half);
  outgoing.writeHead(status, { ...rest, 'content-length': body.length });
  if (fault !== 'lost in the middle') return void outgoing.end(body);
  outgoing.write(half, () => outgoing.destroy());
}
