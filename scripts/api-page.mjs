/** The API page of the site, from the custom elements manifest. */

/** Text in a cell of a Markdown table. Outside of code, angle brackets would be tags. */
const toCell = (text = '') =>
  text
    .replace(/\s+/g, ' ')
    .replaceAll('|', '\\|')
    .replace(/`[^`]*`|[<>]/g, (match) => ({ '<': '&lt;', '>': '&gt;' })[match] ?? match);

const toCode = (text) => (text ? `<code v-pre>${escapeHtml(text)}</code>` : '');

const escapeHtml = (text) => text.replace(/[&<>|\n]/g, (character) => `&#${character.charCodeAt(0)};`);

/** A section with a table; nothing without rows. */
function createSection(title, columns, rows) {
  if (rows.length === 0) return [];
  const lines = [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return [`## ${title}`, '', ...lines, ''];
}

const isPublic = ({ name, privacy, static: isStatic, description }) =>
  !isStatic && privacy !== 'private' && privacy !== 'protected' && !name.startsWith('_') && Boolean(description);

const describeParameters = (parameters = []) =>
  parameters.map(({ name, optional, type }) => `${name}${optional ? '?' : ''}: ${type?.text ?? 'unknown'}`).join(', ');

/** @returns the page as Markdown */
export function describeApi(manifest) {
  const element = manifest.modules.flatMap(({ declarations = [] }) => declarations).find(({ tagName }) => tagName);
  const { members, attributes, events, slots, cssParts, cssProperties, cssStates } = element;
  const fields = members.filter((member) => member.kind === 'field' && isPublic(member));
  const methods = members.filter((member) => member.kind === 'method' && isPublic(member));
  const attributeOf = (field) => attributes.find(({ fieldName }) => fieldName === field.name)?.name;
  const named = (list) => list.map(({ name, description }) => [toCode(name || '(default)'), toCell(description)]);
  return [
    `# \`<${element.tagName}>\``,
    '',
    element.description.replace(/\s+/g, ' '),
    '',
    'This page lists the public interface. [The element](/element) explains how to use it.',
    '',
    ...createSection(
      'Properties and attributes',
      ['property', 'attribute', 'type', 'default', 'description'],
      fields.map((field) => [
        toCode(field.name),
        toCode(attributeOf(field)),
        toCode(field.type?.text),
        toCode(field.readonly ? 'read-only' : field.default),
        toCell(field.description),
      ]),
    ),
    ...createSection(
      'Methods',
      ['method', 'description'],
      methods.map((method) => [
        toCode(`${method.name}(${describeParameters(method.parameters)}): ${method.return?.type?.text ?? 'void'}`),
        toCell(method.description),
      ]),
    ),
    ...createSection(
      'Events',
      ['event', 'type', 'description'],
      events.map(({ name, type, description }) => [toCode(name), toCode(type?.text), toCell(description)]),
    ),
    ...createSection('Slots', ['slot', 'description'], named(slots)),
    ...createSection('CSS parts', ['part', 'description'], named(cssParts)),
    ...createSection(
      'CSS custom properties',
      ['property', 'default', 'description'],
      cssProperties.map(({ name, default: value, description }) => [toCode(name), toCode(value), toCell(description)]),
    ),
    ...createSection('Custom states', ['state', 'description'], named(cssStates)),
  ].join('\n');
}
