import { describe, expect, it, vi } from 'vitest';
import { en } from '../../src/i18n/en.js';
import { formatAngle, formatList, formatPercent, formatSize } from '../../src/i18n/format-text.js';
import { getFallbacks, type Locale, loadLocale } from '../../src/i18n/load-locale.js';
import type { Messages, Texts } from '../../src/i18n/messages.js';
import de from '../../src/locales/de.js';

/** Loads the texts of a language, and returns the last result. */
async function load(lang: string, registered: Record<string, Texts> = {}): Promise<Locale> {
  const finish = vi.fn<(locale: Locale) => void>();
  await loadLocale(lang, new Map(Object.entries(registered)), finish);
  return finish.mock.lastCall?.[0] as Locale;
}

describe('the order of fallbacks', () => {
  it.each([
    ['pt-BR', 'pt-br pt'],
    ['pt-PT', 'pt-pt pt'],
    ['de-CH-1996', 'de-ch-1996 de-ch de'],
    ['zh', 'zh zh-cn'],
    ['zh-CN', 'zh-cn zh'],
    ['zh-SG', 'zh-sg zh-cn zh'],
    ['zh-Hans', 'zh-hans zh-cn zh'],
    ['zh-Hans-HK', 'zh-hans-hk zh-hans zh-cn zh'],
    ['zh-Hant', 'zh-hant zh-tw zh'],
    ['zh-Hant-HK', 'zh-hant-hk zh-hant zh-tw zh'],
    ['zh-HK', 'zh-hk zh-tw zh'],
    ['zh-MO', 'zh-mo zh-tw zh'],
    ['zh-TW', 'zh-tw zh'],
    ['no', 'no nb'],
    ['nn-NO', 'nn-no nn nb'],
    ['nb-NO', 'nb-no nb'],
    ['', 'en'],
  ])('of %s is %s', (tag, expected) => {
    expect(getFallbacks(tag).join(' ')).toBe(expected);
  });
});

describe('a language', () => {
  it.each(['de', 'DE', 'de-AT', 'de_CH', 'de-u-nu-latn', 'de-x-private'])('%s has German texts', async (lang) => {
    expect((await load(lang)).find('cancel', undefined)).toBe('Abbrechen');
  });

  it.each([
    ['iw', 'he'],
    ['in-ID', 'id'],
    ['no', 'nb'],
    ['zh_hk', 'zh-tw'],
  ])('%s uses the texts of %s', async (lang, tag) => {
    expect((await load(lang, { [tag]: { cancel: 'x' } })).find('cancel', undefined)).toBe('x');
  });

  const UNKNOWN = [
    '',
    'en-GB',
    'constructor',
    '__proto__',
    'toString',
    'xx',
    'i-klingon',
    'x-secret',
    '../de',
    'de/..',
    '💩',
    ' ',
    'd',
    'e'.repeat(1e6),
    `de-${'x-'.repeat(1e5)}`,
  ];
  it.each(UNKNOWN.map((lang) => [lang.slice(0, 20), lang]))(
    '%s has no texts of its own: English is used',
    async (_, lang = '') => {
      const locale = await load(lang);
      for (const key of ['cancel', 'constructor', '__proto__']) expect(locale.find(key, undefined)).toBeUndefined();
      expect(formatPercent(0.5, { ...locale, locale: locale.tag } as never)).toBe('50%');
    },
  );

  it('has no texts for keys that every object has', async () => {
    const locale = await load('de');
    for (const key of ['constructor', '__proto__', 'hasOwnProperty']) {
      expect([locale.find(key, undefined), locale.findOverride(key, { de: {} })]).toEqual([undefined, undefined]);
    }
  });
});

describe('the overrides of a page', () => {
  const messages: Messages = {
    idle: 'all',
    cancel: 'all',
    de: { idle: 'de' },
    'DE-at': { idle: 'de-AT' },
    en: { idle: 'en' },
  };
  it.each([
    ['de', 'de'],
    ['de-AT', 'de-AT'],
    ['de-CH', 'de'],
    ['en-GB', 'en'],
    ['xx', 'en'],
    ['constructor', 'en'],
  ])('for %s are those of %s', async (lang, expected) => {
    const locale = await load(lang);
    expect([locale.find('idle', messages), locale.find('cancel', messages)]).toEqual([expected, 'all']);
  });
});

describe('registered texts', () => {
  it('take precedence, and are completed by the next language', async () => {
    const locale = await load('de-AT', { 'DE-at': { idle: 'Jo' }, en: { idle: 'no' } });
    expect([locale.find('idle', undefined), locale.find('cancel', undefined)]).toEqual(['Jo', 'Abbrechen']);
    expect(locale.tag).toBe('de-AT');
  });
  it('replace the file of their language', async () => {
    const locale = await load('de', { de: { idle: 'Nur das' } });
    expect([locale.find('idle', undefined), locale.find('cancel', undefined)]).toEqual(['Nur das', undefined]);
  });
  it('add a language', async () => {
    const locale = await load('eu-ES', { eu: { idle: 'Gehitu' } });
    expect([locale.find('idle', undefined), locale.tag]).toEqual(['Gehitu', 'eu-ES']);
  });
});

describe('numbers, units and lists', () => {
  const german = { locale: 'de', getText: (key: keyof typeof de) => de[key], getOverride: () => undefined } as never;
  const english = { locale: 'en', getText: (key: keyof typeof en) => en[key], getOverride: () => undefined } as never;
  it('are those of the language', () => {
    expect([formatPercent(0.48, german), formatPercent(-0.001, english)]).toEqual(['48\u00a0%', '0%']);
    expect([formatSize(20 * 2 ** 20, english), formatSize(1.5 * 2 ** 20, german)]).toEqual(['20 MB', '1,5 MB']);
    expect([formatSize(512 * 2 ** 10, english), formatSize(0, english)]).toEqual(['512 kB', '0 kB']);
    expect(formatAngle(90, german)).toBe('90°');
    expect(formatList(['Zoom 150%', 'Flipped'], english)).toBe('Zoom 150%, Flipped');
  });
});
