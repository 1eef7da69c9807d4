import { type Browser, chromium, type LaunchOptions, type Page } from 'playwright-core';
import { browserFlags, findBrowser } from '../../scripts/setup.mjs';

export const launch = (options: LaunchOptions = {}): Promise<Browser> =>
  chromium.launch({ executablePath: findBrowser(), args: browserFlags, headless: true, ...options });

/** Picks a file on the page's element as a user does. */
export async function pickFile(
  page: Page,
  file: string | { name: string; mimeType: string; buffer: Buffer },
): Promise<void> {
  const chooser = page.waitForEvent('filechooser');
  await page
    .locator('flare-avatar-upload')
    .getByRole('button', { name: /picture/ })
    .first()
    .click();
  await (await chooser).setFiles(file);
}

/** Resolves with the state in which the run ends. */
export async function endState(page: Page): Promise<string> {
  const handle = await page.waitForFunction(() => {
    const state = document.querySelector('flare-avatar-upload')?.state ?? '';
    return /success|error/.test(state) && state;
  });
  return String(await handle.jsonValue());
}
