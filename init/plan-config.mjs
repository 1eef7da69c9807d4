/** Decides what the Wrangler configuration needs. */
import { CliError } from '../scripts/cli-error.mjs';

/** The binding of each resource, and the list that it is in. */
const BINDINGS = { AVATARS: 'r2_buckets', DB: 'd1_databases' };

/** Credentials of the local R2 simulator. They are not secret and never deployed. */
const LOCAL_CREDENTIALS = { accessKeyId: 'local-access-key', secretAccessKey: 'local-secret-key' };

const SECRETS = ['R2_ACCESS_KEY_ID', 'R2_SECRET_ACCESS_KEY', 'OWNER_SECRET'];

/** When the sweep runs. The second one is for Workers that do something else in the first. */
export const SWEEP_CRONS = ['*/5 * * * *', '2-57/5 * * * *'];

/**
 * @param config - what the configuration contains
 * @param name - a name for a new bucket and a new database
 * @param isMounted - whether the Worker has the API already
 * @returns `operations` for `editConfig()`, and what the other files need
 * @throws CliError if the project uses one of the names for something else
 */
export function planConfig(config, name, isMounted) {
  requireFreeNames(config);
  const bucket = planBucket(config, name);
  const database = planDatabase(config, name);
  const cron = planCron(config, isMounted);
  const operations = [
    ...bucket.operations,
    ...database.operations,
    ...planVars(config, bucket.name),
    ...planSecrets(config),
    ...cron.operations,
    ...planDevServer(config),
  ];
  return { operations, credentials: bucket.credentials, ...database.migrations, cron: cron.cron };
}

/** @throws CliError for a Worker that isn't one, and for names that mean something else in it. */
function requireFreeNames(config) {
  if (config.pages_build_output_dir !== undefined) {
    throw new CliError(
      'This is a Pages project, which has no cron triggers. Move it to Workers first: https://developers.cloudflare.com/workers/static-assets/migration-guides/migrate-from-pages/. Nothing was changed.',
    );
  }
  for (const [binding, list] of Object.entries(BINDINGS)) {
    if (config[list] !== undefined && !Array.isArray(config[list])) {
      throw new CliError(`${list} in the Wrangler configuration is not a list. Nothing was changed.`);
    }
    const owner = findBinding(config, binding);
    if (owner !== undefined && owner !== list) {
      throw new CliError(
        `The binding ${binding} is in use: under ${owner}. The avatar API needs it under ${list}. Rename yours, or deploy the API as a Worker of its own. Nothing was changed.`,
      );
    }
  }
}

/** Where the configuration has a binding of this name, or undefined. */
const findBinding = (config, name) =>
  Object.keys(config).find((section) => {
    if (section === 'vars') return config.vars && name in config.vars;
    return section !== 'env' && listEntries(config[section]).some((entry) => readName(section, entry) === name);
  });

/** The bindings in a section: it is a list, has lists, or is one binding. */
function listEntries(section) {
  if (Array.isArray(section) || typeof section !== 'object' || section === null) return section ? [section].flat() : [];
  return [section, ...Object.values(section).filter(Array.isArray).flat()];
}

/** Durable Objects and email have `name` for what is `binding` elsewhere. */
const readName = (section, entry) =>
  entry?.binding ?? (/^(durable_objects|send_email)$/.test(section) ? entry?.name : undefined);

function planBucket(config, name) {
  const buckets = config.r2_buckets ?? [];
  const index = buckets.findIndex(({ binding }) => binding === 'AVATARS');
  const bucket = buckets[index];
  const credentials = bucket?.local_dev?.experimental_s3_credentials ?? LOCAL_CREDENTIALS;
  const localDev = { experimental_s3_credentials: credentials };
  if (bucket) {
    const operation = { path: ['r2_buckets', index, 'local_dev'], value: localDev };
    const bucketName = bucket.bucket_name ?? name;
    return { name: bucketName, credentials, operations: bucket.local_dev ? [] : [operation] };
  }
  // A bucket for avatars contains nothing else.
  const names = buckets.map((each) => each.bucket_name);
  const bucketName = [name, `flare-${name}`, `flare-avatar-upload-${name}`].find((each) => !names.includes(each));
  const append = { binding: 'AVATARS', bucket_name: bucketName, local_dev: localDev };
  return { name: bucketName, credentials, operations: [{ path: ['r2_buckets'], append }] };
}

function planDatabase(config, name) {
  const databases = config.d1_databases ?? [];
  const database = databases.find(({ binding }) => binding === 'DB');
  if (database) {
    return {
      migrations: { folder: database.migrations_dir ?? 'migrations', table: database.migrations_table },
      operations: [],
    };
  }
  // Databases don't share a folder: Wrangler would apply the migrations of one to the other.
  const folders = databases.map((each) => normalizeFolder(each.migrations_dir ?? 'migrations'));
  const folder = folders.includes('migrations') ? 'avatar-migrations' : 'migrations';
  const append = { binding: 'DB', database_name: name, migrations_dir: folder };
  return { migrations: { folder, table: undefined }, operations: [{ path: ['d1_databases'], append }] };
}

const normalizeFolder = (folder) => folder.replace(/^\.\//, '').replace(/\/+$/, '');

function planVars(config, bucketName) {
  const vars = config.vars ?? {};
  if (vars.R2_BUCKET !== undefined && vars.R2_BUCKET !== bucketName) {
    throw new CliError(
      `vars.R2_BUCKET is "${vars.R2_BUCKET}", but the bucket of AVATARS is "${bucketName}". The avatar API needs its name there. Rename your setting, or bind that bucket as AVATARS if it contains nothing but avatars. Nothing was changed.`,
    );
  }
  const values = {
    R2_ENDPOINT: [
      '',
      'For a deployment: https://<account id>.r2.cloudflarestorage.com, as the settings of the bucket show it.',
    ],
    R2_BUCKET: [bucketName],
    // With `secrets`, Wrangler takes only names from .dev.vars that are listed there, or here.
    ...(config.secrets && { LOCAL_DEV: ['', 'On in .dev.vars, for local development.'] }),
  };
  const missing = Object.entries(values).filter(([key]) => vars[key] === undefined);
  const operations = missing.map(([key, [value, comment]]) => ({ path: ['vars', key], value, comment }));
  return config.vars ? operations : [{ path: ['vars'], value: {} }, ...operations];
}

function planSecrets({ secrets }) {
  const required = secrets?.required ?? [];
  const missing = secrets ? SECRETS.filter((name) => !required.includes(name)) : [];
  return missing.map((append) => ({ path: ['secrets', 'required'], append }));
}

/**
 * In a Worker with routes, `wrangler dev` makes every request look like one to the deployed host, where neither the
 * local sign-in nor the local store is.
 */
function planDevServer(config) {
  const hasRoutes = config.route !== undefined || config.routes?.length > 0;
  if (!hasRoutes || config.dev?.host !== undefined) return [];
  const port = config.dev?.port ?? 8787;
  const comment = 'Requests of `wrangler dev` have their own host, and not that of the first route.';
  return [
    ...(config.dev ? [] : [{ path: ['dev'], value: {} }]),
    { path: ['dev', 'host'], value: `localhost:${port}`, comment },
    ...(config.dev?.port === undefined ? [{ path: ['dev', 'port'], value: port }] : []),
  ];
}

/** The Worker's own cron triggers stay apart from that of the sweep. */
function planCron(config, isMounted) {
  const crons = config.triggers?.crons ?? [];
  const present = SWEEP_CRONS.find((each) => crons.includes(each));
  if (isMounted && present) return { cron: present, operations: [] };
  const cron = SWEEP_CRONS.find((each) => !crons.includes(each)) ?? SWEEP_CRONS[1];
  return { cron, operations: [{ path: ['triggers', 'crons'], append: cron }] };
}
