import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { openUrl } from '../scripts/engines.mjs';
import { browserFlags, findBrowser, root } from '../scripts/setup.mjs';

const cdn = join(root, 'dist', 'cdn');
const bench = join(root, 'bench');
const SIZES = { 12: [4000, 3000], 48: [8000, 6000] };
const TURNS = { 12: 5, 48: 3 };
const OURS = 'flare-avatar-upload';
const WAYS = [
  'pica',
  'compressorjs',
  'browser-image-compression',
  'img + drawImage',
  'worker, bitmap resized',
  'worker, bitmap drawn',
  'worker, ImageDecoder',
  OURS,
];

/** From a photo to the square that is uploaded, by us and by the usual ways: time, blocks, memory, bytes, likeness. */
export async function image() {
  const files = new Files();
  const origin = await files.start();
  try {
    const chromium = await inChromium(origin, files);
    for (const engine of ['firefox', 'webkit']) await inOther(engine, origin, files);
    return chromium;
  } finally {
    files.stop();
  }
}

/** Serves the page and the photos, and takes what the page has made. */
class Files {
  #made = new Map();
  #code = '';
  #waiting = null;
  #server = createServer((request, response) => this.#answer(request, response));

  async start() {
    const { build } = await import('esbuild');
    const entryPoints = [join(bench, 'image-page.js')];
    const { outputFiles } = await build({
      entryPoints,
      bundle: true,
      format: 'esm',
      write: false,
      external: ['/ours.js', '/cdn/*'],
    });
    this.#code = outputFiles[0].text;
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://localhost:${this.#server.address().port}`;
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** What the page posts next. */
  next() {
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  keep(name, bytes) {
    this.#made.set(name, bytes);
  }

  async #answer(request, response) {
    const path = request.url.split('?')[0].slice(1);
    if (request.method === 'POST') {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      response.end();
      this.#waiting?.(Buffer.concat(chunks));
      return;
    }
    response.setHeader('content-type', path === '' ? 'text/html' : 'text/javascript');
    response.end(this.#file(path));
  }

  #file(path) {
    if (path === '') return '<!doctype html><meta charset="utf-8"><script type="module" src="/page.js"></script>';
    if (path === 'page.js') return this.#code;
    if (path === 'ours.js') return `export * from '/cdn/${readdirSync(cdn).find((file) => file.includes('.image-'))}'`;
    if (path === 'browser-image-compression.js') {
      return readFileSync(join(bench, 'node_modules/browser-image-compression/dist/browser-image-compression.js'));
    }
    const [, script] = /^cdn\/([\w.-]+)$/.exec(path) ?? [];
    if (script && existsSync(join(cdn, script))) return readFileSync(join(cdn, script));
    return this.#made.get(path) ?? '';
  }
}

async function inChromium(origin, files) {
  const { chromium } = await import('playwright-core');
  const launch = () => chromium.launch({ executablePath: findBrowser(), args: browserFlags });
  const withPage = async (work) => {
    const browser = await launch();
    const page = await browser.newPage();
    await page.goto(origin);
    await page.waitForFunction(() => 'look' in window);
    const result = await work(page, browser);
    await browser.close();
    return result;
  };
  const made = async (page, name, work) => {
    const posted = files.next();
    await work(page);
    files.keep(name, await posted);
  };
  const version = await withPage(async (page, browser) => {
    for (const [name, [width, height]] of Object.entries(SIZES)) {
      await made(page, `${name}.jpg`, () => page.evaluate(([w, h]) => window.paint(w, h), [width, height]));
      await made(page, `${name}.reference`, () => page.evaluate((n) => window.refer(n), name));
    }
    return browser.version();
  });
  const rows = {};
  for (const way of WAYS) {
    rows[way] = {};
    for (const name of Object.keys(SIZES)) {
      // A browser of its own, so that nobody's memory is another's, and the first run in it shows what is needed.
      rows[way][name] = await withPage(async (page) => {
        const once = await page.evaluateHandle(([w, n]) => window.once(w, n), [way, name]);
        const memory = await peakMemory(() => once.evaluate((run) => run()));
        const row = await page.evaluate(([w, n, t]) => window.measure(w, n, t), [way, name, TURNS[name]]);
        return { ...row, memory };
      });
    }
  }
  const look = await withPage((page) => page.evaluate(() => window.look('12')));
  const bare = await withPage((page) => page.evaluate(() => Promise.all(['12', '48'].map(window.bare))));
  print(`Chromium ${version}`, rows, look);
  return judge(rows, look, Math.min(...bare));
}

/** Megabytes that the renderers of browsers started here grow by, at most; null where the system does not tell. */
async function peakMemory(work) {
  if (process.platform !== 'linux') return work().then(() => null);
  const kilobytes = (pid, field) =>
    Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  const before = renderers().map((pid) => {
    // Forgets the peak so far.
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
    return [pid, kilobytes(pid, 'VmRSS')];
  });
  await work();
  return Math.max(...before.map(([pid, rss]) => kilobytes(pid, 'VmHWM') - rss)) / 1024;
}

/** Chromium's processes for pages that descend from this one. */
function renderers() {
  const parents = new Map();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      parents.set(pid, /PPid:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
    } catch {
      // It has ended meanwhile.
    }
  }
  const isOurs = (pid) => pid !== undefined && (pid === String(process.pid) || isOurs(parents.get(pid)));
  const isRenderer = (pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--type=renderer');
  return [...parents.keys()].filter((pid) => isOurs(pid) && isRenderer(pid));
}

async function inOther(engine, origin, files) {
  const ways = engine === 'webkit' ? WAYS.filter((way) => !way.includes('ImageDecoder')) : WAYS;
  const asked = ways.flatMap((way) => Object.keys(SIZES).map((name) => [way, name, TURNS[name]]));
  const posted = files.next();
  const started = await openUrl(engine, `${origin}/?ask=${encodeURIComponent(JSON.stringify(asked))}`).catch(
    (error) => error,
  );
  if (started instanceof Error) {
    console.log(`\n${engine} did not run: ${started.message}`);
    return;
  }
  const results = JSON.parse(await posted);
  started.stop();
  const rows = {};
  for (const way of ways) {
    rows[way] = Object.fromEntries(Object.keys(SIZES).map((name) => [name, results[`${way} ${name}`]]));
  }
  print(started.version, rows, results.look);
}

function versions() {
  const of = (name) => JSON.parse(readFileSync(join(bench, 'node_modules', name, 'package.json'), 'utf8')).version;
  return ['pica', 'compressorjs', 'browser-image-compression'].map((name) => `${name} ${of(name)}`).join(', ');
}

function print(engine, rows, look) {
  console.log(`\nA 12 and a 48 MP JPEG to a 512 × 512 WebP, quality 0.85 (${engine}; ${versions()})`);
  console.log(
    `  (the photo is painted: soft and sharp edges, structure at every size, little grain; pica’s square is like the reference to ${rows.pica[12].ssim?.toFixed(4)})`,
  );
  console.log(
    `  ${'way'.padEnd(27)} ${'ms'.padStart(11)} ${'block, ms'.padStart(11)} ${'memory, MB'.padStart(11)} bytes (type), SSIM at 12 MP`,
  );
  const pair = (row, field) =>
    ['12', '48']
      .map((name) => format(row[name][field]))
      .join(' / ')
      .padStart(11);
  for (const [way, row] of Object.entries(rows)) {
    const [{ bytes, type, ssim, error }] = [row[12]];
    const end = error ?? `${bytes} (${type?.replace('image/', '')}) ${ssim?.toFixed(4)}`;
    console.log(`  ${way.padEnd(27)} ${pair(row, 'time')} ${pair(row, 'longest')} ${pair(row, 'memory')} ${end}`);
  }
  console.log(
    `  from a pick to the picture on the screen, 12 MP: ${format(look.time)} ms, longest block ${format(look.longest)} ms`,
  );
}

const format = (value) => (typeof value === 'number' ? value.toFixed(0) : '–');

/** Our figures as ratios, each against its aim. */
function judge(rows, look, bare) {
  const [ours, pica, compressor] = [OURS, 'pica', 'compressorjs'].map((way) => rows[way]);
  const ratio = (other, name, field) => ours[name][field] / other[name][field];
  const aims = [
    ['time of pica’s, 12 MP', ratio(pica, 12, 'time'), 0.3],
    ['time of compressorjs’, 12 MP', ratio(compressor, 12, 'time'), 0.3],
    ['time of pica’s, 48 MP', ratio(pica, 48, 'time'), 0.2],
    ['time of compressorjs’, 48 MP', ratio(compressor, 48, 'time'), 0.2],
    ['bytes of pica’s', ratio(pica, 12, 'bytes'), 1],
    ['longest block, ms', Math.max(ours[12].longest, ours[48].longest), 16],
    ['pick to picture, 12 MP, ms', look.time, 150],
    ['loss of likeness (1 − SSIM), of pica’s', (1 - ours[12].ssim) / (1 - pica[12].ssim), 1.2],
    ['loss of likeness', 1 - Math.min(ours[12].ssim, ours[48].ssim), 0.007],
    ['the same before encoding', 1 - bare, 0.003],
  ];
  if (ours[48].memory !== null) aims.push(['memory of pica’s, 48 MP', ratio(pica, 48, 'memory'), 0.35]);
  for (const [name, value, aim] of aims) {
    const isMet = value <= aim;
    console.log(`  ${isMet ? '✓' : '✗'} ${name.padEnd(40)} ${value.toFixed(3).padStart(8)}  (aim: at most ${aim})`);
  }
  return aims.every(([, value, aim]) => value <= aim);
}
