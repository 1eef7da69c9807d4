/** `npm run bench`: figures of this run, each as a ratio to a peer or to a floor. `npm run bench -- sizes` runs that one alone. */
import { join } from 'node:path';
import { installPackages, isNodeTooOld, root, run } from './setup.mjs';

installPackages();
installPackages(join(root, 'bench'));
if (isNodeTooOld()) process.exit(await run('node', ['scripts/bench.mjs', ...process.argv.slice(2)]));
if ((await run('node', ['scripts/build.mjs'])) !== 0) process.exit(1);

const benches = {
  sizes: async () => (await import('../bench/sizes.mjs')).sizes(),
  put: async () => (await import('../bench/put.mjs')).putTime(),
};
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in benches));
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(', ')}. There are: ${Object.keys(benches).join(', ')}.`);
  process.exit(1);
}
for (const name of asked.length > 0 ? asked : Object.keys(benches)) await benches[name]();
process.exit();
