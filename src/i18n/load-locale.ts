/** Everything that only other languages than English need. */
import type { LocaleMessages, Messages, Texts } from './messages.js';

type ImportLocale = () => Promise<{ default: LocaleMessages }>;

/** Replaced by the build tool with one `import()` for each file. */
const FILES = import.meta.glob('../locales/*.ts') as Record<string, ImportLocale>;

/** The locales that are shipped, by tag in lower case. */
const SHIPPED = new Map(
  Object.entries(FILES).map(([path, importLocale]) => [path.replace(/.*\/|\.ts$/g, '').toLowerCase(), importLocale]),
);

/** Norwegian, unspecified or Nynorsk. */
const NORWEGIAN = /^n[on]$/;

/** Longest tag that is looked at, in characters. */
const MAX_LENGTH = 100;

/** How long the first texts wait for a file before they appear in English, in milliseconds. */
const MAX_WAIT = 2000;

/** Texts of one language. */
export interface Locale {
  /** Language of the texts, for `Intl`. */
  readonly tag: string;
  /** Returns the text of a key, the page's own before the others. */
  find(key: string, messages: Messages | undefined): unknown;
  /** Returns the page's own text for this language. */
  findOverride(key: string, messages: Messages | undefined): unknown;
}

/**
 * Loads the texts of a language.
 * @param registered - texts of the page, by tag.
 * @param finish - called with the texts; and, if they take long, first with what there is without them.
 */
export async function loadLocale(
  lang: string,
  registered: ReadonlyMap<string, Texts>,
  finish: (locale: Locale) => void,
): Promise<void> {
  const tag = canonicalize(lang);
  const fallbacks = getFallbacks(tag);
  const [importLocale, own] = findSources(fallbacks, lowerCaseKeys(registered));
  const withoutFile = createLocale(tag, fallbacks, own);
  if (!importLocale) return finish(withoutFile);
  const timer = setTimeout(() => finish(withoutFile), MAX_WAIT);
  const file = await importLocale().catch(() => null);
  clearTimeout(timer);
  finish(file ? createLocale(tag, fallbacks, [...own, file.default]) : withoutFile);
}

/** Returns the file that contains all texts, if there is one, and the page's own texts that take precedence over it. */
function findSources(
  fallbacks: readonly string[],
  registered: ReadonlyMap<string, Texts>,
): [file: ImportLocale | undefined, own: Texts[]] {
  const file = fallbacks.find((tag) => SHIPPED.has(tag) && !registered.has(tag));
  const before = file ? fallbacks.slice(0, fallbacks.indexOf(file)) : fallbacks;
  return [SHIPPED.get(file ?? ''), before.map((tag) => registered.get(tag)).filter((texts) => texts !== undefined)];
}

/** @param sources - the best first. Without any, the texts are English. */
function createLocale(tag: string, fallbacks: readonly string[], sources: readonly Texts[]): Locale {
  const isKnown = sources.length > 0;
  const languages = isKnown ? fallbacks : [...fallbacks, 'en'];
  const texts: Texts = Object.assign(Object.create(null), ...sources.toReversed());
  return {
    tag: isKnown ? tag : 'en',
    find: (key, messages) => findOverride(key, messages, languages) ?? messages?.[key] ?? texts[key],
    findOverride: (key, messages) => findOverride(key, messages, languages),
  };
}

const lowerCaseKeys = <T>(entries: Iterable<[string, T]>): Map<string, T> =>
  new Map(Array.from(entries, ([key, value]) => [key.toLowerCase(), value]));

/** Returns the tag in its usual form, `pt-BR` for `PT_br`; an empty string for what is no language tag. */
function canonicalize(lang: string): string {
  if (lang.length > MAX_LENGTH) return '';
  try {
    return Intl.getCanonicalLocales(lang.replaceAll('_', '-'))[0] ?? '';
  } catch {
    return '';
  }
}

/**
 * The tags whose texts are used, the best first, in lower case: `pt-br`, `pt`.
 * @param tag - in its usual form, or empty.
 */
export function getFallbacks(tag: string): string[] {
  if (!tag) return ['en'];
  const parts = tag.toLowerCase().split('-');
  const [language = ''] = parts;
  const longer = parts.slice(1).map((_, i) => parts.slice(0, parts.length - i).join('-'));
  const related = language === 'zh' ? [getChinese(tag)] : [];
  const norwegian = NORWEGIAN.test(language) ? ['nb'] : [];
  return [...new Set([tag.toLowerCase(), ...longer, ...related, language, ...norwegian])];
}

/** Traditional characters are written in Taiwan, simplified ones in mainland China. */
const getChinese = (tag: string): string => (new Intl.Locale(tag).maximize().script === 'Hant' ? 'zh-tw' : 'zh-cn');

function findOverride(key: string, messages: Messages | undefined, tags: readonly string[]): unknown {
  const languages = lowerCaseKeys(Object.entries(messages ?? {}));
  for (const tag of tags) {
    const texts = languages.get(tag);
    if (typeof texts === 'object' && Object.hasOwn(texts, key)) return texts[key];
  }
  return undefined;
}
