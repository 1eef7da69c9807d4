/**
 * `npm run rebuild`: restores the database from the objects in the bucket, and
 * moves avatars under a former OWNER_SECRET to the current one. It deletes
 * nothing and can be repeated at any time, while the API is in use.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { parseArgs, parseEnv } from 'node:util';
import { createBindingsConfig, openBindings } from './bindings.mjs';
import { hasDatabaseId } from './installation.mjs';
import { root } from './setup.mjs';
import { CliError, CONFIG_OPTIONS, readConfig, requireWrangler, runScript } from './wrangler.mjs';

/** Waiting times before a slice is tried again, in milliseconds. */
const RETRY_DELAYS = [1000, 4000, 16_000];

/** Number of unreadable objects whose keys are printed. */
const MAX_LISTED_KEYS = 20;

export const usage = `Usage: npm run rebuild -- [options]

Restores the database from the objects in the bucket, and moves avatars under a
former OWNER_SECRET to the current one. Deletes nothing.

  --local             the local bucket and database of npm start
  --dry-run           only says what would be done
  --variants          also makes the smaller copies that pictures lack, as the
                      setting VARIANTS says
  --config <file>     another configuration than wrangler.jsonc
  --env <name>        an environment in it

Exit codes: 0 when every avatar is in the database, 1 after an error, 2 if there
are objects under avatars/ that can't be restored.`;

export async function main(args, wrangler) {
  const options = {
    ...CONFIG_OPTIONS,
    local: { type: 'boolean' },
    'dry-run': { type: 'boolean' },
    variants: { type: 'boolean' },
  };
  const { values } = parseArgs({ args, options });
  const config = await readConfig(values, wrangler);
  const isLocal = values.local ?? false;
  const isDryRun = values['dry-run'] ?? false;
  if (!isLocal && !hasDatabaseId(config)) {
    throw new CliError(`${config.path} has no database yet. Run npm run deploy first, or add --local.`);
  }
  const server = await bundleServer();
  const secrets = readSecrets(config, isLocal, server);
  const encoder = values.variants ? createEncoder(config, server) : null;
  const stateFolder = resolve(root, process.env.FLARE_STATE ?? '.flare');
  const place = isLocal ? `local, in ${stateFolder}` : 'remote';
  console.log(`Bucket ${config.bucket} → database ${config.database.database_name} (${place})`);
  if (!secrets) console.log('Without OWNER_SECRET, every avatar stays under the secret that it was stored with.');
  if (!isDryRun) await applyMigrations(config, isLocal, stateFolder);
  const bindings = await openBindings(createBindingsConfig(config, isLocal), stateFolder);
  try {
    const { AVATARS: bucket, DB: database } = bindings.env;
    await requireTables(database);
    return printResult(
      await rebuild(server, { bucket, database, secrets, encoder, isPublic: config.publicUrl !== null, isDryRun }),
      isDryRun,
    );
  } finally {
    await bindings.dispose();
  }
}

/** Bundles the server's own code, for Node. */
async function bundleServer() {
  const { build } = await import('esbuild');
  const contents = `
    export { finishRebuild, rebuildSlice, requireRebuildable } from './jobs/rebuild.js';
    export { parseOwnerSecrets } from './storage/owner.js';
    export { WASM_FILES } from './variants/codecs.js';
    export { createVariants } from './variants/create-variants.js';`;
  const stdin = { contents, resolveDir: join(root, 'server'), loader: 'ts' };
  const { outputFiles } = await build({ stdin, bundle: true, format: 'esm', platform: 'node', write: false });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}

/** Reads OWNER_SECRET from the environment, or from .env.deploy for a deployment. Returns null if there is none. */
function readSecrets({ secretsFile }, isLocal, { parseOwnerSecrets }) {
  const file = !isLocal && existsSync(secretsFile) ? parseEnv(readFileSync(secretsFile, 'utf8')) : {};
  const value = process.env.OWNER_SECRET ?? file.OWNER_SECRET;
  if (!value) return null;
  try {
    return parseOwnerSecrets(value);
  } catch (error) {
    throw new CliError(error.message);
  }
}

/** Makes the copies that VARIANTS asks for, in the environment or in the configuration. */
function createEncoder({ vars }, { createVariants, WASM_FILES }) {
  const value = process.env.VARIANTS ?? vars.VARIANTS ?? '';
  const { resolve: resolveModule } = createRequire(import.meta.url);
  const loadWasm = (name) => WebAssembly.compile(readFileSync(resolveModule(WASM_FILES[name])));
  try {
    return createVariants({ sizes: value.split(/[\s,]+/).map(Number) }, loadWasm);
  } catch {
    throw new CliError('VARIANTS must be 1 to 8 different widths from 16 to 2048, such as "64 128 256".');
  }
}

async function applyMigrations(config, isLocal, stateFolder) {
  const place = isLocal ? ['--local', '--persist-to', stateFolder] : ['--remote'];
  await requireWrangler(config, ['d1', 'migrations', 'apply', config.database.binding, ...place]);
}

/** A dry run changes nothing, so it does not create the tables of a new database. */
async function requireTables(database) {
  const select = `SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'flare_avatar_current'`;
  if (!(await database.prepare(select).first())) {
    throw new CliError(
      'The database has no tables. Without --dry-run, npm run rebuild creates them and restores every avatar.',
    );
  }
}

/** Rebuilds slice by slice, and returns the sum of their counts. Only one slice is in memory. */
async function rebuild({ finishRebuild, rebuildSlice, requireRebuildable }, access) {
  await requireRebuildable(access).catch((error) => {
    throw new CliError(error.message);
  });
  const total = { counts: {}, unreadable: [] };
  const startedAt = Date.now();
  for (let after = ''; after !== null; ) {
    const slice = await retry(() => rebuildSlice(access, after), total);
    for (const [name, count] of Object.entries(slice.counts)) total.counts[name] = (total.counts[name] ?? 0) + count;
    total.unreadable.push(...slice.unreadable.slice(0, MAX_LISTED_KEYS - total.unreadable.length));
    after = slice.end;
    if (after !== null) printProgress(total.counts);
  }
  await retry(() => finishRebuild(access), total);
  return { ...total, seconds: (Date.now() - startedAt) / 1000 };
}

async function retry(act, { counts }) {
  for (const delay of [...RETRY_DELAYS, null]) {
    try {
      return await act();
    } catch (error) {
      if (delay === null) {
        throw new CliError(
          `Stopped after ${format(counts.found ?? 0)} objects: ${error.message}\nNothing is lost. Run the command again: it restores what is still missing.`,
        );
      }
      console.log(`  ${error.message} Trying again in ${delay / 1000} s.`);
      await new Promise((resolve) => setTimeout(resolve, delay));
    }
  }
}

const printProgress = ({ found, restored }) => console.log(`  ${format(found)} objects, ${format(restored)} restored…`);

const format = (count) => count.toLocaleString('en-US');

/** The lines of the result: the name of the count, and what it means. Zeros are left out. */
const LINES = [
  ['restored', 'rows added to the database', 'rows that would be added to the database'],
  ['known', 'already in the database'],
  ['older', 'skipped: the same user has a newer avatar'],
  ['obsolete', 'skipped: replaced or removed, and queued for deletion'],
  ['changing', 'skipped: being committed or removed right now'],
  ['unreadable', 'skipped: not written by a commit, or without its metadata'],
  ['enriched', 'avatars given smaller copies', 'avatars that would be given smaller copies'],
  ['moved', 'avatars moved to the current OWNER_SECRET', 'avatars that would be moved to the current OWNER_SECRET'],
  ['unmovable', 'avatars left where they are: no secret in OWNER_SECRET reveals their user'],
];

/** Prints what was found and done; returns the exit code. */
function printResult({ counts, unreadable, seconds }, isDryRun) {
  console.log(`\n  ${format(counts.found).padStart(9)}  objects found under avatars/`);
  for (const [name, done, planned = done] of LINES) {
    if (counts[name] > 0) console.log(`  ${format(counts[name]).padStart(9)}  ${isDryRun ? planned : done}`);
  }
  for (const key of unreadable) console.log(`             ${key}`);
  if (counts.unreadable > unreadable.length) console.log('             …');
  console.log(`\n${isDryRun ? 'Nothing was changed' : 'Done'} (${seconds.toFixed(1)} s).`);
  return counts.unreadable > 0 ? 2 : 0;
}

await runScript('rebuild.mjs', { main, usage });
