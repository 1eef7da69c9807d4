import type { IncomingMessage, ServerResponse } from 'node:http';
import { AwsClient } from 'aws4fetch';
import { HttpServer } from '../support/http-server.js';
import { ACCESS_KEY } from './store-settings.js';

/** Headers that are signed, or made again, with the request that is sent on. */
const OWN_HEADERS = /^(host|connection|authorization|accept-encoding|content-length|x-amz-date|transfer-encoding)$/;

/**
 * A store in front of a store, which signs each request anew with the present
 * time: tests that change the time of their process sign with that one, and a
 * store refuses requests that are more than a quarter of an hour off.
 */
export class ResigningProxy extends HttpServer {
  constructor(endpoint: string) {
    const client = new AwsClient({ ...ACCESS_KEY, service: 's3', region: 'auto', retries: 0 });
    super((incoming, outgoing) => {
      forward(client, endpoint, incoming, outgoing).catch(() => outgoing.destroy());
    });
  }
}

async function forward(client: AwsClient, endpoint: string, incoming: IncomingMessage, outgoing: ServerResponse) {
  const { method = 'GET', url = '' } = incoming;
  const headers = Object.entries(incoming.headers).filter(([name]) => !OWN_HEADERS.test(name)) as [string, string][];
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const body = chunks.length > 0 ? { body: Buffer.concat(chunks) } : {};
  const response = await client.fetch(endpoint + url, { method, headers, ...body });
  const bytes = Buffer.from(await response.arrayBuffer());
  outgoing.writeHead(response.status, Object.fromEntries(response.headers)).end(bytes);
}
