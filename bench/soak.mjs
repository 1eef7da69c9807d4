import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { browserFlags, findBrowser, root } from '../scripts/setup.mjs';
import { row } from './report.mjs';

const cdn = join(root, 'dist', 'cdn');
const UPLOADS = 500;
/** By then everything has been loaded and compiled. */
const WARM = 100;

/** Many uploads on one page: what is left behind after each hundred. Ratios are to the first row. */
export async function soak() {
  const { chromium } = await import('playwright-core');
  const server = createServer(answer);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await chromium.launch({ executablePath: findBrowser(), args: browserFlags });
  const page = await browser.newPage();
  await page.addInitScript(countObjectUrls);
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');

  console.log(`\n${UPLOADS} uploads on one page (Chromium ${browser.version()}): what is alive after a collection`);
  let first;
  for (let done = 0; done < UPLOADS; ) {
    await page.evaluate(upload, WARM);
    done += WARM;
    const now = await measure(page, session);
    first ??= now;
    for (const [name, value] of Object.entries(now))
      row(`${done} uploads: ${name}`, value.toLocaleString('en'), (value / first[name]).toFixed(3));
  }
  await browser.close();
  server.close();
}

/** What is alive: object URLs, listeners, nodes, bytes. */
async function measure(page, session) {
  await session.send('HeapProfiler.collectGarbage');
  const { metrics } = await session.send('Performance.getMetrics');
  const metric = (name) => metrics.find((one) => one.name === name).value;
  return {
    'object URLs': await page.evaluate(() => window.liveUrls.size),
    listeners: metric('JSEventListeners'),
    nodes: metric('Nodes'),
    'bytes of heap': metric('JSHeapUsedSize'),
  };
}

/** A back end that takes everything, and a page with two elements that hear of each other. */
function answer(request, response) {
  const { method, url } = request;
  const json = (body) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  request.resume();
  request.on('end', () => {
    if (url === '/api/uploads/presign') json({ url: '/store', signedHeaders: {}, key: 'pending/o/1' });
    else if (url === '/api/uploads/commit') json({ ok: true, avatar: { key: `avatars/o/${performance.now()}` } });
    else if (url === '/api/me/avatar') json({ url: `/picture?${performance.now()}` });
    else if (url.startsWith('/picture')) response.setHeader('content-type', 'image/svg+xml').end(SVG);
    else if (method === 'PUT') response.end();
    else serve(url, response);
  });
}

const SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><rect width="1" height="1"/></svg>';

function serve(url, response) {
  const file = /^\/cdn\/([\w.-]+)$/.exec(url)?.[1];
  response.setHeader('content-type', file ? 'text/javascript' : 'text/html');
  const tags = '<flare-avatar-upload></flare-avatar-upload>'.repeat(2);
  response.end(
    file ? readFileSync(join(cdn, file)) : `<script type="module" src="/cdn/flare-avatar-upload.js"></script>${tags}`,
  );
}

/** Runs in the page, before anything else. */
function countObjectUrls() {
  const { createObjectURL, revokeObjectURL } = URL;
  window.liveUrls = new Set();
  URL.createObjectURL = (object) => {
    const url = createObjectURL.call(URL, object);
    window.liveUrls.add(url);
    return url;
  };
  URL.revokeObjectURL = (url) => {
    window.liveUrls.delete(url);
    revokeObjectURL.call(URL, url);
  };
}

/** Runs in the page: so many uploads, one after the other, each of a picture of its own. */
async function upload(count) {
  await customElements.whenDefined('flare-avatar-upload');
  const [element, other] = document.querySelectorAll('flare-avatar-upload');
  const canvas = new OffscreenCanvas(800, 600);
  const context = canvas.getContext('2d');
  for (let i = 0; i < count; i++) {
    context.fillStyle = `hsl(${i} 80% 50%)`;
    context.fillRect(Math.random() * 800, Math.random() * 600, 200, 200);
    const blob = await canvas.convertToBlob({ type: 'image/jpeg' });
    await element.upload(new File([blob], `${i}.jpg`, { type: blob.type }));
  }
  await element.updateComplete;
  await other.refresh();
}
