/**
 * `npm run bench`: runs the benchmarks. Each prints ratios to a peer, or to the
 * least that is possible, from the same run. `npm run bench -- sizes` runs one of them.
 */
import { join } from 'node:path';
import { installPackages, root, run } from './setup.mjs';

installPackages(join(root, 'bench'));
if ((await run('node', ['scripts/build.mjs'])) !== 0) process.exit(1);

const benchmarks = {
  sizes: async () => (await import('../bench/sizes.mjs')).runSizesBench(),
  image: async () => (await import('../bench/image.mjs')).runImageBench(),
  put: async () => (await import('../bench/put.mjs')).runPutBench(),
  signatures: async () => (await import('../bench/signatures.mjs')).runSignaturesBench(),
  requests: async () => (await import('../bench/requests.mjs')).runRequestsBench(),
  checks: async () => (await import('../bench/checks.mjs')).runChecksBench(),
  limits: async () => (await import('../bench/limits.mjs')).runLimitsBench(),
  soak: async () => (await import('../bench/soak.mjs')).runSoakBench(),
  rows: async () => (await import('../bench/rows.mjs')).runRowsBench(),
  restore: async () => (await import('../bench/restore.mjs')).runRestoreBench(),
  variants: async () => (await import('../bench/variants.mjs')).runVariantsBench(),
  window: async () => (await import('../bench/window.mjs')).runWindowBench(),
  delivery: async () => (await import('../bench/delivery.mjs')).runDeliveryBench(),
};
const named = process.argv.slice(2);
const unknown = named.filter((name) => !(name in benchmarks));
if (unknown.length > 0) {
  console.error(`Unknown benchmark: ${unknown.join(', ')}. Benchmarks: ${Object.keys(benchmarks).join(', ')}`);
  process.exit(1);
}
let isMet = true;
// A benchmark with a target returns false if it misses it.
for (const name of named.length > 0 ? named : Object.keys(benchmarks)) {
  isMet = (await benchmarks[name]()) !== false && isMet;
}
process.exit(isMet ? 0 : 1);
