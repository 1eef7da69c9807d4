import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserFlags } from '../../scripts/setup.mjs';
import { readAccessibilityTree } from '../support/accessibility-tree.js';
import { launchBrowser } from '../support/browser.js';
import { CdnSite } from '../support/cdn-site.js';
import { root } from '../support/dev-server.js';
import { ElementPage } from '../support/element-page.js';
import { chooseCases } from '../support/run-factor.js';
import { findOverflow, findSmallTargets } from '../support/targets.js';

const site = new CdnSite();
let origin = '';
let browser: Browser;
beforeAll(async () => {
  // Two cameras that show a test picture, and a user who allows every page to use them.
  const camera = ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream=device-count=2,fps=5'];
  [origin, browser] = await Promise.all([site.start(), launchBrowser({ args: [...browserFlags, ...camera] })]);
});
afterAll(() => Promise.all([browser?.close(), site.stop()]));

/** A transparent picture. */
const SRC = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7';

/** A state of the element: its attributes, and how it is reached. A new state needs one entry here. */
interface Scene {
  attributes?: string;
  /** A dialog is open: the rest of the page is inert. */
  isDialog?: true;
  reach?(opened: ElementPage): Promise<unknown>;
}

const SCENES: Record<string, Scene> = {
  empty: {},
  'with a picture': { attributes: `src="${SRC}"` },
  disabled: { attributes: 'disabled' },
  small: { attributes: `src="${SRC}" avatar-url="/api/me/avatar" style="--flare-size: 24px"` },
  'a file is dragged over it': {
    reach: async (opened) => {
      await opened.page.evaluate(() => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File(['x'], 'me.png', { type: 'image/png' }));
        const element = document.querySelector('flare-avatar-upload');
        for (const type of ['pointerenter', 'dragover'])
          element?.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, composed: true }));
      });
      await opened.waitFor((element) => element.shadowRoot?.querySelector('[part=progress]'));
      await opened.waitForState('dragover');
    },
  },
  'required and missing': {
    attributes: 'required',
    reach: ({ page }) => page.evaluate(() => document.querySelector('flare-avatar-upload')?.checkValidity()),
  },
  'file waits for upload()': {
    attributes: 'no-auto',
    reach: async (opened) => {
      await opened.page.keyboard.press('Tab');
      await opened.pickByKey('Enter');
      await opened.waitFor((element) => element.shadowRoot?.querySelector('[part=edit-button]'));
    },
  },
  'asking for a URL': {
    reach: async (opened) => {
      await opened.answer('presign', null);
      await opened.upload();
      await opened.waitForState('presigning');
    },
  },
  saving: {
    reach: async (opened) => {
      await opened.answer('commit', null);
      await opened.upload();
      await opened.waitForState('committing');
    },
  },
  offline: {
    reach: async (opened) => {
      await opened.answer('presign', null);
      await opened.upload();
      await opened.waitForState('presigning');
      await opened.page.evaluate(() => {
        Object.defineProperty(navigator, 'onLine', { value: false });
        window.dispatchEvent(new Event('offline'));
      });
      await opened.waitForState('offline');
    },
  },
  removing: {
    attributes: `src="${SRC}" avatar-url="/api/me/avatar"`,
    reach: async (opened) => {
      await opened.answer('remove', null);
      await opened.page.evaluate(() => {
        document
          .querySelector('flare-avatar-upload')
          ?.removeAvatar()
          .catch(() => {});
      });
      await opened.waitForState('removing');
    },
  },
  'waiting for the next attempt': {
    reach: async (opened) => {
      await opened.answer('presign', { error: 'x', code: 'unavailable' }, 503);
      await opened.upload();
      await opened.waitForState('retrying');
    },
  },
  'form waits for the upload': {
    reach: async (opened) => {
      await opened.answer('commit', null);
      await opened.upload();
      await opened.waitForState('committing');
      await opened.page.evaluate(() => document.querySelector('form')?.requestSubmit());
      await opened.waitFor((element) => element.updateComplete);
    },
  },
  saved: {
    reach: async (opened) => {
      await opened.upload();
      await opened.waitForState('success');
    },
  },
  failed: {
    reach: async (opened) => {
      await opened.answer('commit', { error: 'x', code: 'invalid_image' }, 422);
      await opened.upload();
      await opened.waitForState('error');
    },
  },
  'small and failed': {
    attributes: 'style="--flare-size: 24px"',
    reach: async (opened) => {
      await opened.answer('commit', { error: 'x', code: 'invalid_image' }, 422);
      await opened.upload();
      await opened.waitForState('error');
    },
  },
  'editor open': {
    attributes: 'crop="manual"',
    isDialog: true,
    reach: async (opened) => {
      await opened.upload();
      await opened.waitFor((element) => element.shadowRoot?.querySelector('dialog[open]'));
    },
  },
  'camera starting': {
    attributes: 'camera',
    isDialog: true,
    reach: async (opened) => {
      await opened.page.evaluate(() => {
        navigator.mediaDevices.getUserMedia = () => new Promise(() => {});
        document.querySelector('flare-avatar-upload')?.openCamera();
      });
      await opened.waitFor((element) => element.shadowRoot?.querySelector('dialog[open]'));
    },
  },
  'camera on': { attributes: 'camera', isDialog: true, reach: turnCameraOn },
  'photo taken': {
    attributes: 'camera',
    isDialog: true,
    reach: async (opened) => {
      await turnCameraOn(opened);
      await opened.page.keyboard.press('Space');
      await opened.waitFor((element) => element.shadowRoot?.querySelector('[part=camera-use]'));
    },
  },
};

async function turnCameraOn(opened: ElementPage): Promise<void> {
  await opened.page.getByRole('button', { name: 'Take a photo' }).click();
  await opened.waitFor((element) => element.shadowRoot?.querySelector('[part=camera-shutter]:not([aria-disabled])'));
}

async function openScene(name: string): Promise<ElementPage> {
  // Of two attributes of the same name, the first one counts.
  const { attributes = '', reach } = SCENES[name] as Scene;
  const body = `<form><flare-avatar-upload name="picture" ${attributes} avatar-url=""></flare-avatar-upload></form>`;
  const opened = await ElementPage.open(browser, site, origin, body, `/${encodeURIComponent(name)}`);
  await opened.waitFor((element) => element.updateComplete);
  await reach?.(opened);
  await opened.waitFor((element) => element.updateComplete);
  return opened;
}

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** What fades in has neither its colors nor can it be hit before it is there. */
const waitForAnimations = (page: Page): Promise<unknown> =>
  page.evaluate(() => Promise.all(document.getAnimations().map(({ finished }) => finished.catch(() => {}))));

/** The rules that axe finds broken, with the elements. */
async function runAxe(page: Page): Promise<string[]> {
  await waitForAnimations(page);
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: typeof import('axe-core') };
    const { violations } = await axe.run(document, { resultTypes: ['violations'] });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id} ${target.flat().at(-1)} ${failureSummary}`),
    );
  });
}

const SCHEMES = [
  { colorScheme: 'light', forcedColors: 'none' },
  { colorScheme: 'dark', forcedColors: 'none' },
  { colorScheme: 'light', forcedColors: 'active' },
] as const;
const COMBINATIONS = SCHEMES.flatMap((media) => ['ltr', 'rtl'].map((dir) => ({ dir, media })));

/** In `npm test`, each state in one combination, and each combination in some states. */
async function findViolations(page: Page, name: string): Promise<string[]> {
  await page.addScriptTag({ path: AXE });
  const findings: string[] = [];
  const turn = Object.keys(SCENES).indexOf(name) % COMBINATIONS.length;
  for (const { dir, media } of chooseCases(COMBINATIONS, (_, index) => index === turn)) {
    await page.emulateMedia(media);
    await page.evaluate((value) => document.documentElement.setAttribute('dir', value), dir);
    findings.push(...(await runAxe(page)).map((text) => `${dir} ${Object.values(media)} ${text}`));
  }
  return findings;
}

/** What is found out about a scene on one page. */
interface Visit {
  tree: string;
  violations: string[];
  smallTargets: string[];
  overflow: string[];
}
const visits = new Map<string, Promise<Visit>>();

function visitScene(name: string): Promise<Visit> {
  const visit = visits.get(name) ?? inspectScene(name);
  visits.set(name, visit);
  return visit;
}

async function inspectScene(name: string): Promise<Visit> {
  const opened = await openScene(name);
  const { page } = opened;
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await waitForAnimations(page);
  const visit = {
    tree: await readAccessibilityTree(page, SCENES[name]?.isDialog),
    violations: await findViolations(page, name),
    smallTargets: await findSmallTargets(page),
    overflow: await findOverflow(page),
  };
  await opened.close();
  return visit;
}

describe.each(Object.keys(SCENES))('the element: %s', (name) => {
  it('has no findings of axe, light, dark and in forced colors, from left to right and from right to left', async () => {
    expect((await visitScene(name)).violations).toEqual([]);
  });

  it('has targets of 44 pixels for a coarse pointer, and of 24 for others', async () => {
    expect((await visitScene(name)).smallTargets).toEqual([]);
  });

  it('fits at a zoom of 400 %, 320 × 256 pixels, and every control can be reached by scrolling down', async () => {
    expect((await visitScene(name)).overflow).toEqual([]);
  });
});

describe('in forced colors', () => {
  it('the icon of the badge is visible, before and after the upload code is loaded', async () => {
    const opened = await ElementPage.open(
      browser,
      site,
      origin,
      '<flare-avatar-upload></flare-avatar-upload>',
      '/badge',
    );
    await opened.page.emulateMedia({ forcedColors: 'active' });
    const readColors = () =>
      opened.page.evaluate(() => {
        const badge = document.querySelector('flare-avatar-upload')?.shadowRoot?.querySelector('.badge') as Element;
        const icon = badge.querySelector('svg') as Element;
        return [getComputedStyle(badge).backgroundColor, getComputedStyle(icon).stroke];
      });
    const [background, icon] = await readColors();
    expect(icon).not.toBe(background);
    await opened.page.keyboard.press('Tab');
    await opened.waitFor((element) => element.shadowRoot?.querySelector('[part=progress]'));
    const [usedBackground, usedIcon] = await readColors();
    expect(usedIcon).not.toBe(usedBackground);
    await opened.close();
  });
});

describe('the accessibility tree', () => {
  it('of each state is the one that was reviewed', async () => {
    const trees: string[] = [];
    for (const name of Object.keys(SCENES)) trees.push(`## ${name}\n\n${(await visitScene(name)).tree}\n`);
    await expect(trees.join('\n')).toMatchFileSnapshot('../support/accessibility-trees.txt');
  });

  it('contains everything that docs/accessibility.md says a screen reader reads', () => {
    const docs = readFileSync(join(root, 'docs', 'accessibility.md'), 'utf8');
    const trees = readFileSync(join(root, 'test', 'support', 'accessibility-trees.txt'), 'utf8');
    const texts = ['src/i18n/en.ts', 'src/core/error-sentences.ts'].map((file) =>
      readFileSync(join(root, file), 'utf8'),
    );
    const quotes = [...docs.matchAll(/“([^”]+)”/g)].map(([, quote = '']) => quote);
    expect(quotes.length).toBeGreaterThan(10);
    expect(quotes.filter((quote) => !trees.includes(quote) && !texts.join().includes(quote))).toEqual([]);
  });

  it('names the control by the aria attributes of the element, also after they have changed', async () => {
    const body = `<p id="a">Team logo</p><p id="b">PNG only</p>
      <flare-avatar-upload avatar-url="" aria-labelledby="a" aria-describedby="b"></flare-avatar-upload>`;
    const opened = await ElementPage.open(browser, site, origin, body, '/named');
    await opened.page.keyboard.press('Tab');
    await opened.waitFor((element) => element.shadowRoot?.querySelector('[part=progress]'));
    const tree = await readAccessibilityTree(opened.page);
    expect(tree).toContain('group "Team logo" description "PNG only"');
    expect(tree).toMatch(/button "Team logo: add a picture".* description "[^"]*PNG only"/);
    await opened.page.evaluate(() => {
      const element = document.querySelector('flare-avatar-upload');
      element?.removeAttribute('aria-labelledby');
      element?.removeAttribute('aria-describedby');
      element?.setAttribute('aria-label', 'Crest');
      return element?.updateComplete;
    });
    const renamed = await readAccessibilityTree(opened.page);
    expect(renamed).toContain('group "Crest"');
    expect(renamed).toContain('button "Crest: add a picture"');
    expect(renamed).not.toContain('PNG only');
    await opened.close();
  });
});

describe('by keyboard alone', () => {
  it('a user picks, cancels, retries, crops, rotates and applies, and the focus is never lost', async () => {
    const body = '<form><flare-avatar-upload crop="manual" avatar-url="" src=""></flare-avatar-upload></form>';
    const opened = await ElementPage.open(browser, site, origin, body, '/keyboard');
    const { page } = opened;
    const press = async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    await press('Tab');
    expect(await opened.findFocus()).toBe('trigger');
    await opened.pickByKey('Enter');
    const waitForEditor = () => opened.waitFor((element) => element.shadowRoot?.querySelector('dialog[open]'));
    await waitForEditor();
    await press('Escape');
    await opened.waitForState('idle');
    expect(await opened.findFocus()).toBe('trigger');
    await opened.answer('commit', null);
    await opened.pickByKey('Space');
    await waitForEditor();
    await press('ArrowLeft', '+', 'r', 'Enter');
    await opened.waitForState('committing');
    expect(await opened.findFocus()).toBe('trigger');
    await press('Tab');
    while ((await opened.findFocus()) === 'edit-button') await press('Tab');
    expect(await opened.findFocus()).toBe('cancel-button');
    await press('Enter');
    await opened.waitForState('idle');
    expect(await opened.findFocus()).toBe('trigger');
    await opened.answer('commit', { error: 'x', code: 'internal' }, 400);
    await opened.pickByKey('Enter');
    await waitForEditor();
    await press('Enter');
    await opened.waitForState('error');
    await opened.answer('commit');
    await press('Tab');
    expect(await opened.findFocus()).toBe('retry-button');
    await press('Enter');
    await opened.waitForState('success');
    expect(await opened.findFocus()).toBe('trigger');
    await opened.close();
  });

  it('a user takes a photo, retakes it with another camera, and uses it', async () => {
    const opened = await ElementPage.open(
      browser,
      site,
      origin,
      '<flare-avatar-upload camera avatar-url=""></flare-avatar-upload>',
      '/photo',
    );
    const { keyboard } = opened.page;
    const waitForShutter = () =>
      opened.waitFor((element) => element.shadowRoot?.querySelector('[part=camera-shutter]:not([aria-disabled])'));
    await keyboard.press('Tab');
    await keyboard.press('Tab');
    expect(await opened.findFocus()).toBe('camera-button');
    await keyboard.press('Enter');
    await waitForShutter();
    expect(await opened.findFocus()).toBe('camera-shutter');
    await keyboard.press('Space');
    await opened.waitFor((element) => element.shadowRoot?.querySelector('[part=camera-use]'));
    await keyboard.press('Shift+Tab');
    expect(await opened.findFocus()).toBe('camera-retake');
    await keyboard.press('Enter');
    await waitForShutter();
    for (let i = 0; i < 2; i++) await keyboard.press('Shift+Tab');
    await keyboard.press('Enter');
    await opened.waitFor(
      (element) => element.shadowRoot?.querySelectorAll('[aria-pressed]')[1]?.ariaPressed === 'true',
    );
    await waitForShutter();
    for (let i = 0; i < 2; i++) await keyboard.press('Tab');
    expect(await opened.findFocus()).toBe('camera-shutter');
    await keyboard.press('Enter');
    await opened.waitFor((element) => element.shadowRoot?.querySelector('[part=camera-use]'));
    expect(await opened.findFocus()).toBe('camera-use');
    await keyboard.press('Enter');
    await opened.waitForState('success');
    // The camera button was away during the upload.
    expect(await opened.findFocus()).toBe('trigger');
    await opened.close();
  });

  it('a user removes the picture, and the focus is on the button that adds one', async () => {
    const body = `<flare-avatar-upload avatar-url="/api/me/avatar" src="${SRC}"></flare-avatar-upload>`;
    const opened = await ElementPage.open(browser, site, origin, body, '/removal');
    await opened.page.keyboard.press('Tab');
    await opened.waitFor((element) => element.shadowRoot?.querySelector('[part=remove-button]'));
    await opened.page.keyboard.press('Tab');
    expect(await opened.findFocus()).toBe('remove-button');
    await opened.page.keyboard.press('Enter');
    await opened.waitFor((element) => element.shadowRoot?.querySelector('[part=remove-button]') === null);
    expect(await opened.findFocus()).toBe('trigger');
    await opened.close();
  });
});
