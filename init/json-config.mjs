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
function addMember(text, tokens, at, member) {
  const end = skipValue(tokens, at) - 1;
  const layout = findLayout(text, tokens, at, end);
  if (end === at + 1) return fillEmpty(text, tokens[at].index + 1, tokens[end].index, layout, member);
  const [last, position] = [tokens[end - 1][0], tokens[end - 1].index];
  const [comma, tail] = last === ',' ? ['', ','] : [',', ''];
  const [before, after] = [text.slice(0, position + last.length), text.slice(position + last.length)];
  if (layout.isSingleLine) return `${before}${comma} ${formatOnOneLine(member)}${tail}${after}`;
  // A comment on the line of the last member stays there.
  const [note] = /^(?:[ \t]*(?:\/\/[^\r\n]*|\/\*[^\r\n]*?\*\/))?[ \t]*(?=\r?\n)|/.exec(after);
  const rest = after.slice(note.length);
  const isLineEnd = /^\r?\n/.test(rest);
  const closing = isLineEnd ? rest : `${layout.eol}${layout.indent}${rest.trimStart()}`;
  return `${before}${comma}${note}${layout.eol}${formatMember(member, layout, layout.memberIndent)}${tail}${closing}`;
}

/** Comments in an empty object or list stay, below the new member. */
function fillEmpty(text, start, end, layout, member) {
  const content = text.slice(start, end);
  const closing = content.trim() === '' ? layout.eol + layout.indent : content;
  const lines = formatMember(member, layout, layout.indent + layout.unit);
  return `${text.slice(0, start)}${layout.eol}${lines}${closing}${text.slice(end)}`;
}

/** A member on lines of its own, below its comment. */
function formatMember({ key, content, comment }, { unit, eol }, indent) {
  const json = JSON.stringify(content, null, unit).replaceAll('\n', eol + indent);
  const note = comment ? `${indent}// ${comment}${eol}` : '';
  return `${note}${indent}${key === undefined ? '' : `${JSON.stringify(key)}: `}${json}`;
}

const formatOnOneLine = ({ key, content }) =>
  `${key === undefined ? '' : `${JSON.stringify(key)}: `}${spaceOut(JSON.stringify(content))}`;

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
