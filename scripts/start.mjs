/** `npm start`: the demo, the API, and local R2 and D1 on one origin. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { installPackages, root, run } from './setup.mjs';

/** Git-ignored; the tests name another folder. */
const state = resolve(root, process.env.FLARE_STATE ?? '.flare');

try {
  installPackages();
  if (process.argv.includes('--reset')) rmSync(state, { recursive: true, force: true });
  await migrate();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}

// Wrangler's bundle is CommonJS: looking whether it is a module takes half a second.
const server = run('node', ['--no-experimental-detect-module', 'scripts/serve.mjs'], {
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  env: { FLARE_STATE: state },
});
// A signal to npm ends the shell between npm and this script, and would leave the server running.
const parent = process.ppid;
setInterval(() => process.ppid === parent || process.exit(), 500).unref();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => server.child.kill(signal));
process.exit(await server);

/** Applies the migrations that the local database has not seen; asks Wrangler only when they have changed. */
async function migrate() {
  const folder = join(root, 'server', 'migrations');
  const hash = createHash('sha256');
  for (const name of readdirSync(folder).sort()) hash.update(name).update(readFileSync(join(folder, name)));
  const wanted = hash.digest('hex');
  const stamp = join(state, 'migrated');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  console.log('Preparing the local database…');
  mkdirSync(state, { recursive: true });
  const args = ['d1', 'migrations', 'apply', 'DB', '--local', '--persist-to', state];
  const wrangler = run('wrangler', args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { CI: 'true', WRANGLER_SEND_METRICS: 'false' },
  });
  let output = '';
  for (const stream of [wrangler.child.stdout, wrangler.child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  if ((await wrangler) !== 0) throw new Error(`The local database could not be prepared:\n${output}`);
  writeFileSync(stamp, wanted);
}
