import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { diagnoseError, ERROR_PAGES, type FailureContext } from '../../src/core/diagnose-error.js';
import { ERROR_CODES } from '../../src/core/error-codes.js';
import { AvatarUploadError, type ErrorDetails, type Phase } from '../../src/core/errors.js';
import { en } from '../../src/i18n/en.js';
import { restingMessages } from '../../src/i18n/messages.js';

const KNOWN_CODES = Object.keys(ERROR_CODES);
const root = join(import.meta.dirname, '..', '..');
const docs = join(root, 'docs', 'errors');
const store = 'https://account.r2.example/bucket/pending/o/1?X-Amz-Signature=secret';
const facts = (more: Partial<FailureContext> = {}): FailureContext => ({
  url: store,
  signedHeaders: {},
  loaded: 0,
  ...more,
});
const hint = (code: string, phase: Phase, more: Partial<FailureContext> = {}, details: ErrorDetails = {}) =>
  diagnoseError(new AvatarUploadError(code, phase, details), facts(more)) ?? '';

const warn = vi.spyOn(console, 'warn');
beforeEach(() => {
  warn.mockReset().mockImplementation(() => {});
  vi.stubGlobal('location', { origin: 'https://app.example', href: 'https://app.example/me' });
});
afterEach(() => vi.unstubAllGlobals());

describe('no answer', () => {
  it('from another origin is likely CORS: both are named, and what mends it', () => {
    const text = hint('network', 'put');
    for (const part of ['https://account.r2.example', 'https://app.example', 'CORS', 'npm run cors']) {
      expect(text).toContain(part);
    }
  });

  it('after bytes had been sent is not', () => {
    const text = hint('network', 'put', { loaded: 5 });
    expect(text).toContain('https://account.r2.example');
    expect(text).not.toContain('npm run cors');
  });

  it('from the page’s own origin is the connection', () => {
    expect(hint('network', 'put', { url: '/cdn-cgi/local/r2?secret' })).toBe('The connection was lost.');
    expect(hint('network', 'presign', { endpoint: undefined })).toBe('The connection was lost.');
  });

  it('while the browser is offline is just that', () => {
    vi.stubGlobal('navigator', { onLine: false });
    expect(hint('network', 'put')).toBe('The browser is offline.');
  });

  it('to http from a page on https is forbidden', () => {
    expect(hint('network', 'put', { url: 'http://store.example/x' })).toContain('http://store.example');
  });

  it('of an API elsewhere is its trusted origins', () => {
    const text = hint('network', 'commit', { endpoint: 'https://api.example/commit?token=secret' });
    for (const part of ['https://api.example', 'TRUSTED_ORIGINS']) expect(text).toContain(part);
  });

  it('keeps what the transport has found out', () => {
    expect(hint('network', 'put', {}, { hint: 'connect-src' })).toBe('connect-src');
  });
});

describe('a refused PUT', () => {
  const refused = (storeCode: string | undefined, more: Partial<FailureContext> = {}, status = 403) =>
    hint('storage_refused', 'put', { storeCode, ...more }, { status });
  const signed = (...names: string[]) => `https://s.example/x?X-Amz-SignedHeaders=${names.join('%3B')}&secret`;

  it.each([
    ['RequestTimeTooSkewed', /clock/],
    ['ExpiredRequest', /expired.*clock/],
    ['BadDigest', /altered/],
    ['AccessDenied', /may not write/],
    ['NoSuchBucket', /says NoSuchBucket/],
  ])('by %s', (code, text) => expect(refused(code)).toMatch(text));

  it.each(['SignatureDoesNotMatch', undefined])('by its signature names the header (%s)', (code) => {
    const url = signed('content-length', 'content-type', 'host', 'x-amz-acl');
    expect(refused(code, { url, signedHeaders: { 'Content-Type': 'image/png' } })).toContain('signs x-amz-acl, which');
    const extra = { 'content-type': 'image/png', 'cache-control': 'no-store' };
    expect(refused(code, { url: signed('host', 'content-type'), signedHeaders: extra })).toContain(
      'holds cache-control',
    );
    expect(refused(code, { url: signed('host'), signedHeaders: {} })).toContain('did not match');
  });

  it('says so where nothing can be read', () => expect(refused(undefined, {}, 404)).toContain('no reason'));
});

describe('the console', () => {
  it('is told each thing once, with the page to read', () => {
    for (let n = 0; n < 3; n++) hint('mismatch', 'commit', {}, { status: 422 });
    expect(warn.mock.calls).toHaveLength(1);
    expect(warn.mock.calls[0]?.[0]).toMatch(
      /mismatch .*altered.*See https:\/\/github\.com\/.+\/docs\/errors\/mismatch\.md$/,
    );
  });

  it('never hears a path, a query or a secret', () => {
    const url = `${store}&X-Amz-SignedHeaders=host%3Bx-amz-acl`;
    const endpoint = 'https://api.example/p?token=secret';
    const hints: string[] = [];
    for (const code of [...KNOWN_CODES, 'quota_used']) {
      for (const phase of ['presign', 'put', 'commit'] as const) {
        for (const loaded of [0, 5]) hints.push(hint(code, phase, { url, loaded, endpoint }));
      }
    }
    const all = `${warn.mock.calls.join()} ${hints.join()}`;
    expect(all).toContain('https://account.r2.example');
    expect(all).not.toMatch(/secret|pending|bucket\/|\/p\?/);
  });

  it('is not sent to a page that is not there', () => {
    for (const code of ['quota_used', 'constructor', '__proto__']) {
      expect(hint(code, 'presign', {}, { status: 422 })).toBe('');
    }
    expect(warn.mock.calls.join()).not.toContain('docs/errors');
  });
});

describe('the docs', () => {
  it('are where the console says: in the repository that package.json names', () => {
    const { homepage } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(ERROR_PAGES).toBe(homepage.replace('#readme', '/blob/main/docs/errors'));
  });

  it('have a page for each code, and no other', () => {
    expect(readdirSync(docs).sort()).toEqual(KNOWN_CODES.map((code) => `${code}.md`).sort());
  });

  it.each(KNOWN_CODES)('say of %s what it means, when, what the user sees and what to do', (code) => {
    const text = readFileSync(join(docs, `${code}.md`), 'utf8');
    expect(text).toMatch(
      new RegExp(
        `^# \`${code}\`\n\n\\*\\*HTTP status:.+\n\n.+\n\n\\*\\*When\\.\\*\\*.+\n\n\\*\\*What the user sees\\.\\*\\*.+\n\n\\*\\*What to do\\.\\*\\*\n\n- `,
      ),
    );
    const words = en[code] ?? restingMessages[code] ?? en.failed;
    if (code !== 'aborted') expect(text).toContain(`“${words}”`);
    for (const [, link = ''] of text.matchAll(/\]\(([^)]+)\)/g)) expect(existsSync(join(docs, link))).toBe(true);
  });
});
