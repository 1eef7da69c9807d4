import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { root } from '../support/dev-server.js';

const { setValue }: { setValue(text: string, path: (string | number)[], value: string): string | null } = await import(
  pathToFileURL(`${root}/scripts/edit-config.mjs`).href
);

const TEXT = `{
  // "id": "in a comment"
  "id": "top", /* "id": "in another" */
  "list": [{ "id": "first // no comment" }, { "id": "second \\" }" }],
  "env": {
    "staging": { "list": [{ "id": "top" }], "empty": {}, }, // trailing commas
  },
}
`;

describe('a value in a configuration file', () => {
  it.each<[(string | number)[], string, string]>([
    [['id'], '"id": "top", /*', '"id": "new", /*'],
    [['list', 0, 'id'], '"first // no comment"', '"new"'],
    [['list', 1, 'id'], '"second \\" }"', '"new"'],
    [['env', 'staging', 'list', 0, 'id'], '[{ "id": "top" }]', '[{ "id": "new" }]'],
  ])('is replaced at %j, and nothing else changes', (path, before, after) => {
    expect(TEXT).toContain(before);
    expect(setValue(TEXT, path, 'new')).toBe(TEXT.replace(before, () => after));
  });

  it.each<[(string | number)[], string, string]>([
    [['name'], '{\n  // "id"', '{\n  "name": "new",\n  // "id"'],
    [['env', 'staging', 'name'], '"staging": { "list"', '"staging": { "name": "new", "list"'],
    [['env', 'staging', 'empty', 'name'], '{}', '{"name": "new"}'],
  ])('is added at %j if there is none', (path, before, after) => {
    expect(setValue(TEXT, path, 'new')).toBe(TEXT.replace(before, () => after));
  });

  it.each<[(string | number)[]]>([[['list']], [['list', 2, 'id']], [['env', 'other', 'name']], [['id', 'name']]])(
    'is not set where the file has no place for it: %j',
    (path) => {
      expect(setValue(TEXT, path, 'new')).toBe(null);
    },
  );
});
