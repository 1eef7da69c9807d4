/**
 * `npm run deploy`: creates or updates the bucket, database, migrations, CORS
 * rules, lifecycle rule and Worker. It does not change what is already right.
 */
import util from 'node:util';
import { CheckFailure } from '../check/expect.mjs';
import { syncBucketCors } from './bucket-cors.mjs';
import { requireSecrets, withSecretArgs } from './deploy-secrets.mjs';
import { setInConfig } from './edit-config.mjs';
import { ensureBuckets, ensureDatabase } from './installation.mjs';
import { ensureMark } from './installation-mark.mjs';
import { ensureLifecycleRule } from './lifecycle.mjs';
import { checkPublicAccess } from './public-access.mjs';
import { findPublicSettingProblems } from './settings-checks.mjs';
import {
  CliError,
  CONFIG_OPTIONS,
  createEndpoint,
  readConfig,
  readTrustedOrigins,
  requireWrangler,
  runScript,
  runWrangler,
  wranglerError,
} from './wrangler.mjs';

/**
 * The steps of a deployment, in order. Each one changes nothing if it is already
 * done, so that a deployment that stopped continues where it was.
 */
const STEPS = {
  // The bucket comes before the secrets: the user creates an R2 token for this one bucket.
  Bucket: ensureBuckets,
  Secrets: requireSecrets,
  Database: ensureDatabase,
  Endpoint: ensureEndpoint,
  Migrations: (config) => requireWrangler(config, ['d1', 'migrations', 'apply', config.database.binding, '--remote']),
  Mark: ensureMark,
  CORS: (config) => syncBucketCors(config),
  Lifecycle: ensureLifecycleRule,
  'Public access': checkPublicAccess,
  Worker: (config) => withSecretArgs(config, (args) => requireWrangler(config, ['deploy', ...args], { isShown: true })),
};

export const usage = `Usage: npm run deploy -- [options]

Creates or updates the bucket, database, migrations, CORS rules, lifecycle rule
and Worker. Doesn't change what is already right.

  --config <file>     another configuration than wrangler.jsonc
  --env <name>        an environment in it`;

export async function main(args, wrangler) {
  const { values } = util.parseArgs({ args, options: CONFIG_OPTIONS });
  const config = await readConfig(values, wrangler);
  await requireSettings(config);
  config.endpoint = createEndpoint(config, await findAccount(config));
  requireMatchingEndpoint(config);
  for (const [name, run] of Object.entries(STEPS)) {
    console.log(name);
    await run(config).catch((error) => {
      throw createStepError(name, error, args);
    });
  }
  console.log(
    '\nDeployed. To check the installation: npm run doctor -- https://<your Worker>, with the headers of a test user in FLARE_HEADERS (docs/deploy.md).',
  );
  return 0;
}

/** Adds to the error of a step how to continue. */
function createStepError(step, error, args) {
  const reason = error instanceof CheckFailure ? `${error.message} ${error.hint}`.trimEnd() : error.stack;
  const quoted = args.map((arg) => (/^[\w./:=-]+$/.test(arg) ? arg : JSON.stringify(arg)));
  const command = ['npm run deploy', ...(args.length > 0 ? ['--', ...quoted] : [])].join(' ');
  const done = Object.keys(STEPS).slice(0, Object.keys(STEPS).indexOf(step));
  const progress = done.length > 0 ? `Done: ${done.join(', ')}.` : 'Nothing was changed.';
  return new CliError(`${reason}

The deployment stopped at the step ${step}. ${progress}
To continue from there, run the command again: ${command}`);
}

/** Throws an error that lists every missing setting. */
async function requireSettings(config) {
  const { vars, bucket, path, keys } = config;
  const missing = [];
  const required = { oidc: ['OIDC_ISSUER', 'OIDC_AUDIENCE'], cookie: [] }[vars.AUTH];
  if (!required) missing.push('"AUTH": how users sign in, "oidc" or "cookie" (docs/authentication.md).');
  for (const name of required ?? []) if (!vars[name]) missing.push(`"${name}" (docs/authentication.md).`);
  if (vars.R2_BUCKET !== bucket) missing.push(`"R2_BUCKET": must be the name of the bucket, "${bucket}".`);
  missing.push(...findPublicSettingProblems(config));
  if ((await readTrustedOrigins(config)).length === 0) {
    missing.push('"TRUSTED_ORIGINS": the origins whose pages may upload, such as "https://app.example.com".');
  }
  for (const binding of config.missingBindings) {
    missing.push(`${binding}: environments do not inherit bindings.`);
  }
  if (missing.length === 0) return;
  const place = keys.length > 0 ? `${path}, under ${keys.join('.')}` : path;
  throw new CliError(`Set in ${place}:\n${missing.map((each) => `  ${each}`).join('\n')}`);
}

/** Returns the id of the account that Wrangler is signed in to. */
async function findAccount(config) {
  const args = ['whoami', '--json'];
  const result = await runWrangler(config, args);
  const { loggedIn, accounts = [] } = parseAccounts(result.output);
  if (loggedIn === false || (result.code === 0 && accounts.length === 0)) {
    throw new CliError('Wrangler is not signed in to Cloudflare. Run: npx wrangler login');
  }
  if (result.code !== 0) throw wranglerError(args, result);
  const [first, ...others] = config.account ? accounts.filter(({ id }) => id === config.account) : accounts;
  const list = accounts.map(({ id, name }) => `  ${id}  ${name}`).join('\n');
  if (!first) throw new CliError(`Wrangler has no access to the account ${config.account}, only to these:\n${list}`);
  if (others.length > 0) {
    throw new CliError(`You have several accounts. Set CLOUDFLARE_ACCOUNT_ID to one of these:\n${list}`);
  }
  return first.id;
}

function parseAccounts(output) {
  try {
    return JSON.parse(output);
  } catch {
    return {};
  }
}

/** Throws if R2_ENDPOINT is that of another account or jurisdiction: no upload would arrive. */
function requireMatchingEndpoint({ vars: { R2_ENDPOINT }, endpoint, path, keys }) {
  if (!R2_ENDPOINT) return;
  const { host } = URL.canParse(R2_ENDPOINT.trim()) ? new URL(R2_ENDPOINT.trim()) : {};
  if (host === new URL(endpoint).host) return;
  throw new CliError(
    `${[...keys, 'vars', 'R2_ENDPOINT'].join('.')} in ${path} is "${R2_ENDPOINT}", but the bucket's account and jurisdiction have the endpoint ${endpoint}.`,
    'Set it to that, or to "".',
  );
}

async function ensureEndpoint({ vars, path, keys, endpoint }) {
  if (!vars.R2_ENDPOINT) setInConfig(path, [...keys, 'vars', 'R2_ENDPOINT'], endpoint);
}

await runScript('deploy.mjs', { main, usage });
