import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { root } from '../scripts/setup.mjs';

const cdn = join(root, 'dist', 'cdn');
const bench = join(root, 'bench');

/** Serves the page and the photos, and receives what the page creates. */
export class PhotoServer {
  #files = new Map();
  #pageCode = '';
  #onPost = null;
  #server = createServer((request, response) => this.#handle(request, response));

  async start() {
    const { build } = await import('esbuild');
    const entryPoints = [join(bench, 'image-page.js')];
    const { outputFiles } = await build({
      entryPoints,
      bundle: true,
      format: 'esm',
      write: false,
      external: ['/own.js', '/heic-to.js', '/cdn/*'],
    });
    this.#pageCode = outputFiles[0].text;
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://localhost:${this.#server.address().port}`;
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Resolves with the body of the next POST. */
  receive() {
    return new Promise((resolve) => {
      this.#onPost = resolve;
    });
  }

  addFile(name, bytes) {
    this.#files.set(name, bytes);
  }

  async #handle(request, response) {
    const path = request.url.split('?')[0].slice(1);
    if (request.method === 'POST') {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      response.end();
      this.#onPost?.(Buffer.concat(chunks));
      return;
    }
    response.setHeader('content-type', path === '' ? 'text/html' : 'text/javascript');
    response.end(this.#readFile(path));
  }

  #readFile(path) {
    if (path === '') return '<!doctype html><meta charset="utf-8"><script type="module" src="/page.js"></script>';
    if (path === 'page.js') return this.#pageCode;
    if (path === 'own.js') return `export * from '/cdn/${readdirSync(cdn).find((file) => file.includes('.image-'))}'`;
    if (path === 'heic-to.js') return readFileSync(join(root, 'node_modules/heic-to/dist/csp/heic-to.js'));
    if (path === 'browser-image-compression.js') {
      return readFileSync(join(bench, 'node_modules/browser-image-compression/dist/browser-image-compression.js'));
    }
    const [, script] = /^cdn\/([\w.-]+)$/.exec(path) ?? [];
    if (script && existsSync(join(cdn, script))) return readFileSync(join(cdn, script));
    return this.#files.get(path) ?? '';
  }
}
