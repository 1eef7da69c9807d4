import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectBrowser, openPage } from '../support/browser.js';
import { isFirefox } from '../support/browser-engine.js';
import { CdnSite } from '../support/cdn-site.js';
import { png } from '../support/pictures.js';

const [site, cdn] = [new CdnSite(), new CdnSite()];
let [origin, cdnOrigin] = ['', ''];
let browser: Browser;

beforeAll(async () => {
  [origin, cdnOrigin, browser] = await Promise.all([site.start(), cdn.start(), connectBrowser()]);
});
afterAll(() => Promise.all([browser?.close(), site.stop(), cdn.stop()]));

interface Result {
  /** URLs of the workers that were started. */
  workers: string[];
  /** Type and width of the square. */
  square: [string, number];
  /** Directives of the page's policy that blocked something. */
  violations: string[];
  /** What the package wrote to the console. */
  warnings: string[];
}

const MISSING_WORKER = expect.stringMatching(/can’t be started.*docs\/pictures\.md#the-worker$/);

const TRUSTED_TYPES = "require-trusted-types-for 'script'; trusted-types lit-html flare-avatar-upload";
const MODULE = 'type="module" src="/cdn/flare-avatar-upload.js"';

/** Prepares two pictures, one after the other, in a page with a Content Security Policy. */
async function prepareWith(policy: string, script = MODULE): Promise<Result> {
  const base = "default-src 'none'; connect-src 'self'; img-src blob:; style-src 'self'; ";
  const html = `<!doctype html><meta charset="utf-8"><title>Worker</title><script ${script}></script>
    <flare-avatar-upload avatar-url=""></flare-avatar-upload>`;
  site.pages.set('/page', { html, policy: base + policy });
  const page = await openPage(browser);
  const workers: string[] = [];
  page.on('worker', (worker) => workers.push(worker.url()));
  const warnings: string[] = [];
  page.on('console', (message) => {
    if (message.text().startsWith('flare-avatar-upload:')) warnings.push(message.text());
  });
  await page.addInitScript(() => {
    const violations: string[] = [];
    Object.assign(window, { violations });
    addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => {
      // Firefox asks for an icon of the page.
      if (!blockedURI.endsWith('/favicon.ico')) violations.push(effectiveDirective);
    });
  });
  await page.goto(`${origin}/page`);
  await page.waitForFunction(() => customElements.get('flare-avatar-upload'));
  await preparePicture(page, [...png({ width: 20, height: 20 })]);
  const square = await preparePicture(page, [...png({ width: 30, height: 20 })]);
  const violations = await page.evaluate(() => (window as unknown as { violations: string[] }).violations);
  await page.context().close();
  return { workers, square, violations, warnings };
}

const preparePicture = (page: Page, bytes: number[]) =>
  page.evaluate(async (all): Promise<[string, number]> => {
    const element = document.querySelector('flare-avatar-upload') as HTMLElement & {
      presign: unknown;
      upload(file: File): Promise<unknown>;
    };
    element.presign = () => new Promise(() => {});
    const started = new Promise<CustomEvent<{ blob: Blob }>>((resolve, reject) => {
      element.addEventListener('flare-start', (event) => resolve(event as CustomEvent<{ blob: Blob }>));
      element.addEventListener('flare-reject', () => reject(new Error('The element rejected the file.')));
    });
    element.upload(new File([new Uint8Array(all)], 'a.png', { type: 'image/png' })).catch(() => {});
    const { blob } = (await started).detail;
    return [blob.type, (await createImageBitmap(blob)).width];
  }, bytes);

const SQUARE = ['image/webp', 20];

describe('the worker', () => {
  it('starts directly from the same origin, under the strictest policy', async () => {
    const { workers, square, violations, warnings } = await prepareWith(`script-src 'self'; ${TRUSTED_TYPES}`);
    expect(square).toEqual(SQUARE);
    expect(workers).toEqual([expect.stringMatching(new RegExp(`^${origin}/cdn/flare-avatar-upload.worker-\\w+.js$`))]);
    expect([violations, warnings]).toEqual([[], []]);
  });

  it('starts from a blob that imports it, if it is on another origin', async () => {
    const script = `type="module" crossorigin src="${cdnOrigin}/cdn/flare-avatar-upload.js"`;
    const { workers, square, violations, warnings } = await prepareWith(
      `script-src ${cdnOrigin}; worker-src blob:; ${TRUSTED_TYPES}`,
      script,
    );
    expect(square).toEqual(SQUARE);
    expect(workers).toEqual([expect.stringMatching(/^blob:/)]);
    expect([violations, warnings]).toEqual([[], []]);
  });

  it('is not used if the policy forbids workers, and the console says so once', async () => {
    const { workers, square, warnings } = await prepareWith(`script-src 'self'; worker-src 'none'; ${TRUSTED_TYPES}`);
    expect([square, warnings]).toEqual([SQUARE, [MISSING_WORKER]]);
    // Playwright reports a worker in Firefox before its policy ends it.
    if (!isFirefox) expect(workers).toEqual([]);
  });

  it('is not used if the policy forbids the Trusted Types policy of the package', async () => {
    const { workers, square, warnings } = await prepareWith(
      "script-src 'self'; require-trusted-types-for 'script'; trusted-types lit-html",
    );
    expect([square, workers, warnings]).toEqual([SQUARE, [], [MISSING_WORKER]]);
  });

  it('of the classic script is the file next to it', async () => {
    const { workers, square, violations, warnings } = await prepareWith(
      `script-src 'self'; ${TRUSTED_TYPES}`,
      'src="/cdn/flare-avatar-upload.iife.js"',
    );
    expect(square).toEqual(SQUARE);
    expect(workers).toEqual([expect.stringContaining('/cdn/flare-avatar-upload.worker-')]);
    expect([violations, warnings]).toEqual([[], []]);
  });

  it('is not used if the classic script is alone: the script contains its code', async () => {
    site.missing = /worker-/;
    const { square, warnings } = await prepareWith(
      `script-src 'self'; ${TRUSTED_TYPES}`,
      'src="/cdn/flare-avatar-upload.iife.js"',
    );
    site.missing = /^$/;
    expect([square, warnings]).toEqual([SQUARE, [MISSING_WORKER]]);
  });
});
