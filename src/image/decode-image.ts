import type { ImageHeader } from './jobs.js';

/** A decoded picture, upright. It may be smaller than the original. */
export interface DecodedImage {
  source: ImageBitmap | VideoFrame;
  /** Width of the source, in pixels. */
  width: number;
  /** Height of the source, in pixels. */
  height: number;
  /** Size of the original. */
  original: Size;
}

/** In pixels. */
export interface Size {
  width: number;
  height: number;
}

/** More pixels than any camera has: a file that claims more is meant to exhaust the memory. */
const MAX_PIXELS = 250e6;

/**
 * Decodes a picture, at a reduced size if the decoder can do that.
 * @param scale - the smallest scale that will do, 0 to 1. The result is not smaller.
 * @throws DOMException if the browser can't decode the file.
 */
export async function decodeImage(file: Blob, header: ImageHeader, scale: number): Promise<DecodedImage> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  // Firefox and WebKit decode the part of a truncated file that is there.
  if (header.width * header.height > MAX_PIXELS || !isComplete(bytes, header)) {
    throw new DOMException('Too large, or truncated.', 'EncodingError');
  }
  const frame = await decodeFrame(bytes, header, scale).catch(() => null);
  if (frame) return frame;
  const source = await createImageBitmap(file);
  const { width, height } = source;
  return { source, width, height, original: { width, height } };
}

/** Whether a file contains its end, for the types that mark it. Bytes after the end are fine. */
function isComplete(bytes: Uint8Array, { type, start }: ImageHeader): boolean {
  if (type === 'image/webp') return new DataView(bytes.buffer).getUint32(4, true) + 8 <= bytes.length;
  const mark = { 'image/jpeg': [0xff, 0xd9], 'image/png': [0x49, 0x45, 0x4e, 0x44] }[String(type)];
  if (!mark) return true;
  let offset = bytes.length;
  do offset = bytes.lastIndexOf(mark[0] as number, offset - 1);
  while (offset > start && !mark.every((byte, i) => byte === bytes[offset + i]));
  return offset > start;
}

/**
 * Decodes with WebCodecs. Its JPEG decoders scale while they decode, which saves
 * most of the time and memory, and in Firefox createImageBitmap blocks the page
 * even when it is called in a worker.
 * @returns null if the decoded size is wrong.
 * @throws if there is no such decoder (WebKit), or it can't decode the file.
 */
async function decodeFrame(
  data: Uint8Array<ArrayBuffer>,
  { type, width, height }: ImageHeader,
  scale: number,
): Promise<DecodedImage | null> {
  // JPEG scales by eighths. Chromium takes the largest such scale that has no more pixels in total than desired,
  // and ignores which side is which; Firefox takes the desired size exactly, upright.
  const ratio = type === 'image/jpeg' ? Math.min(1, Math.ceil(scale * 8) / 8) : 1;
  const desired = { desiredWidth: Math.ceil(width * ratio), desiredHeight: Math.ceil(height * ratio) };
  const decoder = new ImageDecoder({ data, type: String(type), ...(ratio < 1 && desired) });
  const { image: source } = await decoder.decode().finally(() => decoder.close());
  const isScaled = (decoded: number, original: number) => Math.abs(decoded - original * ratio) <= 1;
  // Rejects the result of a decoder that has swapped the sides.
  if (isScaled(source.displayWidth, width) && isScaled(source.displayHeight, height)) {
    return { source, width: source.displayWidth, height: source.displayHeight, original: { width, height } };
  }
  source.close();
  return null;
}
