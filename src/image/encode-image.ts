import { type CanvasContext, createContext } from './pixels.js';

/** How a picture is encoded. */
export interface Encoding {
  /** MIME type. */
  type: string;
  /** 0 to 1. */
  quality: number;
}

/** The name of WebP's color profile chunk. */
const ICCP = 0x49434350;

/** Rows of a canvas that are read at a time. */
const STRIP_HEIGHT = 256;

/** A picture of at most this many pixels is small. */
const SMALL_AREA = 128 * 128;

/** A picture of at most this many colors is a drawing. Photos have more; those in shades of gray compress badly. */
const DRAWING_COLORS = 4096;

/** A larger drawing is not tried without loss, which would take seconds. */
const MAX_DRAWING_AREA = 2 ** 23;

/** How many times the lossy bytes an encoding without loss may take. */
const LOSSLESS_COST = 1.5;

/**
 * Encodes as the wanted type, or else as JPEG if all pixels are opaque, and as PNG if not. Small pictures and
 * drawings are encoded without loss if that takes few more bytes, unless the wanted type is JPEG.
 */
export async function encodeCanvas(context: CanvasContext, { type, quality }: Encoding): Promise<Blob> {
  const { isOpaque, isSimple } = examinePixels(context);
  const target = (await canEncode(type)) ? type : isOpaque ? 'image/jpeg' : 'image/png';
  if (target === 'image/jpeg') fillBackground(context);
  const blob = await encodeAs(context, target, quality);
  if (!isSimple || /jpeg/.test(type) || target === 'image/png') return blob;
  // At quality 1, WebP is lossless.
  const lossless = await encodeAs(context, target === 'image/webp' ? target : 'image/png', 1);
  return lossless.size > blob.size * LOSSLESS_COST ? blob : lossless;
}

async function encodeAs(context: CanvasContext, type: string, quality: number): Promise<Blob> {
  const blob = await context.canvas.convertToBlob({ type, quality });
  return type === 'image/webp' ? removeColorProfile(blob) : blob;
}

/**
 * Encodes a square as BMP, which takes no time.
 * @param pixels - red, green, blue, alpha of each pixel, row by row. Alpha is ignored.
 */
export function encodeBmp(pixels: Uint8ClampedArray<ArrayBuffer>, side: number): Blob {
  const header = new Uint16Array(33);
  // "BM", where the pixels begin, length of the header, size from top to bottom, planes, bits per pixel, with masks.
  header.set([0x4d42, 0, 0, 0, 0, 66, 0, 40, 0, side, 0, -side, -1, 1, 32, 3]);
  // The masks of red, green and blue.
  header.set([0xff, 0, 0xff00, 0, 0, 0xff], 27);
  return new Blob([header, pixels], { type: 'image/bmp' });
}

/** The types that the browser has returned when it was asked for them. */
const encodable: Record<string, boolean> = {};

/** WebKit silently returns PNG when it is asked for WebP. */
async function canEncode(type: string): Promise<boolean> {
  encodable[type] ??= (await createContext(1, 1).canvas.convertToBlob({ type })).type === type;
  return encodable[type];
}

/** Whether no pixel of a canvas is transparent, and whether the picture is small or a drawing. */
function examinePixels(context: CanvasContext): { isOpaque: boolean; isSimple: boolean } {
  const { width, height } = context.canvas;
  const colors = new Set<number>();
  let isOpaque = true;
  // In strips, which need less memory.
  for (let y = 0; y < height; y += STRIP_HEIGHT) {
    const { data } = context.getImageData(0, y, width, Math.min(STRIP_HEIGHT, height - y));
    const pixels = new Uint32Array(data.buffer);
    // By index: iterating takes WebKit seven times as long.
    for (let i = 0; i < pixels.length; i++) {
      const pixel = pixels[i] as number;
      if (pixel >>> 24 < 255) isOpaque = false;
      if (colors.size <= DRAWING_COLORS) colors.add(pixel);
    }
  }
  const isDrawing = colors.size <= DRAWING_COLORS && width * height <= MAX_DRAWING_AREA;
  return { isOpaque, isSimple: isDrawing || width * height <= SMALL_AREA };
}

/** Makes transparent pixels white: JPEG has none, and they would become black. */
function fillBackground(context: CanvasContext): void {
  const { width, height } = context.canvas;
  context.fillStyle = '#fff';
  context.globalCompositeOperation = 'destination-over';
  context.fillRect(0, 0, width, height);
}

/** Chromium adds 456 bytes that mark a WebP as sRGB, which is the default without a profile. */
async function removeColorProfile(webp: Blob): Promise<Blob> {
  const bytes = new Uint8Array(await webp.arrayBuffer());
  const view = new DataView(bytes.buffer);
  // The profile is the first chunk after the extended header.
  if (bytes.length < 38 || view.getUint32(30) !== ICCP) return webp;
  const end = 38 + view.getUint32(34, true);
  view.setUint32(4, bytes.length + 22 - end, true);
  bytes[20] = (bytes[20] as number) & ~0x20;
  return new Blob([bytes.subarray(0, 30), bytes.subarray(end)], { type: webp.type });
}
