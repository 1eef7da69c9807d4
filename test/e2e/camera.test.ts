import type { Browser, Frame, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserFlags } from '../../scripts/setup.mjs';
import { launchChromium } from '../support/browser.js';
import { CdnSite } from '../support/cdn-site.js';
import { ElementPage } from '../support/element-page.js';

const site = new CdnSite();
let origin = '';
let browser: Browser;
beforeAll(async () => {
  // A camera that shows a test picture. The browser itself decides about permissions.
  const args = [...browserFlags, '--use-fake-device-for-media-stream=fps=5'];
  [origin, browser] = await Promise.all([site.start(), launchChromium({ args })]);
});
afterAll(() => Promise.all([browser?.close(), site.stop()]));

const FIELD = '<flare-avatar-upload camera avatar-url=""></flare-avatar-upload>';

/** Decides in the browser's settings whether pages of this site may use the camera. */
async function setPermission(page: Page, setting: 'granted' | 'denied'): Promise<void> {
  const pageSession = await page.context().newCDPSession(page);
  const { targetInfo } = await pageSession.send('Target.getTargetInfo');
  const { browserContextId } = targetInfo as { browserContextId?: string };
  // The setting lasts as long as this session.
  const session = await browser.newBrowserCDPSession();
  const permission = { name: 'camera' };
  await session.send('Browser.setPermission', {
    origin,
    permission,
    setting,
    ...(browserContextId && { browserContextId }),
  });
}

/** Opens the camera dialog, and resolves with what is reported when it is closed. */
const tryCamera = (frame: Page | Frame) =>
  frame.evaluate(async () => {
    const element = document.querySelector('flare-avatar-upload') as HTMLElementTagNameMap['flare-avatar-upload'];
    const codes: string[] = [];
    element.addEventListener('flare-error', ({ detail }) => codes.push(detail.error.code));
    await element.openCamera();
    await element.updateComplete;
    const root = element.shadowRoot as ShadowRoot;
    return { codes, text: root.querySelector('#error')?.textContent, hasDialog: root.querySelector('dialog') !== null };
  });

describe('the camera', () => {
  it('is reported as blocked where the user has denied it, and opens once it is allowed', async () => {
    const opened = await ElementPage.open(browser, site, origin, FIELD, '/denied');
    const { page } = opened;
    await setPermission(page, 'denied');
    expect(await tryCamera(page)).toEqual({
      codes: ['camera_denied'],
      text: 'Camera access is blocked. Allow it in your browser’s settings, then try again.',
      hasDialog: false,
    });
    await setPermission(page, 'granted');
    await page.getByRole('button', { name: 'Try again' }).click();
    await opened.waitFor((element) => element.shadowRoot?.querySelector('[part=camera-shutter]:not([aria-disabled])'));
    await opened.close();
  });

  it('is reported as forbidden in a frame whose Permissions-Policy forbids it, and has no button there', async () => {
    const opened = await ElementPage.open(browser, site, origin, FIELD, '/framed');
    const { page } = opened;
    await setPermission(page, 'granted');
    site.pages.set('/frame', { html: `<iframe src="/framed" allow="camera 'none'"></iframe>`, policy: '' });
    await page.goto(`${origin}/frame`);
    const frame = page.frames().find((other) => other.url().endsWith('/framed')) as Frame;
    await frame.waitForFunction(() =>
      document.querySelector('flare-avatar-upload')?.shadowRoot?.querySelector('button'),
    );
    expect(await frame.getByRole('button', { name: 'Take a photo' }).count()).toBe(0);
    expect(await tryCamera(frame)).toEqual({
      codes: ['camera_denied'],
      text: 'The camera isn’t allowed on this page. Choose a picture instead.',
      hasDialog: false,
    });
    await opened.close();
  });
});
