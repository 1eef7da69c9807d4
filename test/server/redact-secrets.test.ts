import { describe, expect, it, vi } from 'vitest';
import { describeError } from '../../server/log.js';
import { redactSecrets } from '../../server/redact-secrets.js';

const LONG = 30_000;

/** Texts on which a pattern that tries every beginning needs a number of steps that is quadratic, or worse. */
const HOSTILE: [string, string][] = [
  ['letters', 'a'.repeat(LONG)],
  ['digits', '1'.repeat(LONG)],
  ['schemes', 'a.'.repeat(LONG / 2)],
  ['schemes without an end', 'a:/'.repeat(LONG / 3)],
  ['slashes', '/'.repeat(LONG)],
  ['prefixes of keys', 'pending'.repeat(LONG / 7)],
  ['dashes without a digit', '-'.repeat(LONG)],
  ['spaces', ' '.repeat(LONG)],
  ['short words', 'ab '.repeat(LONG / 3)],
];

describe('a logged message', () => {
  it.each(HOSTILE)('is cut before any pattern sees it: %s', (_, text) => {
    const replace = vi.spyOn(RegExp.prototype, Symbol.replace);
    const result = describeError(new Error(text)).message;
    const lengths = replace.mock.calls.map(([searched]) => searched.length);
    replace.mockRestore();
    expect(lengths.length).toBeGreaterThan(0);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(1001);
    expect(result.length).toBeLessThanOrEqual(1001);
  });

  it.each([0, 1, 5, 19, 20, 40])('holds no beginning of a secret that the cut divides after %s characters', (shown) => {
    const secret = 'k7Jq'.repeat(20);
    const text = `${'x '.repeat(600).slice(0, 1000 - shown - 1)} ${secret}`;
    expect(redactSecrets(text)).not.toMatch(/k7?J?q?/);
  });

  it('holds no URL, key or token, but the rest', () => {
    expect(
      redactSecrets(`GET https://a.test/b?c=d failed: pending/0f/1 ${'Ab1+'.repeat(9)} antidisestablishmentarianism`),
    ).toBe('GET <url> failed: <key> <…> antidisestablishmentarianism');
  });
});
