/** `npm run bench`: figures of this run, each as a ratio to a peer or to a floor. `npm run bench -- sizes` runs that one alone. */
import { join } from 'node:path';
import { installPackages, isNodeTooOld, root, run } from './setup.mjs';

installPackages();
installPackages(join(root, 'bench'));
if (isNodeTooOld()) process.exit(await run('node', ['scripts/bench.mjs', ...process.argv.slice(2)]));
if ((await run('node', ['scripts/build.mjs'])) !== 0) process.exit(1);

const benches = {
  sizes: async () => (await import('../bench/sizes.mjs')).sizes(),
  image: async () => (await import('../bench/image.mjs')).image(),
  put: async () => (await import('../bench/put.mjs')).putTime(),
  signatures: async () => (await import('../bench/signatures.mjs')).signatures(),
  requests: async () => (await import('../bench/requests.mjs')).requests(),
  checks: async () => (await import('../bench/checks.mjs')).checks(),
  soak: async () => (await import('../bench/soak.mjs')).soak(),
  rows: async () => (await import('../bench/rows.mjs')).rows(),
};
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in benches));
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(', ')}. There are: ${Object.keys(benches).join(', ')}.`);
  process.exit(1);
}
let isMet = true;
// A bench that has an aim says false where it is missed.
for (const name of asked.length > 0 ? asked : Object.keys(benches)) isMet = (await benches[name]()) !== false && isMet;
process.exit(isMet ? 0 : 1);
