import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { launchBrowser } from '../support/browser.js';
import { isFirefox } from '../support/browser-engine.js';
import { openDemo } from '../support/demo.js';
import { jpeg, png } from '../support/pictures.js';

const folder = mkdtempSync(join(tmpdir(), 'flare-changed-'));
let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Writes a picture to the disk. */
function writePicture(): string {
  const path = join(folder, `${crypto.randomUUID()}.png`);
  writeFileSync(path, png({ width: 300, height: 200 }));
  return path;
}

/** Browsers compare the time of the last change in whole seconds. */
function changeFile(path: string): void {
  writeFileSync(path, jpeg());
  utimesSync(path, new Date(), Date.now() / 1000 + 60);
}

/** Firefox reads the new content of a file that has changed. */
const CHANGES: [name: string, change: (path: string) => void][] = [
  ...(isFirefox ? [] : [['changed', changeFile] as [string, typeof changeFile]]),
  ['deleted', (path) => rmSync(path)],
];

/**
 * Chooses a file in an input of the page, which keeps it as `file`. Chromium
 * notes size and time of the last change when they are first read: reading them
 * at once makes every later change one after the pick.
 */
async function chooseFile(page: Page, path: string): Promise<void> {
  await page.evaluate(() => {
    const input = Object.assign(document.createElement('input'), { type: 'file', id: 'own' });
    input.addEventListener('change', () => {
      const file = input.files?.[0];
      Object.assign(window, { file, picked: [file?.size, file?.lastModified] });
    });
    document.body.append(input);
  });
  await page.setInputFiles('#own', path);
}

/** Uploads the file that the page keeps. Resolves with the code and phase of the error, and the text shown. */
const uploadFile = (page: Page) =>
  page.evaluate(async () => {
    const element = document.querySelector('flare-avatar-upload');
    const { file } = window as unknown as { file: File };
    const error = await element?.upload(file).then(
      () => undefined,
      (reason: { code: string; phase: string }) => reason,
    );
    await element?.updateComplete;
    return [error?.code, error?.phase, element?.renderRoot.querySelector('#error')?.textContent];
  });

const SENTENCE = 'This file was moved or changed. Choose it again.';

describe.each(CHANGES)('a file on the disk that was %s after it was picked', (_, change) => {
  it('is refused when it is inspected', async () => {
    const { page } = await openDemo(browser, inject('origin'));
    const path = writePicture();
    await chooseFile(page, path);
    change(path);
    expect(await uploadFile(page)).toEqual(['file_changed', 'pick', SENTENCE]);
    await page.context().close();
  });

  it.each(['auto', 'off'])('is refused when it is decoded, with crop="%s"', async (crop) => {
    const { page } = await openDemo(browser, inject('origin'), { crop, 'no-auto': '' });
    const path = writePicture();
    await chooseFile(page, path);
    await page.exposeFunction('changeOnDisk', () => change(path));
    await page.evaluate(() => {
      const { changeOnDisk } = window as unknown as { changeOnDisk(): Promise<void> };
      // The file has been inspected before this hook is called.
      const validate = () => changeOnDisk().then(() => null);
      Object.assign(document.querySelector('flare-avatar-upload') ?? {}, { validate });
    });
    expect(await uploadFile(page)).toEqual(['file_changed', 'prepare', SENTENCE]);
    await page.context().close();
  });

  it('is refused while it is sent, and not sent again', async () => {
    const { page } = await openDemo(browser, inject('origin'));
    const path = writePicture();
    await chooseFile(page, path);
    let puts = 0;
    page.on('request', (request) => {
      if (request.method() === 'PUT') puts++;
    });
    await page.route('**/api/uploads/presign', async (route) => {
      change(path);
      await route.continue();
    });
    await page.evaluate(() => {
      const { file } = window as unknown as { file: File };
      Object.assign(document.querySelector('flare-avatar-upload') ?? {}, { transform: () => file });
    });
    expect(await uploadFile(page)).toEqual(['file_changed', 'put', SENTENCE]);
    expect(puts).toBeLessThanOrEqual(1);
    await page.context().close();
  });
});
