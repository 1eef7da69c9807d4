/**
 * `npm run deploy`: creates or updates the bucket, database, migrations, CORS
 * rules, lifecycle rule and Worker. It does not change what is already right.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import util from 'node:util';
import { syncBucketCors } from './bucket-cors.mjs';
import {
  CliError,
  LIFECYCLE_RULE,
  listDeployedSecrets,
  readConfig,
  readTrustedOrigins,
  replaceInConfig,
  requiredSecrets,
  requireWrangler,
  runScript,
  runWrangler,
} from './wrangler.mjs';

/** `database_id` in wrangler.jsonc before the first deployment. */
const PLACEHOLDER_ID = '00000000-0000-0000-0000-000000000000';

export async function main(args, wrangler) {
  const { values } = util.parseArgs({ args, options: { config: { type: 'string' } } });
  const config = await readConfig(values.config, wrangler);
  await requireSettings(config);
  const account = await findAccount(config);
  console.log('Bucket and database');
  // The bucket comes before the secrets: the user creates an R2 token for this one bucket.
  await ensureBucket(config);
  const secretArgs = await prepareSecrets(config);
  await ensureDatabase(config);
  if (!config.vars.R2_ENDPOINT) {
    replaceInConfig(config.path, 'R2_ENDPOINT', '', `https://${account}.r2.cloudflarestorage.com`);
  }
  console.log('Migrations');
  await requireWrangler(config, ['d1', 'migrations', 'apply', config.database.binding, '--remote']);
  console.log('CORS');
  await syncBucketCors(config);
  console.log('Lifecycle');
  await ensureLifecycleRule(config);
  console.log('Worker');
  await requireWrangler(config, ['deploy', ...secretArgs], { isShown: true });
  console.log(
    '\nDeployed. To check the installation: npm run doctor -- https://<your Worker> --header "authorization: …"',
  );
  return 0;
}

/** Throws an error that lists every missing setting. */
async function requireSettings(config) {
  const { vars, bucket } = config;
  const missing = [];
  const required = { oidc: ['OIDC_ISSUER', 'OIDC_AUDIENCE'], cookie: [] }[vars.AUTH];
  if (!required) missing.push('"AUTH": how users sign in, "oidc" or "cookie" (docs/authentication.md).');
  for (const name of required ?? []) if (!vars[name]) missing.push(`"${name}" (docs/authentication.md).`);
  if (vars.R2_BUCKET !== bucket) missing.push(`"R2_BUCKET": must be the name of the bucket, "${bucket}".`);
  if ((await readTrustedOrigins(config)).length === 0) {
    missing.push('"TRUSTED_ORIGINS": the origins whose pages may upload, such as "https://app.example.com".');
  }
  if (missing.length > 0)
    throw new CliError(`Set in ${config.path}:\n${missing.map((each) => `  ${each}`).join('\n')}`);
}

/** Returns the id of the account that Wrangler is signed in to. */
async function findAccount(config) {
  const { code, output } = await runWrangler(config, ['whoami', '--json']);
  const accounts = code === 0 ? (JSON.parse(output).accounts ?? []) : [];
  const chosen = process.env.CLOUDFLARE_ACCOUNT_ID;
  const [first, ...others] = chosen ? accounts.filter(({ id }) => id === chosen) : accounts;
  if (!first) throw new CliError('Wrangler is not signed in to Cloudflare. Run: npx wrangler login');
  if (others.length > 0) {
    const list = accounts.map(({ id, name }) => `  ${id}  ${name}`).join('\n');
    throw new CliError(`You have several accounts. Set CLOUDFLARE_ACCOUNT_ID to one of these:\n${list}`);
  }
  return first.id;
}

/** Returns the Wrangler arguments that upload the secrets; none if the Worker already has them. */
async function prepareSecrets(config) {
  // In a build on Cloudflare, secrets are set in the dashboard. A Worker without them answers 503 and names them.
  if (process.env.WORKERS_CI) return [];
  const { secretsFile, bucket } = config;
  const local = existsSync(secretsFile) ? util.parseEnv(readFileSync(secretsFile, 'utf8')) : {};
  const deployed = await listDeployedSecrets(config);
  const missing = requiredSecrets(config).filter((name) => !local[name] && !deployed.includes(name));
  if (missing.length > 0) {
    if (!existsSync(secretsFile)) writeSecretsFile(secretsFile, missing);
    throw new CliError(`Secrets are missing: ${missing.join(', ')}.
  1. In the Cloudflare dashboard, open R2, then Manage API tokens. Create a token with "Object Read & Write" for ${bucket} only.
  2. Write its two keys into ${secretsFile}. The file already has random secrets: keep a copy of OWNER_SECRET.
  3. Run npm run deploy again. The file stays on this machine; git ignores it.`);
  }
  const empty = Object.keys(local).filter((name) => !local[name]);
  if (empty.length > 0) {
    throw new CliError(`${empty.join(', ')} is empty in ${secretsFile}. Fill it in, or remove the line.`);
  }
  return Object.keys(local).length > 0 ? ['--secrets-file', secretsFile] : [];
}

/** Writes only missing secrets: a second OWNER_SECRET would make every stored avatar unreachable. */
function writeSecretsFile(file, missing) {
  const random = ['OWNER_SECRET', 'SESSION_SECRET'];
  const lines = missing.map((name) => `${name}=${random.includes(name) ? randomBytes(32).toString('hex') : ''}\n`);
  writeFileSync(file, lines.join(''), { mode: 0o600 });
}

async function ensureBucket(config) {
  const { code } = await runWrangler(config, ['r2', 'bucket', 'info', config.bucket, '--json']);
  if (code !== 0) await requireWrangler(config, ['r2', 'bucket', 'create', config.bucket]);
}

async function ensureDatabase(config) {
  if (config.database.database_id !== PLACEHOLDER_ID) return;
  const name = config.database.database_name;
  let database = await findDatabase(config, name);
  if (!database) {
    await requireWrangler(config, ['d1', 'create', name]);
    database = await findDatabase(config, name);
  }
  if (!database) {
    throw new CliError(
      `The database ${name} was created, but wrangler d1 list doesn't show it. Run npm run deploy again.`,
    );
  }
  replaceInConfig(config.path, 'database_id', PLACEHOLDER_ID, database.uuid);
}

async function findDatabase(config, name) {
  const databases = JSON.parse(await requireWrangler(config, ['d1', 'list', '--json']));
  return databases.find((database) => database.name === name);
}

async function ensureLifecycleRule(config) {
  const rules = await requireWrangler(config, ['r2', 'bucket', 'lifecycle', 'list', config.bucket]);
  if (rules.includes(LIFECYCLE_RULE)) return;
  const rule = [LIFECYCLE_RULE, 'pending/', '--expire-days', '1', '--force'];
  await requireWrangler(config, ['r2', 'bucket', 'lifecycle', 'add', config.bucket, ...rule]);
}

await runScript('deploy.mjs', main);
