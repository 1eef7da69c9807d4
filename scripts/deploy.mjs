/** `npm run deploy`: database, bucket, CORS, lifecycle, Worker; whatever is there already is left as it is. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import util from 'node:util';
import { bucketCors } from './bucket-cors.mjs';
import {
  command,
  demand,
  deployedSecrets,
  fillIn,
  LIFECYCLE,
  neededSecrets,
  readConfig,
  Trouble,
  trustedOrigins,
  wrangler,
} from './wrangler.mjs';

const NO_DATABASE = '00000000-0000-0000-0000-000000000000';

await command('deploy.mjs', async () => {
  const { values } = util.parseArgs({ options: { config: { type: 'string' } } });
  const config = await readConfig(values.config);
  await refuseIncomplete(config);
  const account = await whoAmI(config);
  console.log('Bucket and database');
  // Before the secrets are asked for: the R2 token is for this one bucket.
  await ensureBucket(config);
  const secrets = await findSecrets(config);
  await ensureDatabase(config);
  if (!config.vars.R2_ENDPOINT) {
    fillIn(config.path, 'R2_ENDPOINT', '', `https://${account}.r2.cloudflarestorage.com`);
  }
  console.log('Migrations');
  await demand(config, ['d1', 'migrations', 'apply', config.database.binding, '--remote']);
  console.log('CORS');
  await bucketCors(config);
  console.log('Lifecycle');
  await ensureLifecycle(config);
  console.log('Worker');
  await demand(config, ['deploy', ...secrets], { isShown: true });
  console.log(
    '\nDeployed. Look whether all is well: npm run doctor -- https://<where it is> --header "authorization: …"',
  );
  return 0;
});

/** Everything that is missing in the configuration, at once. */
async function refuseIncomplete(config) {
  const { vars, bucket } = config;
  const missing = [];
  const needed = { oidc: ['OIDC_ISSUER', 'OIDC_AUDIENCE'], cookie: [] }[vars.AUTH];
  if (!needed) missing.push('"AUTH": how users sign in, "oidc" or "cookie" (docs/authentication.md).');
  for (const name of needed ?? []) if (!vars[name]) missing.push(`"${name}" (docs/authentication.md).`);
  if (vars.R2_BUCKET !== bucket) missing.push(`"R2_BUCKET": has to be the bucket's name, "${bucket}".`);
  if ((await trustedOrigins(config)).length === 0) {
    missing.push('"TRUSTED_ORIGINS": the origins whose pages may upload, such as "https://app.example.com".');
  }
  if (missing.length > 0) throw new Trouble(`Set in ${config.path}:\n${missing.map((each) => `  ${each}`).join('\n')}`);
}

/** The id of the one account that Wrangler is signed in to. */
async function whoAmI(config) {
  const { code, output } = await wrangler(config, ['whoami', '--json']);
  const accounts = code === 0 ? (JSON.parse(output).accounts ?? []) : [];
  const asked = process.env.CLOUDFLARE_ACCOUNT_ID;
  const [first, ...more] = asked ? accounts.filter(({ id }) => id === asked) : accounts;
  if (!first) throw new Trouble('Wrangler is not signed in to Cloudflare. Run: npx wrangler login');
  if (more.length > 0) {
    const list = accounts.map(({ id, name }) => `  ${id}  ${name}`).join('\n');
    throw new Trouble(`Which account? Set CLOUDFLARE_ACCOUNT_ID to one of\n${list}`);
  }
  return first.id;
}

/** The arguments that hand the secrets over; none where the Worker has them already. */
async function findSecrets(config) {
  // Cloudflare's own builds have none, and the Worker has its own; without them it answers 503 and says which.
  if (process.env.WORKERS_CI) return [];
  const { secretsFile, bucket } = config;
  const here = existsSync(secretsFile) ? util.parseEnv(readFileSync(secretsFile, 'utf8')) : {};
  const there = await deployedSecrets(config);
  const missing = neededSecrets(config).filter((name) => !here[name] && !there.includes(name));
  if (missing.length > 0) {
    if (!existsSync(secretsFile)) writeSecretsFile(secretsFile, missing);
    throw new Trouble(`Secrets are missing: ${missing.join(', ')}.
  1. In the Cloudflare dashboard: R2, Manage API tokens, create one with "Object Read & Write" for ${bucket} alone.
  2. Write its two keys into ${secretsFile}. Random secrets are there already: keep a copy of OWNER_SECRET.
  3. Run npm run deploy again. The file stays on this machine, and git does not see it.`);
  }
  const empty = Object.keys(here).filter((name) => !here[name]);
  if (empty.length > 0)
    throw new Trouble(`${empty.join(', ')} is empty in ${secretsFile}: fill it in, or take the line out.`);
  return Object.keys(here).length > 0 ? ['--secrets-file', secretsFile] : [];
}

/** Only what is missing: a new OWNER_SECRET in the place of another would forget every avatar. */
function writeSecretsFile(file, missing) {
  const random = ['OWNER_SECRET', 'SESSION_SECRET'];
  const lines = missing.map((name) => `${name}=${random.includes(name) ? randomBytes(32).toString('hex') : ''}\n`);
  writeFileSync(file, lines.join(''), { mode: 0o600 });
}

async function ensureBucket(config) {
  const { code } = await wrangler(config, ['r2', 'bucket', 'info', config.bucket, '--json']);
  if (code !== 0) await demand(config, ['r2', 'bucket', 'create', config.bucket]);
}

async function ensureDatabase(config) {
  if (config.database.database_id !== NO_DATABASE) return;
  const name = config.database.database_name;
  const find = async () =>
    JSON.parse(await demand(config, ['d1', 'list', '--json'])).find((each) => each.name === name);
  let found = await find();
  if (!found) {
    await demand(config, ['d1', 'create', name]);
    found = await find();
  }
  if (!found)
    throw new Trouble(`The database ${name} was created, but is not in wrangler d1 list. Run npm run deploy again.`);
  fillIn(config.path, 'database_id', NO_DATABASE, found.uuid);
}

async function ensureLifecycle(config) {
  const rules = await demand(config, ['r2', 'bucket', 'lifecycle', 'list', config.bucket]);
  if (rules.includes(LIFECYCLE)) return;
  const rule = [LIFECYCLE, 'pending/', '--expire-days', '1', '--force'];
  await demand(config, ['r2', 'bucket', 'lifecycle', 'add', config.bucket, ...rule]);
}
