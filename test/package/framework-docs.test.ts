import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
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
