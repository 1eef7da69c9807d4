import type { ImageHeader } from './jobs.js';

/** A decoded picture, upright; perhaps smaller than the file's. */
export interface Decoded {
  source: ImageBitmap | VideoFrame;
  /** Pixels, as decoded. */
  width: number;
  /** Pixels, as decoded. */
  height: number;
  /** Pixels of the whole picture. */
  whole: Size;
}

/** Pixels. */
export interface Size {
  width: number;
  height: number;
}

/** More than any camera's: what claims to have more is made to exhaust the memory. */
const MOST_PIXELS = 250e6;

/**
 * Decodes a picture, at a reduced size where the decoder can.
 * @param scale of the whole, as small as may be: what comes is not smaller.
 * @throws {DOMException} where the browser can't decode it.
 */
export async function decode(file: Blob, facts: ImageHeader, scale: number): Promise<Decoded> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  // Firefox and WebKit show what is there of a file that was cut short.
  if (facts.width * facts.height > MOST_PIXELS || !isWhole(bytes, facts)) {
    throw new DOMException('Too large, or cut short.', 'EncodingError');
  }
  const frame = await decodeFrame(bytes, facts, scale).catch(() => null);
  if (frame) return frame;
  const source = await createImageBitmap(file);
  const { width, height } = source;
  return { source, width, height, whole: { width, height } };
}

/** Whether a file goes on to its end; of types that say where that is. What follows it does not matter. */
function isWhole(bytes: Uint8Array, { type, start }: ImageHeader): boolean {
  if (type === 'image/webp') return new DataView(bytes.buffer).getUint32(4, true) + 8 <= bytes.length;
  const mark = { 'image/jpeg': [0xff, 0xd9], 'image/png': [0x49, 0x45, 0x4e, 0x44] }[String(type)];
  if (!mark) return true;
  let at = bytes.length;
  do at = bytes.lastIndexOf(mark[0] as number, at - 1);
  while (at > start && !mark.every((byte, i) => byte === bytes[at + i]));
  return at > start;
}

/**
 * By WebCodecs: JPEG decoders scale as they decode, which saves most of the
 * time and of the memory; and in Firefox createImageBitmap holds the page up
 * even from a worker. Null where what it gives is wrong.
 * @throws where there is no such decoder (WebKit), or it can't decode the file.
 */
async function decodeFrame(
  data: Uint8Array<ArrayBuffer>,
  { type, width, height }: ImageHeader,
  scale: number,
): Promise<Decoded | null> {
  // JPEG scales by eighths. Chromium takes the largest that has no more pixels in all, whichever side is which;
  // Firefox takes the size to the letter, upright.
  const eighths = type === 'image/jpeg' ? Math.min(1, Math.ceil(scale * 8) / 8) : 1;
  const desired = { desiredWidth: Math.ceil(width * eighths), desiredHeight: Math.ceil(height * eighths) };
  const decoder = new ImageDecoder({ data, type: String(type), ...(eighths < 1 && desired) });
  const { image: source } = await decoder.decode().finally(() => decoder.close());
  const isLike = (length: number, whole: number) => Math.abs(length - whole * eighths) <= 1;
  // A decoder that has mixed up the sides is not believed.
  if (isLike(source.displayWidth, width) && isLike(source.displayHeight, height)) {
    return { source, width: source.displayWidth, height: source.displayHeight, whole: { width, height } };
  }
  source.close();
  return null;
}
