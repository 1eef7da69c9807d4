/** What the scripts for a Cloudflare account share: the configuration, and calls of Wrangler. */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { CheckFailure } from '../check/expect.mjs';
import { installPackages, isNodeTooOld, root, run } from './setup.mjs';
import { startWrangler } from './start-wrangler.mjs';

/** A failure that the user can do something about. It is printed without a stack. */
export class CliError extends CheckFailure {}

/**
 * Runs a script's `main` on a Node that the tools support, if the script was
 * started as a program. Tests import it, and call `main` through `runMain`.
 */
export async function runScript(script, main) {
  if (basename(process.argv[1] ?? '') !== script) return;
  installPackages();
  if (isNodeTooOld()) process.exit(await run('node', [`scripts/${script}`, ...process.argv.slice(2)]));
  process.exitCode = await runMain(main, process.argv.slice(2), startWrangler);
}

/**
 * Calls `main(args, wrangler)`, and prints its errors. `wrangler` runs Wrangler, as `startWrangler` does.
 *
 * @returns the exit code
 */
export async function runMain(main, args, wrangler) {
  try {
    return await main(args, wrangler);
  } catch (error) {
    console.error(error instanceof CheckFailure ? `\n${error.message} ${error.hint}`.trimEnd() : error);
    return 1;
  }
}

/** Reads the Worker's configuration; `file` is the value of `--config`, `wrangler` runs Wrangler. */
export async function readConfig(file = 'wrangler.jsonc', wrangler = startWrangler) {
  const path = resolve(root, file);
  const { unstable_readConfig } = await import('wrangler');
  const config = unstable_readConfig({ config: path }, { hideWarnings: true });
  const [bucket] = config.r2_buckets;
  const [database] = config.d1_databases;
  if (!bucket?.bucket_name || !database?.database_name) {
    throw new CliError(`${file} must name an R2 bucket and a D1 database.`);
  }
  const secretsFile = join(dirname(path), '.env.deploy');
  const { name, vars } = config;
  return { path, secretsFile, name, vars, bucket: bucket.bucket_name, database, wrangler };
}

/** Replaces a value in the configuration file. Comments and formatting stay. */
export function replaceInConfig(path, name, oldValue, newValue) {
  const text = readFileSync(path, 'utf8');
  const changed = text.replace(`"${name}": ${JSON.stringify(oldValue)}`, `"${name}": ${JSON.stringify(newValue)}`);
  if (changed === text) throw new CliError(`Set in ${path}: "${name}": "${newValue}"`);
  writeFileSync(path, changed);
  console.log(`  Set ${name} in ${path}.`);
}

/** Parses TRUSTED_ORIGINS. Returns each origin as browsers send it. */
export async function readTrustedOrigins({ vars }) {
  const { parseOrigins } = await import('../server/parse-origins.ts');
  try {
    return parseOrigins(vars.TRUSTED_ORIGINS);
  } catch (error) {
    throw new CliError(error.message);
  }
}

/** Runs Wrangler, and resolves with its exit code and its output. With `isShown`, the output is printed too. */
export function runWrangler({ path, wrangler }, args, options = {}) {
  return wrangler([...args, '--config', path], options);
}

/** Runs Wrangler, and returns its output. Throws if it fails. */
export async function requireWrangler(config, args, options) {
  const result = await runWrangler(config, args, options);
  if (result.code !== 0) throw wranglerError(args, result);
  return result.output;
}

export const wranglerError = (args, { output, errors }) =>
  new CliError(`wrangler ${args.join(' ')} failed:\n${errors || output}`);

/** Name of the bucket's lifecycle rule, which deletes pending uploads that the Worker did not. */
export const LIFECYCLE_RULE = 'pending-uploads';

/** Names of the secrets that the Worker needs. */
export function requiredSecrets({ vars }) {
  const always = ['R2_ACCESS_KEY_ID', 'R2_SECRET_ACCESS_KEY', 'OWNER_SECRET'];
  return vars.AUTH === 'cookie' ? [...always, 'SESSION_SECRET'] : always;
}

/** Names of the secrets that the deployed Worker has. */
export async function listDeployedSecrets(config) {
  const args = ['secret', 'list', '--format', 'json'];
  const result = await runWrangler(config, args);
  if (result.code === 0) return JSON.parse(result.output).map(({ name }) => name);
  // 10007 and 10090: the Worker has never been deployed. After any other error, it may have secrets.
  if (/\b(10007|10090)\b/.test(result.errors + result.output)) return [];
  throw wranglerError(args, result);
}
