import { BLANK, HDR, type ImageHeader, NEEDS_PAGE, NO_END, type PictureJob, TOO_MANY_PIXELS } from './jobs.js';

/** A decoded picture, upright. It may be smaller than the original. */
export interface DecodedImage {
  source: ImageBitmap;
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

/** Most pixels of a JPEG, which can be decoded at a reduced size: more than any camera has. */
const MAX_JPEG_PIXELS = 250e6;

/** Most pixels of other pictures: they are decoded at their full size, which takes 4 bytes for each pixel. */
const MAX_PIXELS = 64e6;

/** The smallest scale of JPEG decoders. */
const MIN_SCALE = 1 / 8;

const isFirefox = navigator.userAgent.includes('Firefox');
const isChromium = 'ImageDecoder' in globalThis && !isFirefox;

/**
 * Decodes a picture, at a reduced size if the decoder can do that.
 * @param scale - the smallest scale that will do, 0 to 1. The result is not smaller.
 * @throws DOMException if the browser can't decode the file. Its name is `TOO_MANY_PIXELS` or `NEEDS_PAGE`
 * if that is why.
 */
export async function decodeImage({ file, header }: PictureJob, scale: number): Promise<DecodedImage> {
  const maxPixels = header.type === 'image/jpeg' ? MAX_JPEG_PIXELS : MAX_PIXELS;
  if (header.width * header.height > maxPixels) throw new DOMException('Too many pixels.', TOO_MANY_PIXELS);
  const reduced = file instanceof Blob && (await decodeReduced(file, header, Math.max(MIN_SCALE, scale)));
  const source = reduced || (await createImageBitmap(file));
  // Firefox and WebKit return a blank picture for data that is none.
  if (file instanceof Blob && !isChromium && isBlank(source)) throw new DOMException(BLANK, NEEDS_PAGE);
  const { width, height } = source;
  return { source, width, height, original: reduced ? header : { width, height } };
}

/** Whether a picture seems to have a single color. */
function isBlank(bitmap: ImageBitmap): boolean {
  const context = new OffscreenCanvas(16, 16).getContext('2d');
  context?.drawImage(bitmap, 0, 0, 16, 16);
  const data = context?.getImageData(0, 0, 16, 16).data;
  return data?.every((value, i) => value === data[i & 3]) ?? false;
}

/** @returns null if the picture can't be decoded in this way. */
async function decodeReduced(file: Blob, header: ImageHeader, scale: number): Promise<ImageBitmap | null> {
  // Started before the file is read, because each of the two takes several messages between threads.
  const resized = 'ImageDecoder' in globalThis ? null : resizeBitmap(file, header, scale).catch(() => null);
  const data = new Uint8Array(await file.arrayBuffer());
  // Firefox and WebKit decode the part of a truncated file that is there.
  if (!isComplete(data, header)) {
    throw new DOMException(NO_END, header.type === 'image/jpeg' ? NEEDS_PAGE : 'EncodingError');
  }
  // JPEG scales by eighths.
  const ratio = header.type === 'image/jpeg' ? Math.min(1, Math.ceil(scale * 8) / 8) : 1;
  const frame = await decodeFrame(data, header, ratio).catch(() => null);
  if (!frame) return resized;
  try {
    if (/pq|hlg/.test(String(frame.colorSpace.transfer))) throw new DOMException(HDR, NEEDS_PAGE);
    // A frame would be converted anew for every part of it that is drawn.
    return isScaled(frame.displayWidth, frame.displayHeight, header, ratio) ? await createImageBitmap(frame) : null;
  } finally {
    frame.close();
  }
}

/** Whether a size is the scaled one of the header. Decoders may have swapped the sides. */
const isScaled = (width: number, height: number, header: Size, ratio: number): boolean =>
  Math.abs(width - header.width * ratio) <= 1 && Math.abs(height - header.height * ratio) <= 1;

/**
 * Decodes with WebCodecs. Its JPEG decoders scale while they decode, which saves most of the time and memory.
 * @returns null if createImageBitmap is better: in Chromium it is faster for all that is not scaled, while in
 * Firefox it blocks the page even when it is called in a worker.
 * @throws if there is no such decoder (WebKit), or it can't decode the file.
 */
async function decodeFrame(
  data: Uint8Array<ArrayBuffer>,
  { type, width, height }: ImageHeader,
  ratio: number,
): Promise<VideoFrame | null> {
  // Only frames tell whether an AVIF has a high dynamic range.
  if (ratio === 1 && type !== 'image/avif' && !isFirefox) return null;
  // Chromium takes the largest scale that has no more pixels in total than desired,
  // and ignores which side is which; Firefox takes the desired size exactly, upright.
  const desired = { desiredWidth: Math.ceil(width * ratio), desiredHeight: Math.ceil(height * ratio) };
  const decoder = new ImageDecoder({ data, type: String(type), ...(ratio < 1 && desired) });
  return (await decoder.decode().finally(() => decoder.close())).image;
}

/**
 * Decodes with createImageBitmap at a scale that is a power of 2: in WebKit this is the fastest way, because it
 * reads JPEGs at a reduced size, and its filter is exact at these scales.
 */
async function resizeBitmap(file: Blob, header: ImageHeader, scale: number): Promise<ImageBitmap | null> {
  const ratio = 2 ** Math.ceil(Math.log2(scale));
  const resizeWidth = Math.ceil(header.width * ratio);
  if (ratio >= 1 || !resizeWidth) return null;
  // With a height, the picture would be distorted if the header is wrong about its orientation.
  const bitmap = await createImageBitmap(file, { resizeWidth, resizeQuality: 'medium' });
  if (isScaled(bitmap.width, bitmap.height, header, ratio)) return bitmap;
  bitmap.close();
  return null;
}

/** Whether a file contains its end, for the types that mark it. Bytes after the end are fine. */
function isComplete(bytes: Uint8Array<ArrayBuffer>, { type, start }: ImageHeader): boolean {
  const view = new DataView(bytes.buffer);
  if (type === 'image/webp') {
    // Without an extended header only the first chunk counts, if something follows it.
    const isSimple = view.getUint32(12) !== VP8X && view.getUint32(16, true) + 28 <= bytes.length;
    return isSimple || view.getUint32(4, true) + 8 <= bytes.length;
  }
  let offset = bytes.length - 1;
  if (type === 'image/jpeg') {
    do offset = bytes.lastIndexOf(0xff, offset - 1);
    while (offset > start && bytes[offset + 1] !== 0xd9);
    return offset > start;
  }
  if (type !== 'image/png') return true;
  // Whatever follows the data chunks shows that they are complete.
  let hasData = false;
  for (offset = 8; offset + 8 <= bytes.length; offset += 12 + view.getUint32(offset)) {
    const isData = view.getUint32(offset + 4) === IDAT;
    if (hasData && !isData) return true;
    hasData ||= isData;
  }
  return false;
}

/** The name of the extended header of a WebP. */
const VP8X = 0x56503858;

/** The name of the chunks that contain the pixels of a PNG. */
const IDAT = 0x49444154;
