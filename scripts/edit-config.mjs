/** Changes one value in a JSONC file. Comments and formatting stay. */
import { readFileSync, writeFileSync } from 'node:fs';
import { CliError } from './cli-error.mjs';

export const TOKEN = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"/]+/g;

/** Sets the value at a path such as `['env', 'staging', 'vars', 'R2_ENDPOINT']`, and says so. */
export function setInConfig(file, path, value) {
  const text = readFileSync(file, 'utf8');
  const changed = /\.jsonc?$/.test(file) ? setValue(text, path, value) : null;
  if (changed === null) throw new CliError(`Set in ${file}: ${path.join('.')} = ${JSON.stringify(value)}`);
  writeFileSync(file, changed);
  console.log(`  Set ${path.join('.')} in ${file}.`);
}

/** Returns the text with the value at the path, or null if it has no object that could hold it. */
export function setValue(text, path, value) {
  const tokens = readTokens(text);
  const { at, rest } = findValue(tokens, 0, path);
  const [token] = tokens[at];
  const start = tokens[at].index;
  if (rest.length === 0 && !/[{[]/.test(token)) {
    return text.slice(0, start) + JSON.stringify(value) + text.slice(start + token.length);
  }
  if (rest.length !== 1 || token !== '{') return null;
  const after = text.slice(start + 1);
  const indent = /^\s*/.exec(after)[0];
  const comma = tokens[at + 1][0] === '}' ? '' : ',';
  return `${text.slice(0, start + 1)}${indent}"${rest[0]}": ${JSON.stringify(value)}${comma}${after}`;
}

/** The tokens of a JSONC text, comments aside. */
export const readTokens = (text) => [...text.matchAll(TOKEN)].filter(([token]) => !/^\/[/*]/.test(token));

/** Follows the path as far as there are values. Returns the index of the last one's first token, and the rest of the path. */
export function findValue(tokens, at, path) {
  const [container] = tokens[at];
  if (path.length === 0 || !/[{[]/.test(container)) return { at, rest: path };
  let next = at + 1;
  for (let index = 0; !/^[}\]]$/.test(tokens[next][0]); index++) {
    const key = container === '[' ? index : JSON.parse(tokens[next][0]);
    const value = container === '[' ? next : next + 2;
    if (key === path[0]) return findValue(tokens, value, path.slice(1));
    next = skipValue(tokens, value);
    if (tokens[next][0] === ',') next++;
  }
  return { at, rest: path };
}

/** Returns the index of the token after a value. */
export function skipValue(tokens, start) {
  let depth = 0;
  for (let at = start; ; at++) {
    if (/^[{[]$/.test(tokens[at][0])) depth++;
    if (/^[}\]]$/.test(tokens[at][0])) depth--;
    if (depth === 0) return at + 1;
  }
}
