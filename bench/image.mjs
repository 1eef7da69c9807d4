import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openUrl } from '../scripts/engines.mjs';
import { browserFlags, findBrowser, root } from '../scripts/setup.mjs';
import { PhotoServer } from './photo-server.mjs';

const bench = join(root, 'bench');
const SIZES = { 12: [4000, 3000], 48: [8000, 6000] };
const ROUNDS = { 12: 5, 48: 3 };
/** Files of other types and sizes: width, height and type. */
const FILES = {
  '16mp.png': [4618, 3464, 'image/png'],
  '12mp.webp': [4000, 3000, 'image/webp'],
  'small.jpg': [800, 600, 'image/jpeg'],
  'small.png': [256, 256, 'image/png'],
};
const FILE_ROUNDS = 5;
/** A photo of a phone, which the bench can't make itself. Without it, HEIC is not measured. */
const HEIC_PHOTO = process.env.HEIC_PHOTO ?? join(root, '..', 'shared', 'photos', 'iphone.heic');
const HEIC_ROUNDS = 3;
const OWN = 'flare-avatar-upload';
const PEERS = ['pica', 'compressorjs', 'browser-image-compression'];
const BITMAP = 'worker, bitmap drawn';
const FILE_METHODS = [...PEERS, BITMAP, OWN];
const METHODS = [...PEERS, 'img + drawImage', 'worker, bitmap resized', BITMAP, 'worker, ImageDecoder', OWN];
/** In Firefox and WebKit. The others would take minutes there. */
const ENGINE_METHODS = [...PEERS, OWN];

/**
 * Compares ways to turn a photo into the square that is uploaded: time, longest
 * block of the main thread, memory, bytes and similarity. Returns whether the
 * targets are met.
 */
export async function runImageBench() {
  const server = new PhotoServer();
  const origin = await server.start();
  try {
    const results = [await measureInChromium(origin, server)];
    for (const engine of ['firefox', 'webkit']) results.push(await measureInEngine(engine, origin, server));
    return !results.includes(false);
  } finally {
    server.stop();
  }
}

async function measureInChromium(origin, server) {
  const { chromium } = await import('playwright-core');
  const launch = () => chromium.launch({ executablePath: findBrowser(), args: browserFlags });
  const withPage = async (work) => {
    const browser = await launch();
    const page = await browser.newPage();
    await page.goto(origin);
    await page.waitForFunction(() => 'measurePick' in window);
    const result = await work(page, browser);
    await browser.close();
    return result;
  };
  const createFile = async (name, create) => {
    const posted = server.receive();
    await create();
    server.addFile(name, await posted);
  };
  const version = await withPage(async (page, browser) => {
    for (const [name, [width, height]] of Object.entries(SIZES)) {
      await createFile(`${name}.jpg`, () => page.evaluate(([w, h]) => window.paintPhoto(w, h), [width, height]));
      await createFile(`${name}.reference`, () => page.evaluate((n) => window.createReference(n), name));
    }
    for (const [name, file] of Object.entries(FILES)) {
      await createFile(name, () => page.evaluate((args) => window.paintPhoto(...args), file));
    }
    return browser.version();
  });
  const rows = {};
  for (const method of METHODS) {
    rows[method] = {};
    for (const name of Object.keys(SIZES)) {
      // In a new browser, so that the memory of the first run belongs to this method alone.
      rows[method][name] = await withPage(async (page) => {
        const firstRun = await page.evaluateHandle(([m, n]) => window.prepareFirstRun(m, n), [method, name]);
        const memory = await measurePeakMemory(() => firstRun.evaluate((run) => run()));
        const row = await page.evaluate(([m, n, r]) => window.measure(m, n, r), [method, name, ROUNDS[name]]);
        return { ...row, memory };
      });
    }
  }
  const pick = await withPage((page) => page.evaluate(() => window.measurePick('12')));
  const unencoded = await withPage((page) =>
    page.evaluate(() => Promise.all(['12', '48'].map(window.compareUnencoded))),
  );
  const files = {};
  for (const name of Object.keys(FILES)) {
    files[name] = await withPage((page) =>
      page.evaluate((args) => window.measureFile(...args), [name, FILE_METHODS, FILE_ROUNDS]),
    );
  }
  printTable(`Chromium ${version}`, rows, pick);
  printFiles(files);
  await measureHeic(withPage, server);
  return checkTargets(rows, pick, Math.min(...unencoded), files);
}

async function measureHeic(withPage, server) {
  if (!existsSync(HEIC_PHOTO)) {
    console.log('  HEIC: not measured, because there is no photo. HEIC_PHOTO can name one.');
    return;
  }
  server.addFile('photo.heic', readFileSync(HEIC_PHOTO));
  const results = await withPage((page) => page.evaluate((rounds) => window.measureHeic(rounds), HEIC_ROUNDS));
  const cells = results.map(([method, time, longest]) => `${method} ${format(time)} (block ${format(longest)})`);
  console.log(`  ${'HEIC'.padEnd(12)} ${cells.join(', ')}`);
}

/** Returns by how many megabytes a renderer of this process grows at most; null where the system does not report it. */
async function measurePeakMemory(work) {
  if (process.platform !== 'linux') return work().then(() => null);
  const kilobytes = (pid, field) =>
    Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  const before = findRenderers().map((pid) => {
    // Resets the peak.
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
    return [pid, kilobytes(pid, 'VmRSS')];
  });
  await work();
  return Math.max(...before.map(([pid, rss]) => kilobytes(pid, 'VmHWM') - rss)) / 1024;
}

/** Returns the pids of Chromium's renderer processes that this process has started. */
function findRenderers() {
  const parents = new Map();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      parents.set(pid, /PPid:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
    } catch {
      // The process has ended.
    }
  }
  const isDescendant = (pid) => pid !== undefined && (pid === String(process.pid) || isDescendant(parents.get(pid)));
  const isRenderer = (pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--type=renderer');
  return [...parents.keys()].filter((pid) => isDescendant(pid) && isRenderer(pid));
}

async function measureInEngine(engine, origin, server) {
  const runs = ENGINE_METHODS.flatMap((method) => Object.keys(SIZES).map((name) => [method, name, ROUNDS[name]]));
  const posted = server.receive();
  const files = Object.keys(FILES).map((name) => [name, FILE_METHODS, FILE_ROUNDS]);
  const query = new URLSearchParams({ runs: JSON.stringify(runs), files: JSON.stringify(files) });
  const opened = await openUrl(engine, `${origin}/?${query}`).catch((error) => error);
  if (opened instanceof Error) {
    console.log(`\n${engine} did not run: ${opened.message}`);
    return true;
  }
  const results = JSON.parse(await posted);
  opened.stop();
  const rows = {};
  for (const method of ENGINE_METHODS) {
    rows[method] = Object.fromEntries(Object.keys(SIZES).map((name) => [name, results[`${method} ${name}`]]));
  }
  printTable(opened.version, rows, results.pick);
  printFiles(results.files);
  return checkTimes(rows);
}

function formatVersions() {
  const versionOf = (name) =>
    JSON.parse(readFileSync(join(bench, 'node_modules', name, 'package.json'), 'utf8')).version;
  return PEERS.map((name) => `${name} ${versionOf(name)}`).join(', ');
}

function printTable(engine, rows, pick) {
  console.log(`\nA 12 and a 48 MP JPEG to a 512 × 512 WebP, quality 0.85 (${engine}; ${formatVersions()})`);
  console.log(
    `  (a generated photo: soft and sharp edges, structure at every size, little noise; SSIM of pica's square: ${rows.pica[12].ssim?.toFixed(4)})`,
  );
  console.log(
    `  ${'method'.padEnd(27)} ${'ms'.padStart(11)} ${'block, ms'.padStart(11)} ${'memory, MB'.padStart(11)} bytes (type), SSIM at 12 MP`,
  );
  const pair = (row, field) =>
    ['12', '48']
      .map((name) => format(row[name][field]))
      .join(' / ')
      .padStart(11);
  for (const [method, row] of Object.entries(rows)) {
    const [{ bytes, type, ssim, error }] = [row[12]];
    const result = error ?? `${bytes} (${type?.replace('image/', '')}) ${ssim?.toFixed(4)}`;
    console.log(`  ${method.padEnd(27)} ${pair(row, 'time')} ${pair(row, 'longest')} ${pair(row, 'memory')} ${result}`);
  }
  console.log(
    `  from a pick to the visible picture, 12 MP: ${format(pick.time)} ms, longest block ${format(pick.longest)} ms`,
  );
}

function printFiles(files) {
  console.log('  other files, ms');
  for (const [name, times] of Object.entries(files)) {
    const cells = FILE_METHODS.map((method) => `${method} ${format(times[method])}`);
    console.log(`  ${name.padEnd(12)} ${times.error ?? cells.join(', ')}`);
  }
}

const format = (value) => (typeof value === 'number' ? value.toFixed(0) : '–');

/** Compares the package with its targets in Chromium. Returns whether all are met. */
function checkTargets(rows, pick, unencodedSsim, files) {
  const [own, pica, compressor] = [OWN, 'pica', 'compressorjs'].map((method) => rows[method]);
  const ratio = (other, name, field) => own[name][field] / other[name][field];
  const png = files['16mp.png'];
  const targets = [
    ['time / pica, 12 MP', ratio(pica, 12, 'time'), 0.25],
    ['time / compressorjs, 12 MP', ratio(compressor, 12, 'time'), 0.3],
    ['time / pica, 48 MP', ratio(pica, 48, 'time'), 0.2],
    ['time / compressorjs, 48 MP', ratio(compressor, 48, 'time'), 0.2],
    ['time / createImageBitmap and one draw, 16 MP PNG', png[OWN] / png[BITMAP], 1.2],
    ['bytes / pica', ratio(pica, 12, 'bytes'), 1],
    ['longest block, ms', Math.max(own[12].longest, own[48].longest), 16],
    ['pick to picture, 12 MP, ms', pick.time, 150],
    ['loss of similarity (1 − SSIM) / pica', (1 - own[12].ssim) / (1 - pica[12].ssim), 1.2],
    ['loss of similarity', 1 - Math.min(own[12].ssim, own[48].ssim), 0.007],
    ['loss of similarity before encoding', 1 - unencodedSsim, 0.003],
  ];
  if (own[48].memory !== null) targets.push(['memory / pica, 48 MP', ratio(pica, 48, 'memory'), 0.35]);
  return printTargets(targets);
}

/** Compares the package with the fastest peer. Returns whether it is faster, at both sizes. */
function checkTimes(rows) {
  const getTime = (method, name) => rows[method][name].time ?? Number.POSITIVE_INFINITY;
  return printTargets(
    Object.keys(SIZES).map((name) => {
      const fastest = Math.min(...PEERS.map((method) => getTime(method, name)));
      return [`time / fastest peer, ${name} MP`, getTime(OWN, name) / fastest, 0.9];
    }),
  );
}

function printTargets(targets) {
  for (const [name, value, target] of targets) {
    const isMet = value <= target;
    console.log(
      `  ${isMet ? '✓' : '✗'} ${name.padEnd(48)} ${value.toFixed(3).padStart(8)}  (target: at most ${target})`,
    );
  }
  return targets.every(([, value, target]) => value <= target);
}
