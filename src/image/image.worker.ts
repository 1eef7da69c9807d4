/**
 * Decodes, scales and encodes pictures. A bundle of its own: started as a
 * worker, or loaded by a page that can start none.
 */
import type { Crop } from '../core/crop.js';
import { type DecodedImage, decodeImage } from './decode-image.js';
import { encodeCanvas, isCanvasOpaque } from './encode-image.js';
import type {
  CheckJob,
  ImageHeader,
  ImageJob,
  ImagePreview,
  JobResult,
  PreviewJob,
  SquareJob,
  WholeJob,
} from './jobs.js';
import {
  type CanvasContext,
  createCanvasBlockedError,
  createContext,
  createLargestContext,
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

let isReadable: boolean | undefined;

export async function runImageJob(job: ImageJob): Promise<JobResult> {
  if (job.task === 'check') return checkDecodable(job);
  isReadable ??= isCanvasReadable();
  if (!isReadable) throw createCanvasBlockedError();
  if (job.task === 'square') return cutSquare(job);
  return job.task === 'whole' ? encodeWhole(job) : drawPreview(job);
}

async function checkDecodable({ file, header }: CheckJob): Promise<undefined> {
  (await decodeImage(file, header, 0)).source.close();
}

async function cutSquare({ file, header, size, crop, ...encoding }: SquareJob): Promise<Blob> {
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
  checkOpaque(header, opaque);
  return encodeCanvas(drawSquare(pixels, targetSide, crop), encoding);
}

/** A JPEG has no transparent pixels: the canvas returned noise. */
function checkOpaque({ type }: ImageHeader, opaque: boolean): void {
  if (type === 'image/jpeg' && !opaque) throw createCanvasBlockedError();
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

/** Draws the pixels of a square, rotated and then mirrored. */
function drawSquare(
  pixels: Uint8ClampedArray<ArrayBuffer>,
  side: number,
  { turns = 0, mirrored }: Partial<Crop>,
): CanvasContext {
  const upright = createContext(side, side);
  upright.putImageData(new ImageData(pixels, side, side), 0, 0);
  const context = createContext(side, side);
  context.translate(side / 2, side / 2);
  if (mirrored) context.scale(-1, 1);
  context.rotate((turns * Math.PI) / 2);
  context.imageSmoothingEnabled = false;
  context.drawImage(upright.canvas, -side / 2, -side / 2);
  context.resetTransform();
  return context;
}

async function drawPreview({ file, header, longestSide }: PreviewJob): Promise<ImagePreview> {
  const image = await decodeImage(file, header, longestSide / Math.max(header.width, header.height));
  const { width, height } = image.original;
  const scale = Math.min(1, longestSide / Math.max(width, height));
  const scaleSide = (side: number) => Math.max(1, Math.round(side * scale));
  const { canvas } = drawWhole(image, createContext(scaleSide(width), scaleSide(height)));
  return { bitmap: canvas.transferToImageBitmap(), width, height };
}

async function encodeWhole({ file, header, ...encoding }: WholeJob): Promise<Blob> {
  const image = await decodeImage(file, header, 1);
  const context = drawWhole(image, createLargestContext(image.width, image.height));
  checkOpaque(header, isCanvasOpaque(context));
  return encodeCanvas(context, encoding);
}

/** Scales a picture to the size of a canvas, and closes the picture. */
function drawWhole(image: DecodedImage, context: CanvasContext): CanvasContext {
  const { width, height } = context.canvas;
  const minSide = Math.min(width, height);
  const isHalved = Math.min(image.width, image.height) >= minSide * 2;
  const wholeSpan = (length: number): Span => ({ from: 0, length });
  const source = isHalved
    ? halveImage(image, wholeSpan(image.width), wholeSpan(image.height), minSide).context.canvas
    : image.source;
  context.imageSmoothingQuality = 'high';
  context.drawImage(source, 0, 0, width, height);
  image.source.close();
  return context;
}

/** A message from the worker: `ready` once, then one message for each job. */
export type WorkerMessage = 'ready' | { result: JobResult } | { name: string; message: string };

async function handleMessage({ data }: MessageEvent<ImageJob>): Promise<void> {
  const message: WorkerMessage = await runImageJob(data).then(
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
