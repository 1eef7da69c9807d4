/** Decides what the files with local settings, and .gitignore, need. */
import { randomBytes } from 'node:crypto';

const HEADER = '# Settings of the avatar API for local development. Never deployed.';

/**
 * Adds the local settings to `.dev.vars`, or to `.env.local` in a project that has `.env` files: Wrangler doesn't read
 * those where there is a `.dev.vars`.
 *
 * @returns the file's name, and as `manual` what the project sets to something else
 */
export function planLocalSettings(files, credentials) {
  const hasEnvFiles = files.list('.').some((name) => /^\.env(\.local)?$/.test(name));
  const name = !files.exists('.dev.vars') && hasEnvFiles ? '.env.local' : '.dev.vars';
  const text = files.read(name) ?? '';
  const present = parseSettings(text);
  const inherited = name === '.env.local' ? parseSettings(files.read('.env') ?? '') : {};
  const wanted = {
    LOCAL_DEV: 'on',
    R2_ENDPOINT: '/cdn-cgi/local/r2/s3',
    R2_ACCESS_KEY_ID: credentials.accessKeyId,
    R2_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
  const missing = Object.entries(wanted).filter(([key]) => !present[key]);
  if (!present.OWNER_SECRET && !inherited.OWNER_SECRET) missing.push(['OWNER_SECRET', randomBytes(32).toString('hex')]);
  if (missing.length > 0) files.write(name, addSettings(text, missing));
  const manual = Object.entries(wanted).filter(([key, value]) => present[key] && present[key] !== value);
  return { name, manual: manual.map(([key, value]) => `${key}=${value}`) };
}

/** As Wrangler reads them: the last value counts. */
function parseSettings(text) {
  const lines = text.matchAll(/^\s*(?:export\s+)?([\w.-]+)\s*=\s*(.*?)\s*$/gm);
  return Object.fromEntries(Array.from(lines, ([, key, value]) => [key, value.replace(/^(["'`])(.*)\1$/, '$2')]));
}

function addSettings(text, settings) {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const lines = settings.map(([key, value]) => `${key}=${value}`);
  const header = text.includes(HEADER) ? [] : [...(text.trim() ? [''] : []), HEADER];
  const start = text && !text.endsWith('\n') ? text + eol : text;
  return start + [...header, ...lines, ''].join(eol);
}

/** Adds the files that git must not contain to `.gitignore`. */
export function planGitignore(files, settingsFile) {
  const text = files.read('.gitignore') ?? '';
  const patterns = text.split(/\r?\n/).map((line) =>
    line
      .trim()
      .replace(/^(\/|\*\*\/)/, '')
      .replace(/\/$/, ''),
  );
  const isIgnored = (name) => patterns.some((pattern) => pattern !== '' && matches(pattern, name));
  const missing = [settingsFile, '.wrangler'].filter((name) => !isIgnored(name));
  if (missing.length === 0) return;
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const start = text && !text.endsWith('\n') ? text + eol : text;
  files.write('.gitignore', start + missing.map((line) => line + eol).join(''));
}

/** Whether a pattern of .gitignore, of which only `*` is special, matches a name. */
const matches = (pattern, name) =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replace(/[.]/g, '\\.'))
      .join('.*')}$`,
  ).test(name);
