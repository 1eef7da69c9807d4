import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ImageError, readPicture } from '../../server/image/index.js';
import { avifFile, gridItems, realItem } from '../support/avif.js';
import { launch } from '../support/browser.js';
import { root } from '../support/dev-server.js';
import { dirty } from '../support/metadata.js';

let browser: Browser;
let page: Page;
beforeAll(async () => {
  browser = await launch();
  page = await browser.newPage();
});
afterAll(() => browser?.close());

interface Frames {
  /** As a page sees it: after orientation. */
  size: [number, number];
  /** A hash of the pixels of each frame, or of the one that is shown. */
  frames: string[];
}

/** What a browser makes of a picture, every frame of it; null where it shows nothing. */
function shown(bytes: Uint8Array, type: string): Promise<Frames | null> {
  return page.evaluate(
    async ([base64, type]) => {
      const data = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
      const hash = async (source: CanvasImageSource, width: number, height: number) => {
        const context = new OffscreenCanvas(width, height).getContext('2d');
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
      return { size: [width, height], frames } satisfies Frames;
    },
    [Buffer.from(bytes).toString('base64'), type] as const,
  );
}

async function compare(bytes: Uint8Array, type: string): Promise<Frames> {
  const picture = readPicture(bytes, { maxPixels: 50_000_000, keepMetadata: false });
  const [before, after] = [await shown(bytes, type), await shown(picture.bytes, type)];
  expect(picture.type).toBe(type);
  if (!before) throw new Error('The browser does not show the picture.');
  expect(after).toEqual(before);
  expect(before.size).toEqual([picture.width, picture.height]);
  return before;
}

beforeAll(async () => {
  // A page of an origin that may hash.
  await page.route('http://localhost/', (route) =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }),
  );
  await page.goto('http://localhost/');
});

describe('a browser shows what is stored as it shows what was sent', () => {
  it.each(dirty)('$name', async ({ bytes, type, frames: count = 1 }) => {
    const { frames } = await compare(bytes, type);
    expect(frames).toHaveLength(1 + count);
  });

  it.each([
    ['grid', gridItems()],
    ['in pieces', [realItem({ pieces: 3 })]],
    ['within its list of items', [realItem({ method: 1 })]],
  ])('AVIF %s', async (_, items) => {
    await compare(avifFile({ items }), 'image/avif');
  });

  it('in the colours of its profile', async () => {
    const profiled = dirty.find(({ type }) => type === 'image/avif');
    const plain = await compare(avifFile({ items: [realItem()] }), 'image/avif');
    expect((await compare(profiled?.bytes ?? new Uint8Array(), 'image/avif')).frames).not.toEqual(plain.frames);
  });
});

const photos = join(root, '..', 'shared', 'photos');
describe.runIf(existsSync(photos))('real photos', () => {
  const names = existsSync(photos) ? readdirSync(photos).filter((name) => name.endsWith('.jpg')) : [];
  it.each(names.filter((name) => name !== 'corrupted.jpg'))('%s', async (name) => {
    await compare(readFileSync(join(photos, name)), 'image/jpeg');
  });

  it('are refused where they are damaged', () => {
    const bytes = readFileSync(join(photos, 'corrupted.jpg'));
    expect(() => readPicture(bytes, { maxPixels: 50_000_000, keepMetadata: false })).toThrow(ImageError);
  });
});
