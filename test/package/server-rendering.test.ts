import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, pickFile, toFile } from '../support/browser.js';
import { DelayedDefinition } from '../support/delayed-definition.js';
import { PackedPackage } from '../support/packed-package.js';
import { png } from '../support/pictures.js';

const packed = PackedPackage.create();
let browser: Browser;
let rendered = '';

/** A blue square. */
const PICTURE = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9" fill="blue"/></svg>',
)}`;
const TAG = 'flare-avatar-upload';
const ELEMENTS = [
  `src="${PICTURE}" output-size="64"`,
  'initials="AL" required',
  'camera shape="square"',
  'style="--flare-size: 200px" lang="de"',
  'disabled',
].map((attributes) => `<p>Before <${TAG} avatar-url="" ${attributes}></${TAG}> after</p>`);
const MARKUP = `<h1>Profile</h1>${ELEMENTS.join('')}
  <fieldset disabled><label>Logo <${TAG}><small slot="hint">Square</small></${TAG}></label></fieldset><p>Below</p>`;

/** Renders with Lit in Node; fails if anything is printed to the console. */
const renderOnServer = (markup: string): string =>
  packed.runModule(`
    import { render } from '@lit-labs/ssr';
    import { collectResult } from '@lit-labs/ssr/lib/render-result.js';
    import { html, unsafeStatic } from 'lit/static-html.js';
    import 'flare-avatar-upload';
    process.stdout.write(await collectResult(render(html\`\${unsafeStatic(${JSON.stringify(markup)})}\`)));`);

beforeAll(async () => {
  browser = await launchBrowser();
  rendered = renderOnServer(MARKUP);
});
afterAll(async () => {
  await browser?.close();
  packed.remove();
});

describe('rendered by @lit-labs/ssr', () => {
  it('the picture or the initials are in a declarative shadow root', () => {
    const [picture = '', initials = '', placeholder = ''] = rendered.split('<template ').slice(1);
    expect(picture).toMatch(/^shadowroot="open" shadowrootmode="open" shadowrootdelegatesfocus>/);
    expect(picture).toContain(`src="${PICTURE}"`);
    expect(initials).toMatch(/part="initials"[^>]*><!--lit-part-->AL/);
    expect(placeholder).toContain('part="placeholder"');
  });
});

describe.each([
  ['hydrated by @lit-labs/ssr-client', "import '@lit-labs/ssr-client/lit-element-hydrate-support.js';", true],
  ['rendered again without it', '', false],
])('%s', (_, hydration, isHydrated) => {
  it('nothing moves, nothing is there twice, and everything works', async () => {
    const app = await DelayedDefinition.open(browser, rendered);
    const { page } = app;
    const boxes = await app.measure('body *');
    await page.evaluate(() => {
      const find = () =>
        Array.from(document.querySelectorAll('flare-avatar-upload'), ({ shadowRoot }) => [
          ...(shadowRoot?.querySelectorAll('[part]') ?? []),
        ]);
      Object.assign(window, { find, early: find() });
    });
    await app.run(`${hydration} import 'flare-avatar-upload';`, packed.project);
    expect(await app.measure('body *')).toEqual(boxes);
    expect([await app.countShifts(), app.problems]).toEqual([0, []]);
    const report = await page.evaluate(() => {
      const { early, find } = window as unknown as { early: Element[][]; find: () => Element[][] };
      const roots = Array.from(document.querySelectorAll('flare-avatar-upload'), ({ shadowRoot }) => shadowRoot);
      const findAll = (part: string) => roots.map((root) => root?.querySelectorAll(`[part=${part}]`).length);
      return {
        isKept: find().every((parts, i) => early[i]?.every((part) => parts.includes(part))),
        bases: findAll('base'),
        images: findAll('image'),
        labels: roots.map((root) => root?.querySelector('[part=trigger]')?.ariaLabel),
        isDisabled: roots.map((root) => root?.querySelector('button')?.disabled),
      };
    });
    expect(report).toEqual({
      isKept: isHydrated,
      bases: [1, 1, 1, 1, 1, 1],
      images: [1, 0, 0, 0, 0, 0],
      labels: [
        'Profile picture: change picture',
        ...Array(2).fill('Profile picture: add a picture'),
        expect.stringMatching(/^Profilbild/),
        'Profile picture: add a picture',
        'Logo Square: add a picture',
      ],
      isDisabled: [false, false, false, false, true, true],
    });
    expect(app.requests).toEqual(['/api/me/avatar']);
    await page.evaluate(() => {
      Object.assign(document.querySelector('flare-avatar-upload') as object, { validate: () => 'not_you' });
      addEventListener('flare-reject', ({ detail }) => Object.assign(window, { rejected: detail.error.code }));
    });
    await pickFile(page, toFile(png()));
    await page.waitForFunction("window.rejected === 'not_you'");
    await app.close();
  });
});
