import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { HttpServer } from '../support/http-server.js';

/** Serves a function from requests to responses on a free port of this machine, as any adapter for Node does. */
export class NodeServer extends HttpServer {
  constructor(handle: (request: Request) => Response | Promise<Response>) {
    super(async (incoming, outgoing) => {
      const response = await handle(toRequest(incoming, this.origin));
      outgoing.writeHead(response.status, Object.fromEntries(response.headers));
      outgoing.end(Buffer.from(await response.arrayBuffer()));
    });
  }
}

function toRequest(incoming: IncomingMessage, origin: string): Request {
  const { method = 'GET', url = '/', headers } = incoming;
  const hasBody = method !== 'GET' && method !== 'HEAD';
  const init = {
    method,
    headers: headers as Record<string, string>,
    ...(hasBody && { body: Readable.toWeb(incoming), duplex: 'half' }),
  };
  return new Request(new URL(url, origin), init as RequestInit);
}
