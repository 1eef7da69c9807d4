import { existsSync, readFileSync, statSync } from 'node:fs';
import { Agent, type IncomingMessage, type ServerResponse, request as sendRequest } from 'node:http';
import { extname, join } from 'node:path';
import { HttpServer } from './http-server.js';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
};

/** Paths of the local back end: the API and its bucket. */
const BACK_END = /^\/(api|cdn-cgi)\//;

/** What serves the pages: a folder with built files, or the origin of another server. None: they are elsewhere. */
export type PageSource = { folder: string } | { origin: string } | null;

/** The local back end and, on the same origin, the pages of an example. */
export class ExampleSite extends HttpServer {
  /** Methods and paths of the requests to the API so far. */
  readonly calls: string[] = [];
  #release: () => void = () => {};
  #released: Promise<void> = Promise.resolve();
  /** A connection for each request: the server may close an idle one in the moment in which it is used again. */
  readonly #agent = new Agent({ keepAlive: false });

  constructor(pages: PageSource, backEnd: string) {
    super((incoming, outgoing) => {
      outgoing.shouldKeepAlive = false;
      const { url = '/', method } = incoming;
      if (BACK_END.test(url)) {
        if (url.startsWith('/api/')) this.calls.push(`${method} ${url}`);
        const held = method === 'PUT' ? this.#released : null;
        forward(backEnd, this.#agent, incoming, outgoing, held);
      } else if (!pages) outgoing.writeHead(404).end();
      else if ('folder' in pages) sendFile(pages.folder, url, outgoing);
      else forward(pages.origin, this.#agent, incoming, outgoing);
    });
  }

  /** Holds back the responses to PUTs, until `releaseUploads()`. */
  holdUploads(): void {
    this.#released = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  releaseUploads(): void {
    this.#release();
  }
}

function sendFile(folder: string, url: string, outgoing: ServerResponse): void {
  const { pathname } = new URL(url, 'http://localhost');
  const path = join(folder, decodeURIComponent(pathname));
  const file = existsSync(path) && statSync(path).isDirectory() ? join(path, 'index.html') : path;
  if (!existsSync(file)) return void outgoing.writeHead(404).end();
  const type = TYPES[extname(file)] ?? 'application/octet-stream';
  outgoing.writeHead(200, { 'content-type': type }).end(readFileSync(file));
}

/**
 * Passes a request on, with its Host.
 *
 * @param held - the response is passed on when this has resolved
 */
function forward(
  origin: string,
  agent: Agent,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  held: Promise<void> | null = null,
): void {
  const { method, headers, url = '' } = incoming;
  const request = sendRequest(new URL(url, origin), { method, headers, agent }, async (response) => {
    await held;
    outgoing.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(outgoing);
  });
  request.on('error', () => outgoing.destroy());
  incoming.pipe(request);
}
