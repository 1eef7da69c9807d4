/** Decides where the example page is. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXAMPLE_PAGE } from './create-module.mjs';

/** Folders that a build writes. */
const BUILD_FOLDERS = /^(dist|build|out|\.output|\.vercel|\.svelte-kit|\.next|\.open-next)(\/|$)/;

/** The folder of the project's static files, or a new one, and `operations` for the configuration. */
export function planPage(files, config) {
  const folder = findAssetFolder(files, config);
  const hasAssets = isViteProject(files) || config.assets !== undefined || config.site !== undefined;
  const operation = { path: ['assets', 'directory'], value: `./${folder}` };
  return { folder, operations: hasAssets ? [] : [operation] };
}

/**
 * Adds the example page and the element.
 *
 * @param distFolder - `dist` of this package
 */
export function addPage(files, folder, distFolder) {
  if (!files.exists(`${folder}/avatar.html`)) files.write(`${folder}/avatar.html`, EXAMPLE_PAGE);
  // Of one version: the script names the file of its worker.
  if (files.exists(`${folder}/flare-avatar-upload.js`)) return;
  const worker = readdirSync(join(distFolder, 'cdn')).find((name) => name.startsWith('flare-avatar-upload.worker-'));
  const copies = {
    'flare-avatar-upload.js': 'cdn/flare-avatar-upload.iife.js',
    [worker]: `cdn/${worker}`,
    'flare-avatar-upload.LICENSES.txt': 'cdn/LICENSES.txt',
  };
  for (const [name, source] of Object.entries(copies)) {
    const text = readFileSync(join(distFolder, source), 'utf8');
    files.write(`${folder}/${name}`, text, `a copy of dist/${source} in the package`);
  }
}

export const isViteProject = (files) => files.list('.').some((name) => /^vite\.config\.[cm]?[jt]s$/.test(name));

function findAssetFolder(files, config) {
  // Vite copies this folder into the build.
  if (isViteProject(files)) return 'public';
  const configured = (config.assets?.directory ?? config.site?.bucket)?.replace(/^\.\//, '').replace(/\/+$/, '');
  if (configured !== undefined) return BUILD_FOLDERS.test(configured) || configured === '' ? null : configured;
  // A folder that isn't published yet may hold anything.
  return ['public', 'avatar-example'].find((name) => isUsable(files, name)) ?? null;
}

const isUsable = (files, name) => files.list(name).length === 0 || files.exists(`${name}/avatar.html`);
