import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { en } from '../../src/i18n/en.js';

/** All languages that are shipped, English included. */
const locales: [tag: string, texts: Record<string, string>][] = [['en', en]];
for (const file of readdirSync(join(import.meta.dirname, '..', '..', 'src', 'locales'))) {
  const tag = file.replace(/\.ts$/, '');
  const { default: texts } = await import(`../../src/locales/${tag}.ts`);
  locales.push([tag, texts]);
}

/** Texts that depend on a number have one key for each plural category. */
const PLURAL_KEY = /^(retrying)_(?:zero|one|two|few|many|other)$/;
const ENGLISH: Record<string, string> = en;
const keysOf = (texts: object) => Object.keys(texts).filter((key) => !PLURAL_KEY.test(key));
const getPlaceholders = (text = ''): string[] => (text.match(/\{\w+\}/g) ?? []).sort();

/** A placeholder in a directional isolate: for a value that reads in the other direction than the text. */
const ISOLATE = /[\u2066\u2068](\{\w+\})\u2069/g;

/** The plural categories of a language that whole numbers can have, and `other`, which stands in for all of them. */
function getPluralCategories(tag: string): string[] {
  const rules = new Intl.PluralRules(tag);
  return [...new Set(Array.from({ length: 1000 }, (_, i) => rules.select(i)).concat('other'))].sort();
}

describe.each(locales)('the texts in %s', (tag, texts) => {
  it('are in a file named by a language tag in its usual form, which Intl knows', () => {
    expect(Intl.getCanonicalLocales(tag)).toEqual([tag]);
    expect(Intl.PluralRules.supportedLocalesOf(tag)).toEqual([tag]);
  });

  it('have the keys of the English texts, and no others', () => {
    expect(keysOf(texts).sort()).toEqual(keysOf(en).sort());
  });

  it('have the placeholders of the English texts', () => {
    for (const [key, text] of Object.entries(texts)) {
      const english = PLURAL_KEY.test(key) ? en.retrying_other : ENGLISH[key];
      expect([key, getPlaceholders(text)]).toEqual([key, getPlaceholders(english)]);
      expect(text.replaceAll(/\{\w+\}/g, ''), key).not.toMatch(/[{}]/);
    }
  });

  it('have one form for each plural category of a whole number', () => {
    const categories = Object.keys(texts).filter((key) => PLURAL_KEY.test(key));
    expect(categories.map((key) => key.replace('retrying_', '')).sort()).toEqual(getPluralCategories(tag));
  });

  it('are not empty, and typeset: ’ … and no markup, no double or outer spaces, no invisible characters', () => {
    for (const [key, text] of Object.entries(texts)) {
      expect(text.trim(), key).toBe(text);
      expect(text.length, key).toBeGreaterThan(0);
      expect(text.replaceAll(ISOLATE, '$1'), key).not.toMatch(
        /'|"|\.\.\.|<|&\w+;| {2}|[\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u,
      );
    }
  });

  it('have no ordinary space before … : ; ! and ?, where a line could break', () => {
    for (const [key, text] of Object.entries(texts)) expect(text, key).not.toMatch(/ […:;!?]/u);
  });

  it('repeat the words of a status that continues, so that it is not announced twice', () => {
    for (const [first, second] of [
      ['presigning', 'uploading'],
      ['finishing', 'committing'],
    ]) {
      expect(texts[second as string]).toBe(texts[first as string]);
    }
    expect(texts.uploading_percent).toContain(texts.uploading);
  });

  it('give buttons in the same place different names', () => {
    const groups = [
      ['remove', 'retry', 'cancel', 'edit'],
      ['editor_rotate', 'editor_flip', 'editor_reset', 'editor_apply', 'editor_cancel'],
      ['pick', 'change'],
      ['editor_flipped', 'editor_unflipped', 'editor_restored', 'editor_edge'],
      ['camera_shutter', 'camera_retake', 'camera_use', 'cancel'],
    ];
    for (const keys of groups) expect(new Set(keys.map((key) => texts[key])).size).toBe(keys.length);
  });
});

describe.each(locales.filter(([tag]) => tag !== 'en'))('the translation into %s', (_, texts) => {
  it('has no English sentences left', () => {
    const isSentence = (text: string) => text.split(' ').length > 3;
    const untranslated = keysOf(texts).filter((key) => isSentence(ENGLISH[key] ?? '') && texts[key] === ENGLISH[key]);
    expect(untranslated).toEqual([]);
  });
});
