import type { en } from './en.js';

/** Key of a built-in text. */
export type MessageKey = keyof typeof en;

/** Key of a text that depends on a number: the key without its ending, and a plural category of the language. */
export type PluralKey = `retrying_${Intl.LDMLPluralRule}`;

/** All texts of one language: what a file in `src/locales` exports. */
export type LocaleMessages = Readonly<
  // Not all languages have a form for one.
  Record<Exclude<MessageKey, 'retrying_one'>, string> & Partial<Record<PluralKey, string>>
>;

/** Texts by key. Codes of a back end, or of a `validate` hook, are keys as well. */
export type Texts = { readonly [Key in MessageKey | PluralKey]?: string } & { readonly [code: string]: string };

/**
 * Overrides of the texts. A string is the text of a key: an error code, the name
 * of a state, or the label of a control. An object contains texts for one
 * language: its key is the language tag, and it takes precedence over the
 * strings next to it.
 *
 * @example
 * ```ts
 * element.messages = {
 *   idle: 'Add a logo',
 *   file_too_large: 'Choose a logo that’s {limit} or smaller.',
 *   de: { idle: 'Logo hinzufügen' },
 * };
 * ```
 */
export type Messages = { readonly [Key in MessageKey | PluralKey]?: string } & {
  readonly [keyOrLanguage: string]: string | Texts;
};

/** The texts of an element, in its language. */
export interface Translation {
  /** Returns the text of a key, or an empty string. */
  readonly getText: (key: string) => string;
  /** Returns the page's own text of a key, if there is one. */
  readonly getOverride: (key: string) => string | undefined;
  /** Language of the texts, for `Intl`. */
  readonly locale: string;
}
