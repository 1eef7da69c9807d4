import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, launchChromium } from '../support/browser.js';
import { isFirefox } from '../support/browser-engine.js';
import { CdnSite } from '../support/cdn-site.js';
import { ElementPage, KEY, PICTURE } from '../support/element-page.js';

const site = new CdnSite();
let origin = '';
let browser: Browser;
beforeAll(async () => {
  [origin, browser] = await Promise.all([site.start(), launchBrowser()]);
});
afterAll(() => Promise.all([browser?.close(), site.stop()]));

const FIELD = '<flare-avatar-upload name="picture" avatar-url=""></flare-avatar-upload>';

const readValue = ({ page }: ElementPage) =>
  page.evaluate(() => [
    document.querySelector('flare-avatar-upload')?.value,
    new FormData(document.querySelector('form') as HTMLFormElement).get('picture'),
  ]);

describe('the element in a form', () => {
  it('has its value again after the user has come back to the page, until the form is reset', async () => {
    const opened = await ElementPage.open(browser, site, origin, `<form>${FIELD}</form>`, '/restored');
    const { page } = opened;
    await opened.upload();
    await opened.waitForState('success');
    site.pages.set('/other', { html: '<!doctype html><title>Other</title>', policy: '' });
    await page.goto(`${origin}/other`);
    await page.goBack();
    await opened.waitFor((element) => element.value);
    expect(await readValue(opened)).toEqual([KEY, KEY]);
    await page.evaluate(() => document.querySelector('form')?.reset());
    await opened.waitFor((element) => !element.value);
    expect(await readValue(opened)).toEqual(['', null]);
    await opened.close();
  });

  it.skipIf(isFirefox)('keeps the page in the back/forward cache, and works when the user has come back', async () => {
    // Playwright switches that cache off by default, and only Chromium itself has it.
    const chromium = await launchChromium({ ignoreDefaultArgs: ['--disable-back-forward-cache'] });
    const opened = await ElementPage.open(chromium, site, origin, `<form>${FIELD}</form>`, '/kept');
    const { page } = opened;
    await opened.upload();
    await opened.waitForState('success');
    await page.evaluate(() => addEventListener('pageshow', ({ persisted }) => Object.assign(window, { persisted })));
    site.pages.set('/other', { html: '<!doctype html><title>Other</title>', policy: '' });
    await page.goto(`${origin}/other`);
    await page.evaluate(() => history.back()).catch(() => {});
    await opened.waitFor((element) => element);
    const kept = await page.evaluate(() => {
      const [{ notRestoredReasons }] = performance.getEntriesByType('navigation') as unknown as [
        { notRestoredReasons: unknown },
      ];
      return { persisted: 'persisted' in window && window.persisted, notRestoredReasons };
    });
    expect(kept).toEqual({ persisted: true, notRestoredReasons: null });
    expect(await readValue(opened)).toEqual([KEY, KEY]);
    await opened.answer('commit', { ok: true, avatar: { key: 'avatars/o/2.webp' } });
    await opened.upload();
    await opened.waitFor((element) => element.value.includes('/2.'));
    expect(await readValue(opened)).toEqual(['avatars/o/2.webp', 'avatars/o/2.webp']);
    await chromium.close();
  });

  it('gets the focus of autofocus, in the page and in a dialog and a popover that open', async () => {
    const opened = await ElementPage.open(browser, site, origin, FIELD.replace('name', 'autofocus name'), '/focused');
    await opened.waitFor((element) => document.activeElement === element);
    expect(await opened.findFocus()).toBe('trigger');
    await opened.close();
    // In Firefox, a popover that opens gives the focus to no custom element.
    for (const [tag, open] of [['dialog', 'showModal'], ...(isFirefox ? [] : [['div popover', 'showPopover']])]) {
      const body = `<${tag}>${FIELD.replace('name', 'autofocus name')}</${tag?.split(' ')[0]}>`;
      const layer = await ElementPage.open(browser, site, origin, body, '/layer');
      await layer.page.evaluate((method) => {
        const parent = document.querySelector('flare-avatar-upload')?.parentElement as HTMLElement;
        (parent as unknown as Record<string, () => void>)[method as string]?.();
      }, open);
      expect(await layer.findFocus()).toBe('trigger');
      await layer.pickByKey('Enter');
      await layer.waitForState('success');
      await layer.close();
    }
  });

  it('opens its editor above a modal dialog, and Escape closes only the editor', async () => {
    const body = `<dialog>${FIELD.replace('name', 'crop="manual" name')}</dialog>`;
    const opened = await ElementPage.open(browser, site, origin, body, '/editor-in-dialog');
    await opened.page.evaluate(() => document.querySelector('dialog')?.showModal());
    await opened.upload();
    await opened.waitFor((element) => element.shadowRoot?.querySelector('dialog[open]'));
    await opened.page.keyboard.press('Escape');
    await opened.waitForState('idle');
    expect(await opened.page.evaluate(() => document.querySelector('dialog')?.open)).toBe(true);
    await opened.close();
  });

  it('shows no event of its file input to listeners in the page, in any phase', async () => {
    const opened = await ElementPage.open(browser, site, origin, FIELD, '/events');
    const { page } = opened;
    await page.evaluate(() => {
      const seen: string[] = [];
      Object.assign(window, { seen });
      for (const type of ['input', 'change', 'click', 'cancel', 'invalid'])
        for (const target of [window, document, document.body])
          target.addEventListener(type, (event) => seen.push(`${type} ${event.isTrusted}`), true);
    });
    await page.keyboard.press('Tab');
    await opened.pickByKey('Enter');
    await opened.waitForState('success');
    const each = (name: string) => Array(3).fill(name);
    expect(await page.evaluate(() => (window as unknown as { seen: string[] }).seen)).toEqual([
      ...each('click true'),
      ...each('input false'),
      ...each('change false'),
    ]);
    await opened.close();
  });

  it.skipIf(isFirefox)('opens the file picker again after it was closed, and takes the same file twice', async () => {
    const opened = await ElementPage.open(browser, site, origin, FIELD, '/again');
    for (let pick = 0; pick < 2; pick++) {
      const chooser = opened.page.waitForEvent('filechooser');
      await opened.page.evaluate(() => document.querySelector('flare-avatar-upload')?.pick());
      await (await chooser).setFiles([]);
    }
    for (let pick = 0; pick < 2; pick++) {
      const success = opened.page.evaluate(
        () =>
          new Promise((resolve) =>
            document.querySelector('flare-avatar-upload')?.addEventListener('flare-success', resolve, { once: true }),
          ),
      );
      const chooser = opened.page.waitForEvent('filechooser');
      await opened.page.evaluate(() => document.querySelector('flare-avatar-upload')?.pick());
      await (await chooser).setFiles(PICTURE);
      await success;
    }
    await opened.close();
  });

  it('works inside another form-associated element, whose value follows', async () => {
    const body = '<form><outer-field name="outer"></outer-field></form>';
    const opened = await ElementPage.open(browser, site, origin, body, '/nested');
    await opened.page.evaluate((field) => {
      customElements.define(
        'outer-field',
        class extends HTMLElement {
          static formAssociated = true;
          readonly internals = this.attachInternals();
          connectedCallback() {
            this.attachShadow({ mode: 'open', delegatesFocus: true }).innerHTML = field;
            const inner = this.shadowRoot?.querySelector('flare-avatar-upload');
            inner?.addEventListener('change', () => this.internals.setFormValue(inner.value));
          }
        },
      );
    }, FIELD);
    await opened.page.keyboard.press('Tab');
    await opened.pickByKey('Enter');
    await opened.page.waitForFunction(() =>
      new FormData(document.querySelector('form') as HTMLFormElement).has('outer'),
    );
    expect(
      await opened.page.evaluate(() => [...new FormData(document.querySelector('form') as HTMLFormElement)]),
    ).toEqual([['outer', KEY]]);
    await opened.close();
  });

  it('matches :state(user-invalid) and gets the focus when a submission was refused', async () => {
    const body = `<form>${FIELD.replace('name', 'required name')}<button>Save</button></form>`;
    const opened = await ElementPage.open(browser, site, origin, body, '/invalid');
    const readStates = () =>
      opened.page.evaluate(() =>
        [':invalid', ':state(user-invalid)'].map((selector) =>
          document.querySelector('flare-avatar-upload')?.matches(selector),
        ),
      );
    expect(await readStates()).toEqual([true, false]);
    await opened.page.getByText('Save').click();
    const [isInvalid, hasState] = await readStates();
    expect([isInvalid, hasState, await opened.findFocus()]).toEqual([true, true, 'trigger']);
    await opened.close();
  });
});
