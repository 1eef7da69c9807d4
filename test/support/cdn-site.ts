import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './dev-server.js';
import { HttpServer } from './http-server.js';

/** Serves the built CDN files, and the pages of a test. */
export class CdnSite extends HttpServer {
  /** Pages by path. */
  readonly pages = new Map<string, { html: string; policy: string }>();
  /** Paths that are answered with 404. */
  missing = /^$/;

  constructor() {
    super(async (request, response) => {
      const path = request.url ?? '';
      const page = this.pages.get(path);
      const file = join(root, 'dist', 'cdn', path.slice('/cdn/'.length));
      if (page) {
        response
          .setHeader('content-type', 'text/html')
          .setHeader('content-security-policy', page.policy)
          .end(page.html);
      } else if (path.startsWith('/cdn/') && !this.missing.test(path) && existsSync(file)) {
        response.setHeader('content-type', 'text/javascript').setHeader('access-control-allow-origin', '*');
        response.end(await readFile(file));
      } else {
        response.writeHead(404).end();
      }
    });
  }
}
