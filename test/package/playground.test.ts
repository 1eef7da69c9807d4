import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ATTRIBUTE_GROUPS } from '../../demo/attributes.js';
import { SNIPPETS } from '../../demo/snippets.js';

interface Manifest {
  modules: { declarations?: { tagName?: string; attributes?: { name: string }[] }[] }[];
}

function readAttributeNames(): string[] {
  const file = new URL('../../dist/custom-elements.json', import.meta.url);
  const { modules }: Manifest = JSON.parse(readFileSync(file, 'utf8'));
  const declarations = modules.flatMap((module) => module.declarations ?? []);
  const element = declarations.find(({ tagName }) => tagName === 'flare-avatar-upload');
  return element?.attributes?.map(({ name }) => name) ?? [];
}

it('the playground offers every attribute of the element', () => {
  const offered = Object.values(ATTRIBUTE_GROUPS).flatMap((controls) => Object.keys(controls));
  expect(offered.sort()).toEqual(readAttributeNames().sort());
});

it('the snippets of the playground keep empty values, quotes, and the types of properties', () => {
  const attributes = [
    { name: 'avatar-url', value: '' },
    { name: 'label', value: 'A "B" & C' },
    { name: 'alt', value: '42' },
    { name: 'output-quality', value: '0.5' },
    { name: 'no-drop', value: null },
  ];
  const label = 'label="A &quot;B&quot; &amp; C"';
  const markup = `avatar-url=""\n  ${label}\n  alt="42"\n  output-quality="0.5"\n  no-drop\n`;
  const props = `avatarUrl=""\n  ${label}\n  alt="42"\n  outputQuality={0.5}\n  noDrop\n`;
  expect(SNIPPETS.HTML?.(attributes, '')).toContain(markup);
  expect(SNIPPETS['React 19']?.(attributes, '')).toContain(props);
});
