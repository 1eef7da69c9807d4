import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { root } from '../scripts/setup.mjs';

/** Without a garbage collection in between, the memory in use afterwards is all that was allocated. */
const FLAGS = ['--expose-gc', '--min-semi-space-size=128', '--max-semi-space-size=128'];

/** Largest cost of a check: milliseconds of CPU, and MiB of memory in addition to the file. */
const TARGET = { ms: 50, mebibytes: 12 };

/**
 * Measures what the check of a commit costs for files of 5 MiB that are built to
 * be slow, each in a Node process of its own: reading the file, its SHA-256, its
 * structure, and the copy without metadata. Returns whether the target is met.
 */
export async function runLimitsBench() {
  const folder = mkdtempSync(join(tmpdir(), 'flare-limits-'));
  try {
    const { SLOW_PICTURES } = await import(pathToFileURL(await bundle(folder, 'test/support/slow-pictures.ts')).href);
    const checker = await bundle(folder, 'src/image/formats/read-picture.ts');
    const results = [];
    for (const [type, contents, build] of SLOW_PICTURES) {
      const path = join(folder, 'picture');
      writeFileSync(path, build());
      results.push({ type, contents, ...(await measure(checker, path)) });
    }
    return printResults(results);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function bundle(folder, source) {
  const { build } = await import('esbuild');
  const outfile = join(folder, `${source.replaceAll('/', '-')}.mjs`);
  await build({ entryPoints: [join(root, source)], bundle: true, format: 'esm', target: 'es2024', outfile });
  return outfile;
}

async function measure(checker, path) {
  const script = join(root, 'bench', 'workers', 'limits.js');
  const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, script, checker, path]);
  return JSON.parse(stdout);
}

function printResults(results) {
  console.log(
    '\nChecking the slowest files of 5 MiB at commit: CPU in ms (median, first run), memory allocated beyond the file in MiB',
  );
  for (const result of results) printResult(result);
  console.log('\nWorst of each type');
  const types = [...new Set(results.map(({ type }) => type))];
  const worst = types.map((type) => pickWorst(results.filter((result) => result.type === type)));
  for (const { type, ms, mebibytes, slowest } of worst) {
    console.log(
      `  ${type.padEnd(6)} ${ms.toFixed(1).padStart(6)} ms ${mebibytes.toFixed(1).padStart(6)} MiB  slowest: ${slowest}`,
    );
  }
  const isMet = worst.every(({ ms, mebibytes }) => ms <= TARGET.ms && mebibytes <= TARGET.mebibytes);
  console.log(`  Target: at most ${TARGET.ms} ms and ${TARGET.mebibytes} MiB: ${isMet ? 'met' : 'MISSED'}.`);
  return isMet;
}

function printResult({ type, contents, ms, firstMs, mebibytes, outcome }) {
  const figures = [ms, firstMs, mebibytes].map((value) => value.toFixed(1).padStart(7)).join('');
  console.log(`  ${type.padEnd(6)}${contents.padEnd(52)}${figures}  ${outcome}`);
}

function pickWorst(results) {
  const slowest = results.toSorted((a, b) => b.ms - a.ms)[0];
  const mebibytes = Math.max(...results.map((result) => result.mebibytes));
  return { type: slowest.type, ms: slowest.ms, mebibytes, slowest: slowest.contents };
}
