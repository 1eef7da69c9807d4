/** The project's Wrangler configuration, in whichever format it is. */
import { isDeepStrictEqual } from 'node:util';
import { parse as parseToml, stringify as stringifyToml } from 'smol-toml';
import { CliError } from '../scripts/cli-error.mjs';
import { addJsonValue, parseJsonc } from './json-config.mjs';
import { addTomlValue } from './toml-config.mjs';

/** In the order in which Wrangler looks for them. */
const NAMES = ['wrangler.json', 'wrangler.jsonc', 'wrangler.toml'];

/** @throws CliError if there is none, or if it can't be read. */
export function readConfigFile(files) {
  const name = NAMES.find((each) => files.exists(each));
  if (!name) {
    throw new CliError(
      'No Wrangler configuration here. Run this command in the folder with the wrangler.jsonc of your Worker, or create a Worker first: npm create hono@latest, or npm create cloudflare@latest.',
    );
  }
  const text = files.read(name);
  return { name, text, data: parseConfig(name, text) };
}

function parseConfig(name, text) {
  let data;
  try {
    data = parse(name, text);
  } catch (error) {
    throw new CliError(`${name} can't be read: ${error.message.split('\n')[0]}. Nothing was changed.`);
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new CliError(`${name} can't be read: it is not an object. Nothing was changed.`);
  }
  return data;
}

const isToml = (name) => name.endsWith('.toml');

/** Without the types that only TOML has. */
const parse = (name, text) => (isToml(name) ? JSON.parse(JSON.stringify(parseToml(text))) : parseJsonc(text));

/**
 * Adds values, one after the other.
 *
 * @returns `text`, and as `manual` the lines to add by hand, for each operation that the file has no place for
 */
export function editConfig({ name, text, data }, operations) {
  const manual = [];
  let current = { text, data };
  for (const operation of operations) {
    const next = tryOperation(name, current, operation);
    if (next) current = next;
    else manual.push(formatOperation(name, operation));
  }
  return { text: current.text, manual };
}

/** Null unless the changed text means exactly what it should. */
function tryOperation(name, { text, data }, operation) {
  const expected = structuredClone(data);
  applyOperation(expected, operation);
  try {
    // wrangler.json is for tools that may not accept comments.
    const { comment, ...plain } = operation;
    const changed = isToml(name)
      ? addTomlValue(text, operation)
      : addJsonValue(text, name.endsWith('.jsonc') ? { ...plain, comment } : plain);
    return isDeepStrictEqual(parse(name, changed), expected) ? { text: changed, data: expected } : null;
  } catch {
    return null;
  }
}

function applyOperation(data, { path, value, append }) {
  const [last, parents] = [path.at(-1), path.slice(0, -1)];
  let target = data;
  for (const key of parents) {
    target[key] ??= {};
    target = target[key];
  }
  target[last] = append === undefined ? value : [...(target[last] ?? []), append];
}

function formatOperation(name, operation) {
  const object = {};
  applyOperation(object, operation);
  return isToml(name) ? stringifyToml(object).trim() : JSON.stringify(object, null, 2);
}
