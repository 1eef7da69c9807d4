/** For the few files that only a page can prepare: loaded when such a file is picked. */
import { HDR, type ImageHeader, NO_END } from './jobs.js';

/** Rows that are compared at a time. */
const STRIP_HEIGHT = 256;

/** Most pixels of a JPEG whose end is added. */
const MAX_PIXELS = 50e6;

/**
 * Prepares a file that the worker can't decode, so that it can.
 * @param reason - the message of the worker's error.
 * @throws DOMException if the browser can't decode the file either.
 */
export function prepareOnPage(file: Blob, header: ImageHeader, reason: string): Promise<Blob | ImageBitmap> {
  if (reason === HDR) return drawAsShown(file);
  return reason === NO_END && header.type === 'image/jpeg' ? addJpegEnd(file, header) : decodeAsStored(file, header);
}

/**
 * Decodes a picture as the back end stores it: with its end, and without the damage that Firefox and WebKit stumble
 * over.
 */
async function decodeAsStored(file: Blob, { type }: ImageHeader): Promise<ImageBitmap> {
  // The back end stores no other type. WebKit returns a blank bitmap for a BMP that is cut short, and shows its part.
  if (!type || type === 'image/avif') return 'ImageDecoder' in window ? createImageBitmap(file) : drawAsShown(file);
  const { createStoredPicture } = await import('./keep-picture.js');
  const stored = await createStoredPicture(file);
  if (!stored) throw new DOMException(NO_END, 'EncodingError');
  return createImageBitmap(stored.isAmbiguous ? file : stored.blob);
}

/**
 * Draws a picture with an `<img>`, as the browser shows it. Chromium adapts a high dynamic range to the screen only there:
 * ImageDecoder and createImageBitmap, also of an `<img>`, return darker colors.
 */
async function drawAsShown(file: Blob): Promise<ImageBitmap> {
  const image = new Image();
  // In WebKit, decode() of some damaged pictures never ends.
  const loaded = new Promise((resolve, reject) => {
    image.onload = resolve;
    image.onerror = () => reject(new DOMException(NO_END, 'EncodingError'));
  });
  image.src = URL.createObjectURL(file);
  await loaded.finally(() => URL.revokeObjectURL(image.src));
  const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
  canvas.getContext('2d')?.drawImage(image, 0, 0);
  return canvas.transferToImageBitmap();
}

/**
 * Adds the end mark to a JPEG that lacks only that.
 *
 * All decoders fill what is missing with gray, and none says so. But if pixels are missing, arbitrary data
 * become pixels, while after the last pixel they are ignored.
 * @throws DOMException if pixels are missing, or the file is no JPEG.
 */
async function addJpegEnd(file: Blob, { width, height }: ImageHeader): Promise<Blob> {
  // Two of them are in memory at the same time.
  if (width * height > MAX_PIXELS) throw createTruncatedError();
  const bytes = new Uint8Array(await file.arrayBuffer());
  // A marker that was cut, with the fill bytes before it.
  let { length } = bytes;
  while (bytes[length - 1] === 0xff) length--;
  const complete = new Blob([file.slice(0, length), END]);
  const bitmaps = [complete, new Blob([file.slice(0, length), createPixelData(bytes), END])].map((blob) =>
    createImageBitmap(blob),
  );
  const [expected, actual] = (await Promise.all(bitmaps)) as [ImageBitmap, ImageBitmap];
  if (!isSamePicture(expected, actual)) throw createTruncatedError();
  return complete;
}

const createTruncatedError = () => new DOMException(NO_END, 'EncodingError');

const END = new Uint8Array([0xff, 0xd9]);

/** Creates data that any JPEG decoder takes for pixels, before and after the restart markers that come next. */
function createPixelData(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  let offset = bytes.length;
  do offset = bytes.lastIndexOf(0xff, offset - 1);
  while (offset > 0 && ((bytes[offset + 1] ?? 0) & 0xf8) !== 0xd0);
  const next = offset > 0 ? (bytes[offset + 1] as number) + 1 : 0;
  return Uint8Array.from({ length: 9 * SECTION_LENGTH }, (_, i) => {
    const position = i % SECTION_LENGTH;
    const section = (i - position) / SECTION_LENGTH;
    if (position < SECTION_LENGTH - 2) return (0x75 + i * 0x1d + section * 0x0b) & 0x7f;
    return position === SECTION_LENGTH - 2 ? 0xff : 0xd0 | ((next + section) & 7);
  });
}

/** Bytes of arbitrary data, and a restart marker. */
const SECTION_LENGTH = 64;

function isSamePicture(a: ImageBitmap, b: ImageBitmap): boolean {
  const canvas = new OffscreenCanvas(a.width, STRIP_HEIGHT);
  const context = canvas.getContext('2d', { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
  for (let y = 0; y < a.height; y += STRIP_HEIGHT) {
    context.globalCompositeOperation = 'copy';
    context.drawImage(a, 0, -y);
    context.globalCompositeOperation = 'difference';
    context.drawImage(b, 0, -y);
    const { data } = context.getImageData(0, 0, a.width, Math.min(STRIP_HEIGHT, a.height - y));
    // Alpha stays opaque.
    if (data.some((value, i) => value > 0 && (i & 3) < 3)) return false;
  }
  return true;
}
