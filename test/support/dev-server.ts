import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');

/** `npm start`, on a free port and with a state folder of its own. */
export class DevServer {
  private constructor(
    readonly origin: string,
    private readonly child: ChildProcess,
    /** Folder of its database and bucket, if it goes with it. */
    private readonly own: string | null,
  ) {}

  /** One with an empty database and bucket, which end with it. */
  static async fresh(): Promise<DevServer> {
    const state = await mkdtemp(join(tmpdir(), 'flare-'));
    const { origin, child } = await DevServer.start(state);
    return new DevServer(origin, child, state);
  }

  /** Resolves when it has said that it is ready. */
  static async start(state: string, ...args: string[]): Promise<DevServer> {
    const port = await freePort();
    const env = { ...process.env, PORT: String(port), FLARE_STATE: state };
    // What npm start runs; not detached, so that ending the tests ends it too.
    const child = spawn('node', ['scripts/start.mjs', ...args], { cwd: root, env });
    let output = '';
    const ready = new Promise<string>((resolve, reject) => {
      const read = (chunk: Buffer) => {
        output += chunk;
        const url = /Ready: (\S+)/.exec(output)?.[1];
        if (url) resolve(url);
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.on('exit', () => reject(new Error(`npm start has ended:\n${output}`)));
    });
    return new DevServer(await ready, child, null);
  }

  /** Ends it, and resolves once it is gone. */
  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.child.on('exit', resolve));
    this.child.kill('SIGTERM');
    await gone;
    if (this.own) await rm(this.own, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const socket = createSocket();
  await new Promise<void>((resolve) => socket.listen(0, resolve));
  const { port } = socket.address() as AddressInfo;
  await new Promise((resolve) => socket.close(resolve));
  return port;
}

/** What a page of the strictest kind allows; pictures may be shown from memory. */
const POLICY =
  "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' blob:; " +
  "require-trusted-types-for 'script'; trusted-types lit-html flare-avatar-upload";

/**
 * A back end that follows the original guide to the letter, and no more: it
 * answers `{url, signedHeaders, key}`, `{ok: true}` and `{url}`. Serves the
 * built CDN files too, on a page with a strict policy.
 */
export class GuideServer {
  readonly requests: string[] = [];
  readonly objects = new Map<string, { bytes: Buffer; headers: IncomingMessage['headers'] }>();
  current: string | null = null;
  #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: Error) => response.writeHead(500).end(error.message));
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const json = (value: unknown) => response.setHeader('content-type', 'application/json').end(JSON.stringify(value));
    if (/^\/(api|store)/.test(url)) this.requests.push(`${method} ${url.replace(/\d+$/, '')}`);

    if (url === '/api/uploads/presign') {
      const { contentType } = JSON.parse(body.toString());
      const key = `avatars/${this.objects.size}`;
      return void json({ url: `/store/${key}`, signedHeaders: { 'content-type': contentType }, key });
    }
    if (url === '/api/uploads/commit') {
      const { key } = JSON.parse(body.toString());
      this.current = key;
      return void json({ ok: true });
    }
    if (url === '/api/me/avatar') return void json({ url: this.current && `/store/${this.current}` });
    if (url.startsWith('/store/')) {
      const key = url.slice('/store/'.length);
      if (method === 'PUT') {
        this.objects.set(key, { bytes: body, headers: request.headers });
        return void response.end();
      }
      const object = this.objects.get(key);
      return void response.setHeader('content-type', object?.headers['content-type'] ?? '').end(object?.bytes);
    }
    const script = /^\/cdn\/([\w.-]+)$/.exec(url)?.[1];
    if (script) {
      const text = await readFile(join(root, 'dist', 'cdn', script));
      return void response.setHeader('content-type', 'text/javascript').end(text);
    }
    const classic = url === '/classic';
    const tag = classic
      ? '<script src="/cdn/flare-avatar-upload.iife.js"></script>'
      : '<script type="module" src="/cdn/flare-avatar-upload.js"></script>';
    response.setHeader('content-type', 'text/html').setHeader('content-security-policy', POLICY);
    response.end(
      `<!doctype html><meta charset="utf-8"><title>Guide</title>${tag}<flare-avatar-upload></flare-avatar-upload>`,
    );
  }
}
