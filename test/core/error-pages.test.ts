import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES, type ErrorCodeInfo } from '../../src/core/error-codes.js';
import { en } from '../../src/i18n/en.js';

const codes = Object.entries<ErrorCodeInfo>(ERROR_CODES);
const readPage = (code: string) =>
  readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'errors', `${code}.md`), 'utf8');

describe('the page of an error code in docs/errors', () => {
  it.each(codes)('states the HTTP status of %s and whether it is retryable as in the table', (code, info) => {
    const [, , facts] = readPage(code).split('\n');
    const status = info.status ?? 'none (client-side error)';
    expect(facts).toBe(`**HTTP status:** ${status} · **Retryable:** ${info.retryable ? 'yes' : 'no'}`);
  });

  it.each(codes)('quotes the texts that the element shows for %s', (code) => {
    const texts: string[] = Object.values(en);
    for (const [, quoted] of readPage(code).matchAll(/“(.+?)”/g)) expect(texts).toContain(quoted);
  });
});
