import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { avif } from './avif.js';
import { createContext } from './browser.js';
import { HttpServer } from './http-server.js';
import type { PackedPackage } from './packed-package.js';
import { png } from './pictures.js';

/** What an application imports from the package. */
const SCRIPT = `import 'flare-avatar-upload';
import { decodeHeic } from 'flare-avatar-upload/heic';
window.decodeHeic = decodeHeic;
`;

const createPage = (script: string) => `<!doctype html><meta charset="utf-8"><title>App</title>
<link rel="icon" href="data:,"><flare-avatar-upload avatar-url=""></flare-avatar-upload>
<script type="module" src="${script}"></script>`;

/** Creates an application in the project of the package. @returns its folder, with `index.html` and `main.js`. */
export function createApp(packed: PackedPackage, name: string): string {
  const folder = join(packed.project, name);
  mkdirSync(join(folder, 'dist'), { recursive: true });
  writeApp(folder);
  return folder;
}

/** Writes the files of the application into a folder. */
export function writeApp(folder: string): void {
  writeFileSync(join(folder, 'index.html'), createPage('./main.js'));
  writeFileSync(join(folder, 'main.js'), SCRIPT);
}

const TYPES: Record<string, string> = { html: 'text/html', js: 'text/javascript', mjs: 'text/javascript' };

/** Serves a folder of bundles, with a page that loads `main.js` if the bundler wrote none. */
export const serveFolder = (folder: string): HttpServer =>
  new HttpServer(async ({ url = '' }, response) => {
    const path = url === '/' ? '/index.html' : new URL(url, 'http://localhost').pathname;
    const type = TYPES[path.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
    const isPage = path === '/index.html';
    const body = await readFile(join(folder, path)).catch(() => (isPage ? createPage('/main.js') : null));
    response.writeHead(body === null ? 404 : 200, { 'content-type': type }).end(body ?? undefined);
  });

/** What a page did while it processed a PNG and tried to decode a HEIC photo. */
export interface AppResult {
  /** Workers that were started: `image` and `heic`. Those that the decoder starts from blobs are not counted. */
  workers: string[];
  /** Type and width of the square that was made of the PNG. */
  square: [string, number];
  /** Error code of the HEIC photo, which has no picture in it. */
  heic: string;
  /** Warnings and errors in the console, and requests that failed. */
  problems: string[];
}

/** The result if both workers have started. */
export const WITH_WORKERS: AppResult = {
  workers: ['image', 'heic'],
  square: ['image/webp', 20],
  heic: 'decode_failed',
  problems: [],
};

/** Opens an application, and picks a picture. */
export async function tryApp(browser: Browser, url: string): Promise<AppResult> {
  const context = await createContext(browser);
  const page = await context.newPage();
  const problems = recordProblems(page);
  await page.goto(url);
  await page.waitForFunction(() => 'decodeHeic' in window);
  const square = await preparePicture(page);
  const image = page.workers().length;
  const started: string[] = [];
  page.on('worker', (worker) => started.push(worker.url()));
  const heic = await decodePhoto(page);
  await context.close();
  const isOwn = (workerUrl: string) => !workerUrl.startsWith('blob:');
  const workers = [...Array(image).fill('image'), ...started.filter(isOwn).map(() => 'heic')];
  return { workers, square, heic, problems };
}

/** Collects the warnings and errors in the console of a page, and its requests that fail. */
export function recordProblems(page: Page): string[] {
  const problems: string[] = [];
  page.on('console', (message) => {
    // Vite takes Lit's development build wherever NODE_ENV isn't "production".
    const isProblem = /warning|error/.test(message.type()) && !message.text().startsWith('Lit is in dev mode.');
    if (isProblem) problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('requestfailed', (request) => problems.push(`${request.failure()?.errorText} ${request.url()}`));
  page.on('response', (response) => {
    if (response.status() >= 400) problems.push(`${response.status()} ${response.url()}`);
  });
  return problems;
}

const preparePicture = (page: Page): Promise<[string, number]> =>
  page.evaluate(
    async (bytes): Promise<[string, number]> => {
      const element = document.querySelector('flare-avatar-upload') as HTMLElementTagNameMap['flare-avatar-upload'];
      element.presign = () => new Promise(() => {});
      const started = new Promise<Blob>((resolve) => {
        element.addEventListener('flare-start', ({ detail }) => resolve(detail.blob));
      });
      element.upload(new File([new Uint8Array(bytes)], 'a.png', { type: 'image/png' })).catch(() => {});
      const blob = await started;
      return [blob.type, (await createImageBitmap(blob)).width];
    },
    [...png({ width: 30, height: 20 })],
  );

const decodePhoto = (page: Page): Promise<string> =>
  page.evaluate(
    (bytes) => {
      const { decodeHeic } = window as unknown as typeof import('../../src/heic.js');
      return decodeHeic(new Blob([new Uint8Array(bytes)])).then(
        () => 'decoded',
        ({ code }) => String(code),
      );
    },
    [...avif({ brand: 'heic' })],
  );
