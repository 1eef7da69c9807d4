import type { DecodedImage, Size } from './decode-image.js';
import { CANVAS_BLOCKED } from './jobs.js';
import type { Span } from './resample.js';

/** Width and height of the tiles in which a large picture is halved, in pixels: below the limit of every device. */
const TILE_SIZE = 2048;

export type CanvasContext = OffscreenCanvasRenderingContext2D;

/** Creates a canvas in main memory, because its pixels are read. */
export function createContext(width: number, height: number): CanvasContext {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw createCanvasBlockedError();
  return context;
}

/** A WebP can't be wider or higher. */
const MAX_SIDE = 16_383;

/** Most pixels of a canvas: a little less than the back end takes by default, else than iPhones draw. */
const MAX_AREAS = [49.9e6, 16.7e6];

/** Creates a canvas for a picture scaled to this side, or else the largest one that the browser draws. */
export function createLargestContext({ width, height }: Size, longestSide: number): CanvasContext {
  const maxScale = Math.min(1, Math.min(MAX_SIDE, longestSide) / Math.max(width, height));
  for (const area of MAX_AREAS) {
    const scale = Math.min(maxScale, Math.sqrt(area / (width * height)));
    const [scaledWidth, scaledHeight] = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
    const context = createContext(scaledWidth as number, scaledHeight as number);
    if (isDrawn(context)) return context;
  }
  throw createCanvasBlockedError();
}

/** Whether what is drawn appears. A canvas that is larger than the browser allows stays empty silently. */
function isDrawn(context: CanvasContext): boolean {
  const [x, y] = [context.canvas.width - 1, context.canvas.height - 1];
  context.fillRect(x, y, 1, 1);
  const isFilled = context.getImageData(x, y, 1, 1).data[3] === 255;
  context.clearRect(x, y, 1, 1);
  return isFilled;
}

export const createCanvasBlockedError = (): DOMException =>
  new DOMException('The canvas does not return the pixels that were drawn.', CANVAS_BLOCKED);

/** A section of a picture after halving, and where the wanted part of the picture lies in it. */
export interface HalvedImage {
  context: CanvasContext;
  horizontal: Span;
  vertical: Span;
}

/**
 * Halves a part of a picture as often as its shorter side stays longer than
 * `minSide` pixels, and closes the picture. By halves, because a single large
 * step skips pixels in Firefox and WebKit; in tiles, because a canvas of more
 * than 16 megapixels is black on some phones.
 */
export function halveImage(
  { source, width, height }: DecodedImage,
  horizontal: Span,
  vertical: Span,
  minSide: number,
): HalvedImage {
  const steps = Math.max(0, Math.floor(Math.log2(Math.min(horizontal.length, vertical.length) / minSide)));
  const divisor = 2 ** steps;
  const columns = alignSpan(horizontal, width, divisor);
  const rows = alignSpan(vertical, height, divisor);
  const context = createContext(columns.size, rows.size);
  // At the original size there is nothing to smooth.
  context.imageSmoothingEnabled = steps > 0;
  context.imageSmoothingQuality = 'medium';
  averagesPixels ??= isAveraging();
  const scratch = createContext(TILE_SIZE / 2, TILE_SIZE / 2);
  // Each drawing replaces the one before.
  scratch.globalCompositeOperation = 'copy';
  for (let y = 0; y < rows.length; y += TILE_SIZE) {
    for (let x = 0; x < columns.length; x += TILE_SIZE) {
      let tile: CanvasImageSource = source;
      let origin = [columns.from + x, rows.from + y] as const;
      let size = [Math.min(TILE_SIZE, columns.length - x), Math.min(TILE_SIZE, rows.length - y)] as const;
      for (let step = 1; step < steps && !averagesPixels; step++) {
        const half = [size[0] / 2, size[1] / 2] as const;
        scratch.drawImage(tile, ...origin, ...size, 0, 0, ...half);
        [tile, origin, size] = [scratch.canvas, [0, 0], half];
      }
      const lastDivisor = averagesPixels ? divisor : Math.min(2, divisor);
      const target = [x / divisor, y / divisor, size[0] / lastDivisor, size[1] / lastDivisor] as const;
      context.drawImage(tile, ...origin, ...size, ...target);
    }
  }
  source.close();
  return { context, horizontal: columns.span, vertical: rows.span };
}

/** Whether `isAveraging`; undefined until it is known. */
let averagesPixels: boolean | undefined;

/** Whether a picture that is drawn at a quarter of its size is averaged: Chromium does, if asked for medium quality. */
function isAveraging(): boolean {
  const [context, scaled] = [createContext(4, 4), createContext(1, 1)];
  context.fillRect(0, 0, 1, 4);
  scaled.imageSmoothingQuality = 'medium';
  scaled.drawImage(context.canvas, 0, 0, 1, 1);
  return scaled.getImageData(0, 0, 1, 1).data[3] !== 0;
}

/** Returns the whole pixels that a span touches, as many as the divisor divides, and the span within the result. */
function alignSpan({ from, length }: Span, limit: number, divisor: number) {
  const start = Math.floor(from / divisor) * divisor;
  const wanted = Math.ceil((from + length - start) / divisor) * divisor;
  const aligned = Math.min(wanted, Math.floor((limit - start) / divisor) * divisor);
  return {
    from: start,
    length: aligned,
    size: aligned / divisor,
    span: { from: (from - start) / divisor, length: length / divisor },
  };
}

/**
 * Whether the canvas returns the pixels that were drawn: browsers that resist
 * fingerprinting return noise, or white. Draws many colors, because Firefox adds
 * no noise to a canvas of a single one.
 */
export function isCanvasReadable(): boolean {
  const context = createContext(32, 32);
  for (let x = 0; x < 32; x++) {
    context.fillStyle = `rgb(${x * 8} 102 153)`;
    context.fillRect(x, 0, 1, 32);
  }
  const { data } = context.getImageData(0, 0, 32, 32);
  return data.every((value, offset) => value === [((offset >> 2) & 31) * 8, 102, 153, 255][offset & 3]);
}
