import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { Locale } from './load-locale.js';
import type { Messages, Texts } from './messages.js';
import { restingMessages } from './resting-messages.js';

/** An element with texts. */
type Host = ReactiveControllerHost & HTMLElement & { readonly hasUpdated: boolean; messages: Messages | undefined };

/** The languages of the elements in the page. */
const languages = new Set<Language>();
/** Texts that the page has registered, by tag. */
const registered = new Map<string, Texts>();
let observer: MutationObserver | undefined;

const reloadAll = (): void => {
  for (const language of languages) {
    language.tag = undefined;
    language.host.requestUpdate();
  }
};

/**
 * Adds a language, or replaces a built-in one. Texts that are missing come from
 * the next language in the order of fallbacks: `de-AT`, `de`, English.
 *
 * @param tag - a BCP 47 language tag.
 *
 * @example
 * ```ts
 * import { registerLocale } from 'flare-avatar-upload';
 *
 * registerLocale('eu', { idle: 'Gehitu argazkia', remove: 'Kendu' });
 * ```
 */
export function registerLocale(tag: string, messages: Texts): void {
  registered.set(tag, messages);
  reloadAll();
}

/**
 * The texts of an element, in the language of the nearest `lang`. English is
 * built in. What other languages need is loaded on demand.
 */
export class Language implements ReactiveController {
  /** Texts in English: more of them once the engine is loaded. */
  english: Texts = restingMessages;
  /** Texts that differ from the English ones, and the page's own texts for a language. */
  loaded: Locale | undefined;
  /** The first texts of the element are on their way. */
  isLoading = false;
  /** What the texts are for; empty for English. Undefined: they have to be loaded again. */
  tag: string | undefined = '';
  #finish: unknown;

  constructor(readonly host: Host) {
    host.addController(this);
  }

  hostConnected(): void {
    languages.add(this);
  }

  hostDisconnected(): void {
    languages.delete(this);
  }

  hostUpdate(): void {
    const lang = this.#findLang();
    const isEnglish =
      /^(en\b.*)?$/i.test(lang) &&
      !registered.size &&
      !Object.values(this.host.messages ?? {}).some((text) => typeof text === 'object');
    const tag = isEnglish ? '' : lang || 'en';
    if (tag !== this.tag) this.#load(tag);
  }

  /** Returns the text of a key, or an empty string. */
  getText(key: string): string {
    const { messages } = this.host;
    const text: unknown = this.loaded?.find(key, messages) ?? messages?.[key] ?? this.english[key];
    // Codes come from outside: `constructor` is a key of any object.
    return typeof text === 'string' ? text : '';
  }

  #load(tag: string): void {
    this.tag = tag;
    this.isLoading = tag !== '' && !this.host.hasUpdated;
    const finish = (loaded?: Locale) => {
      // Another language has been asked for.
      if (finish !== this.#finish) return;
      this.loaded = loaded;
      this.isLoading = false;
      this.host.requestUpdate();
    };
    this.#finish = finish;
    if (tag)
      import('./load-locale.js').then(({ loadLocale }) => loadLocale(tag, registered, finish)).catch(() => finish());
    else finish();
  }

  /** Finds the nearest `lang`, and observes all others that count: in the document, and in each shadow root on the way. */
  #findLang(): string {
    let lang: string | null | undefined;
    observer ??= new MutationObserver(reloadAll);
    for (let node: Node | undefined = this.host; node; node = node.parentNode ?? (node as ShadowRoot).host) {
      lang ??= (node as Element).getAttribute?.('lang');
      if (!node.parentNode) observer.observe(node, { subtree: true, attributeFilter: ['lang'] });
    }
    return lang ?? '';
  }
}
