/**
 * Says what an option's value must be, such as `a function`; null if the value
 * is right. Never called with `undefined`, which stands for the default.
 */
export type OptionRule = (value: unknown) => string | null;

/** A rule for every option of a type: a new option without a rule doesn't compile. */
export type OptionRules<Options> = { readonly [Name in keyof Options]-?: OptionRule };

export const functionRule: OptionRule = (value) => (typeof value === 'function' ? null : 'a function');

export const booleanRule: OptionRule = (value) => (typeof value === 'boolean' ? null : 'true or false');

/** A string that is not empty and has no white space at its ends. */
export const textRule: OptionRule = (value) =>
  typeof value === 'string' && value !== '' && value === value.trim()
    ? null
    : 'a string that is not empty and has no spaces around it';

/** An absolute URL that a page can have. */
export const urlRule: OptionRule = (value) =>
  typeof value === 'string' && /^https?:/i.test(value) && URL.canParse(value) ? null : 'an http or https URL';

export function integerRule(min: number, max = Number.MAX_SAFE_INTEGER): OptionRule {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  return (value) => (Number.isSafeInteger(value) && isBetween(Number(value), min, max) ? null : `an integer ${range}`);
}

const isBetween = (value: number, min: number, max: number): boolean => value >= min && value <= max;

export function oneOfRule(...values: readonly string[]): OptionRule {
  return (value) => (values.some((each) => each === value) ? null : `one of ${values.join(', ')}`);
}

/** An array with at least one element, each of which obeys a rule. */
export function listRule(rule: OptionRule): OptionRule {
  return (value) => {
    if (!Array.isArray(value) || value.length === 0) return 'an array that is not empty';
    // Array.from() also visits holes.
    const [wrong] = Array.from(value, (each) => rule(each)).filter((wanted) => wanted !== null);
    return wrong === undefined ? null : `an array whose elements are each ${wrong}`;
  };
}

/**
 * Validates options and copies them into a new object, without those that are
 * `undefined`, so that it can be spread over defaults. Functions keep the
 * options as their `this`.
 *
 * @param caller - Name of the function that takes the options, for messages.
 * @param options - The options as given, by code that may not be typed.
 * @param rules - A rule for every option.
 * @param required - Names of options without a default.
 * @throws TypeError that names the option: one that is wrong, missing or unknown.
 *
 * @example
 * ```ts
 * const { issuer, header = 'authorization' } = readOptions('oidc', options, OIDC_RULES, ['issuer', 'audience']);
 * ```
 */
export function readOptions<Options extends object>(
  caller: string,
  options: Options | undefined,
  rules: OptionRules<Options>,
  required: readonly (keyof Options & string)[] = [],
): Options {
  if (options === undefined) return readOptions(caller, {} as Options, rules, required);
  if (!isObject(options)) throw new TypeError(`${caller}: the options must be an object.`);
  const names = Object.keys(rules) as (keyof Options & string)[];
  requireKnownNames(caller, options, names);
  const entries = names.map((name) => [name, readOption(caller, options, name, rules[name])] as const);
  const given = Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Options;
  const missing = required.find((name) => given[name] === undefined);
  if (missing !== undefined) throw new TypeError(`${caller}: the option ${missing} is required.`);
  return given;
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A misspelled option would otherwise be ignored, and its default would apply. */
function requireKnownNames(caller: string, options: object, names: readonly string[]): void {
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new TypeError(`${caller}: there is no option ${unknown}. The options are ${names.join(', ')}.`);
}

/** The value is read once: a getter can't return another one after the check. */
function readOption<Options extends object>(
  caller: string,
  options: Options,
  name: keyof Options & string,
  rule: OptionRule,
): unknown {
  const value = options[name];
  const wanted = value === undefined ? null : rule(value);
  if (wanted !== null) {
    throw new TypeError(`${caller}: the option ${name} must be ${wanted}, not ${describeValue(value)}.`);
  }
  return typeof value === 'function' ? value.bind(options) : value;
}

/** Strings are not quoted: an option may be a secret. */
function describeValue(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  return Array.isArray(value) ? 'this array' : `this ${typeof value}`;
}
