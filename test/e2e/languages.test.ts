import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, openPage } from '../support/browser.js';
import { CdnSite } from '../support/cdn-site.js';

const [site, cdn] = [new CdnSite(), new CdnSite()];
let [origin, cdnOrigin] = ['', ''];
let browser: Browser;

beforeAll(async () => {
  [origin, cdnOrigin, browser] = await Promise.all([site.start(), cdn.start(), launchBrowser()]);
});
afterAll(() => Promise.all([browser?.close(), site.stop(), cdn.stop()]));

const [GERMAN, ENGLISH] = ['Bild hinzufügen', 'Add a picture'];
const TRUSTED_TYPES = "require-trusted-types-for 'script'; trusted-types lit-html flare-avatar-upload";

/** Opens a page in a language, with a Content Security Policy. Resolves with the page and the files of languages that it asks for. */
async function open(lang: string, script: string, policy: string): Promise<{ page: Page; requests: string[] }> {
  const html = `<!doctype html><html lang="${lang}"><script ${script}></script>
    <flare-avatar-upload avatar-url=""></flare-avatar-upload></html>`;
  site.pages.set('/', { html, policy });
  const page = await openPage(browser);
  const requests: string[] = [];
  page.on('request', (request) => {
    if (/locale/.test(request.url())) requests.push(new URL(request.url()).pathname.replace(/-[\w-]{6}\.js/, ''));
  });
  await page.addInitScript(() => {
    const violations: string[] = [];
    Object.assign(window, { violations });
    addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => {
      // Firefox asks for an icon of the page.
      if (!blockedURI.endsWith('/favicon.ico')) violations.push(effectiveDirective);
    });
  });
  await page.goto(origin);
  return { page, requests };
}

const waitForText = (page: Page, text: string) => page.locator('flare-avatar-upload').getByText(text).waitFor();

const LOADED = ['/cdn/flare-avatar-upload.load-locale', '/cdn/locales/de.js'];

describe('the built element', () => {
  it('asks for one more file per language, under a strict policy with Trusted Types', async () => {
    const policy = `default-src 'none'; script-src 'self'; ${TRUSTED_TYPES}`;
    const { page, requests } = await open('de-AT', 'type="module" src="/cdn/flare-avatar-upload.js"', policy);
    await waitForText(page, GERMAN);
    const violations = await page.evaluate(() => (window as unknown as { violations: string[] }).violations);
    expect([requests, violations]).toEqual([LOADED, []]);
    await page.context().close();
  });

  it('asks for no file in English', async () => {
    const script = 'type="module" src="/cdn/flare-avatar-upload.js"';
    const { page, requests } = await open('en-US', script, "default-src 'none'; script-src 'self'");
    await waitForText(page, ENGLISH);
    expect(requests).toEqual([]);
    await page.evaluate(() => document.documentElement.setAttribute('lang', 'de'));
    await waitForText(page, GERMAN);
    expect(requests).toEqual(LOADED);
    await page.context().close();
  });

  it('as a classic script on another origin, imports languages from there', async () => {
    const script = `src="${cdnOrigin}/cdn/flare-avatar-upload.iife.js"`;
    const { page, requests } = await open(
      'de',
      script,
      `default-src 'none'; script-src ${cdnOrigin}; ${TRUSTED_TYPES}`,
    );
    await waitForText(page, GERMAN);
    expect(requests).toEqual(['/cdn/locales/de.js']);
    await page.context().close();
  });

  it('is in English where the policy allows only the script itself, with what the page registers', async () => {
    const url = `${cdnOrigin}/cdn/flare-avatar-upload.iife.js`;
    const { page } = await open('de', `src="${url}"`, `default-src 'none'; script-src ${url}`);
    await waitForText(page, ENGLISH);
    await page.evaluate(() => {
      const { FlareAvatarUpload } = window as unknown as {
        FlareAvatarUpload: { registerLocale(tag: string, texts: Record<string, string>): void };
      };
      FlareAvatarUpload.registerLocale('de', { idle: 'Vom Server' });
    });
    await waitForText(page, 'Vom Server');
    await page.context().close();
  });

  it('is in English while a language cannot be loaded, and tries again with the next change', async () => {
    const script = 'type="module" src="/cdn/flare-avatar-upload.js"';
    site.missing = /locales/;
    const { page } = await open('de', script, "default-src 'none'; script-src 'self'");
    await waitForText(page, ENGLISH);
    site.missing = /^$/;
    await page.evaluate(() => document.documentElement.setAttribute('lang', 'de-DE'));
    await waitForText(page, GERMAN);
    await page.context().close();
  });
});
