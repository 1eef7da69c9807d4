/** The secrets of a deployment: which ones the Worker needs, and the file that holds them. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import util from 'node:util';
import { findInstallation } from './installation.mjs';
import { CliError, listDeployedSecrets, requiredSecrets } from './wrangler.mjs';

const MIN_SECRET_LENGTH = 32;
const RANDOM_SECRETS = ['OWNER_SECRET', 'SESSION_SECRET'];

/**
 * Calls `upload` with the Wrangler arguments that upload the secrets; none if
 * the Worker already has them. They are never arguments themselves, which
 * other users of the machine could see.
 */
export async function withSecretArgs({ secrets, secretsFile }, upload) {
  if (Object.keys(secrets.local).length === 0) return upload([]);
  if (Object.keys(secrets.fromEnvironment).length === 0) return upload(['--secrets-file', secretsFile]);
  const folder = mkdtempSync(join(tmpdir(), 'flare-secrets-'));
  try {
    const file = join(folder, 'secrets.json');
    writeFileSync(file, JSON.stringify(secrets.local), { mode: 0o600 });
    return await upload(['--secrets-file', file]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Throws if the Worker needs a secret that is neither deployed, nor in the file, nor in the environment. */
export async function requireSecrets(config) {
  config.secrets = { local: {}, fromEnvironment: {} };
  // In a build on Cloudflare, secrets are set in the dashboard. A Worker without them answers 503 and names them.
  if (process.env.WORKERS_CI) return;
  const { secretsFile } = config;
  const inFile = existsSync(secretsFile) ? util.parseEnv(readFileSync(secretsFile, 'utf8')) : {};
  const fromEnvironment = readEnvironment(config);
  const local = { ...inFile, ...fromEnvironment };
  const deployed = await listDeployedSecrets(config);
  const missing = requiredSecrets(config).filter((name) => !local[name] && !deployed.includes(name));
  if (missing.includes('OWNER_SECRET')) await requireNoInstallation(config);
  if (missing.length > 0) {
    if (!existsSync(secretsFile)) writeSecretsFile(secretsFile, missing);
    throw createMissingError(config, missing);
  }
  validateSecrets(secretsFile, local);
  config.secrets = { local, fromEnvironment };
}

function readEnvironment(config) {
  const names = requiredSecrets(config).filter((name) => process.env[name]);
  if (names.length > 0) console.log(`  From the environment: ${names.join(', ')}`);
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}

/** A fresh OWNER_SECRET would make every stored avatar unreachable. */
async function requireNoInstallation(config) {
  const found = await findInstallation(config);
  if (!found) return;
  throw new CliError(
    `${found}, but there is no OWNER_SECRET, neither on the Worker nor in ${config.secretsFile}. A new one would make every stored avatar unreachable.`,
    'Write OWNER_SECRET=<the secret that it was deployed with> to that file. If it is lost, see "Lost OWNER_SECRET" in docs/restore.md.',
  );
}

/** Writes only missing secrets: a second OWNER_SECRET would make every stored avatar unreachable. */
function writeSecretsFile(file, missing) {
  const lines = missing.map(
    (name) => `${name}=${RANDOM_SECRETS.includes(name) ? randomBytes(32).toString('hex') : ''}\n`,
  );
  writeFileSync(file, lines.join(''), { mode: 0o600 });
}

function createMissingError({ secretsFile, bucket, uploadBucket, publicUrl }, missing) {
  // Public pictures need no signature.
  const buckets = [...new Set(publicUrl ? [uploadBucket] : [bucket, uploadBucket])].join(' and ');
  return new CliError(`Secrets are missing: ${missing.join(', ')}.
  1. In the Cloudflare dashboard, open R2, then Manage API tokens. Create a token with "Object Read & Write" for ${buckets} only.
  2. Write its two keys into ${secretsFile}, or set them in the environment. If this command has created the file, it has random secrets: keep a copy of OWNER_SECRET.
  3. Run the command again. The file stays on this machine; git ignores it.`);
}

function validateSecrets(secretsFile, local) {
  const empty = Object.keys(local).filter((name) => !local[name]);
  if (empty.length > 0) {
    throw new CliError(`${empty.join(', ')} is empty in ${secretsFile}. Fill it in, or remove the line.`);
  }
  const isShort = (name) => name in local && local[name].trim().split(/\s+/)[0].length < MIN_SECRET_LENGTH;
  const short = RANDOM_SECRETS.filter(isShort);
  if (short.length > 0) {
    throw new CliError(
      `${short.join(', ')} in ${secretsFile} is too short: the first secret must have at least ${MIN_SECRET_LENGTH} characters.`,
      'openssl rand -hex 32 prints one. Former secrets, of any length, may follow it, separated by spaces.',
    );
  }
}
