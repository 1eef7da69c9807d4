import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A call of the API on its way to the server, to be changed. */
export interface Call {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
}

/** An answer on its way back, to be changed. */
export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export interface Spoil {
  call?(call: Call): void;
  reply?(reply: Reply, call: Call): void;
}

/** Makes a bad back end of a good one: everything goes through, but for what a test spoils. */
export class SpoilingProxy {
  #server: Server;

  constructor(upstream: string, spoil: Spoil) {
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const { host, connection, 'content-length': length, ...headers } = request.headers as Record<string, string>;
      const { method = '', url: path = '' } = request;
      const call: Call = { method, path, headers, body: Buffer.concat(chunks).toString() };
      spoil.call?.(call);
      const answer = await fetch(upstream + call.path, {
        method,
        headers: call.headers,
        redirect: 'manual',
        ...(call.body && { body: call.body }),
      });
      const kept = [...answer.headers].filter(
        ([name]) => !/^(content-length|transfer-encoding|connection)$/.test(name),
      );
      const reply: Reply = { status: answer.status, headers: Object.fromEntries(kept), body: await answer.text() };
      spoil.reply?.(reply, call);
      response.writeHead(reply.status, reply.headers).end(reply.body);
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
