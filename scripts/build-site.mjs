/**
 * Builds the site from the Markdown files, the demo and the built package (dist):
 * static pages in site/dist.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';
import { describeApi } from './api-page.mjs';
import { describeFramework, FRAMEWORK_PAGES, moveLinks } from './framework-pages.mjs';
import { installPackages, root } from './setup.mjs';

const site = join(root, 'site');
const output = join(site, 'dist');

/** Generated pages have no file that GitHub could open. */
const NOT_EDITABLE = ['---', 'editLink: false', '---', ''];

/** Writes the pages that are made from other files. */
function writePages() {
  const manifest = JSON.parse(readFileSync(join(root, 'dist', 'custom-elements.json'), 'utf8'));
  const folder = join(site, 'generated');
  for (const name of ['api', 'errors', 'examples']) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'api', 'element.md'), [...NOT_EDITABLE, describeApi(manifest)].join('\n'));
  writeFileSync(join(folder, 'errors', 'index.md'), listErrors());
  for (const name of Object.keys(FRAMEWORK_PAGES)) {
    writeFileSync(join(folder, 'examples', `${name}.md`), [...NOT_EDITABLE, describeFramework(name)].join('\n'));
  }
}

/** An index of the pages in docs/errors: each begins with its code, a line of facts and an explanation. */
function listErrors() {
  const folder = join(root, 'docs', 'errors');
  const rows = readdirSync(folder).map((file) => {
    const [, facts, explanation] = readFileSync(join(folder, file), 'utf8').split('\n\n');
    const [, status] = /\*\*HTTP status:\*\* ([^·]*) ·/.exec(facts) ?? [];
    return `| [\`${file.replace('.md', '')}\`](/errors/${file}) | ${status} | ${moveLinks(explanation, `errors/${file}`)} |`;
  });
  return [
    ...NOT_EDITABLE,
    '# Error codes',
    '',
    '| code | HTTP status | meaning |',
    '| --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

/** The pages of demo/, with a simulated back end. */
async function buildPlayground() {
  process.env.VITE_SIMULATED = 'on';
  await build({
    configFile: join(root, 'vite.config.ts'),
    configLoader: 'native',
    base: './',
    logLevel: 'warn',
    // The built package, as in applications: only its worker is a file that bundlers find.
    resolve: { alias: [{ find: /^\.\.\/src\/(define|index|heic)\.js$/, replacement: join(root, 'dist', '$1.js') }] },
    build: { outDir: join(site, '.playground'), emptyOutDir: true },
  });
  cpSync(join(site, '.playground'), join(output, 'playground'), { recursive: true });
}

/** Vitepress brings its own Vite, so it runs in a process of its own. */
function buildPages() {
  const { status } = spawnSync(
    process.execPath,
    [join(site, 'node_modules/vitepress/bin/vitepress.js'), 'build', site],
    {
      stdio: 'inherit',
    },
  );
  if (status !== 0) process.exit(1);
}

installPackages(site);
writePages();
buildPages();
await buildPlayground();
