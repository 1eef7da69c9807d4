import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { browserFlags, findBrowser, root } from '../scripts/setup.mjs';
import { printRow } from './report.mjs';

const cdn = join(root, 'dist', 'cdn');
const UPLOADS = 500;
/** Uploads between measurements. After the first ones, all code is loaded and compiled. */
const BATCH = 100;

/** Looks for leaks: many uploads on one page, with the live objects after each hundred and their ratio to the first. */
export async function runSoakBench() {
  const { chromium } = await import('playwright-core');
  const server = createServer(handleRequest);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await chromium.launch({ executablePath: findBrowser(), args: browserFlags });
  const page = await browser.newPage();
  await page.addInitScript(countObjectUrls);
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');

  console.log(
    `\n${UPLOADS} uploads on one page (Chromium ${browser.version()}): live objects after garbage collection`,
  );
  let first;
  for (let done = 0; done < UPLOADS; ) {
    await page.evaluate(uploadMany, BATCH);
    done += BATCH;
    const counts = await countLiveObjects(page, session);
    first ??= counts;
    for (const [name, value] of Object.entries(counts))
      printRow(`${done} uploads: ${name}`, value.toLocaleString('en'), (value / first[name]).toFixed(3));
  }
  await browser.close();
  server.close();
}

async function countLiveObjects(page, session) {
  await session.send('HeapProfiler.collectGarbage');
  const { metrics } = await session.send('Performance.getMetrics');
  const metric = (name) => metrics.find((each) => each.name === name).value;
  return {
    'object URLs': await page.evaluate(() => window.liveUrls.size),
    listeners: metric('JSEventListeners'),
    nodes: metric('Nodes'),
    'bytes of heap': metric('JSHeapUsedSize'),
  };
}

/** A back end and store that accept every upload, and a page with two elements that share their state. */
function handleRequest(request, response) {
  const { method, url } = request;
  const json = (body) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  request.resume();
  request.on('end', () => {
    if (url === '/api/uploads/presign') json({ url: '/store', signedHeaders: {}, key: 'pending/o/1' });
    else if (url === '/api/uploads/commit') json({ ok: true, avatar: { key: `avatars/o/${performance.now()}` } });
    else if (url.split('?')[0] === '/api/me/avatar') json({ url: `/picture?${performance.now()}` });
    else if (url.startsWith('/picture')) response.setHeader('content-type', 'image/svg+xml').end(SVG);
    else if (method === 'PUT') response.end();
    else serveFile(url, response);
  });
}

const SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><rect width="1" height="1"/></svg>';

function serveFile(url, response) {
  const file = /^\/cdn\/([\w.-]+)$/.exec(url)?.[1];
  response.setHeader('content-type', file ? 'text/javascript' : 'text/html');
  const tags = '<flare-avatar-upload></flare-avatar-upload>'.repeat(2);
  response.end(
    file ? readFileSync(join(cdn, file)) : `<script type="module" src="/cdn/flare-avatar-upload.js"></script>${tags}`,
  );
}

/** Runs in the page before its scripts. */
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

/** Runs in the page: uploads different pictures, one after the other. */
async function uploadMany(count) {
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
