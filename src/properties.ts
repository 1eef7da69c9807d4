import type { PropertyDeclaration } from 'lit';

/** A property's default. A list stands for one of its words, the first by default. */
type Default = string | number | boolean | null | readonly string[];

/**
 * Lit's declarations for properties with these defaults: each reflects to the
 * attribute of its name in kebab case; without the attribute, or with one that
 * makes no sense, the default holds.
 * @param others properties without an attribute.
 */
export function declared(
  defaults: Record<string, Default>,
  others: readonly string[],
): Record<string, PropertyDeclaration> {
  const declare = ([name, value]: [string, Default]) => [
    name,
    {
      attribute: name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
      reflect: true,
      useDefault: true,
      ...(typeof value === 'boolean' ? { type: Boolean } : { converter: (text: string | null) => read(text, value) }),
    },
  ];
  const bare = others.map((name) => [name, { attribute: false }]);
  return Object.fromEntries([...Object.entries(defaults).map(declare), ...bare]);
}

/** The defaults themselves. */
export function initial(defaults: Record<string, Default>): Record<string, Default> {
  return Object.fromEntries(Object.entries(defaults).map(([name]) => [name, read(null, defaults[name] as Default)]));
}

function read(text: string | null, value: Default): Default {
  if (Array.isArray(value)) return text !== null && value.includes(text) ? text : value[0];
  if (typeof value === 'number') return text?.trim() && Number(text) >= 0 ? Number(text) : value;
  return text ?? value;
}
