/** Decides which packages the project lacks. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CliError } from '../scripts/cli-error.mjs';
import { addJsonValue } from './json-config.mjs';

/** What `flare-avatar-upload/server` imports. */
const SERVER_PACKAGES = ['hono', 'jose', 'aws4fetch', 'valibot', '@valibot/to-json-schema'];

/** The first Wrangler whose local R2 answers presigned requests. */
const WRANGLER = [4, 115, 0];

const FIELDS = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'];

/** @throws CliError if there is none, or if it can't be read. */
export function readPackageJson(files) {
  const text = files.read('package.json');
  if (text === null) {
    throw new CliError(
      "No package.json here. Run this command in the folder of your Worker's project. To create one: npm create hono@latest, or npm create cloudflare@latest.",
    );
  }
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    throw new CliError("package.json can't be read: it is not valid JSON. Nothing was changed.");
  }
}

/**
 * Adds the packages that are missing.
 *
 * @param own - the package.json of this package
 * @returns whether the project's packages have to be installed
 */
export function planPackages(files, manifest, own) {
  const declared = FIELDS.flatMap((field) => Object.keys(manifest[field] ?? {}));
  const wanted = { [own.name]: `^${own.version}` };
  for (const name of SERVER_PACKAGES) wanted[name] = own.peerDependencies[name];
  const missing = Object.entries(wanted).filter(([name]) => !declared.includes(name));
  let text = files.read('package.json');
  for (const [name, value] of missing) text = addJsonValue(text, { path: ['dependencies', name], value });
  text = raiseWrangler(files, manifest, text);
  if (text !== files.read('package.json')) files.write('package.json', text);
  return (
    files.changes.some(({ path }) => path === 'package.json') ||
    Object.keys(wanted).some((name) => !isInstalled(files, name))
  );
}

/** Requires the Wrangler whose local R2 the API needs, where an older one is installed. */
function raiseWrangler(files, manifest, text) {
  const version = readInstalledVersion(files, 'wrangler');
  const range = manifest.devDependencies?.wrangler ?? manifest.dependencies?.wrangler;
  if (!version || !range || !isOlder(version.split('.').map(Number), WRANGLER)) return text;
  const quoted = JSON.stringify(range).replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  return text.replace(new RegExp(`("wrangler"\\s*:\\s*)${quoted}`), `$1"^${WRANGLER.join('.')}"`);
}

const isOlder = (a, b) => {
  const index = b.findIndex((part, at) => a[at] !== part);
  return index >= 0 && a[index] < b[index];
};

const readInstalledVersion = (files, name) => {
  const path = findUpwards(files.folder, join('node_modules', name, 'package.json'));
  return path ? JSON.parse(readFileSync(path, 'utf8')).version : null;
};

const isInstalled = (files, name) => findUpwards(files.folder, join('node_modules', name, 'package.json')) !== null;

/** Path of a file in this folder or in the nearest one above, or null. */
function findUpwards(folder, name) {
  const path = join(folder, name);
  if (existsSync(path)) return path;
  return dirname(folder) === folder ? null : findUpwards(dirname(folder), name);
}

const LOCK_FILES = {
  'package-lock.json': 'npm',
  'pnpm-lock.yaml': 'pnpm',
  'yarn.lock': 'yarn',
  'bun.lock': 'bun',
  'bun.lockb': 'bun',
};

/** The package manager that the project, or the workspace that it is in, uses. */
export function findPackageManager(files, manifest) {
  const named = /^(npm|pnpm|yarn|bun)@/.exec(manifest.packageManager ?? '')?.[1];
  const found = Object.keys(LOCK_FILES).map((name) => findUpwards(files.folder, name) && name);
  return named ?? LOCK_FILES[found.find(Boolean)] ?? 'npm';
}
