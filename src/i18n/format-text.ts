/** Puts values and numbers into texts, as the language writes them. */
import type { Translation } from './messages.js';

/** The text of a key, or a more exact one. A page's own text for the key comes before the built-in exact one. */
export function getExactText(translation: Translation, key: string, exactKey = ''): string {
  const { getText, getOverride } = translation;
  const isOverridden = getOverride(key) !== undefined && getOverride(exactKey) === undefined;
  return (!isOverridden && getText(exactKey)) || getText(key);
}

/** Replaces placeholders such as `{label}`. Those without a value stay as they are. */
export const fillText = (text: string, values: Readonly<Record<string, string>>): string =>
  text.replace(/\{(\w+)\}/g, (placeholder, name) =>
    Object.hasOwn(values, name) ? (values[name] as string) : placeholder,
  );

export const formatNumber = (number: number, { locale }: Translation): string => number.toLocaleString(locale);

/** @param ratio - such as 0.48, which gives `48%`. */
export const formatPercent = (ratio: number, { locale }: Translation): string =>
  // Without the sign of a negative zero.
  (Math.round(ratio * 100) / 100 + 0).toLocaleString(locale, { style: 'percent' });

/** @param degrees - such as 90, which gives `90°`. */
export const formatAngle = (degrees: number, { locale }: Translation): string =>
  degrees.toLocaleString(locale, { style: 'unit', unit: 'degree', unitDisplay: 'narrow' });

/** @param bytes - such as 20971520, which gives `20 MB`. */
export function formatSize(bytes: number, { locale }: Translation): string {
  const [unit, factor] = bytes < 2 ** 20 ? ['kilobyte', 2 ** 10] : ['megabyte', 2 ** 20];
  return (bytes / factor).toLocaleString(locale, { style: 'unit', unit, maximumFractionDigits: 1 });
}

/** Joins texts that say what has changed, such as `Zoom 150%, Rotated 90°`. */
export const formatList = (texts: readonly string[], { locale }: Translation): string =>
  new Intl.ListFormat(locale, { style: 'narrow' }).format(texts);

/** Key of the text for a number: `retrying_one` or `retrying_other`, for example. */
export const getPluralKey = (key: string, count: number, { locale }: Translation): string =>
  `${key}_${new Intl.PluralRules(locale).select(count)}`;
