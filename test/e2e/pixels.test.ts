import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ImageError, readPicture } from '../../src/image/formats/read-picture.js';
import { connectBrowser, openPage } from '../support/browser.js';
import { root } from '../support/dev-server.js';
import { FILES_WITH_METADATA } from '../support/metadata.js';
import { ODD_PICTURES } from '../support/odd-pictures.js';
import { chooseCases } from '../support/run-factor.js';

let browser: Browser;
let page: Page;
beforeAll(async () => {
  browser = await connectBrowser();
  page = await openPage(browser);
  // A secure context, which crypto.subtle needs.
  await page.route('http://localhost/', (route) =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }),
  );
  await page.goto('http://localhost/');
});
afterAll(() => browser?.close());

interface RenderedPicture {
  /** Width and height, after orientation. */
  size: [number, number];
  /** Hashes of the pixels: of the picture as an image, then of each frame. */
  frames: string[];
}

/** Decodes a picture in the browser. Resolves with null if the browser can't show it. */
function renderPicture(bytes: Uint8Array, type: string): Promise<RenderedPicture | null> {
  return page.evaluate(
    async ([base64, type]) => {
      const data = new Uint8Array(await (await fetch(`data:;base64,${base64}`)).arrayBuffer());
      const hash = async (source: CanvasImageSource, width: number, height: number) => {
        const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
        context?.drawImage(source, 0, 0);
        const pixels = context?.getImageData(0, 0, width, height).data ?? new Uint8Array();
        const digest = await crypto.subtle.digest('SHA-256', pixels);
        return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
      };
      const image = new Image();
      image.src = URL.createObjectURL(new Blob([data], { type }));
      try {
        await image.decode();
      } catch {
        return null;
      }
      const { naturalWidth: width, naturalHeight: height } = image;
      const frames = [await hash(image, width, height)];
      const decoder = new ImageDecoder({ data, type });
      await decoder.tracks.ready;
      for (let i = 0; i < (decoder.tracks.selectedTrack?.frameCount ?? 0); i++) {
        const { image: frame } = await decoder.decode({ frameIndex: i });
        frames.push(await hash(frame, frame.displayWidth, frame.displayHeight));
      }
      return { size: [width, height], frames } satisfies RenderedPicture;
    },
    [Buffer.from(bytes).toString('base64'), type] as const,
  );
}

/** Expects that the browser shows a picture in the same way after the server has removed its metadata. */
async function expectSamePixels(bytes: Uint8Array, type: string): Promise<RenderedPicture> {
  const picture = readPicture(bytes, { maxPixels: 50_000_000, keepMetadata: false });
  const [before, after] = [await renderPicture(bytes, type), await renderPicture(picture.bytes, type)];
  expect(picture.type).toBe(type);
  if (!before) throw new Error("The browser can't show the picture.");
  expect(after).toEqual(before);
  expect(before.size).toEqual([picture.width, picture.height]);
  return before;
}

describe('a stored picture looks the same as the uploaded one', () => {
  it.each(FILES_WITH_METADATA)('$name', async ({ bytes, type, frames: count = 1 }) => {
    const { frames } = await expectSamePixels(bytes, type);
    expect(frames).toHaveLength(1 + count);
  });
});

describe('a picture that is not quite as its specification says', () => {
  it.each(ODD_PICTURES)('looks the same once it is stored: %s', async (_, bytes) => {
    const { type, width, height, bytes: stored } = readPicture(bytes, { maxPixels: 50_000_000, keepMetadata: false });
    const [before, after] = [await renderPicture(bytes, type).catch(() => null), await renderPicture(stored, type)];
    expect(after?.size).toEqual([width, height]);
    // A still picture may have been stored as an animation before, and decoders count missing frames.
    if (before)
      expect({ size: after?.size, shown: after?.frames[0] }).toEqual({ size: before.size, shown: before.frames[0] });
  });
});

const photos = join(root, '..', 'shared', 'photos');
describe.runIf(existsSync(photos))('real photos', () => {
  const names = existsSync(photos) ? readdirSync(photos).filter((name) => name.endsWith('.jpg')) : [];
  const intact = names.filter((name) => name !== 'corrupted.jpg');
  it.each(chooseCases(intact, (name) => /^(portrait_6|gps_1)/.test(name)))('%s', async (name) => {
    await expectSamePixels(readFileSync(join(photos, name)), 'image/jpeg');
  });

  it('are rejected if they are damaged', () => {
    const bytes = readFileSync(join(photos, 'corrupted.jpg'));
    expect(() => readPicture(bytes, { maxPixels: 50_000_000, keepMetadata: false })).toThrow(ImageError);
  });
});
