import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { diagnoseError, ERROR_PAGES, type FailureContext } from '../../src/core/diagnose-error.js';
import { ERROR_CODES, type ErrorCodeInfo } from '../../src/core/error-codes.js';
import { AvatarUploadError, type ErrorDetails, type Phase } from '../../src/core/errors.js';
import { en } from '../../src/i18n/en.js';

const KNOWN_CODES = Object.keys(ERROR_CODES);
const root = join(import.meta.dirname, '..', '..');
const docs = join(root, 'docs', 'errors');
const store = 'https://account.r2.example/bucket/pending/o/1?X-Amz-Signature=secret';
const createContext = (more: Partial<FailureContext>): FailureContext => ({
  url: store,
  signedHeaders: {},
  loaded: 0,
  ...more,
});
const getHint = (code: string, phase: Phase, more: Partial<FailureContext> = {}, details: ErrorDetails = {}) =>
  diagnoseError(new AvatarUploadError(code, phase, details), createContext(more)) ?? '';

const warn = vi.spyOn(console, 'warn');
beforeEach(() => {
  warn.mockReset().mockImplementation(() => {});
  vi.stubGlobal('location', { origin: 'https://app.example', href: 'https://app.example/me' });
});
afterEach(() => vi.unstubAllGlobals());

describe('the hint for a request without a response', () => {
  it('names both origins and the fix for CORS, if the storage is on another origin', () => {
    const text = getHint('network', 'put');
    for (const part of ['https://account.r2.example', 'https://app.example', 'CORS', 'npm run cors']) {
      expect(text).toContain(part);
    }
  });

  it('does not suggest the CORS rules after bytes have been sent', () => {
    const text = getHint('network', 'put', { loaded: 5 });
    expect(text).toContain('https://account.r2.example');
    expect(text).not.toContain('npm run cors');
  });

  it("is the connection for the page's own origin", () => {
    expect(getHint('network', 'put', { url: '/cdn-cgi/local/r2?secret' })).toBe('The connection was lost.');
    expect(getHint('network', 'presign', { endpoint: undefined })).toBe('The connection was lost.');
  });

  it('is the browser being offline', () => {
    vi.stubGlobal('navigator', { onLine: false });
    expect(getHint('network', 'put')).toBe('The browser is offline.');
  });

  it('is mixed content for http on a page on https', () => {
    expect(getHint('network', 'put', { url: 'http://store.example/x' })).toContain('http://store.example');
  });

  it('is the trusted origins for an API on another origin', () => {
    const text = getHint('network', 'commit', { endpoint: 'https://api.example/commit?token=secret' });
    for (const part of ['https://api.example', 'TRUSTED_ORIGINS']) expect(text).toContain(part);
  });

  it('is the one of the transport, if there is one', () => {
    expect(getHint('network', 'put', {}, { hint: 'connect-src' })).toBe('connect-src');
  });
});

describe('the hint for a refused PUT', () => {
  const getRefusalHint = (storeCode: string | undefined, more: Partial<FailureContext> = {}, status = 403) =>
    getHint('storage_refused', 'put', { storeCode, ...more }, { status });
  const createUrl = (...names: string[]) => `https://s.example/x?X-Amz-SignedHeaders=${names.join('%3B')}&secret`;

  it.each([
    ['RequestTimeTooSkewed', /clock/],
    ['ExpiredRequest', /expired.*clock/],
    ['BadDigest', /altered/],
    ['AccessDenied', /may not write/],
    ['NoSuchBucket', /responded with NoSuchBucket/],
  ])('explains %s', (code, text) => expect(getRefusalHint(code)).toMatch(text));

  it.each(['SignatureDoesNotMatch', undefined])('names the header that breaks the signature (%s)', (code) => {
    const url = createUrl('content-length', 'content-type', 'host', 'x-amz-acl');
    expect(getRefusalHint(code, { url, signedHeaders: { 'Content-Type': 'image/png' } })).toContain(
      'signs x-amz-acl, which',
    );
    const extra = { 'content-type': 'image/png', 'cache-control': 'no-store' };
    expect(getRefusalHint(code, { url: createUrl('host', 'content-type'), signedHeaders: extra })).toContain(
      'contains cache-control',
    );
    expect(getRefusalHint(code, { url: createUrl('host'), signedHeaders: {} })).toContain('did not match');
  });

  it('says that there is no reason that the page may read', () =>
    expect(getRefusalHint(undefined, {}, 404)).toContain('no reason'));
});

describe('the console message', () => {
  it('is logged once, with the URL of the error page', () => {
    for (let n = 0; n < 3; n++) getHint('mismatch', 'commit', {}, { status: 422 });
    expect(warn.mock.calls).toHaveLength(1);
    expect(warn.mock.calls[0]?.[0]).toMatch(
      /mismatch .*altered.*See https:\/\/github\.com\/.+\/docs\/errors\/mismatch\.md$/,
    );
  });

  it('never contains a path, a query or a secret', () => {
    const url = `${store}&X-Amz-SignedHeaders=host%3Bx-amz-acl`;
    const endpoint = 'https://api.example/p?token=secret';
    const hints: string[] = [];
    for (const code of [...KNOWN_CODES, 'quota_used']) {
      for (const phase of ['presign', 'put', 'commit'] as const) {
        for (const loaded of [0, 5]) hints.push(getHint(code, phase, { url, loaded, endpoint }));
      }
    }
    const texts = `${warn.mock.calls.join()} ${hints.join()}`;
    expect(texts).toContain('https://account.r2.example');
    expect(texts).not.toMatch(/secret|pending|bucket\/|\/p\?/);
  });

  it('has no URL for a code without a page', () => {
    for (const code of ['quota_used', 'constructor', '__proto__']) {
      expect(getHint(code, 'presign', {}, { status: 422 })).toBe('');
    }
    expect(warn.mock.calls.join()).not.toContain('docs/errors');
  });
});

describe('docs/errors', () => {
  it('is at the URL in the console, in the repository that package.json names', () => {
    const { homepage } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(ERROR_PAGES).toBe(homepage.replace('#readme', '/blob/main/docs/errors'));
  });

  it('has one page for each code, and no other', () => {
    expect(readdirSync(docs).sort()).toEqual(KNOWN_CODES.map((code) => `${code}.md`).sort());
  });

  it.each(KNOWN_CODES)('says what %s means, when it occurs, what the user sees and what to do', (code) => {
    const text = readFileSync(join(docs, `${code}.md`), 'utf8');
    expect(text).toMatch(
      new RegExp(
        `^# \`${code}\`\n\n\\*\\*HTTP status:.+\n\n.+\n\n\\*\\*When\\.\\*\\*.+\n\n\\*\\*What the user sees\\.\\*\\*.+\n\n\\*\\*What to do\\.\\*\\*\n\n- `,
      ),
    );
    const { message = 'failed' }: ErrorCodeInfo = ERROR_CODES[code as keyof typeof ERROR_CODES];
    const texts: Record<string, string> = en;
    const words = texts[code] ?? texts[message];
    if (code !== 'aborted') expect(text).toContain(`“${words}”`);
    for (const [, link = ''] of text.matchAll(/\]\(([^)]+)\)/g)) expect(existsSync(join(docs, link))).toBe(true);
  });
});
