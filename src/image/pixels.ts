import type { Decoded } from './decode.js';
import { SPOILED } from './jobs.js';
import type { Span } from './lanczos.js';

/** Pixels of each side of the pieces in which a large picture is halved: below every device's limit. */
const PIECE = 2048;

export type Context = OffscreenCanvasRenderingContext2D;

/** A canvas whose pixels are read: kept in memory that can be. */
export function contextOf(width: number, height: number): Context {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new DOMException('The browser has no canvas.', SPOILED);
  return context;
}

/** A part of a picture, halved as often as was asked, and where in it that part lies. */
export interface Shrunk {
  context: Context;
  across: Span;
  down: Span;
}

/**
 * Draws a part of a picture, halved so often that more than `least` pixels are
 * left of its shorter side. By halves, because a single large step leaves
 * pixels out (Chromium with the default smoothing, Firefox with any); in
 * pieces, because a canvas of more than 16 megapixels comes out black on some
 * phones.
 */
export function shrink({ source, width, height }: Decoded, across: Span, down: Span, least: number): Shrunk {
  const times = Math.max(0, Math.floor(Math.log2(Math.min(across.length, down.length) / least)));
  const columns = aligned(across, width, 2 ** times);
  const rows = aligned(down, height, 2 ** times);
  const context = contextOf(columns.size, rows.size);
  const scratch = times > 1 ? [scratchOf(PIECE / 2), scratchOf(PIECE / 4)] : [];
  for (let y = 0; y < rows.length; y += PIECE) {
    for (let x = 0; x < columns.length; x += PIECE) {
      const size: Size = [Math.min(PIECE, columns.length - x), Math.min(PIECE, rows.length - y)];
      const piece = halve({ source, at: [columns.from + x, rows.from + y], size }, times, scratch);
      const to: Size = [size[0] / 2 ** times, size[1] / 2 ** times];
      context.drawImage(piece.source, ...piece.at, ...piece.size, x / 2 ** times, y / 2 ** times, ...to);
    }
  }
  return { context, across: columns.span, down: rows.span };
}

type Size = [number, number];

/** Where something to be drawn is. */
interface Piece {
  source: CanvasImageSource;
  at: Size;
  size: Size;
}

/** Halves a piece until one step is left. */
function halve({ source, at, size }: Piece, times: number, [target, other]: Context[]): Piece {
  if (times <= 1 || !target || !other) return { source, at, size };
  const half: Size = [size[0] / 2, size[1] / 2];
  target.drawImage(source, ...at, ...size, 0, 0, ...half);
  return halve({ source: target.canvas, at: [0, 0], size: half }, times - 1, [other, target]);
}

/** A canvas in which each drawing takes the place of the one before. */
function scratchOf(side: number): Context {
  const context = contextOf(side, side);
  context.globalCompositeOperation = 'copy';
  return context;
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

/** Multiplies the colours by the transparency: what is invisible must not shine through when pixels are mixed. */
export function premultiply(pixels: Uint8ClampedArray): void {
  scaleColours(pixels, (alpha) => alpha / 255);
}

/** The other way round. */
export function unpremultiply(pixels: Uint8ClampedArray): void {
  scaleColours(pixels, (alpha) => 255 / (alpha || 255));
}

function scaleColours(pixels: Uint8ClampedArray, factorOf: (alpha: number) => number): void {
  for (let at = 0; at < pixels.length; at += 4) {
    const factor = factorOf(pixels[at + 3] as number);
    if (factor === 1) continue;
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
 * recognized hand out noise, or white.
 */
export function isHonest(): boolean {
  const side = 32;
  const context = contextOf(side, side);
  const drawn = new ImageData(side, side);
  for (let at = 0; at < drawn.data.length; at++) drawn.data[at] = at % 4 === 3 ? 255 : (at * 37) & 255;
  context.putImageData(drawn, 0, 0);
  const { data } = context.getImageData(0, 0, side, side);
  return data.every((value, at) => value === drawn.data[at]);
}
