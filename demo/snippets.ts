/** An attribute of the element; the value of a boolean one is null. */
export interface Attribute {
  name: string;
  value: string | null;
}

/** The markup of an element with these attributes and this style, in one framework's syntax. */
type WriteSnippet = (attributes: readonly Attribute[], style: string) => string;

const toCamelCase = (name: string): string => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

const writeTag = (name: string, parts: readonly string[], close = `></${name}>`): string =>
  parts.length < 3 ? `<${[name, ...parts].join(' ')}${close}` : `<${name}\n  ${parts.join('\n  ')}\n${close.trim()}`;

/** JSX reads character references in strings as HTML does. */
const quote = (value: string): string => `"${value.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}"`;

const toMarkup = ({ name, value }: Attribute): string => (value === null ? name : `${name}=${quote(value)}`);

const NUMBERS = ['max-file-size', 'output-size', 'output-quality', 'max-retries', 'stall-timeout'];

/** Attributes are properties in JSX. */
const toProp = ({ name, value }: Attribute): string => {
  const prop = toCamelCase(name);
  if (value === null) return prop;
  return NUMBERS.includes(name) ? `${prop}={${value}}` : `${prop}=${quote(value)}`;
};

const toJsxStyle = (style: string): string[] => (style ? [`style={{ '--flare-size': '${style}' }}`] : []);
const toStyle = (style: string): string[] => (style ? [`style="--flare-size: ${style}"`] : []);

const writeJsx =
  (tag: string, imported: string, event: string): WriteSnippet =>
  (attributes, style) =>
    `${imported}\n\n${writeTag(tag, [...attributes.map(toProp), ...toJsxStyle(style), event], ' />')}`;

const writeTemplate =
  (before: string, event: string): WriteSnippet =>
  (attributes, style) =>
    `${before}${writeTag('flare-avatar-upload', [...attributes.map(toMarkup), ...toStyle(style), ...[event].filter(Boolean)])}`;

/** By the name of the framework. */
export const SNIPPETS: Readonly<Record<string, WriteSnippet>> = {
  HTML: writeTemplate('<script type="module" src="/flare-avatar-upload.js"></script>\n\n', ''),
  'React 19': writeJsx('flare-avatar-upload', "import 'flare-avatar-upload';", 'onflare-success={save}'),
  'React 18, server rendering': writeJsx(
    'AvatarUpload',
    "import { AvatarUpload } from 'flare-avatar-upload/react';",
    'onSuccess={save}',
  ),
  Preact: writeJsx('flare-avatar-upload', "import 'flare-avatar-upload';", 'onflare-success={save}'),
  Solid: writeJsx('flare-avatar-upload', "import 'flare-avatar-upload';", 'on:flare-success={save}'),
  Vue: writeTemplate("import 'flare-avatar-upload';\n\n", '@flare-success="save"'),
  Svelte: writeTemplate("import 'flare-avatar-upload';\n\n", 'onflare-success={save}'),
  Angular: writeTemplate("import 'flare-avatar-upload';\n\n", '(flare-success)="save($event)"'),
  Lit: writeTemplate("import 'flare-avatar-upload';\n\n", `@flare-success=\${this.save}`),
};
