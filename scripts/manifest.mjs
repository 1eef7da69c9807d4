/**
 * Writes dist/custom-elements.json: the analyzer's manifest, completed by the settings table; and from it the types
 * for frameworks and the data for editors.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { writeEditorData } from './editor-data.mjs';
import { writeFrameworkTypes } from './framework-types.mjs';
import { root, run } from './setup.mjs';

/** The element and the classes that it extends. */
const SOURCES = [
  'src/form-field.ts',
  'src/settings-element.ts',
  'src/field/avatar-field.ts',
  'src/flare-avatar-upload.ts',
];

/** @returns the exit code of the analyzer */
export async function writeManifest() {
  const globs = SOURCES.flatMap((source) => ['--globs', source]);
  const code = await run('cem', ['analyze', '--litelement', ...globs, '--outdir', 'dist', '--quiet']);
  if (code !== 0) return code;
  const path = join(root, 'dist', 'custom-elements.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8'));
  manifest.modules = manifest.modules.filter((module) => module.path === SOURCES.at(-1));
  const [element] = manifest.modules[0].declarations;
  const settings = addSettings(element, await importSettings());
  writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`);
  writeFrameworkTypes(element, settings, join(root, 'dist', 'types', 'src'));
  writeEditorData(element, join(root, 'dist'));
  return 0;
}

/** The table is TypeScript: it is bundled before it is imported. */
async function importSettings() {
  const entryPoints = [join(root, 'src', 'settings.ts')];
  const { outputFiles } = await build({ entryPoints, bundle: true, write: false, format: 'esm', platform: 'node' });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}

/** Removes what is not public, and adds to each setting its default and its attribute. @returns the settings */
function addSettings(element, { getAttributeName, getDefaults }) {
  const defaults = getDefaults();
  // The element observes attributes that are not its own, such as those of ARIA.
  const isPublic = ({ name, privacy }) => privacy !== 'private' && privacy !== 'protected' && !name.startsWith('_');
  element.members = element.members.filter(isPublic);
  element.attributes = [];
  const settings = element.members.filter((member) => member.name in defaults && !member.static);
  for (const member of settings) {
    const { name: fieldName, type, description } = member;
    const defaultValue = formatDefault(defaults[fieldName]);
    member.default = defaultValue;
    const attribute = getAttributeName(fieldName);
    if (!attribute) continue;
    Object.assign(member, { attribute, reflects: true });
    element.attributes.push({ name: attribute, fieldName, type, description, default: defaultValue });
  }
  return settings;
}

const formatDefault = (value) => (typeof value === 'string' ? `'${value}'` : String(value));
