import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpServer } from './http-server.js';

/** A request on its way to the server. A test may change it. */
export interface ProxiedRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
}

/** A response on its way back. A test may change it. */
export interface ProxiedResponse {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** What a test changes in place. */
export interface Rewrite {
  request?(request: ProxiedRequest): void;
  response?(response: ProxiedResponse, request: ProxiedRequest): void;
}

/** Headers that describe one connection; `fetch` and `http` set their own. */
const CONNECTION_HEADERS = /^(host|connection|content-length|transfer-encoding)$/;

/** A proxy that turns a correct back end into a faulty one: it changes requests or responses. */
export class RewritingProxy extends HttpServer {
  constructor(upstream: string, rewrite: Rewrite) {
    super(async (incoming, outgoing) => {
      const request = await readRequest(incoming);
      rewrite.request?.(request);
      const response = await forward(upstream, request);
      rewrite.response?.(response, request);
      send(response, outgoing);
    });
  }
}

async function readRequest(incoming: IncomingMessage): Promise<ProxiedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const headers = Object.entries(incoming.headers as Record<string, string>);
  return {
    method: incoming.method ?? '',
    path: incoming.url ?? '',
    headers: Object.fromEntries(headers.filter(([name]) => !CONNECTION_HEADERS.test(name))),
    body: Buffer.concat(chunks).toString(),
  };
}

async function forward(upstream: string, { method, path, headers, body }: ProxiedRequest): Promise<ProxiedResponse> {
  const response = await fetch(upstream + path, { method, headers, redirect: 'manual', ...(body && { body }) });
  const kept = [...response.headers].filter(([name]) => !CONNECTION_HEADERS.test(name));
  return { status: response.status, headers: Object.fromEntries(kept), body: await response.text() };
}

function send({ status, headers, body }: ProxiedResponse, outgoing: ServerResponse): void {
  outgoing.writeHead(status, headers).end(body);
}
