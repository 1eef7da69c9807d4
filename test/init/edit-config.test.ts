import { describe, expect, it } from 'vitest';
import { importModule } from './project.js';

interface Operation {
  path: (string | number)[];
  value?: unknown;
  append?: unknown;
  comment?: string;
}

const {
  addJsonValue,
  parseJsonc,
}: { addJsonValue(text: string, operation: Operation): string; parseJsonc(text: string): unknown } =
  await importModule('json-config.mjs');
const {
  editConfig,
}: {
  editConfig(
    file: { name: string; text: string; data: unknown },
    operations: Operation[],
  ): { text: string; manual: string[] };
} = await importModule('config-file.mjs');
const { parse: parseToml } = await import('smol-toml');

const withWindowsLines = (text: string) => text.replaceAll('\n', '\r\n');

describe('a value that is added to a JSONC file', () => {
  it.each<[string, string, Operation, string]>([
    ['after the last one', '{\n  "a": 1\n}\n', { path: ['b'], value: 2 }, '{\n  "a": 1,\n  "b": 2\n}\n'],
    ['with a trailing comma', '{\n\t"a": 1,\n}', { path: ['b'], value: [1] }, '{\n\t"a": 1,\n\t"b": [\n\t\t1\n\t],\n}'],
    [
      'behind the comment of the last one, before other comments',
      '{\n  "a": 1 // one\n  // "c": 3\n}',
      { path: ['b'], value: 2, comment: 'two' },
      '{\n  "a": 1, // one\n  // two\n  "b": 2\n  // "c": 3\n}',
    ],
    [
      'to an object on one line',
      '{ "vars": { "a": "}" } }',
      { path: ['vars', 'b'], value: 2 },
      '{ "vars": { "a": "}", "b": 2 } }',
    ],
    [
      'to an empty object',
      '{\n  "vars": {}\n}',
      { path: ['vars', 'b'], value: 2 },
      '{\n  "vars": {\n    "b": 2\n  }\n}',
    ],
    [
      'to an object with nothing but comments',
      '{\n  "vars": {\n    // none\n  }\n}',
      { path: ['vars', 'b'], value: 2 },
      '{\n  "vars": {\n    "b": 2\n    // none\n  }\n}',
    ],
    [
      'with the objects around it',
      '{\n  "a": 1\n}',
      { path: ['b', 'c'], value: 2 },
      '{\n  "a": 1,\n  "b": {\n    "c": 2\n  }\n}',
    ],
    [
      'to a list on one line',
      '{\n  "a": ["x"]\n}',
      { path: ['a'], append: { b: 'y:' } },
      '{\n  "a": ["x", { "b": "y:" }]\n}',
    ],
    [
      'to a list',
      '{\n  "a": [\n    "x" /* x */\n  ]\n}',
      { path: ['a'], append: 'y' },
      '{\n  "a": [\n    "x", /* x */\n    "y"\n  ]\n}',
    ],
    [
      'to a list that is missing',
      '{\n  "a": 1\n}',
      { path: ['b'], append: 'y' },
      '{\n  "a": 1,\n  "b": [\n    "y"\n  ]\n}',
    ],
    [
      'to an entry of a list',
      '{\n  "a": [\n    { "x": 1 }\n  ]\n}',
      { path: ['a', 0, 'y'], value: 2 },
      '{\n  "a": [\n    { "x": 1, "y": 2 }\n  ]\n}',
    ],
  ])('is %s', (_, before, operation, after) => {
    expect(addJsonValue(before, operation)).toBe(after);
    expect(addJsonValue(withWindowsLines(before), operation)).toBe(withWindowsLines(after));
  });

  it.each(['', '{', '{"a": 1', "{'a': 1}", '{"a" 1}', '{"a": 1} }', '{"a": 1 "b": 2}', '{"a": "b}', '{"a": 1 / 2}'])(
    'needs a file that is valid: %j',
    (text) => {
      expect(() => parseJsonc(text)).toThrow();
    },
  );
});

describe('a value that is added to a TOML file', () => {
  const edit = (text: string, operation: Operation) =>
    editConfig({ name: 'wrangler.toml', text, data: JSON.parse(JSON.stringify(parseToml(text))) }, [operation]);

  it.each<[string, string, Operation, string]>([
    [
      'a table for a list',
      'name = "a"\n',
      { path: ['r2_buckets'], append: { binding: 'A' } },
      'name = "a"\n\n[[r2_buckets]]\nbinding = "A"\n',
    ],
    [
      'below its header',
      '[vars]\nA = "1"\n',
      { path: ['vars', 'B'], value: '', comment: 'b' },
      '[vars]\n# b\nB = ""\nA = "1"\n',
    ],
    [
      'a new table',
      'name = "a"\n',
      { path: ['triggers', 'crons'], append: '* * * * *' },
      'name = "a"\n\n[triggers]\ncrons = ["* * * * *"]\n',
    ],
    [
      'an item',
      '[triggers]\ncrons = ["0 0 * * *"] # daily\n',
      { path: ['triggers', 'crons'], append: '* * * * *' },
      '[triggers]\ncrons = ["0 0 * * *", "* * * * *"] # daily\n',
    ],
    [
      'in a table of a list',
      '[[a]]\nb = 1\n[[a]]\nb = 2\n',
      { path: ['a', 1, 'c'], value: { d: { e: 'f' } } },
      '[[a]]\nb = 1\n[[a]]\nc = { d = { e = "f" } }\nb = 2\n',
    ],
  ])('is %s', (_, before, operation, after) => {
    expect(edit(before, operation)).toEqual({ text: after, manual: [] });
    expect(edit(withWindowsLines(before), operation).text).toBe(withWindowsLines(after));
  });

  it.each<[string, string, Operation]>([
    ['an inline table', 'vars = { A = "1" }\n', { path: ['vars', 'B'], value: '2' }],
    ['an inline list', 'r2_buckets = [{ binding = "B" }]\n', { path: ['r2_buckets'], append: { binding: 'A' } }],
    [
      'a list on several lines',
      '[triggers]\ncrons = [\n  "0 0 * * *"\n]\n',
      { path: ['triggers', 'crons'], append: '* * * * *' },
    ],
    ['a header in a text', 'a = """\n[vars]\n"""\n', { path: ['vars', 'B'], value: '2' }],
  ])('is left to the developer where the file has %s', (_, text, operation) => {
    const edited = edit(text, operation);
    expect([edited.text, edited.manual.length]).toEqual([text, 1]);
  });
});
