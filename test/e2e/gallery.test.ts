import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { connectBrowser, createContext } from '../support/browser.js';

let browser: Browser;
beforeAll(async () => {
  browser = await connectBrowser();
});
afterAll(() => browser?.close());

describe('the styling gallery', () => {
  it('shows each design in four states, light and dark, fits 320 px, and copies the source that it uses', async () => {
    const context = await createContext(browser);
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const page = await context.newPage();
    const errors: Error[] = [];
    page.on('pageerror', (error) => errors.push(error));
    await page.setViewportSize({ width: 320, height: 600 });
    await page.goto(`${inject('origin')}/gallery.html`);
    await page.waitForFunction(() => {
      const count = (state: string) => document.querySelectorAll(`flare-avatar-upload:state(${state})`).length;
      return count('uploading') === 16 && count('error') === 16;
    });
    const sections = await page.evaluate(() =>
      Array.from(document.querySelectorAll('section'), (section) => ({
        style: section.querySelector('style')?.textContent?.replace(/\s+/g, ' ').trim() ?? '',
        source: section.querySelector('pre')?.textContent?.replace(/\s+/g, ' ') ?? '',
        elements: section.querySelectorAll('flare-avatar-upload').length,
        pictures: section.querySelectorAll('flare-avatar-upload:not(:state(empty))').length,
      })),
    );
    expect(sections).toHaveLength(8);
    for (const { style, source, elements, pictures } of sections) {
      expect([source.includes(style), elements, pictures]).toEqual([true, 8, 4]);
    }
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
    await page.locator('summary').nth(1).click();
    await page.locator('details button').nth(1).click();
    await page.getByText('Copied').waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied).toMatch(/^<style>\n {2}\.material \{\n {4}--flare-accent/);
    expect(copied).toMatch(/\n<flare-avatar-upload class="material" initials="AL"><\/flare-avatar-upload>$/);
    expect(errors).toEqual([]);
    await context.close();
  });
});
