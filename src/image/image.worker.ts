/**
 * Decodes, scales and encodes pictures. A bundle of its own: started as a
 * worker, or loaded by a page that can start none.
 */
import type { Crop } from '../core/crop.js';
import { type DecodedImage, decodeImage } from './decode-image.js';
import type { ImageJob, ImagePreview, PreviewJob, SquareJob } from './jobs.js';
import {
  type CanvasContext,
  createCanvasBlockedError,
  createContext,
  halveImage,
  isCanvasReadable,
  isOpaque,
  scaleColors,
} from './pixels.js';
import { resample, type Span } from './resample.js';

/** Pixels to decode per pixel of the result, along each axis. With fewer, fine detail is lost. */
const DECODE_SCALE = 1.4;

/** Pixels to halve down to per pixel of the result, along each axis: the last step needs enough to filter well. */
const HALVING_SCALE = 2;

/** A side of this many pixels is halved enough, unless the result is larger. */
const HALVED_SIDE = 2048;

/** The name of WebP's color profile chunk. */
const ICCP = 0x49434350;

let isReadable: boolean | undefined;

export async function runImageJob(job: ImageJob): Promise<Blob | ImagePreview> {
  isReadable ??= isCanvasReadable();
  if (!isReadable) throw createCanvasBlockedError();
  return 'longestSide' in job ? drawPreview(job) : cutSquare(job);
}

async function cutSquare(job: SquareJob): Promise<Blob> {
  const { file, header, size, crop } = job;
  const scale = (DECODE_SCALE * size) / (crop.side ?? Math.min(header.width, header.height));
  const image = await decodeImage(file, header, scale);
  const { width, height } = image.original;
  const side = Math.max(1, Math.min(crop.side ?? width, width, height));
  // In pixels of the decoded image.
  const createSpan = (from: number | undefined, original: number, decoded: number): Span => ({
    from: (Math.max(0, Math.min(from ?? (original - side) / 2, original - side)) * decoded) / original,
    length: (side * decoded) / original,
  });
  const targetSide = Math.max(1, Math.min(size, Math.round(side)));
  const horizontal = createSpan(crop.x, width, image.width);
  const vertical = createSpan(crop.y, height, image.height);
  const { pixels, opaque } = scaleSquare(image, horizontal, vertical, targetSide);
  // A JPEG has no transparent pixels.
  if (header.type === 'image/jpeg' && !opaque) throw createCanvasBlockedError();
  return encodeSquare(pixels, targetSide, job, opaque);
}

function scaleSquare(image: DecodedImage, horizontal: Span, vertical: Span, targetSide: number) {
  const minSide = Math.max(targetSide, Math.min(targetSide * HALVING_SCALE, HALVED_SIDE));
  const halved = halveImage(image, horizontal, vertical, minSide);
  const { width, height } = halved.context.canvas;
  const { data } = halved.context.getImageData(0, 0, width, height);
  const opaque = isOpaque(data);
  // Multiplied by alpha, so that the colors of invisible pixels do not mix with those of visible ones.
  if (!opaque) scaleColors(data, (alpha) => alpha / 255);
  const pixels = resample(data, width, [halved.horizontal, halved.vertical], targetSide, opaque);
  if (!opaque) scaleColors(pixels, (alpha) => 255 / (alpha || 255));
  return { pixels, opaque };
}

/** Encodes as the wanted type, or else as JPEG if all pixels are opaque, and as PNG if not. */
async function encodeSquare(
  pixels: Uint8ClampedArray<ArrayBuffer>,
  side: number,
  { type, quality, crop }: SquareJob,
  opaque: boolean,
): Promise<Blob> {
  const context = createContext(side, side);
  context.putImageData(new ImageData(pixels, side, side), 0, 0);
  const encodeAs = (target: string) => transformSquare(context, crop, target).convertToBlob({ type: target, quality });
  const blob = await encodeAs(type);
  if (blob.type === 'image/webp') return removeColorProfile(blob);
  // WebKit silently returns PNG when it is asked for WebP.
  return blob.type === type || !opaque ? blob : encodeAs('image/jpeg');
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

/** Rotates, then mirrors; on white for JPEG, which has no transparency and would become black. */
function transformSquare(
  { canvas }: CanvasContext,
  { turns = 0, mirrored }: Partial<Crop>,
  type: string,
): OffscreenCanvas {
  const side = canvas.width;
  const context = createContext(side, side);
  if (type === 'image/jpeg') {
    context.fillStyle = '#fff';
    context.fillRect(0, 0, side, side);
  }
  context.translate(side / 2, side / 2);
  if (mirrored) context.scale(-1, 1);
  context.rotate((turns * Math.PI) / 2);
  context.imageSmoothingEnabled = false;
  context.drawImage(canvas, -side / 2, -side / 2);
  return context.canvas;
}

async function drawPreview({ file, header, longestSide }: PreviewJob): Promise<ImagePreview> {
  const image = await decodeImage(file, header, longestSide / Math.max(header.width, header.height));
  const { width, height } = image.original;
  const scale = Math.min(1, longestSide / Math.max(width, height));
  const scaleSide = (side: number) => Math.max(1, Math.round(side * scale));
  const target = { width: scaleSide(width), height: scaleSide(height) };
  const wholeSpan = (length: number): Span => ({ from: 0, length });
  const minSide = Math.min(target.width, target.height);
  const { canvas } = halveImage(image, wholeSpan(image.width), wholeSpan(image.height), minSide).context;
  const context = createContext(target.width, target.height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(canvas, 0, 0, target.width, target.height);
  return { bitmap: context.canvas.transferToImageBitmap(), width, height };
}

/** A message from the worker: `ready` once, then one message for each job. */
export type WorkerMessage = 'ready' | { result: Blob | ImagePreview } | { name: string; message: string };

async function handleMessage({ data }: MessageEvent<ImageJob>): Promise<void> {
  const message: WorkerMessage = await runImageJob(data).then(
    (result) => ({ result }),
    ({ name, message }: Error) => ({ name, message }),
  );
  const transfer = 'result' in message && 'bitmap' in message.result ? [message.result.bitmap] : [];
  postMessage(message, { transfer });
}

if (!('document' in globalThis)) {
  addEventListener('message', handleMessage);
  postMessage('ready' satisfies WorkerMessage);
}
