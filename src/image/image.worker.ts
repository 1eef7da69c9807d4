/**
 * Decodes, scales and encodes. A file of its own: started as a worker, or
 * loaded by the page where it may start none.
 */
import type { Crop } from '../core/crop.js';
import { type Decoded, decode } from './decode-image.js';
import type { ImagePreview, Job, PreviewJob, SquareJob } from './jobs.js';
import {
  type Context,
  canvasBlockedError,
  contextOf,
  isCanvasReadable,
  isOpaque,
  scaleColours,
  shrink,
} from './pixels.js';
import { resample, type Span } from './resample.js';

/** Pixels of a reduced decoding for each pixel of the result: fewer, and what is fine is lost. */
const DECODED = 1.4;

/** The same for what is halved: the last step has to be a good one. */
const HALVED = 2;

/** Pixels of a side that are enough to halve down to, where the result is not larger. */
const ENOUGH = 2048;

/** The name of a WebP's chunk. */
const ICCP = 0x49434350;

let honest: boolean | undefined;

/** Does a job. */
export async function runImageJob(job: Job): Promise<Blob | ImagePreview> {
  honest ??= isCanvasReadable();
  if (!honest) throw canvasBlockedError();
  return 'longest' in job ? lookAt(job) : cutSquare(job);
}

async function cutSquare(job: SquareJob): Promise<Blob> {
  const { file, facts, size, crop } = job;
  const picture = await decode(file, facts, (DECODED * size) / (crop.side ?? Math.min(facts.width, facts.height)));
  const { width, height } = picture.whole;
  const side = Math.max(1, Math.min(crop.side ?? width, width, height));
  // In pixels of what was decoded.
  const span = (from: number | undefined, whole: number, decoded: number): Span => ({
    from: (Math.max(0, Math.min(from ?? (whole - side) / 2, whole - side)) * decoded) / whole,
    length: (side * decoded) / whole,
  });
  const target = Math.max(1, Math.min(size, Math.round(side)));
  const [across, down] = [span(crop.x, width, picture.width), span(crop.y, height, picture.height)];
  const { pixels, opaque } = scale(picture, across, down, target);
  if (facts.type === 'image/jpeg' && !opaque) throw canvasBlockedError();
  return encode(pixels, target, job, opaque);
}

/** Scales a square of a picture. */
function scale(picture: Decoded, across: Span, down: Span, target: number) {
  const least = Math.max(target, Math.min(target * HALVED, ENOUGH));
  const shrunk = shrink(picture, across, down, least);
  const { width, height } = shrunk.context.canvas;
  const { data } = shrunk.context.getImageData(0, 0, width, height);
  const opaque = isOpaque(data);
  // What is invisible must not shine through where pixels are mixed.
  if (!opaque) scaleColours(data, (alpha) => alpha / 255);
  const pixels = resample(data, width, [shrunk.across, shrunk.down], target, opaque);
  if (!opaque) scaleColours(pixels, (alpha) => 255 / (alpha || 255));
  return { pixels, opaque };
}

/** Encodes as the type that was asked for; where the browser can't, as JPEG if opaque and PNG if not. */
async function encode(
  pixels: Uint8ClampedArray<ArrayBuffer>,
  side: number,
  { type, quality, crop }: SquareJob,
  opaque: boolean,
): Promise<Blob> {
  const context = contextOf(side, side);
  context.putImageData(new ImageData(pixels, side, side), 0, 0);
  const as = (wanted: string) => place(context, crop, wanted).convertToBlob({ type: wanted, quality });
  const blob = await as(type);
  if (blob.type === 'image/webp') return withoutProfile(blob);
  // WebKit gives PNG when it is asked for WebP, without a word.
  return blob.type === type || !opaque ? blob : as('image/jpeg');
}

/** Chromium adds 456 bytes to say that a WebP is sRGB, which is what one without a profile is taken for. */
async function withoutProfile(webp: Blob): Promise<Blob> {
  const bytes = new Uint8Array(await webp.arrayBuffer());
  const view = new DataView(bytes.buffer);
  // The profile is the first chunk after the extended header.
  if (bytes.length < 38 || view.getUint32(30) !== ICCP) return webp;
  const end = 38 + view.getUint32(34, true);
  view.setUint32(4, bytes.length + 22 - end, true);
  bytes[20] = (bytes[20] as number) & ~0x20;
  return new Blob([bytes.subarray(0, 30), bytes.subarray(end)], { type: webp.type });
}

/** Turned, then mirrored; on white where the type knows no transparency, which would come out black. */
function place({ canvas }: Context, { turns = 0, mirrored }: Partial<Crop>, type: string): OffscreenCanvas {
  const side = canvas.width;
  const context = contextOf(side, side);
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

async function lookAt({ file, facts, longest }: PreviewJob): Promise<ImagePreview> {
  const picture = await decode(file, facts, longest / Math.max(facts.width, facts.height));
  const { width, height } = picture.whole;
  const out = (side: number) => Math.max(1, Math.round(side * Math.min(1, longest / Math.max(width, height))));
  const all = (length: number): Span => ({ from: 0, length });
  const least = Math.min(out(width), out(height));
  const { canvas } = shrink(picture, all(picture.width), all(picture.height), least).context;
  const context = contextOf(out(width), out(height));
  context.imageSmoothingQuality = 'high';
  context.drawImage(canvas, 0, 0, out(width), out(height));
  return { bitmap: context.canvas.transferToImageBitmap(), width, height };
}

/** What a worker says when it is ready, and then once for each job. */
export type WorkerMessage = 'ready' | { result: Blob | ImagePreview } | { name: string; message: string };

async function respond({ data }: MessageEvent<Job>): Promise<void> {
  const said: WorkerMessage = await runImageJob(data).then(
    (result) => ({ result }),
    ({ name, message }: Error) => ({ name, message }),
  );
  postMessage(said, { transfer: 'result' in said && 'bitmap' in said.result ? [said.result.bitmap] : [] });
}

if (!('document' in globalThis)) {
  addEventListener('message', respond);
  postMessage('ready' satisfies WorkerMessage);
}
