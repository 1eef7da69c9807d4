import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, posix } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { type PreviewServer, preview } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FRAMEWORK_PAGES } from '../../scripts/framework-pages.mjs';
import { ERROR_PAGES } from '../../src/core/diagnose-error.js';
import { ERROR_CODES } from '../../src/core/error-codes.js';
import { createContext, launchBrowser, pickFile, toFile, waitForEnd } from '../support/browser.js';
import { root } from '../support/dev-server.js';
import { findFreePort } from '../support/free-port.js';
import { png } from '../support/pictures.js';
import { runCommand } from '../support/run-command.js';

const REPOSITORY = 'https://github.com/flare-avatar-upload/flare-avatar-upload/';
const output = join(root, 'site', 'dist');
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** HTML of the pages, by their path in the site: `/examples/vue.html`. */
const pages = new Map<string, string>();
let browser: Browser;
let server: PreviewServer;
let origin = '';

beforeAll(async () => {
  // Without the NODE_ENV of Vitest, which would select the development builds of packages.
  await runCommand(process.execPath, ['scripts/build-site.mjs'], root);
  const files = readdirSync(output, { recursive: true, encoding: 'utf8' }).map((file) => file.replaceAll('\\', '/'));
  for (const file of files.filter((name) => name.endsWith('.html'))) {
    pages.set(`/${file}`, readFileSync(join(output, file), 'utf8'));
  }
  origin = `http://localhost:${await findFreePort()}`;
  server = await preview({
    root: join(root, 'site'),
    configFile: false,
    appType: 'mpa',
    preview: { port: Number(new URL(origin).port), strictPort: true },
  });
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

const decode = (text: string): string =>
  text.replace(
    /&(amp|quot|lt|gt|#39);/g,
    (entity) => ({ '&amp;': '&', '&quot;': '"', '&lt;': '<', '&gt;': '>' })[entity] ?? "'",
  );

/** The values of an attribute in the tags of a page. */
const findValues = (html: string, tag: string, attribute: string): string[] =>
  Array.from(html.matchAll(new RegExp(`<${tag}\\s(?:[^>]*\\s)?${attribute}="([^"]*)"`, 'g')), ([, value = '']) =>
    decode(value),
  );

/** The file that a static host serves for a path, or undefined. */
const findFile = (path: string): string | undefined =>
  [path, `${path}.html`, posix.join(path, 'index.html')].find(
    (name) => !name.endsWith('/') && /\.\w+$/.test(name) && existsSync(join(output, name)),
  );

/** Why a link of a page leads nowhere, or undefined. */
function findBrokenLink(page: string, href: string): string | undefined {
  const { origin: target, pathname, hash } = new URL(href, `https://site.test${page}`);
  if (href.startsWith(REPOSITORY)) {
    const [, path = '.'] = /^\/[^/]+\/[^/]+\/(?:blob|tree|edit)\/main\/(.*)$/.exec(pathname) ?? [];
    return existsSync(join(root, decodeURI(path))) ? undefined : `${page}: ${href} is not in the repository`;
  }
  if (target !== 'https://site.test') return undefined;
  const file = findFile(decodeURI(pathname));
  if (!file) return `${page}: there is no ${href}`;
  const ids = findValues(pages.get(file) ?? '', '[\\w-]+', 'id');
  return hash && !ids.includes(decodeURIComponent(hash.slice(1))) ? `${page}: ${href} has no such anchor` : undefined;
}

/** The text of a page without its navigation. */
const readText = (html: string): string =>
  decode(/<main[^>]*>(.*)<\/main>/s.exec(html)?.[1]?.replace(/<[^>]*>/g, '') ?? '').replace(/\s+/g, ' ');

/** Opens a page, and collects what goes wrong: messages of the console, errors, and requests to other origins. */
async function openPage(options: Parameters<Browser['newContext']>[0] = {}): Promise<{ page: Page; faults: string[] }> {
  const page = await (await createContext(browser, options)).newPage();
  const faults: string[] = [];
  page.on('console', (message) => {
    if (/error|warning/.test(message.type())) faults.push(`${page.url()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`${page.url()}: ${error.message}`));
  page.on('request', (request) => {
    const url = request.url();
    if (!/^(data|blob):/.test(url) && new URL(url).origin !== origin) faults.push(`${page.url()} requests ${url}`);
  });
  return { page, faults };
}

/** The texts of a page that are too hard to read, as axe finds them. */
async function findLowContrast(page: Page): Promise<string[]> {
  await page.addScriptTag({ path: AXE });
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: typeof import('axe-core') };
    const { violations } = await axe.run(document, { runOnly: ['color-contrast'], resultTypes: ['violations'] });
    return violations.flatMap(({ nodes }) =>
      nodes.map(({ target, any }) => `${target.flat().at(-1)} ${any[0]?.message}`),
    );
  });
}

const DOCUMENTS = ['/', '/start', '/element', '/frameworks', '/examples/', '/examples/vue', '/api/element', '/errors/'];

describe('the files of the site', () => {
  it('every internal link and anchor resolves, and every link into the repository', () => {
    const broken = Array.from(pages).flatMap(([page, html]) =>
      findValues(html, 'a', 'href').map((href) => findBrokenLink(page, href)),
    );
    expect(broken.filter(Boolean)).toEqual([]);
  });

  it('a broken link, a missing anchor and a missing file of the repository are found', () => {
    const links = ['/nowhere', '/start#nowhere', `${REPOSITORY}blob/main/docs/nowhere.md`];
    expect(links.map((href) => Boolean(findBrokenLink('/start.html', href)))).toEqual([true, true, true]);
  });

  it('every error code has a page at the address that the console prints, in the list and in the repository', () => {
    const listed = findValues(pages.get('/errors/index.html') ?? '', 'a', 'href');
    for (const code of Object.keys(ERROR_CODES)) {
      expect(findBrokenLink('/', `${ERROR_PAGES}/${code}.md`)).toBeUndefined();
      expect(readText(pages.get(`/errors/${code}.html`) ?? '')).toContain(code);
      expect(listed).toContain(`/errors/${code}`);
    }
  });

  it('every framework has a page, in the list of examples', () => {
    const listed = findValues(pages.get('/examples/index.html') ?? '', 'a', 'href');
    for (const [name, { title }] of Object.entries(FRAMEWORK_PAGES)) {
      expect(readText(pages.get(`/examples/${name}.html`) ?? '')).toContain(`${title} `);
      expect(listed).toContain(`/examples/${name}`);
    }
  });

  it('no page names a script, style sheet, image or font of another origin', () => {
    for (const html of pages.values()) {
      const urls = ['src', 'href'].flatMap((name) => findValues(html, '(?:script|link|img|source|iframe)', name));
      expect(urls.filter((url) => /^(https?:)?\/\//.test(url))).toEqual([]);
    }
  });
});

describe('the pages in a browser', () => {
  it('are readable without JavaScript', async () => {
    for (const [name, html] of pages) {
      if (/^\/(404|playground\/.*)\.html$/.test(name)) continue;
      expect([name, readText(html).length > 150]).toEqual([name, true]);
    }
    const { page, faults } = await openPage({ javaScriptEnabled: false });
    for (const path of DOCUMENTS) {
      await page.goto(origin + path);
      expect(await page.locator('main h1').isVisible()).toBe(true);
      expect((await page.locator('main').innerText()).length).toBeGreaterThan(500);
    }
    await page.goto(`${origin}/examples/vue`);
    expect(await page.getByText('isCustomElement').first().isVisible()).toBe(true);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('load without a message in the console and without a request to another origin', async () => {
    const { page, faults } = await openPage();
    for (const name of pages.keys()) {
      if (name.startsWith('/playground/') || name === '/404.html') continue;
      await page.goto(origin + name.replace(/(index)?\.html$/, ''), { waitUntil: 'networkidle' });
    }
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('are found by the search', async () => {
    const { page, faults } = await openPage();
    await page.goto(`${origin}/start`);
    for (const [words, path] of [
      ['SvelteKit', '/examples/sveltekit'],
      ['upload_expired', '/errors/upload_expired'],
    ] as const) {
      await page.locator('.VPNavBarSearch button').click();
      await page.locator('.VPLocalSearchBox input').fill(words);
      await page.locator(`.VPLocalSearchBox a[href^="${path}"]`).first().waitFor();
      await page.keyboard.press('Escape');
      await page.locator('.VPLocalSearchBox').waitFor({ state: 'detached' });
    }
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it.each(['light', 'dark'] as const)('have readable colors in the %s theme', async (colorScheme) => {
    const { page } = await openPage({ colorScheme, reducedMotion: 'reduce' });
    const findings: string[] = [];
    for (const path of [...DOCUMENTS, '/playground/', '/playground/gallery']) {
      await page.goto(origin + path, { waitUntil: 'networkidle' });
      findings.push(...(await findLowContrast(page)).map((finding) => `${path} ${finding}`));
    }
    expect(findings).toEqual([]);
    await page.context().close();
  });
});

describe('the playground', () => {
  it('uploads to its simulated back end, without a message in the console', async () => {
    const { page, faults } = await openPage();
    await page.goto(`${origin}/playground/`);
    await page.locator('flare-avatar-upload').waitFor();
    await pickFile(page, toFile(png({ width: 64, height: 64 })));
    expect(await waitForEnd(page)).toBe('success');
    await page.locator('#event-log', { hasText: 'flare-success' }).waitFor();
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('the gallery logs only the error that it shows', async () => {
    const { page, faults } = await openPage();
    await page.goto(`${origin}/playground/gallery`);
    await page.waitForFunction(() => document.querySelectorAll('flare-avatar-upload:state(uploading)').length === 16);
    expect(faults.filter((fault) => !fault.includes('commit failed: unavailable'))).toEqual([]);
    await page.context().close();
  });
});
