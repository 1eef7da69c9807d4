import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/dev-server.js';
import { COLUMNS, type Column } from './checks.js';
import { EXAMPLES, type Example } from './examples.js';

/** What was tried of each example. */
export type Results = Map<Example, { version: string; passed: Map<Column, boolean> }>;

const page = join(root, 'docs', 'frameworks.md');
const START = '<!-- Written by npm run test:frameworks -->\n';
const END = '<!-- End -->';

/** Prints the table. @param isForDocs - whether to write it into docs/frameworks.md, too */
export function writeResults(results: Results, { isForDocs }: { isForDocs: boolean }): void {
  const rows = [...results].map(([example, row]) => formatRow(example, row));
  console.log(`\n${HEAD}${rows.join('')}`);
  if (!isForDocs) return;
  const text = readFileSync(page, 'utf8');
  const [before = '', table = ''] = text.split(START);
  const [old = '', after = ''] = table.split(END);
  const find = (example: Example) => {
    const row = results.get(example);
    return row ? formatRow(example, row) : findRow(old, example);
  };
  writeFileSync(page, `${before}${START}${HEAD}${EXAMPLES.map(find).join('')}${END}${after}`);
}

const formatCells = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;

const HEAD =
  formatCells(['framework', 'version', ...COLUMNS]) + formatCells(['---', '---', ...COLUMNS.map(() => '---')]);

function formatRow({ name, title }: Example, { version, passed }: { version: string; passed: Map<Column, boolean> }) {
  const mark = (column: Column) => (passed.has(column) ? (passed.get(column) ? 'yes' : '**no**') : '–');
  return formatCells([`[${title}](../examples/${name})`, version || '–', ...COLUMNS.map(mark)]);
}

/** The row of an example that was not tried this time. */
const findRow = (table: string, { title }: Example): string =>
  table.split(/(?<=\n)/).find((line) => line.startsWith(`| [${title}](`)) ?? '';
