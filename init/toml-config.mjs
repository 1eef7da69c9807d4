/** Adds values to a wrangler.toml. Comments and formatting stay. */
import { stringify } from 'smol-toml';

/**
 * Returns the text with one more value, or with a text that is no TOML where the file has no place for it that this
 * recognizes: the caller compares what the result means.
 *
 * @param operation - see `addJsonValue()`
 */
export function addTomlValue(text, operation) {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const lines = text.split(/\r?\n/);
  insertLines(lines, operation);
  return lines.join(eol);
}

function insertLines(lines, { path, value, append, comment }) {
  const [table, key] = path;
  const note = comment ? [`# ${comment}`] : [];
  if (path.length === 1 && append === undefined) return appendBlock(lines, [`[${table}]`]);
  if (path.length === 1) return appendBlock(lines, [...note, ...toLines({ [table]: [append] })]);
  if (typeof key === 'number') return insertIntoList(lines, table, key, `${path[2]} = ${toInline(value)}`);
  const header = lines.findIndex((line) => new RegExp(`^\\s*\\[${table}\\]\\s*(#.*)?$`).test(line));
  if (append !== undefined && header >= 0 && addToArray(lines, header, key, append)) return lines;
  const content = append === undefined ? value : [append];
  if (header < 0) return appendBlock(lines, [`[${table}]`, ...note, `${key} = ${toInline(content)}`]);
  return lines.splice(header + 1, 0, ...note, `${key} = ${toInline(content)}`);
}

/** Adds a table at the end of the file, after an empty line. */
function appendBlock(lines, block) {
  while (lines.length > 0 && lines.at(-1).trim() === '') lines.pop();
  return lines.push(...(lines.length > 0 ? [''] : []), ...block, '');
}

/** Adds a line to the table that is the nth of a list. */
function insertIntoList(lines, table, index, line) {
  const headers = lines.flatMap((text, at) => (new RegExp(`^\\s*\\[\\[${table}\\]\\]`).test(text) ? [at] : []));
  if (headers[index] !== undefined) lines.splice(headers[index] + 1, 0, line);
}

/** Adds a value to an array that is written on one line. @returns whether there is such an array */
function addToArray(lines, header, key, value) {
  for (let at = header + 1; at < lines.length && !/^\s*\[/.test(lines[at]); at++) {
    const [, start, items, end] =
      new RegExp(`^(\\s*${key}\\s*=\\s*\\[)(.*?),?\\s*(\\]\\s*(?:#.*)?)$`).exec(lines[at]) ?? [];
    if (start === undefined) continue;
    lines[at] = `${start}${items}${items.trim() ? ', ' : ''}${toInline(value)}${end}`;
    return true;
  }
  return false;
}

const toLines = (object) => stringify(object).trim().split('\n');

/** A value on one line. */
function toInline(value) {
  if (Array.isArray(value)) return `[${value.map(toInline).join(', ')}]`;
  if (typeof value !== 'object') return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([key, each]) => `${key} = ${toInline(each)}`)
    .join(', ')} }`;
}
