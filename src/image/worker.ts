/**
 * Decodes, scales and encodes. A file of its own: started as a worker, or
 * loaded by the page where it may start none.
 */
import { type Decoded, decode } from './decode.js';
import { type Job, type Preview, type PreviewJob, SPOILED, type SquareJob } from './jobs.js';
import { resample, type Span } from './lanczos.js';
import { type Context, contextOf, isHonest, isOpaque, premultiply, shrink, unpremultiply } from './pixels.js';

/** Pixels of a reduced decoding for each pixel of the result: fewer, and what is fine is lost. */
const DECODED = 1.4;

/** The same for what is halved: the last step has to be a good one. */
const HALVED = 2;

/** Pixels of a side that are enough to halve down to, where the result is not larger. */
const ENOUGH = 2048;

let honest: boolean | undefined;

/** Does a job. */
export async function answer(job: Job): Promise<Blob | Preview> {
  honest ??= isHonest();
  if (!honest) throw new DOMException('The canvas does not give back what was drawn.', SPOILED);
  return 'longest' in job ? lookAt(job) : cutSquare(job);
}

async function cutSquare({ file, facts, size, type, quality, crop }: SquareJob): Promise<Blob> {
  const expected = crop?.side ?? Math.min(facts.width, facts.height);
  const picture = await decode(file, facts, (DECODED * size) / expected);
  const { whole } = picture;
  const side = Math.max(1, Math.min(crop?.side ?? Infinity, whole.width, whole.height));
  const within = (from: number | undefined, length: number) =>
    Math.max(0, Math.min(from ?? (length - side) / 2, length - side));
  const target = Math.max(1, Math.min(size, Math.round(side)));
  const pixels = scale(
    picture,
    { from: within(crop?.x, whole.width), length: side },
    { from: within(crop?.y, whole.height), length: side },
    target,
  );
  if (facts.type === 'image/jpeg' && !isOpaque(pixels)) {
    throw new DOMException('The canvas has stayed empty.', SPOILED);
  }
  return encode(pixels, target, type, quality, crop?.turns ?? 0, crop?.mirrored ?? false);
}

/** Scales a square of a picture; the spans are in pixels of the whole one. */
function scale(picture: Decoded, across: Span, down: Span, target: number): Uint8ClampedArray<ArrayBuffer> {
  const { width, height, whole } = picture;
  const least = Math.max(target, Math.min(target * HALVED, ENOUGH));
  const shrunk = shrink(picture, times(across, width / whole.width), times(down, height / whole.height), least);
  picture.close();
  const { canvas } = shrunk.context;
  const { data } = shrunk.context.getImageData(0, 0, canvas.width, canvas.height);
  const hasAlpha = !isOpaque(data);
  if (hasAlpha) premultiply(data);
  const pixels = resample(data, [canvas.width, canvas.height], [shrunk.across, shrunk.down], [target, target]);
  if (hasAlpha) unpremultiply(pixels);
  return pixels;
}

const times = ({ from, length }: Span, factor: number): Span => ({ from: from * factor, length: length * factor });

/** Encodes as the type that was asked for; where the browser can't, as JPEG if opaque and PNG if not. */
async function encode(
  pixels: Uint8ClampedArray<ArrayBuffer>,
  side: number,
  type: string,
  quality: number,
  turns: number,
  mirrored: boolean,
): Promise<Blob> {
  const context = contextOf(side, side);
  context.putImageData(new ImageData(pixels, side, side), 0, 0);
  const blob = await place(context, turns, mirrored, type).convertToBlob({ type, quality });
  // WebKit gives PNG when it is asked for WebP, without a word.
  if (blob.type === type || !isOpaque(pixels)) return blob;
  return place(context, turns, mirrored, 'image/jpeg').convertToBlob({ type: 'image/jpeg', quality });
}

/** Turned, then mirrored; on white where the type knows no transparency, which would come out black. */
function place({ canvas }: Context, turns: number, mirrored: boolean, type: string): OffscreenCanvas {
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

async function lookAt({ file, facts, longest }: PreviewJob): Promise<Preview> {
  const picture = await decode(file, facts, longest / Math.max(facts.width, facts.height));
  const { width, height, whole } = picture;
  const factor = Math.min(1, longest / Math.max(whole.width, whole.height));
  const sides = [whole.width, whole.height].map((side) => Math.max(1, Math.round(side * factor)));
  const [outWidth = 1, outHeight = 1] = sides;
  const all = (length: number): Span => ({ from: 0, length });
  const { context } = shrink(picture, all(width), all(height), Math.min(outWidth, outHeight));
  picture.close();
  const out = contextOf(outWidth, outHeight);
  out.imageSmoothingQuality = 'high';
  out.drawImage(context.canvas, 0, 0, outWidth, outHeight);
  return { bitmap: out.canvas.transferToImageBitmap(), ...whole };
}

/** What a worker says when it is ready, and then once for each job. */
export type Said = 'ready' | { result: Blob | Preview } | { name: string; message: string };

async function respond({ data }: MessageEvent<Job>): Promise<void> {
  const said: Said = await answer(data).then(
    (result) => ({ result }),
    ({ name, message }: Error) => ({ name, message }),
  );
  postMessage(said, { transfer: 'result' in said && 'bitmap' in said.result ? [said.result.bitmap] : [] });
}

if (!('document' in globalThis)) {
  addEventListener('message', respond);
  postMessage('ready' satisfies Said);
}
