import type { PropertyDeclaration } from 'lit';

/**
 * A property's default. A list stands for one of its words, the first by
 * default; undefined for a property that has no attribute.
 */
type Default = string | number | boolean | null | undefined | readonly string[];

type Defaults = Record<string, Default>;

/**
 * Lit's declarations for properties with these defaults: each reflects to the
 * attribute of its name in kebab case; without the attribute, or with one that
 * makes no sense, the default holds.
 */
export const declared = (defaults: Defaults): Record<string, PropertyDeclaration> =>
  mapped(defaults, (value, name) =>
    value === undefined
      ? { attribute: false }
      : {
          attribute: name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
          reflect: true,
          useDefault: true,
          ...(typeof value === 'boolean'
            ? { type: Boolean }
            : { converter: (text: string | null) => read(text, value) }),
        },
  );

/** The defaults themselves. */
export const initial = (defaults: Defaults): Defaults => mapped(defaults, (value) => read(null, value));

const mapped = <T>(defaults: Defaults, map: (value: Default, name: string) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, map(value, name)]));

function read(text: string | null, value: Default): Default {
  if (Array.isArray(value)) return text !== null && value.includes(text) ? text : value[0];
  if (typeof value === 'number') return text?.trim() && Number(text) >= 0 ? Number(text) : value;
  return text ?? value;
}
