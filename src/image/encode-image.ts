import { type CanvasContext, createContext, isOpaque } from './pixels.js';

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

/** Encodes as the wanted type, or else as JPEG if all pixels are opaque, and as PNG if not. */
export async function encodeCanvas(context: CanvasContext, { type, quality }: Encoding): Promise<Blob> {
  const target = (await canEncode(type)) ? type : isCanvasOpaque(context) ? 'image/jpeg' : 'image/png';
  if (target === 'image/jpeg') fillBackground(context);
  const blob = await context.canvas.convertToBlob({ type: target, quality });
  return target === 'image/webp' ? removeColorProfile(blob) : blob;
}

/** WebKit silently returns PNG when it is asked for WebP. */
async function canEncode(type: string): Promise<boolean> {
  return (await createContext(1, 1).canvas.convertToBlob({ type })).type === type;
}

/** Whether no pixel of a canvas is transparent. Reads it in strips, which need less memory. */
export function isCanvasOpaque(context: CanvasContext): boolean {
  const { width, height } = context.canvas;
  for (let y = 0; y < height; y += STRIP_HEIGHT) {
    const strip = context.getImageData(0, y, width, Math.min(STRIP_HEIGHT, height - y));
    if (!isOpaque(strip.data)) return false;
  }
  return true;
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
