import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import { pickFile, toFile } from '../support/browser.js';
import type { ExampleSite } from '../support/example-site.js';
import { png } from '../support/pictures.js';
import type { Example } from './examples.js';

/** An example in a page of a signed-in user. */
export interface OpenExample {
  example: Example;
  page: Page;
  site: ExampleSite;
  /** What the page has reported: warnings, errors, requests that failed. */
  problems: string[];
  /** URLs of the workers that the page has started. */
  workers: string[];
}

export const COLUMNS = ['types', 'events', 'properties', 'end to end', 're-render', 'worker'] as const;
export type Column = (typeof COLUMNS)[number];

/** A check, and the column of the table in docs/frameworks.md that it fills. */
export interface Check {
  column: Column;
  title: string;
  run(open: OpenExample): Promise<void>;
}

/** Less than the 1,024 bytes that the examples ask for in `validate`. */
const SMALL = png({ width: 10, height: 10 });
/** Larger than the 256 pixels that the examples set as `outputSize`. */
const LARGE = png({ width: 400, height: 300, color: [20, 120, 220, 255] });

const findText = (page: Page, text: string): Locator => page.getByText(text, { exact: true });

const pickPicture = ({ example, page }: OpenExample, bytes: Uint8Array<ArrayBuffer>): Promise<void> =>
  example.isClientOnly ? page.locator('input[type=file]').setInputFiles(toFile(bytes)) : pickFile(page, toFile(bytes));

/** The state of the element. Without one, nothing. */
const readState = ({ page }: OpenExample): Promise<string | undefined> =>
  page.evaluate(() => document.querySelector('flare-avatar-upload')?.state);

const isUpload = (call: string): boolean => call.includes('/uploads/');

/** Run in this order, in one page: each check starts where the one before it ended. */
export const CHECKS: readonly Check[] = [
  {
    column: 'properties',
    title: 'a file that `validate` rejects is not uploaded, and the text in `messages` says why',
    async run(open) {
      await pickPicture(open, SMALL);
      await findText(open.page, 'Choose a larger picture.').first().waitFor();
      expect(open.site.calls.filter(isUpload)).toEqual([]);
    },
  },
  {
    column: 'events',
    title: 'the listener of flare-reject has the error',
    run: async ({ example, page }) => {
      if (!example.isClientOnly) await findText(page, 'Rejected: too_small').waitFor();
    },
  },
  {
    column: 'events',
    title: 'the listener of flare-progress has the share of the bytes that are sent',
    async run(open) {
      open.site.holdUploads();
      await pickPicture(open, LARGE);
      await open.page.waitForFunction(() => document.querySelector('progress')?.value === 1);
    },
  },
  {
    column: 're-render',
    title: 'an upload goes on while the page changes',
    async run(open) {
      await changePage(open, 0);
      if (!open.example.isClientOnly) expect(await readState(open)).toBe('uploading');
      open.site.releaseUploads();
    },
  },
  {
    column: 'events',
    title: 'the listener of flare-success has the avatar',
    run: ({ page }) => findText(page, 'Saved: 256 pixels').waitFor(),
  },
  {
    column: 'end to end',
    title: 'the page shows the picture, and the back end has it',
    async run(open) {
      await waitForPicture(open);
      const response = await open.page.request.get(`${open.site.origin}/api/me/avatar`);
      expect(await response.json()).toMatchObject({ avatar: { width: 256, height: 256 } });
      expect(open.site.calls.filter(isUpload)).toEqual(['POST /api/uploads/presign', 'POST /api/uploads/commit']);
    },
  },
  {
    column: 're-render',
    title: 'the picture stays when the page changes',
    async run(open) {
      await changePage(open, 1);
      await waitForPicture(open);
      if (!open.example.isClientOnly) expect(await readState(open)).toBe('success');
    },
  },
  {
    column: 'worker',
    title: 'the picture was processed in a worker',
    run: async ({ example, workers }) => void expect(workers).toHaveLength(example.isClientOnly ? 0 : 1),
  },
  {
    column: 'end to end',
    title: 'nothing is reported in the console, and no request fails',
    run: async ({ problems }) => void expect(problems).toEqual([]),
  },
];

/** Changes what has nothing to do with the element, by a button or a link. */
async function changePage({ page }: OpenExample, count: number): Promise<void> {
  await findText(page, `Count: ${count}`).click();
  await findText(page, `Count: ${count + 1}`).waitFor();
}

/** Waits until the picture is on display. */
async function waitForPicture({ page, example }: OpenExample): Promise<void> {
  await page.waitForFunction((isClientOnly) => {
    const root = isClientOnly ? document : document.querySelector('flare-avatar-upload')?.shadowRoot;
    const image = root?.querySelector('img');
    return image?.complete && image.naturalWidth > 0;
  }, example.isClientOnly);
}
