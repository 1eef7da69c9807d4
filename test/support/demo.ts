import type { Browser, Page } from 'playwright-core';
import { createContext } from './browser.js';

/** The demo page, with users that no other test has. */
export interface Demo {
  page: Page;
  /** Id of the user that the page calls `ada`, `grace` or `alan`. */
  userId(name: string): string;
}

/**
 * Opens the demo page.
 *
 * @param attributes - attributes to set on its element
 */
export async function openDemo(
  browser: Browser,
  origin: string,
  attributes: Record<string, string> = {},
): Promise<Demo> {
  const context = await createContext(browser);
  const suffix = crypto.randomUUID();
  const userId = (name: string) => `${name}-${suffix}`;
  await context.addInitScript((end) => {
    const { fetch } = window;
    window.fetch = (url, init) => {
      if (url !== '/api/dev/login') return fetch(url, init);
      const { user } = JSON.parse(String(init?.body));
      return fetch(url, { ...init, body: JSON.stringify({ user: `${user}-${end}` }) });
    };
  }, suffix);
  const page = await context.newPage();
  await page.goto(origin);
  await page.waitForSelector('flare-avatar-upload');
  await page.evaluate((entries) => {
    const element = document.querySelector('flare-avatar-upload');
    for (const [name, value] of entries) element?.setAttribute(name, value);
  }, Object.entries(attributes));
  return { page, userId };
}
