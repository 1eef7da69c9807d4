/** The languages in src/locales, for build tools that don't know `import.meta.glob`, or have to bundle it differently. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup.mjs';

/** Tags of all languages that are shipped besides English, such as `de` and `pt-BR`. */
export const LOCALES = readdirSync(join(root, 'src', 'locales'))
  .map((file) => file.replace(/\.ts$/, ''))
  .sort();

const GLOB = "import.meta.glob('../locales/*.ts')";

/** @param table - code of an object that contains, for each file, a function that imports it. */
export const replaceLocaleGlob = (code, table) => code.replace(GLOB, () => table);

/** The table for bundlers and browsers that load the source. */
export const IMPORT_TABLE = `({ ${LOCALES.map((tag) => `'${tag}': () => import('../locales/${tag}.ts')`).join(', ')} })`;
