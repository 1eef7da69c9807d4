/** What the scripts that work on a Cloudflare account share: the configuration, and Wrangler. */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { Wrong } from '../check/session.mjs';
import { installPackages, isNodeTooOld, root, run } from './setup.mjs';

/** A failure that a person can do something about: told without a stack. */
export class Trouble extends Wrong {}

/** Installs what is missing, goes on with a Node that the tools can use, and tells trouble in words. */
export async function command(script, main) {
  installPackages();
  if (isNodeTooOld()) process.exit(await run('node', [`scripts/${script}`, ...process.argv.slice(2)]));
  try {
    process.exitCode = await main();
  } catch (error) {
    console.error(error instanceof Wrong ? `\n${error.message} ${error.hint}`.trimEnd() : error);
    process.exitCode = 1;
  }
}

/** The Worker's configuration, of the file that `--config` names. */
export async function readConfig(file = 'wrangler.jsonc') {
  const path = resolve(root, file);
  const { unstable_readConfig } = await import('wrangler');
  const config = unstable_readConfig({ config: path }, { hideWarnings: true });
  const [bucket] = config.r2_buckets;
  const [database] = config.d1_databases;
  if (!bucket?.bucket_name || !database?.database_name) throw new Trouble(`${file} names no bucket or no database.`);
  const secretsFile = join(dirname(path), '.env.deploy');
  return { path, secretsFile, name: config.name, vars: config.vars, bucket: bucket.bucket_name, database };
}

/** Writes a value into the configuration, comments and all left as they are. */
export function fillIn(path, name, from, to) {
  const text = readFileSync(path, 'utf8');
  const filled = text.replace(`"${name}": ${JSON.stringify(from)}`, `"${name}": ${JSON.stringify(to)}`);
  if (filled === text) throw new Trouble(`Write into ${path}: "${name}": "${to}"`);
  writeFileSync(path, filled);
  console.log(`  ${name} is written into ${path}.`);
}

/** The origins of TRUSTED_ORIGINS, each as browsers send it. */
export async function trustedOrigins({ vars }) {
  const { parseOrigins } = await import('../server/parse-origins.ts');
  try {
    return parseOrigins(vars.TRUSTED_ORIGINS);
  } catch (error) {
    throw new Trouble(error.message);
  }
}

/** Runs Wrangler on an account; resolves with its exit code and with what it has printed. */
export async function wrangler({ path }, args, { isShown = false } = {}) {
  const child = run(process.env.WRANGLER ?? 'wrangler', [...args, '--config', path], {
    stdio: ['inherit', 'pipe', 'pipe'],
    // It asks nothing: what is done was asked for by starting the script.
    env: { CI: 'true', WRANGLER_SEND_METRICS: 'false', WRANGLER_HIDE_BANNER: 'true' },
  });
  let output = '';
  let errors = '';
  child.child.stdout.on('data', (chunk) => {
    output += chunk;
    if (isShown) process.stdout.write(chunk);
  });
  child.child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const code = await child;
  return { code, output: stripVTControlCharacters(output), errors: stripVTControlCharacters(errors) };
}

/** Runs Wrangler where nothing can be done without it. */
export async function demand(config, args, options) {
  const { code, output, errors } = await wrangler(config, args, options);
  if (code !== 0) throw new Trouble(`wrangler ${args.join(' ')} has failed:\n${errors || output}`);
  return output;
}

/** Name of the lifecycle rule: the backstop for uploads that nothing else has deleted. */
export const LIFECYCLE = 'pending-uploads';

/** Secrets that the Worker cannot do without. */
export function neededSecrets({ vars }) {
  const always = ['R2_ACCESS_KEY_ID', 'R2_SECRET_ACCESS_KEY', 'OWNER_SECRET'];
  return vars.AUTH === 'cookie' ? [...always, 'SESSION_SECRET'] : always;
}

/** Names of the secrets that the Worker has. */
export async function deployedSecrets(config) {
  const args = ['secret', 'list', '--format', 'json'];
  const { code, output, errors } = await wrangler(config, args);
  if (code === 0) return JSON.parse(output).map(({ name }) => name);
  // 10007, 10090: it has never been deployed. Anything else must not pass for a Worker without secrets.
  if (/\b(10007|10090)\b/.test(errors + output)) return [];
  throw new Trouble(`wrangler ${args.join(' ')} has failed:\n${errors || output}`);
}
