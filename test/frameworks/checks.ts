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
  /** Origin of the page. */
  origin: string;
  site: ExampleSite;
  /** What the page has reported: warnings, errors, requests that failed. */
  problems: string[];
  /** URLs of the workers that the page has started. */
  workers: string[];
}

export const COLUMNS = [
  'types',
  'SSR',
  'events',
  'properties',
  'end to end',
  're-render',
  'worker',
  'dev server',
] as const;
export type Column = (typeof COLUMNS)[number];

/** A check, and the column of the table in docs/frameworks.md that it fills. */
export interface Check {
  column: Column;
  title: string;
  /** Whether it needs the element, which the client alone doesn't have. */
  isOfElement?: boolean;
  /** Whether it is about the HTML that a server, or the build, renders. */
  isOfServer?: boolean;
  run(open: OpenExample): Promise<void>;
}

/** Less than the 1,024 bytes that the examples ask for in `validate`. */
const SMALL = png({ width: 10, height: 10 });
/** Larger than the 256 pixels that the examples set as `outputSize`. */
const LARGE = png({ width: 400, height: 300, color: [20, 120, 220, 255] });

const findText = (page: Page, text: string): Locator => page.getByText(text, { exact: true });

const pickPicture = ({ example, page }: OpenExample, bytes: Uint8Array<ArrayBuffer>): Promise<void> =>
  example.isClientOnly ? page.locator('input[type=file]').setInputFiles(toFile(bytes)) : pickFile(page, toFile(bytes));

const readState = ({ page }: OpenExample): Promise<string> =>
  page
    .locator('flare-avatar-upload')
    .evaluate((element: HTMLElementTagNameMap['flare-avatar-upload']) => element.state);

const isUpload = (call: string): boolean => call.includes('/uploads/');

/** Run in this order, in one page: each check starts where the one before it ended. */
export const CHECKS: readonly Check[] = [
  {
    column: 'SSR',
    title: 'the HTML contains the element',
    isOfServer: true,
    async run({ example, page, origin }) {
      const response = await page.request.get(origin + (example.page ?? '/'));
      expect(await response.text()).toContain('<flare-avatar-upload');
    },
  },
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
    isOfElement: true,
    run: ({ page }) => findText(page, 'Rejected: too_small').waitFor(),
  },
  {
    column: 'events',
    title: 'the listener of flare-progress has the share of the bytes that are sent',
    async run(open) {
      open.site.holdUploads();
      await pickPicture(open, LARGE);
      await waitUntil(open.page.locator('progress'), (bar) => (bar as HTMLProgressElement).value === 1);
    },
  },
  {
    column: 're-render',
    title: 'an upload goes on while the page changes',
    isOfElement: true,
    async run(open) {
      await changePage(open, 0);
      expect(await readState(open)).toBe('uploading');
    },
  },
  {
    column: 'events',
    title: 'the listener of flare-success has the avatar',
    async run({ example, page, site }) {
      site.releaseUploads();
      await findText(page, `Saved: ${example.isClientOnly ? 400 : 256} pixels`).waitFor();
    },
  },
  {
    column: 'end to end',
    title: 'the page shows the picture, and the back end has it',
    async run(open) {
      await waitForPicture(open);
      const response = await open.page.request.get(`${open.origin}/api/me/avatar`);
      expect(await response.json()).toMatchObject({ avatar: { width: open.example.isClientOnly ? 400 : 256 } });
      expect(open.site.calls.filter(isUpload)).toEqual(['POST /api/uploads/presign', 'POST /api/uploads/commit']);
    },
  },
  {
    column: 're-render',
    title: 'the picture stays when the page changes',
    isOfElement: true,
    async run(open) {
      await changePage(open, 1);
      await waitForPicture(open);
      expect(await readState(open)).toBe('success');
    },
  },
  {
    column: 'worker',
    title: 'the picture was processed in a worker',
    isOfElement: true,
    run: async ({ workers }) => void expect(workers).toHaveLength(1),
  },
  {
    column: 'end to end',
    title: 'nothing is reported in the console, and no request fails',
    run: async ({ problems }) => void expect(problems).toEqual([]),
  },
];

/** Whether a check can be made of an example. */
export const isCheckFor = ({ isOfElement, isOfServer }: Check, example: Example): boolean =>
  !(isOfElement && example.isClientOnly) && (!isOfServer || example.isServerRendered === true);

/** Changes what has nothing to do with the element, by a button or a link. */
async function changePage({ page }: OpenExample, count: number): Promise<void> {
  await findText(page, `Count: ${count}`).click();
  await findText(page, `Count: ${count + 1}`).waitFor();
}

/** Waits until the picture is on display. */
const waitForPicture = ({ page, example }: OpenExample): Promise<void> =>
  waitUntil(page.locator(example.isClientOnly ? 'img' : 'flare-avatar-upload img').first(), (image) => {
    const { complete, naturalWidth } = image as HTMLImageElement;
    return complete && naturalWidth > 0;
  });

/** Waits until an element, also one in a shadow tree, is as the test wants it. */
async function waitUntil(locator: Locator, isReady: (element: Element) => boolean): Promise<void> {
  const handle = await locator.elementHandle();
  await locator.page().waitForFunction(isReady as (element: unknown) => boolean, handle);
}
