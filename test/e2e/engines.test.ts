/** What users do, in every engine: `npm run test:browsers`. In Chromium, other files test the same and more. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { connectBrowser } from '../support/browser.js';
import { FaultPage } from '../support/fault-page.js';
import { png } from '../support/pictures.js';

let browser: Browser;
beforeAll(async () => {
  browser = await connectBrowser();
});
afterAll(() => browser?.close());

const PICTURE = png({ width: 300, height: 200 });

/** Opens a page with the element, of a new user who has an avatar. */
async function openElement(attributes = '', rest = ''): Promise<FaultPage> {
  const test = await FaultPage.open(browser, inject('origin'));
  await test.openBody(`<form action="/sent"><flare-avatar-upload ${attributes}></flare-avatar-upload>${rest}</form>`);
  test.proxy.reset();
  return test;
}

const waitForDialog = ({ page }: FaultPage) =>
  page.waitForFunction(() => document.querySelector('flare-avatar-upload')?.renderRoot.querySelector('dialog[open]'));

const readAvatar = ({ page }: FaultPage) =>
  page.evaluate(async () => (await (await fetch('/api/me/avatar')).json()).avatar);

describe('a picture that is picked', () => {
  it('is uploaded with progress, and shown after a reload', async () => {
    const test = await openElement();
    await test.page.evaluate(() => {
      const ratios: number[] = [];
      Object.assign(window, { ratios });
      document.addEventListener('flare-progress', (event) => ratios.push((event as CustomEvent).detail.ratio));
    });
    await test.pick(PICTURE);
    await test.waitForState('success');
    const ratios = await test.page.evaluate(() => (window as unknown as { ratios: number[] }).ratios);
    expect([ratios.at(-1), ratios]).toEqual([1, ratios.toSorted((a, b) => a - b)]);
    const key = await test.fetchKey();
    const { value, events, status } = await test.read();
    expect([value, status, events]).toEqual([key, 'Saved', ['success', 'input', 'change']]);
    expect(test.proxy.requests.filter((kind) => kind !== 'image' && kind !== 'load')).toEqual([
      'presign',
      'put',
      'commit',
    ]);
    expect(await readAvatar(test)).toMatchObject({ width: 200, height: 200 });
    await test.page.reload();
    await test.waitForValue(key);
    await test.waitUntilSettled();
    const { image, isBroken } = await test.read();
    expect([image?.includes(key), isBroken]).toEqual([true, false]);
    await test.close();
  });

  it('is refused before any request if it is no picture', async () => {
    const test = await openElement();
    await test.pick(new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg"/>'));
    await test.page.waitForFunction(() => (window as unknown as { events: string[] }).events.includes('reject'));
    await test.waitUntilSettled();
    const { value, error, events } = await test.read();
    expect([value, events, test.proxy.requests]).toEqual([test.oldKey, ['reject'], []]);
    expect(error).toMatch(/^SVG files aren’t supported/);
    await test.close();
  });

  it('is dropped when the upload is canceled, and the previous picture is shown again', async () => {
    const test = await openElement();
    const stalled = new Promise<void>((resolve) => {
      test.proxy.onStall = resolve;
    });
    test.proxy.injectFault('put', 'stall');
    await test.pick(PICTURE);
    await stalled;
    await test.page.getByRole('button', { name: 'Cancel' }).click();
    await test.waitForState('idle');
    await test.waitUntilSettled();
    const { value, image, events } = await test.read();
    expect([value, image?.includes(test.oldKey), events]).toEqual([test.oldKey, true, ['cancel']]);
    expect([await test.fetchKey(), test.committedKeys]).toEqual([test.oldKey, []]);
    await test.close();
  });

  it.each(['drop', 'paste'])('is uploaded after a %s', async (type) => {
    const test = await openElement();
    await test.page.evaluate(
      ([name, bytes]) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([new Uint8Array(bytes as number[])], 'me.png', { type: 'image/png' }));
        const options = { bubbles: true, composed: true, cancelable: true };
        const element = document.querySelector('flare-avatar-upload');
        const target = element?.renderRoot.querySelector('[part=base]');
        const event =
          name === 'drop'
            ? new DragEvent('drop', { ...options, dataTransfer: transfer })
            : // Firefox drops the files of a ClipboardEvent that a script creates.
              Object.assign(new Event('paste', options), { clipboardData: transfer });
        target?.dispatchEvent(event);
      },
      [type, [...PICTURE]] as const,
    );
    await test.waitForState('success');
    expect((await test.read()).value).toBe(await test.fetchKey());
    await test.close();
  });
});

describe('the crop editor', () => {
  it('is operated with the keyboard', async () => {
    const test = await openElement('crop="manual"');
    await test.pick(PICTURE);
    await waitForDialog(test);
    for (const key of ['ArrowLeft', '+', 'Enter']) await test.page.keyboard.press(key);
    await test.waitForState('success');
    const { width, height } = await readAvatar(test);
    expect(width).toBe(height);
    expect(width).toBeLessThan(200);
    await test.close();
  });

  it('is canceled with Escape', async () => {
    const test = await openElement('crop="manual"');
    await test.pick(PICTURE);
    await waitForDialog(test);
    await test.page.keyboard.press('Escape');
    await test.waitForState('idle');
    expect([(await test.read()).events, test.proxy.requests]).toEqual([['cancel'], []]);
    await test.close();
  });
});

describe('the element in a page', () => {
  it('removes the picture', async () => {
    const test = await openElement();
    await test.page.getByRole('button', { name: 'Remove' }).click();
    await test.waitForValue('');
    const { image, events } = await test.read();
    expect([image, events, await test.fetchKey()]).toEqual([null, ['removed', 'input', 'change'], '']);
    await test.close();
  });

  it('is submitted with its form, as the key', async () => {
    const test = await openElement('name="picture"', '<button>Send</button>');
    await test.pick(PICTURE);
    await test.waitForState('success');
    await test.page.getByRole('button', { name: 'Send' }).click();
    await test.page.waitForFunction(() => location.pathname === '/sent');
    const picture = await test.page.evaluate(() => new URLSearchParams(location.search).get('picture'));
    expect(picture).toBe(await test.fetchKey());
    await test.close();
  });

  it('has the picture after the user has come back to the page', async () => {
    const test = await openElement('name="picture"');
    await test.pick(PICTURE);
    await test.waitForState('success');
    const key = await test.fetchKey();
    await test.page.goto(`${test.proxy.origin}/other`);
    await test.page.goBack();
    await test.waitForValue(key);
    await test.waitUntilSettled();
    const { image, isBroken } = await test.read();
    expect([image !== null, isBroken]).toEqual([true, false]);
    await test.close();
  });

  it('follows a change of the language', async () => {
    const test = await openElement();
    await test.page.evaluate(() => document.documentElement.setAttribute('lang', 'de'));
    await test.page.getByRole('button', { name: 'entfernen' }).waitFor();
    await test.page.evaluate(() => document.documentElement.setAttribute('lang', 'en'));
    await test.page.getByRole('button', { name: 'Remove' }).waitFor();
    await test.close();
  });

  it('says that there is no camera', async () => {
    const test = await openElement('camera');
    await test.page.getByRole('button', { name: 'Take a photo' }).click();
    await test.waitForState('error');
    expect((await test.read()).error).toMatch(/No camera/);
    await test.close();
  });
});
