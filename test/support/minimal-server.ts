import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { root } from './dev-server.js';
import { HttpServer } from './http-server.js';

/** A strict Content Security Policy. @param images - where pictures may come from; `blob:` is memory */
const createPolicy = (images: string) =>
  `default-src 'none'; script-src 'self'; connect-src 'self'; img-src ${images}; ` +
  "require-trusted-types-for 'script'; trusted-types lit-html flare-avatar-upload";

const ELEMENT = '<flare-avatar-upload></flare-avatar-upload>';
const MODULE = '<script type="module" src="/cdn/flare-avatar-upload.js"></script>';
const PAGES: Record<string, string> = {
  '/': MODULE + ELEMENT,
  '/classic': `<script src="/cdn/flare-avatar-upload.iife.js"></script>${ELEMENT}`,
  '/german': `${MODULE}<main lang="de">${ELEMENT.replace('>', ' crop="manual" camera>')}</main>`,
};

/**
 * A back end and store with the least that the HTTP contract requires: it
 * returns `{url, signedHeaders, key}`, `{ok: true}` and `{url}`. It also serves
 * the built CDN files, and pages that use them under a strict policy.
 */
export class MinimalServer extends HttpServer {
  /** Requests to the API and the store: method and path, without the number of the object. */
  readonly requests: string[] = [];
  readonly objects = new Map<string, { bytes: Buffer; headers: IncomingMessage['headers'] }>();
  #avatarKey: string | null = null;

  /** @param images - where the policy of the pages allows pictures to come from. */
  constructor(private readonly images = "'self' blob:") {
    super((request, response) => {
      this.#handle(request, response).catch((error: Error) => response.writeHead(500).end(error.message));
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request;
    const body = await readBody(request);
    if (/^\/(api|store)/.test(url)) this.requests.push(`${method} ${url.replace(/\d+$/, '')}`);
    if (url.startsWith('/api/')) {
      response.setHeader('content-type', 'application/json').end(JSON.stringify(this.#callApi(url, body)));
    } else if (url.startsWith('/store/')) {
      this.#handleObject(request, response, body);
    } else {
      await serveFile(url, response, createPolicy(this.images));
    }
  }

  #callApi(url: string, body: Buffer): unknown {
    if (url === '/api/uploads/presign') {
      const { contentType } = JSON.parse(body.toString());
      const key = `avatars/${this.objects.size}`;
      return { url: `/store/${key}`, signedHeaders: { 'content-type': contentType }, key };
    }
    if (url === '/api/uploads/commit') {
      this.#avatarKey = JSON.parse(body.toString()).key;
      return { ok: true };
    }
    return { url: this.#avatarKey && `/store/${this.#avatarKey}` };
  }

  #handleObject({ method, url = '', headers }: IncomingMessage, response: ServerResponse, bytes: Buffer): void {
    const key = url.slice('/store/'.length);
    if (method === 'PUT') {
      this.objects.set(key, { bytes, headers });
      response.end();
      return;
    }
    const object = this.objects.get(key);
    response.setHeader('content-type', object?.headers['content-type'] ?? '').end(object?.bytes);
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function serveFile(url: string, response: ServerResponse, policy: string): Promise<void> {
  const script = /^\/cdn\/((?:locales\/)?[\w.-]+)$/.exec(url)?.[1];
  if (script) {
    const code = await readFile(join(root, 'dist', 'cdn', script));
    response.setHeader('content-type', 'text/javascript').end(code);
    return;
  }
  response.setHeader('content-type', 'text/html').setHeader('content-security-policy', policy);
  response.end(`<!doctype html><meta charset="utf-8"><title>Minimal server</title>${PAGES[url] ?? ''}`);
}
