/** `npm run bench`: figures of this run, each as a ratio to a peer or to a floor. */

import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { browserFlags, findBrowser, installPackages, isNodeTooOld, root, run } from './setup.mjs';

installPackages();
installPackages(join(root, 'bench'));
if (isNodeTooOld()) process.exit(await run('node', ['scripts/bench.mjs']));
if ((await run('node', ['scripts/build.mjs'])) !== 0) process.exit(1);

const cdn = join(root, 'dist', 'cdn');
const gzip = (code) => gzipSync(code, { level: 9 }).length;

await sizes();
await putTime();
process.exit();

/** JavaScript that a page loads before anybody has picked a file, against the peers' upload interfaces. */
async function sizes() {
  const { build } = await import('esbuild');
  const own = gzip(readFileSync(join(cdn, 'flare-avatar-upload.js')));
  const peers = {
    Dropzone: "export { default } from 'dropzone'",
    'mux-uploader': "export * from '@mux/mux-uploader'",
    'vaadin-upload': "export * from '@vaadin/upload'",
    FilePond: "export * from 'filepond'",
    'Uppy (dashboard, S3)':
      "export { default as a } from '@uppy/core'; export { default as b } from '@uppy/dashboard'; export { default as c } from '@uppy/aws-s3'",
  };
  console.log('\nJavaScript before the first pick, minified, gzip -9');
  row('flare-avatar-upload', `${own} bytes`, '1.00');
  for (const [name, contents] of Object.entries(peers)) {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: join(root, 'bench') },
      bundle: true,
      minify: true,
      format: 'esm',
      write: false,
      logLevel: 'error',
      loader: { '.css': 'empty' },
    });
    const bytes = gzip(outputFiles[0].contents);
    row(name, `${bytes} bytes`, (own / bytes).toFixed(2));
  }
  const lazy = readdirSync(cdn).filter((file) => /\.(uploads|image)-/.test(file));
  for (const file of lazy)
    row(`  later: ${file.split('.')[1].split('-')[0]}`, `${gzip(readFileSync(join(cdn, file)))} bytes`, '');
}

/** A PUT of 5 MB through the element against the same by a bare XMLHttpRequest, in turns, on a slow line. */
async function putTime() {
  const { chromium } = await import('playwright-core');
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      const file = /^\/cdn\/([\w.-]+)$/.exec(request.url)?.[1];
      response.setHeader('content-type', file ? 'text/javascript' : 'text/html');
      response.end(
        file
          ? readFileSync(join(cdn, file))
          : '<script type="module" src="/cdn/flare-avatar-upload.js"></script><flare-avatar-upload avatar-url="" crop="off"></flare-avatar-upload>',
      );
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
  const [bare, element, whole] = [times.bare, times.element, times.whole].map(median);
  console.log(`\nA PUT of 5 MB at 10 MB/s, median of ${turns} turns (Chromium ${browser.version()})`);
  row('bare XMLHttpRequest', `${bare.toFixed(0)} ms`, '1.000');
  row('element, the PUT', `${element.toFixed(0)} ms`, (element / bare).toFixed(3));
  row('element, pick to success', `${whole.toFixed(0)} ms`, (whole / bare).toFixed(3));
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
  element.presign = () => ({ url: '/put', signedHeaders: { 'content-type': 'image/png' }, key: 'k' });
  element.commit = () => ({ ok: true });

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

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

function row(name, value, ratio) {
  console.log(`  ${name.padEnd(28)} ${value.padStart(14)}  ${ratio.padStart(6)}`);
}
