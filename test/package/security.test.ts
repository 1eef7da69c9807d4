import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../support/dev-server.js';

const page = join(root, 'docs', 'security.md');
const text = readFileSync(page, 'utf8');
const quotedTests = Array.from(
  text.matchAll(/\[([^\]]+)\]\((\.\.\/test\/[^)]+)\)/g),
  ([, title = '', file = '']) => [title, file] as const,
);
const tables = text.split('| threat | guard | test |\n| --- | --- | --- |\n').slice(1);
const threats = tables.flatMap((table) => table.slice(0, table.indexOf('\n\n')).split('\n'));

/** Whether a file has a test, or a group of tests, with this title: the first argument of a call. */
function hasTest(source: string, title: string): boolean {
  const literal = title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`\\(\\s*(['"\`])${literal}\\1,`).test(source);
}

describe('docs/security.md', () => {
  it('names a test for every threat', () => {
    expect(threats.length).toBeGreaterThan(40);
    expect(threats.filter((threat) => !threat.includes('](../test/'))).toEqual([]);
  });

  it.each(quotedTests)('names a test that exists: %s (%s)', (title, file) => {
    expect(hasTest(readFileSync(join(dirname(page), file), 'utf8'), title)).toBe(true);
  });
});
