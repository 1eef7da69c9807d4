import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { browserFlags, findBrowser, root } from '../scripts/setup.mjs';
import { median, row } from './report.mjs';

const cdn = join(root, 'dist', 'cdn');

/** What a back end and a store answer, and a page with the element on it. */
const ANSWERS = {
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

/** A PUT of 5 MB through the element against the same by a bare XMLHttpRequest, in turns, on a slow line. */
export async function putTime() {
  const { chromium } = await import('playwright-core');
  const requests = [];
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      const name = `${request.method} ${request.url}`;
      requests.push(name);
      const file = /^GET \/cdn\/([\w.-]+)$/.exec(name)?.[1];
      response.setHeader('content-type', file ? 'text/javascript' : 'text/html');
      response.end(file ? readFileSync(join(cdn, file)) : (ANSWERS[name] ?? 'null'));
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
  const turns = 9;
  const times = await page.evaluate(measure, turns);
  await browser.close();
  server.close();
  const own = requests.filter((name) => /api|element/.test(name)).length / (turns + 1);
  const [bare, element, whole] = [times.bare, times.element, times.whole].map(median);
  console.log(`\nA PUT of 5 MB at 10 MB/s, median of ${turns} turns (Chromium ${browser.version()})`);
  row('bare XMLHttpRequest', `${bare.toFixed(0)} ms`, '1.000');
  row('element, the PUT', `${element.toFixed(0)} ms`, (element / bare).toFixed(3));
  row('element, pick to success', `${whole.toFixed(0)} ms`, (whole / bare).toFixed(3));
  row('requests per upload', `${own}`, (own / 3).toFixed(3));
  return element / bare <= 1.02 && own === 3;
}

/** Runs in the page. */
async function measure(turns) {
  await customElements.whenDefined('flare-avatar-upload');
  const element = document.querySelector('flare-avatar-upload');
  // The header of a PNG, and then bytes that don't compress.
  const bytes = new Uint8Array(5_000_000);
  for (let at = 0; at < bytes.length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const file = new File([bytes], 'a.png', { type: 'image/png' });

  const bare = () =>
    new Promise((resolve, reject) => {
      const xhr = new XMLHttpRequest();
      const began = performance.now();
      xhr.onload = () => resolve(performance.now() - began);
      xhr.onerror = reject;
      xhr.open('PUT', '/put');
      xhr.setRequestHeader('content-type', 'image/png');
      xhr.send(file);
    });
  const marks = {};
  element.addEventListener('flare-statechange', ({ detail }) => {
    marks[detail.state] = performance.now();
  });
  const times = { bare: [], element: [], whole: [] };
  for (let turn = -1; turn < turns; turn++) {
    const single = await bare();
    const began = performance.now();
    await element.upload(file);
    // The first turn warms up.
    if (turn < 0) continue;
    times.bare.push(single);
    times.element.push(marks.committing - marks.uploading);
    times.whole.push(marks.success - began);
  }
  return times;
}
