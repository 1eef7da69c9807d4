import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeFramework, FRAMEWORK_PAGES, listExampleFiles } from '../../scripts/framework-pages.mjs';
import { EXAMPLES } from '../frameworks/examples.js';
import { root } from '../support/dev-server.js';

const readSource = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');

/** The code blocks of docs/frameworks.md below the link to the file that they quote. */
const quotes = Array.from(
  readSource('docs', 'frameworks.md').matchAll(/^\[`(examples\/[^`]+)`\]\(\.\.\/\1\):\n\n```\w+\n(.*?)```$/gms),
  ([, file = '', code = '']) => [file, code] as const,
);

/** Code with white space made equal: an excerpt is indented less than in its file. */
const normalize = (code: string): string => code.replace(/\s+/g, ' ').trim();

it('docs/frameworks.md quotes each example', () => {
  const quoted = new Set(quotes.map(([file]) => file.split('/')[1]));
  expect([...quoted].sort()).toEqual([...new Set(EXAMPLES.map(({ name }) => name))].sort());
});

it.each(quotes)('docs/frameworks.md quotes %s as it is', (file, code) => {
  expect(normalize(readSource(file))).toContain(normalize(code));
});

it('every code block that names an example is one of them', () => {
  const names = readSource('docs', 'frameworks.md').match(/^\[`examples\//gm) ?? [];
  expect(quotes).toHaveLength(names.length);
});

it('examples/README.md lists every example', () => {
  const isFolder = (name: string) => !name.includes('.');
  const listed = Array.from(
    readSource('examples', 'README.md').matchAll(/^\| \[([\w-]+)\]\(\1\)/gm),
    ([, name]) => name,
  );
  expect(listed.sort()).toEqual(readdirSync(join(root, 'examples')).filter(isFolder).sort());
});

it('the site has a page for each example, but for the one that a guide explains', () => {
  const folders = readdirSync(join(root, 'examples')).filter((name) => !/\.|^own-back-end$/.test(name));
  expect(Object.keys(FRAMEWORK_PAGES).sort()).toEqual(folders.sort());
});

it.each(Object.keys(FRAMEWORK_PAGES))('the page of examples/%s quotes each of its files once', (name) => {
  const page = describeFramework(name);
  const files = listExampleFiles(name).filter((file) => file !== 'package.json');
  const counts = files.map((file) => page.split(readSource('examples', name, file).trimEnd()).length - 1);
  expect(counts).toEqual(files.map(() => 1));
});

it.each(Object.keys(FRAMEWORK_PAGES))(
  'the page of examples/%s says how to install it, and where its API is',
  (name) => {
    const page = describeFramework(name);
    expect(page).toMatch(
      /^## Installation\n\n(```sh\n.* (npm:)?flare-avatar-upload\b|The pages load the scripts from a CDN)/m,
    );
    expect(page).toMatch(/^## The API in development\n\nThe(re)? /m);
  },
);
