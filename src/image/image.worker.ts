/**
 * Decodes, scales and encodes pictures. A bundle of its own: started as a
 * worker, or loaded by a page that can start none.
 */
import type { Crop } from '../core/crop.js';
import { decodeImage } from './decode-image.js';
import { encodeBmp, encodeCanvas } from './encode-image.js';
import {
  type CheckJob,
  HDR,
  type ImageJob,
  type ImagePreview,
  type JobResult,
  type PictureJob,
  type PreviewJob,
  type SquareJob,
} from './jobs.js';
import {
  type CanvasContext,
  createCanvasBlockedError,
  createContext,
  createLargestContext,
  type HalvedImage,
  halveImage,
  isCanvasReadable,
} from './pixels.js';
import { isOpaque, resample, type Span, scaleColors } from './resample.js';

/**
 * Pixels to decode, and to halve down to, per pixel of the result, along each axis. With fewer, fine detail is lost: the
 * last step needs enough to filter well.
 */
const SAMPLING_SCALE = 1.4;

/** A side of this many pixels is halved enough, unless the result is larger. */
const HALVED_SIDE = 2048;

/** Maximum width and height of a preview, in pixels: enough for the element's usual size on any screen. */
const PREVIEW_SIDE = 320;

let isReadable: boolean | undefined;

/** @param onPreview - called with a picture to show until a square is encoded. Not all have one. */
export async function runImageJob(job: ImageJob, onPreview?: (preview: Blob) => void): Promise<JobResult> {
  if (job.task === 'check') return checkDecodable(job);
  isReadable ??= isCanvasReadable();
  if (!isReadable) throw createCanvasBlockedError();
  if (job.task === 'square') return cutSquare(job, onPreview);
  return job.task === 'preview' ? drawPreview(job) : encodeCanvas((await drawWhole(job)).context, job);
}

async function checkDecodable(job: CheckJob): Promise<undefined> {
  await decodeImage(job, 0).then(
    ({ source }) => source.close(),
    (error: Error) => {
      // Thrown after the picture was decoded.
      if (error.message !== HDR) throw error;
    },
  );
}

async function cutSquare(job: SquareJob, onPreview?: (preview: Blob) => void): Promise<Blob> {
  const { header, size, crop } = job;
  const scale = (SAMPLING_SCALE * size) / (crop.side ?? Math.min(header.width, header.height));
  const image = await decodeImage(job, scale);
  const { width, height } = image.original;
  const side = Math.max(1, Math.min(crop.side ?? width, width, height));
  // In pixels of the decoded image.
  const createSpan = (from: number | undefined, original: number, decoded: number): Span => ({
    // Whole pixels: between two pixels, a small picture would be blurred.
    from: (Math.max(0, Math.min(from ?? (original - side) >> 1, original - side)) * decoded) / original,
    length: (side * decoded) / original,
  });
  const targetSide = Math.max(1, Math.min(size, Math.round(side)));
  const horizontal = createSpan(crop.x, width, image.width);
  const vertical = createSpan(crop.y, height, image.height);
  const minSide = Math.max(targetSide, Math.min(targetSide * SAMPLING_SCALE, HALVED_SIDE));
  const halved = halveImage(image, horizontal, vertical, minSide);
  const preview = job.isPreviewed && createPreview(halved, Math.min(targetSide, PREVIEW_SIDE), crop);
  if (preview) onPreview?.(preview);
  const { pixels, opaque } = scaleSquare(halved, targetSide);
  // A JPEG has no transparent pixels.
  if (header.type === 'image/jpeg' && !opaque) throw createCanvasBlockedError();
  const upright = createContext(targetSide, targetSide);
  upright.putImageData(new ImageData(pixels, targetSide, targetSide), 0, 0);
  const isTurned = crop.turns || crop.mirrored;
  return encodeCanvas(isTurned ? drawSquare(upright, targetSide, crop) : upright, job);
}

/** Draws a small copy of the square, which takes a fraction of the time. Null if it has transparent pixels. */
function createPreview(halved: HalvedImage, side: number, crop: Partial<Crop>): Blob | null {
  const { context, horizontal, vertical } = halved;
  const { data } = drawSquare(context, side, crop, horizontal, vertical).getImageData(0, 0, side, side);
  return isOpaque(data) ? encodeBmp(data, side) : null;
}

function scaleSquare({ context, horizontal, vertical }: HalvedImage, targetSide: number) {
  const { width, height } = context.canvas;
  const { data } = context.getImageData(0, 0, width, height);
  const opaque = isOpaque(data);
  // Multiplied by alpha, so that the colors of invisible pixels do not mix with those of visible ones.
  if (!opaque) scaleColors(data, (alpha) => alpha / 255);
  const pixels = resample(data, width, [horizontal, vertical], targetSide, opaque);
  if (!opaque) scaleColors(pixels, (alpha) => 255 / (alpha || 255));
  return { pixels, opaque };
}

/** Draws a square part of a canvas, by default all of it: scaled to this side, rotated and then mirrored. */
function drawSquare(
  { canvas }: CanvasContext,
  side: number,
  { turns = 0, mirrored }: Partial<Crop>,
  { from: x, length: width }: Span = { from: 0, length: side },
  { from: y, length: height }: Span = { from: 0, length: side },
): CanvasContext {
  const context = createContext(side, side);
  context.translate(side / 2, side / 2);
  if (mirrored) context.scale(-1, 1);
  context.rotate((turns * Math.PI) / 2);
  context.imageSmoothingEnabled = width > side;
  context.imageSmoothingQuality = 'medium';
  context.drawImage(canvas, x, y, width, height, -side / 2, -side / 2, side, side);
  context.resetTransform();
  return context;
}

async function drawPreview(job: PreviewJob): Promise<ImagePreview> {
  const { context, original } = await drawWhole(job, job.longestSide);
  return { bitmap: context.canvas.transferToImageBitmap(), width: original.width, height: original.height };
}

/** Draws a whole picture, scaled down so that its longer side has at most this many pixels. */
async function drawWhole(job: PictureJob, longestSide = Number.POSITIVE_INFINITY) {
  const image = await decodeImage(job, longestSide / Math.max(job.header.width, job.header.height));
  const context = createLargestContext(image.original, longestSide);
  const { width, height } = context.canvas;
  const wholeSpan = (length: number): Span => ({ from: 0, length });
  const minSide = Math.min(width, height);
  const isHalved = Math.min(image.width, image.height) >= minSide * 2;
  const source = isHalved
    ? halveImage(image, wholeSpan(image.width), wholeSpan(image.height), minSide).context.canvas
    : image.source;
  context.imageSmoothingQuality = 'high';
  context.drawImage(source, 0, 0, width, height);
  image.source.close();
  return { context, original: image.original };
}

/** A message to the worker. */
export type WorkerRequest = 'warmUp' | ImageJob;

/** A message from the worker: `ready` once, then for each job a preview, if there is one, and the result. */
export type WorkerMessage = 'ready' | { preview: Blob } | { result: JobResult } | { name: string; message: string };

/** Cuts a black square, so that the code is compiled and the codecs are loaded when there is a picture. */
async function warmUp(): Promise<void> {
  const side = 1024;
  const file = await createContext(side, side).canvas.convertToBlob({ type: 'image/jpeg' });
  const header = { type: 'image/jpeg', width: side, height: side, start: 0 } as const;
  await runImageJob({ task: 'square', file, header, size: side / 2, type: 'image/webp', quality: 0.85, crop: {} });
}

async function handleMessage({ data }: MessageEvent<WorkerRequest>): Promise<void> {
  // Whatever fails here fails again with the picture.
  if (data === 'warmUp') return warmUp().catch(() => {});
  const onPreview = (preview: Blob) => postMessage({ preview } satisfies WorkerMessage);
  const message: WorkerMessage = await runImageJob(data, onPreview).then(
    (result) => ({ result }),
    ({ name, message }: Error) => ({ name, message }),
  );
  const isPreview = 'result' in message && message.result && 'bitmap' in message.result;
  postMessage(message, { transfer: isPreview ? [(message.result as ImagePreview).bitmap] : [] });
}

if (!('document' in globalThis)) {
  addEventListener('message', handleMessage);
  postMessage('ready' satisfies WorkerMessage);
}
