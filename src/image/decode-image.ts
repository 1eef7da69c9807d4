import { DAMAGED, HDR, type ImageHeader, NEEDS_PAGE, NO_END, type PictureJob, TOO_MANY_PIXELS } from './jobs.js';

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
  if (!(file instanceof Blob)) return describe(await createImageBitmap(file));
  // Started before the end is looked for, because each of the two takes several messages between threads.
  const decoding = decodeFile(file, header, Math.max(MIN_SCALE, scale));
  decoding.catch(() => {});
  // Firefox and WebKit decode the part of a truncated file that is there.
  if (!(await isComplete(file, header))) throw needsPageError(NO_END);
  const decoded = await decoding.catch((error: Error) => {
    if (error.name === NEEDS_PAGE) throw error;
  });
  // They also return a blank picture for data that is none.
  if (!decoded || (!isChromium && isBlank(decoded.source))) throw needsPageError(DAMAGED);
  return decoded;
}

const needsPageError = (reason: string): DOMException => new DOMException(reason, NEEDS_PAGE);

/** Whether a picture seems to have a single color. */
function isBlank(bitmap: ImageBitmap): boolean {
  const context = new OffscreenCanvas(16, 16).getContext('2d') as OffscreenCanvasRenderingContext2D;
  context.drawImage(bitmap, 0, 0, 16, 16);
  return new Set(new Uint32Array(context.getImageData(0, 0, 16, 16).data.buffer)).size === 1;
}

async function decodeFile(file: Blob, header: ImageHeader, scale: number): Promise<DecodedImage> {
  // JPEG scales by eighths.
  const ratio = header.type === 'image/jpeg' ? Math.min(1, Math.ceil(scale * 8) / 8) : 1;
  const reduced = usesFrames(header, ratio)
    ? await copyFrame(await decodeFrame(file, header, ratio).catch(() => null), header, ratio)
    : await resizeBitmap(file, header, scale).catch(() => null);
  return reduced ? describe(reduced, header) : describe(await createImageBitmap(file));
}

const describe = (source: ImageBitmap, original: Size = source): DecodedImage => {
  const { width, height } = source;
  return { source, width, height, original: { width: original.width, height: original.height } };
};

/** Whether a size is the scaled one of the header. Decoders may have swapped the sides. */
const isScaled = (width: number, height: number, header: Size, ratio: number): boolean =>
  Math.abs(width - header.width * ratio) <= 1 && Math.abs(height - header.height * ratio) <= 1;

/**
 * Whether to decode with WebCodecs, which WebKit does not have. In Chromium createImageBitmap is faster for all
 * that is not scaled, while in Firefox it blocks the page even when it is called in a worker. Only frames tell
 * whether an AVIF has a high dynamic range.
 */
const usesFrames = ({ type }: ImageHeader, ratio: number): boolean =>
  'ImageDecoder' in globalThis && (ratio < 1 || type === 'image/avif' || isFirefox);

/**
 * Decodes with WebCodecs. Its JPEG decoders scale while they decode, which saves most of the time and memory.
 * @throws if it can't decode the file.
 */
async function decodeFrame(file: Blob, { type, width, height }: ImageHeader, ratio: number): Promise<VideoFrame> {
  // Chromium takes the largest scale that has no more pixels in total than desired,
  // and ignores which side is which; Firefox takes the desired size exactly, upright.
  const desired = { desiredWidth: Math.ceil(width * ratio), desiredHeight: Math.ceil(height * ratio) };
  const data = await file.arrayBuffer();
  const decoder = new ImageDecoder({ data, type: String(type), ...(ratio < 1 && desired) });
  return (await decoder.decode().finally(() => decoder.close())).image;
}

/**
 * Copies a frame, which would be converted anew for every part of it that is drawn, and closes it.
 * @returns null if its size is wrong.
 */
async function copyFrame(frame: VideoFrame | null, header: Size, ratio: number): Promise<ImageBitmap | null> {
  if (!frame) return null;
  try {
    if (/pq|hlg/.test(String(frame.colorSpace.transfer))) throw needsPageError(HDR);
    return isScaled(frame.displayWidth, frame.displayHeight, header, ratio) ? await createImageBitmap(frame) : null;
  } finally {
    frame.close();
  }
}

/**
 * Decodes with createImageBitmap at a scale that is a power of 2: in WebKit this is the fastest way, because it
 * reads JPEGs at a reduced size, and its filter is exact at these scales.
 * @returns null where that is no use.
 */
async function resizeBitmap(file: Blob, header: ImageHeader, scale: number): Promise<ImageBitmap | null> {
  const ratio = 2 ** Math.ceil(Math.log2(scale));
  const resizeWidth = Math.ceil(header.width * ratio);
  if ('ImageDecoder' in globalThis || ratio >= 1 || !resizeWidth) return null;
  // With a height, the picture would be distorted if the header is wrong about its orientation.
  const bitmap = await createImageBitmap(file, { resizeWidth, resizeQuality: 'medium' });
  if (isScaled(bitmap.width, bitmap.height, header, ratio)) return bitmap;
  bitmap.close();
  return null;
}

/** What ends a file, for the types that mark it. */
const END_MARKS: Partial<Record<string, string>> = { 'image/jpeg': '\xff\xd9', 'image/png': 'IEND' };

/** Bytes at the end of a file where the mark is, unless much follows it. */
const TAIL_LENGTH = 64 * 1024;

/** Whether a file contains its end. Bytes after the end are fine. */
async function isComplete(file: Blob, { type, start }: ImageHeader): Promise<boolean> {
  const read = (from: number, to?: number) => file.slice(from, to).arrayBuffer();
  if (type === 'image/webp') {
    const head = new DataView(await read(0, 20));
    // Without an extended header only the first chunk counts.
    const isSimple = head.getUint32(12) !== VP8X && head.getUint32(16, true) + 20 <= file.size;
    return isSimple || head.getUint32(4, true) + 8 <= file.size;
  }
  const mark = END_MARKS[String(type)];
  const isMarked = async (from: number) => new TextDecoder('latin1').decode(await read(from)).includes(String(mark));
  // Only after the header: a thumbnail has an end, too.
  return !mark || (await isMarked(Math.max(start, file.size - TAIL_LENGTH))) || isMarked(start);
}

/** The name of the extended header of a WebP. */
const VP8X = 0x56503858;
