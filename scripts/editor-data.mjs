/** Writes what editors read: dist/vscode.html-custom-data.json and dist/web-types.json. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup.mjs';

/** @param element - the class in dist/custom-elements.json */
export function writeEditorData(element, folder) {
  const { name, version, homepage } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const page = homepage.replace('#readme', '/blob/main/docs/element.md');
  writeJson(join(folder, 'vscode.html-custom-data.json'), createCustomData(element, page));
  writeJson(join(folder, 'web-types.json'), createWebTypes(element, page, name, version));
}

const writeJson = (path, data) => writeFileSync(path, `${JSON.stringify(data, null, 2)}\n`);

/** The custom data format of VS Code, version 1.1. */
function createCustomData(element, page) {
  const attributes = element.attributes.map(({ name, description, type }) => ({
    name,
    description: { kind: 'markdown', value: description },
    ...(type.text === 'boolean' ? { valueSet: 'v' } : { values: listWords(type.text).map((word) => ({ name: word })) }),
  }));
  const description = { kind: 'markdown', value: describeElement(element) };
  const references = [{ name: 'Documentation', url: page }];
  return { version: 1.1, tags: [{ name: element.tagName, description, attributes, references }] };
}

/** The words of a type such as `'auto' | 'off'`. */
const listWords = (type) => (type.startsWith("'") ? Array.from(type.matchAll(/'([^']+)'/g), ([, word]) => word) : []);

/** VS Code knows nothing but tags and attributes: the rest is in the description of the tag. */
function describeElement({ description, ...element }) {
  const lists = { Events: 'events', Slots: 'slots', 'CSS custom properties': 'cssProperties', 'CSS parts': 'cssParts' };
  const sections = Object.entries(lists).map(([title, key]) => {
    const lines = element[key].map((item) => `- \`${item.name}\`: ${item.description}`);
    return `**${title}**\n\n${lines.join('\n')}`;
  });
  return [description.replaceAll('\n', ' '), ...sections].join('\n\n');
}

/** The Web Types of JetBrains. */
function createWebTypes(element, page, name, version) {
  const describe = (items) => items.map((item) => ({ name: item.name, description: item.description }));
  const typed = (items) => items.map((item) => ({ ...describe([item])[0], type: nameType(item.type) }));
  const properties = element.members.filter(({ kind, static: isStatic }) => kind === 'field' && !isStatic);
  const tag = {
    name: element.tagName,
    description: element.description.replaceAll('\n', ' '),
    'doc-url': page,
    attributes: element.attributes.map((item) => ({
      ...describe([item])[0],
      default: item.default,
      value: item.type.text === 'boolean' ? { kind: 'no-value' } : { type: nameType(item.type) },
    })),
    slots: describe(element.slots),
    js: { properties: typed(properties), events: typed(element.events) },
    css: { properties: describe(element.cssProperties), parts: describe(element.cssParts) },
  };
  return {
    $schema: 'https://raw.githubusercontent.com/JetBrains/web-types/master/schema/web-types.json',
    name,
    version,
    'description-markup': 'markdown',
    'js-types-syntax': 'typescript',
    contributions: { html: { elements: [tag] } },
  };
}

/** A type that the package exports; its table of settings is not exported. */
const nameType = ({ text }) => text.replace(/^Settings\[/, 'FlareAvatarUpload[');
