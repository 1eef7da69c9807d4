import type { Language } from './language.js';
import type { Translation } from './messages.js';

/** What the engine of an element says, in the element's language. */
export class FieldTranslation implements Translation {
  constructor(private readonly language: Language) {}

  get locale(): string {
    return this.language.loaded?.tag ?? 'en';
  }

  readonly getText = (key: string): string => this.language.getText(key);

  readonly getOverride = (key: string): string | undefined => {
    const { loaded, host } = this.language;
    const text: unknown = loaded?.findOverride(key, host.messages) ?? host.messages?.[key];
    return typeof text === 'string' ? text : undefined;
  };
}
