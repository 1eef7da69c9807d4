/** What the scripts for a Cloudflare account share: the configuration, and calls of Wrangler. */
import { basename, dirname, join, resolve } from 'node:path';
import { CheckFailure } from '../check/expect.mjs';
import { CliError } from './cli-error.mjs';
import { root } from './setup.mjs';
import { startWrangler } from './start-wrangler.mjs';

export { CliError } from './cli-error.mjs';

/**
 * Runs a script, `{main, usage}`, if it was started as a program. Tests import
 * it, and call it through `runMain`.
 */
export async function runScript(name, script) {
  if (basename(process.argv[1] ?? '') !== name) return;
  process.exitCode = await runMain(script, process.argv.slice(2), startWrangler);
}

/**
 * Calls a script's `main(args, wrangler)`, and prints its errors; with `--help`,
 * prints its usage. `wrangler` runs Wrangler, as `startWrangler` does.
 *
 * @returns the exit code
 */
export async function runMain({ main, usage }, args, wrangler) {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(usage);
    return 0;
  }
  try {
    return await main(args, wrangler);
  } catch (error) {
    console.error(describeError(error, usage));
    return 1;
  }
}

/** Errors of the program itself are printed with their stack. */
function describeError(error, usage) {
  if (error instanceof CheckFailure) return `\n${error.message} ${error.hint}`.trimEnd();
  return error.code?.startsWith('ERR_PARSE_ARGS_') ? `${error.message}\n\n${usage}` : error;
}

/** Options, for `parseArgs`, of a script that reads the configuration. */
export const CONFIG_OPTIONS = { config: { type: 'string', short: 'c' }, env: { type: 'string', short: 'e' } };

/**
 * Reads the Worker's configuration, as Wrangler does.
 *
 * @param options - values of `CONFIG_OPTIONS`. Like Wrangler, takes the environment from CLOUDFLARE_ENV by default.
 * @param wrangler - runs Wrangler
 */
export async function readConfig(options = {}, wrangler = startWrangler) {
  const { config: file = 'wrangler.jsonc', env = process.env.CLOUDFLARE_ENV } = options;
  const path = resolve(root, file);
  const values = await parseConfig(path, env);
  const bucket = values.r2_buckets.find(({ binding }) => binding === 'AVATARS');
  const database = values.d1_databases.find(({ binding }) => binding === 'DB');
  if (!bucket?.bucket_name || !database?.database_name) throw createBindingError(path, env);
  const pending = values.r2_buckets.find(({ binding }) => binding === 'PENDING');
  return {
    path,
    env,
    /** Path of the environment's values in the file. */
    keys: env ? ['env', env] : [],
    secretsFile: join(dirname(path), nameSecretsFile(path, env, values.name)),
    name: values.name,
    account: values.account_id ?? process.env.CLOUDFLARE_ACCOUNT_ID,
    vars: values.vars,
    bucket: bucket.bucket_name,
    jurisdiction: bucket.jurisdiction,
    /** The bucket of its own for pending uploads, if there is one. */
    pendingBucket: pending?.bucket_name,
    pendingJurisdiction: pending?.jurisdiction,
    /** Where presigned PUTs lead. */
    uploadBucket: (values.vars.R2_PENDING_BUCKET && pending?.bucket_name) || bucket.bucket_name,
    publicUrl: values.vars.PUBLIC_URL || null,
    database,
    /** Path of the database in the file. */
    databaseKeys: [...(env ? ['env', env] : []), 'd1_databases', values.d1_databases.indexOf(database)],
    missingBindings: env ? listMissingBindings(await parseConfig(path), values) : [],
    wrangler,
  };
}

async function parseConfig(path, env = '') {
  const { unstable_readConfig } = await import('wrangler');
  try {
    return unstable_readConfig({ config: path, env }, { hideWarnings: true });
  } catch (error) {
    throw new CliError(`${path} can't be used: ${error.message}`);
  }
}

function createBindingError(path, env) {
  const reason = env ? ` under env.${env}: an environment does not inherit bindings` : '';
  return new CliError(
    `${path} must name an R2 bucket with the binding AVATARS and a D1 database with the binding DB${reason}.`,
  );
}

/** Bindings of the Worker that an environment does not inherit, and does not have. */
function listMissingBindings(topLevel, environment) {
  const list = ({ r2_buckets, d1_databases, ratelimits }) => [
    ...r2_buckets.map(({ binding }) => `r2_buckets: ${binding}`),
    ...d1_databases.map(({ binding }) => `d1_databases: ${binding}`),
    ...(ratelimits ?? []).map(({ name }) => `ratelimits: ${name}`),
  ];
  const present = list(environment);
  return list(topLevel).filter((binding) => !present.includes(binding));
}

/** Each Worker has its own R2 token, and so its own file. */
function nameSecretsFile(path, env, name) {
  const isDefault = !env && /^wrangler\.\w+$/.test(basename(path));
  return isDefault ? '.env.deploy' : `.env.deploy.${name}`;
}

/** The S3 endpoint of an account, in the bucket's jurisdiction. */
export function createEndpoint({ jurisdiction }, account) {
  return `https://${account}.${jurisdiction ? `${jurisdiction}.` : ''}r2.cloudflarestorage.com`;
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

/** Adds to Wrangler's arguments what the configuration says: the bucket's jurisdiction, the environment and the file. */
function completeArgs({ path, env, jurisdiction }, args) {
  return [
    ...args,
    ...(args[0] === 'r2' && jurisdiction ? ['--jurisdiction', jurisdiction] : []),
    ...(env ? ['--env', env] : []),
    '--config',
    path,
  ];
}

/** The same call, for the user to copy. */
export function formatCommand(config, args) {
  const quoted = completeArgs(config, args).map((arg) => (/^[\w./:=-]+$/.test(arg) ? arg : JSON.stringify(arg)));
  return `npx wrangler ${quoted.join(' ')}`;
}

/** Runs Wrangler, and resolves with its exit code and its output. With `isShown`, the output is printed too. */
export function runWrangler(config, args, options = {}) {
  return config.wrangler(completeArgs(config, args), options);
}

/** Runs Wrangler, and returns its output. Throws if it fails. */
export async function requireWrangler(config, args, options) {
  const result = await runWrangler(config, args, options);
  if (result.code !== 0) throw wranglerError(args, result);
  return result.output;
}

/** Runs Wrangler, and returns the JSON that it prints. Throws if it fails. */
export async function requireWranglerJson(config, args) {
  return parseOutput(args, await requireWrangler(config, args));
}

/** Runs SQL in the remote database. Returns the rows of all statements. */
export async function queryDatabase(config, sql) {
  const args = ['d1', 'execute', config.database.binding, '--remote', '--json', '--command', sql];
  return (await requireWranglerJson(config, args)).flatMap(({ results }) => results);
}

function parseOutput(args, output) {
  try {
    return JSON.parse(output);
  } catch {
    throw new CliError(`wrangler ${args.join(' ')} printed no JSON:\n${output}`);
  }
}

export const wranglerError = (args, { output, errors }) =>
  new CliError(`wrangler ${args.join(' ')} failed:\n${errors || output}`);

/** Names of the secrets that the Worker needs. */
export function requiredSecrets({ vars }) {
  const always = ['R2_ACCESS_KEY_ID', 'R2_SECRET_ACCESS_KEY', 'OWNER_SECRET'];
  return vars.AUTH === 'cookie' ? [...always, 'SESSION_SECRET'] : always;
}

/** Names of the secrets that the deployed Worker has. */
export async function listDeployedSecrets(config) {
  const args = ['secret', 'list', '--format', 'json'];
  const result = await runWrangler(config, args);
  if (result.code === 0) return parseOutput(args, result.output).map(({ name }) => name);
  // The Worker has never been deployed. After any other error, it may have secrets.
  if (/Worker ".*" (\(env: .*\) )?not found|\b(10007|10090)\b/.test(result.errors + result.output)) return [];
  throw wranglerError(args, result);
}
