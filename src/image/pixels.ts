import type { Decoded } from './decode-image.js';
import { CANVAS_BLOCKED } from './jobs.js';
import type { Span } from './resample.js';

/** Pixels of each side of the pieces in which a large picture is halved: below every device's limit. */
const PIECE = 2048;

export type Context = OffscreenCanvasRenderingContext2D;

/** A canvas whose pixels are read: kept in memory that can be. */
export function contextOf(width: number, height: number): Context {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw canvasBlockedError();
  return context;
}

/** What is thrown where a canvas does not hold what was drawn. */
export const canvasBlockedError = (): DOMException => new DOMException('The canvas is not as drawn.', CANVAS_BLOCKED);

/** A part of a picture, halved as often as was asked, and where in it that part lies. */
export interface Shrunk {
  context: Context;
  across: Span;
  down: Span;
}

/**
 * Draws a part of a picture, halved so often that more than `least` pixels are
 * left of its shorter side. By halves, because a single large step leaves
 * pixels out (Chromium with the default smoothing, Firefox and WebKit with any); in
 * pieces, because a canvas of more than 16 megapixels comes out black on some
 * phones. The picture is closed.
 */
export function shrink({ source, width, height }: Decoded, across: Span, down: Span, least: number): Shrunk {
  const times = Math.max(0, Math.floor(Math.log2(Math.min(across.length, down.length) / least)));
  const divisor = 2 ** times;
  const columns = aligned(across, width, divisor);
  const rows = aligned(down, height, divisor);
  const context = contextOf(columns.size, rows.size);
  // Pixel for pixel there is nothing to smooth.
  context.imageSmoothingEnabled = times > 0;
  const scratch = contextOf(PIECE / 2, PIECE / 2);
  // Each drawing takes the place of the one before.
  scratch.globalCompositeOperation = 'copy';
  for (let y = 0; y < rows.length; y += PIECE) {
    for (let x = 0; x < columns.length; x += PIECE) {
      let piece: CanvasImageSource = source;
      let at = [columns.from + x, rows.from + y] as const;
      let size = [Math.min(PIECE, columns.length - x), Math.min(PIECE, rows.length - y)] as const;
      for (let step = 1; step < times; step++) {
        const half = [size[0] / 2, size[1] / 2] as const;
        scratch.drawImage(piece, ...at, ...size, 0, 0, ...half);
        [piece, at, size] = [scratch.canvas, [0, 0], half];
      }
      const last = Math.min(2, divisor);
      context.drawImage(piece, ...at, ...size, x / divisor, y / divisor, size[0] / last, size[1] / last);
    }
  }
  source.close();
  return { context, across: columns.span, down: rows.span };
}

/** The whole pixels that a span touches, as many as can be divided, and the span in what comes of them. */
function aligned({ from, length }: Span, limit: number, divisor: number) {
  const start = Math.floor(from);
  const wanted = Math.ceil((from + length - start) / divisor) * divisor;
  const whole = Math.min(wanted, Math.floor((limit - start) / divisor) * divisor);
  return {
    from: start,
    length: whole,
    size: whole / divisor,
    span: { from: (from - start) / divisor, length: length / divisor },
  };
}

/** Multiplies the colours of each pixel by what its transparency gives. */
export function scaleColours(pixels: Uint8ClampedArray, factorOf: (alpha: number) => number): void {
  for (let at = 0; at < pixels.length; at += 4) {
    const factor = factorOf(pixels[at + 3] as number);
    for (let i = at; i < at + 3; i++) pixels[i] = (pixels[i] as number) * factor;
  }
}

/** Whether nothing shines through. */
export function isOpaque(pixels: Uint8ClampedArray): boolean {
  for (let at = 3; at < pixels.length; at += 4) if (pixels[at] !== 255) return false;
  return true;
}

/**
 * Whether the canvas gives back what was drawn: browsers that hide from being
 * recognized hand out noise, or white. In many colours, because Firefox adds
 * no noise to a canvas of one.
 */
export function isCanvasReadable(): boolean {
  const context = contextOf(32, 32);
  for (let x = 0; x < 32; x++) {
    context.fillStyle = `rgb(${x * 8} 102 153)`;
    context.fillRect(x, 0, 1, 32);
  }
  const { data } = context.getImageData(0, 0, 32, 32);
  return data.every((value, at) => value === [((at >> 2) & 31) * 8, 102, 153, 255][at & 3]);
}
