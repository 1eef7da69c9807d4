import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch } from '../support/browser.js';
import { root } from '../support/dev-server.js';
import { png } from '../support/pictures.js';

/** Serves the built files, and any page. */
class Site {
  readonly #server: Server;
  /** Pages by path. */
  readonly pages = new Map<string, { html: string; policy: string }>();
  /** Files that are not there. */
  missing = /^$/;

  constructor() {
    this.#server = createServer(async (request, response) => {
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

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

const [site, cdn] = [new Site(), new Site()];
let [origin, elsewhere] = ['', ''];
let browser: Browser;

beforeAll(async () => {
  [origin, elsewhere, browser] = await Promise.all([site.start(), cdn.start(), launch()]);
});
afterAll(() => Promise.all([browser?.close(), site.stop(), cdn.stop()]));

interface Made {
  /** Addresses of the workers that were started. */
  workers: string[];
  /** Type and width of the square. */
  square: [string, number];
  /** What the page's policy has stopped. */
  violations: string[];
}

const TYPED = "require-trusted-types-for 'script'; trusted-types lit-html flare-avatar-upload";
const MODULE = 'type="module" src="/cdn/flare-avatar-upload.js"';

/** Makes a picture ready in a page with a policy. */
async function make(policy: string, script = MODULE): Promise<Made> {
  const base = "default-src 'none'; connect-src 'self'; img-src blob:; style-src 'self'; ";
  const html = `<!doctype html><meta charset="utf-8"><title>Worker</title><script ${script}></script>
    <flare-avatar-upload avatar-url=""></flare-avatar-upload>`;
  site.pages.set('/page', { html, policy: base + policy });
  const page = await (await browser.newContext()).newPage();
  const workers: string[] = [];
  page.on('worker', (worker) => workers.push(worker.url()));
  await page.addInitScript(() => {
    const violations: string[] = [];
    Object.assign(window, { violations });
    addEventListener('securitypolicyviolation', ({ effectiveDirective }) => violations.push(effectiveDirective));
  });
  await page.goto(`${origin}/page`);
  await page.waitForFunction(() => customElements.get('flare-avatar-upload'));
  const square = await prepared(page, [...png({ width: 30, height: 20 })]);
  const violations = await page.evaluate(() => (window as unknown as { violations: string[] }).violations);
  await page.context().close();
  return { workers, square, violations };
}

const prepared = (page: Page, bytes: number[]) =>
  page.evaluate(async (all): Promise<[string, number]> => {
    const element = document.querySelector('flare-avatar-upload') as HTMLElement & {
      presign: unknown;
      upload(file: File): Promise<unknown>;
    };
    element.presign = () => new Promise(() => {});
    const started = new Promise<CustomEvent<{ blob: Blob }>>((resolve, reject) => {
      element.addEventListener('flare-start', (event) => resolve(event as CustomEvent<{ blob: Blob }>));
      element.addEventListener('flare-reject', () => reject(new Error('refused')));
    });
    element.upload(new File([new Uint8Array(all)], 'a.png', { type: 'image/png' })).catch(() => {});
    const { blob } = (await started).detail;
    return [blob.type, (await createImageBitmap(blob)).width];
  }, bytes);

const SQUARE = ['image/webp', 20];

describe('the worker', () => {
  it('is started directly on the same origin, under the strictest policy', async () => {
    const { workers, square, violations } = await make(`script-src 'self'; ${TYPED}`);
    expect(square).toEqual(SQUARE);
    expect(workers).toEqual([expect.stringMatching(new RegExp(`^${origin}/cdn/flare-avatar-upload.worker-\\w+.js$`))]);
    expect(violations).toEqual([]);
  });

  it('is imported by a blob from another origin', async () => {
    const script = `type="module" crossorigin src="${elsewhere}/cdn/flare-avatar-upload.js"`;
    const { workers, square, violations } = await make(`script-src ${elsewhere}; worker-src blob:; ${TYPED}`, script);
    expect(square).toEqual(SQUARE);
    expect(workers).toEqual([expect.stringMatching(/^blob:/)]);
    expect(violations).toEqual([]);
  });

  it('is done without where the policy forbids workers', async () => {
    const { workers, square } = await make(`script-src 'self'; worker-src 'none'; ${TYPED}`);
    expect([square, workers]).toEqual([SQUARE, []]);
  });

  it('is done without where the policy forbids our Trusted Types policy', async () => {
    const { workers, square } = await make(
      "script-src 'self'; require-trusted-types-for 'script'; trusted-types lit-html",
    );
    expect([square, workers]).toEqual([SQUARE, []]);
  });

  it('of the classic script is the file beside it', async () => {
    const { workers, square, violations } = await make(
      `script-src 'self'; ${TYPED}`,
      'src="/cdn/flare-avatar-upload.iife.js"',
    );
    expect(square).toEqual(SQUARE);
    expect(workers).toEqual([expect.stringContaining('/cdn/flare-avatar-upload.worker-')]);
    expect(violations).toEqual([]);
  });

  it('of the classic script alone is done without: everything is inside', async () => {
    site.missing = /worker-/;
    const { square } = await make(`script-src 'self'; ${TYPED}`, 'src="/cdn/flare-avatar-upload.iife.js"');
    site.missing = /^$/;
    expect(square).toEqual(SQUARE);
  });
});
