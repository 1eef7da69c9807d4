import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { browserFlags, findBrowser, root } from '../scripts/setup.mjs';
import { median, printRow } from './report.mjs';

const cdn = join(root, 'dist', 'cdn');

/** Responses of a back end and a store, and a page with the element. */
const RESPONSES = {
  'POST /api/uploads/presign': JSON.stringify({
    url: '/put?element',
    signedHeaders: { 'content-type': 'image/png' },
    key: 'k',
  }),
  'POST /api/uploads/commit': JSON.stringify({ ok: true }),
  'PUT /put': '',
  'PUT /put?element': '',
  'GET /':
    '<script type="module" src="/cdn/flare-avatar-upload.js"></script><flare-avatar-upload avatar-url="" crop="off"></flare-avatar-upload>',
};

/** Compares a PUT of 5 MB by the element with one by a plain XMLHttpRequest, alternately, on a slow connection. */
export async function runPutBench() {
  const { chromium } = await import('playwright-core');
  const requests = [];
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      const name = `${request.method} ${request.url}`;
      requests.push(name);
      const file = /^GET \/cdn\/([\w.-]+)$/.exec(name)?.[1];
      response.setHeader('content-type', file ? 'text/javascript' : 'text/html');
      response.end(file ? readFileSync(join(cdn, file)) : (RESPONSES[name] ?? 'null'));
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await chromium.launch({ executablePath: findBrowser(), args: browserFlags });
  const page = await browser.newPage();
  const session = await page.context().newCDPSession(page);
  await session.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 20,
    downloadThroughput: -1,
    uploadThroughput: 10_000_000,
  });
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const rounds = 9;
  const times = await page.evaluate(measure, rounds);
  await browser.close();
  server.close();
  const requestsPerUpload = requests.filter((name) => /api|element/.test(name)).length / (rounds + 2);
  const [plain, element, total] = [times.plain, times.element, times.total].map(median);
  console.log(`\nA PUT of 5 MB at 10 MB/s, median of ${rounds} rounds (Chromium ${browser.version()})`);
  printRow('plain XMLHttpRequest', `${plain.toFixed(0)} ms`, '1.000');
  printRow('element, the PUT', `${element.toFixed(0)} ms`, (element / plain).toFixed(3));
  printRow('element, pick to success', `${total.toFixed(0)} ms`, (total / plain).toFixed(3));
  printRow('requests per upload', `${requestsPerUpload}`, (requestsPerUpload / 3).toFixed(3));
  return element / plain <= 1.02 && requestsPerUpload === 3;
}

/** Runs in the page. */
async function measure(rounds) {
  await customElements.whenDefined('flare-avatar-upload');
  const element = document.querySelector('flare-avatar-upload');
  // Random pixels, which don't compress. The element removes metadata before it sends a file: both send the same bytes.
  const canvas = new OffscreenCanvas(1280, 1280);
  const pixels = new Uint8ClampedArray(1280 * 1280 * 4);
  for (let at = 0; at < pixels.length; at += 65_536) crypto.getRandomValues(pixels.subarray(at, at + 65_536));
  for (let at = 3; at < pixels.length; at += 4) pixels[at] = 255;
  canvas.getContext('2d').putImageData(new ImageData(pixels, 1280, 1280), 0, 0);
  const drawn = await canvas.convertToBlob({ type: 'image/png' });
  const { blob } = await element.upload(new File([drawn], 'a.png', { type: 'image/png' }));
  const file = new File([blob], 'a.png', { type: 'image/png' });

  const putPlainly = () =>
    new Promise((resolve, reject) => {
      const xhr = new XMLHttpRequest();
      const startedAt = performance.now();
      xhr.onload = () => resolve(performance.now() - startedAt);
      xhr.onerror = reject;
      xhr.open('PUT', '/put');
      xhr.setRequestHeader('content-type', 'image/png');
      xhr.send(file);
    });
  const marks = {};
  element.addEventListener('flare-statechange', ({ detail }) => {
    marks[detail.state] = performance.now();
  });
  const times = { plain: [], element: [], total: [] };
  for (let round = -1; round < rounds; round++) {
    const plainTime = await putPlainly();
    const startedAt = performance.now();
    await element.upload(file);
    // The first round is a warm-up.
    if (round < 0) continue;
    times.plain.push(plainTime);
    times.element.push(marks.committing - marks.uploading);
    times.total.push(marks.success - startedAt);
  }
  return times;
}
