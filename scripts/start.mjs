/** `npm start`: serves the demo, the API, and local R2 and D1 on one origin. `-- --reset` deletes the local data first. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { installPackages, root, run } from './setup.mjs';

/** Folder of the local database and bucket. Tests set another one. */
const stateFolder = resolve(root, process.env.FLARE_STATE ?? '.flare');

try {
  installPackages();
  if (process.argv.includes('--reset')) rmSync(stateFolder, { recursive: true, force: true });
  await migrateDatabase();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}

// Wrangler's bundle is CommonJS. Without module detection it loads half a second faster.
const server = run('node', ['--no-experimental-detect-module', 'scripts/serve.mjs'], {
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  env: { FLARE_STATE: stateFolder },
});
// A signal to npm ends the shell between npm and this script, but not this script: it has to notice.
const parent = process.ppid;
setInterval(() => process.ppid === parent || process.exit(), 500).unref();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => server.child.kill(signal));
process.exit(await server);

/** Applies new migrations to the local database. Starts Wrangler only if the files have changed. */
async function migrateDatabase() {
  const folder = join(root, 'server', 'migrations');
  const hash = createHash('sha256');
  for (const name of readdirSync(folder).sort()) hash.update(name).update(readFileSync(join(folder, name)));
  const version = hash.digest('hex');
  // In the folder of the databases: whoever deletes that deletes the stamp.
  const databases = join(stateFolder, 'v3', 'd1');
  const stamp = join(databases, 'migrated');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === version) return;
  console.log('Preparing the local database…');
  mkdirSync(databases, { recursive: true });
  const args = ['d1', 'migrations', 'apply', 'DB', '--local', '--persist-to', stateFolder];
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
  if ((await wrangler) !== 0) throw new Error(`Couldn't prepare the local database:\n${output}`);
  writeFileSync(stamp, version);
}
