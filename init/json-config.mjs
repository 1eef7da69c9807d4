/** Reads JSONC, and adds values to it. Comments and formatting stay. */
import { findValue, readTokens, skipValue, TOKEN } from '../scripts/edit-config.mjs';

/** @throws SyntaxError if the text is not JSON with comments and trailing commas. */
export function parseJsonc(text) {
  if (text.replace(TOKEN, '').replace('\uFEFF', '').trim() !== '') throw new SyntaxError('it is not valid JSON');
  const tokens = readTokens(text).map(([token]) => token);
  const isTrailing = (token, index) => token === ',' && /^[}\]]$/.test(tokens[index + 1]);
  // A space keeps two tokens without a comma between them apart.
  return JSON.parse(tokens.filter((token, index) => !isTrailing(token, index)).join(' '));
}

/**
 * Returns the text with one more value.
 *
 * @param operation - `{path, value}` sets a value that is missing; `{path, append}` adds one to the end of a list, which
 *   may be missing; `comment` is written above it. Objects on the path that are missing are created
 */
export function addJsonValue(text, operation) {
  const { path } = operation;
  const tokens = readTokens(text);
  const { at, rest } = findValue(tokens, 0, path);
  const isListPresent = 'append' in operation && rest.length === 0;
  const [key, ...inner] = rest;
  const value = 'append' in operation ? (isListPresent ? operation.append : [operation.append]) : operation.value;
  const content = inner.reduceRight((nested, name) => ({ [name]: nested }), value);
  return addMember(text, tokens, at, { key, content, comment: operation.comment });
}

/** Adds a member at the end of the object or list whose first token is at this index. */
function addMember(text, tokens, at, { key, content, comment }) {
  const end = skipValue(tokens, at) - 1;
  const [open, close] = [tokens[at].index, tokens[end].index];
  const layout = findLayout(text, tokens, at, end);
  const format = (indent) => {
    const json = JSON.stringify(content, null, indent === null ? undefined : layout.unit);
    const lines = indent === null ? spaceOut(json) : json.replaceAll('\n', layout.eol + indent);
    return key === undefined ? lines : `${JSON.stringify(key)}: ${lines}`;
  };
  if (end === at + 1) {
    // Empty: comments in it stay below the new member.
    const [outer, indent] = [layout.indent, layout.indent + layout.unit];
    const note = comment ? `${indent}// ${comment}${layout.eol}` : '';
    const rest = text.slice(open + 1, close).trim() === '' ? layout.eol + outer : text.slice(open + 1, close);
    return `${text.slice(0, open + 1)}${layout.eol}${note}${indent}${format(indent)}${rest}${text.slice(close)}`;
  }
  const [last] = tokens.slice(end - 1);
  const hasComma = last[0] === ',';
  const lastEnd = last.index + last[0].length;
  if (layout.isSingleLine) {
    return `${text.slice(0, lastEnd)}${hasComma ? ' ' : ', '}${format(null)}${hasComma ? ',' : ''}${text.slice(lastEnd)}`;
  }
  const lineEnd =
    lastEnd + /^(?:[ \t]*(?:\/\/[^\r\n]*|\/\*[^\r\n]*?\*\/))?[ \t]*(?=\r?\n)|/.exec(text.slice(lastEnd))[0].length;
  const member = `${layout.eol}${comment ? `${layout.memberIndent}// ${comment}${layout.eol}` : ''}${layout.memberIndent}${format(layout.memberIndent)}`;
  const comma = hasComma ? '' : ',';
  const isOwnLine = /^\s*\n/.test(text.slice(lineEnd)) || text.slice(lineEnd, lineEnd + 2) === '\r\n';
  const tail = hasComma ? ',' : '';
  const after = isOwnLine ? text.slice(lineEnd) : `${layout.eol}${layout.indent}${text.slice(lineEnd).trimStart()}`;
  return `${text.slice(0, lastEnd)}${comma}${text.slice(lastEnd, lineEnd)}${member}${tail}${after}`;
}

/** How the text is formatted around an object or list. */
function findLayout(text, tokens, at, end) {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const unit = /\n(\t+|[ ]+)["/]/.exec(text)?.[1] ?? '  ';
  const indent = findIndent(text, tokens[at].index);
  const isSingleLine = !text.slice(tokens[at].index, tokens[end].index).includes('\n');
  const memberIndent = isSingleLine ? indent + unit : findIndent(text, tokens[at + 1].index);
  return { eol, unit, indent, isSingleLine: isSingleLine && at > 0, memberIndent };
}

/** The white space at the start of the line with this position. */
const findIndent = (text, position) => /^[ \t]*/.exec(text.slice(text.lastIndexOf('\n', position - 1) + 1))[0];

/** JSON on one line, with spaces as people write them. */
const spaceOut = (json) =>
  json.replace(
    /"(?:[^"\\]|\\.)*"|[{},:]/g,
    (token) => ({ '{': '{ ', '}': ' }', ',': ', ', ':': ': ' })[token] ?? token,
  );
