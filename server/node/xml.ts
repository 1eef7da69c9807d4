/** The little of XML that the S3 API speaks: elements without attributes, by name. */

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

const NAMES = Object.fromEntries(Object.entries(ENTITIES).map(([name, character]) => [character, name]));

const decodeXml = (text: string): string =>
  text.replace(/&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi, (entity, hex, decimal, name) => {
    if (name) return ENTITIES[name] ?? entity;
    return String.fromCodePoint(hex ? Number.parseInt(hex, 16) : Number(decimal));
  });

/** The text of a value in an element. */
export const encodeXml = (text: string): string => text.replace(/[&<>"']/g, (character) => `&${NAMES[character]};`);

/** The content of each element of this name, as XML. */
export const readTags = (xml: string, name: string): string[] =>
  Array.from(xml.matchAll(new RegExp(`<${name}>(.*?)</${name}>`, 'gs')), ([, content = '']) => content);

/** The text of the first element of this name, or null if there is none. */
export function readTag(xml: string, name: string): string | null {
  const [content] = readTags(xml, name);
  return content === undefined ? null : decodeXml(content);
}
