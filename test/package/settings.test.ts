import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UPLOAD_DEFAULTS } from '../../src/core/upload-defaults.js';
import { pickUploadOptions } from '../../src/field/upload-options.js';
import { getAttributeName, getDefaults, SETTINGS, type Settings } from '../../src/settings.js';
import { root } from '../support/dev-server.js';

interface Member {
  name: string;
  kind: string;
  attribute?: string;
  default?: string;
  readonly?: boolean;
  static?: boolean;
}

const read = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');
const defaults = getDefaults();
const quote = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : String(value));

/** Attribute, property and default of each setting, as the table in settings.ts says. */
const settings = Object.keys(SETTINGS)
  .map((name) => [getAttributeName(name) || '–', name, quote(defaults[name])])
  .sort();

describe('the settings table', () => {
  it('agrees with the table in docs/element.md', () => {
    const [, rows = ''] = read('docs', 'element.md').split(
      '| attribute | property | default | meaning |\n| --- | --- | --- | --- |\n',
    );
    const documented = rows
      .slice(0, rows.indexOf('\n\n'))
      .split('\n')
      .filter((row) => !row.includes('Read only'))
      .map((row) => row.split('|').map((cell) => cell.trim().replace(/^`(.*)`$/, '$1')))
      .map(([, attribute = '', property = '', value = '']) => [attribute, property, quoteText(property, value)]);
    expect(documented.sort()).toEqual(settings);
  });

  it('agrees with the manifest', () => {
    const { modules } = JSON.parse(read('dist', 'custom-elements.json'));
    const [element] = modules[0].declarations;
    const described = (element.members as Member[])
      .filter(({ name }) => name in defaults)
      .map(({ name, attribute, default: value }) => [attribute ?? '–', name, value])
      .sort();
    expect(described).toEqual(settings);
    const attributes = (element.attributes as { name: string }[]).map(({ name }) => name).sort();
    expect(attributes).toEqual(settings.map(([attribute]) => attribute).filter((name) => name !== '–'));
  });

  it('gives the upload its options', () => {
    const options = pickUploadOptions(defaults as unknown as Settings);
    expect(options).toMatchObject(UPLOAD_DEFAULTS);
    expect(Object.keys(options).sort()).toEqual(
      [...Object.keys(UPLOAD_DEFAULTS), 'commit', 'headers', 'presign'].sort(),
    );
  });

  it('is the only place in src where a default is written', () => {
    for (const value of ['/api/uploads/presign', '/api/uploads/commit', '/api/me/avatar'] as const) {
      const files = [
        'src/settings.ts',
        'src/core/upload-defaults.ts',
        'src/core/upload-avatar.ts',
        'src/flare-avatar-upload.ts',
      ];
      const code = files.map((file) => read(file).replace(/^\s*(\/\*\*|\*|\/\/).*$/gm, ''));
      expect(code.join('').split(`'${value}'`).length - 1, value).toBe(1);
    }
  });
});

/** The docs write texts without quotes, except the empty one. */
const quoteText = (property: string, value: string): string =>
  typeof defaults[property] === 'string' && value !== "''" ? quote(value) : value;
