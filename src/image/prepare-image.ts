import type { Crop } from '../core/crop.js';
import type { ImageInfo } from './inspect-image.js';
import { CANVAS_BLOCKED, type ImageJob, type ImagePreview, type JobResult, NEEDS_PAGE } from './jobs.js';
import { WorkerPool } from './worker-pool.js';

/** How a picture is encoded. */
export interface EncodeOptions {
  /** MIME type. Where the browser can't encode it, the result is JPEG, or PNG for a picture with transparent pixels. */
  type: string;
  /** 0 to 1. */
  quality: number;
  /** Cancels the work: the promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** The square to create. */
export interface SquareOptions extends EncodeOptions {
  /** Maximum width and height, in pixels. A smaller picture is not enlarged. */
  size: number;
  /** Which square to cut out; the centered one by default. */
  crop?: Crop | null | undefined;
  /** Called with a small copy of the square before it is encoded, unless it has transparent pixels. */
  onPreview?: ((preview: Blob) => void) | undefined;
}

/** The workers of all elements on the page. */
const workerPool = new WorkerPool();

/**
 * Starts a worker for a picture.
 * @param isWarmedUp - whether the user still has to choose one.
 */
export const preloadWorker = (isWarmedUp?: boolean): void => workerPool.preload(isWarmedUp);

/** Whether an error says that the browser returns other pixels than were drawn, to prevent fingerprinting. */
export const isCanvasBlocked = (cause: unknown): boolean => cause instanceof Error && cause.name === CANVAS_BLOCKED;

/** Runs a job. A file that only the page can prepare is prepared, and the job is run once more. */
async function runJob(
  job: ImageJob & { file: Blob },
  signal?: AbortSignal,
  onPreview?: (preview: Blob) => void,
): Promise<JobResult> {
  try {
    return await workerPool.run(job, signal, onPreview);
  } catch (error) {
    const { name, message } = error as Error;
    if (name !== NEEDS_PAGE) throw error;
    const { prepareOnPage } = await import('./prepare-on-page.js');
    return workerPool.run({ ...job, file: await prepareOnPage(job.file, job.header, message) }, signal, onPreview);
  }
}

/**
 * Cuts a square out of a picture: upright, scaled down, encoded anew, without metadata.
 * If the picture already is such a square, its own pixels are kept, without metadata.
 * @throws DOMException if the browser can't decode the file. Its name is `CANVAS_BLOCKED` if
 * the browser's canvas does not return the pixels that were drawn.
 */
export async function prepareSquare(file: Blob, info: ImageInfo, options: SquareOptions): Promise<Blob> {
  const { size, type, quality, crop, signal, onPreview } = options;
  const encoding = { size, type, quality, crop: crop ?? {}, isPreviewed: Boolean(onPreview) };
  const blob = (await runJob({ task: 'square', file, header: info, ...encoding }, signal, onPreview)) as Blob;
  // Checked after the job, which proves that the picture can be decoded.
  return (isSquareAlready(info, options) && (await keepPicture(file))) || blob;
}

/**
 * Encodes a whole picture anew: upright, at its own size, without metadata. Only a picture of more than
 * 50 megapixels is scaled down, or one that is larger than the browser's canvas can be.
 * @throws DOMException as `prepareSquare`.
 */
export async function encodeWhole(file: Blob, header: ImageInfo, options: EncodeOptions): Promise<Blob> {
  const { type, quality, signal } = options;
  return (await runJob({ task: 'whole', file, header, type, quality }, signal)) as Blob;
}

/**
 * Resolves if the browser can decode a picture. Its pixels are not read, so a blocked canvas does not matter.
 * @throws DOMException if the browser can't decode the file.
 */
export async function checkDecodable(file: Blob, header: ImageInfo, signal?: AbortSignal): Promise<void> {
  await runJob({ task: 'check', file, header }, signal);
}

/**
 * Returns a picture with its own pixels and without metadata: exactly what the back end stores.
 * @returns null for a file that the back end refuses, that the browser does not show, or that browsers show
 * differently.
 */
export async function keepPicture(file: Blob): Promise<Blob | null> {
  const { createStoredPicture } = await import('./keep-picture.js');
  const stored = await createStoredPicture(file);
  return stored?.isAmbiguous ? null : (stored?.blob ?? null);
}

function isSquareAlready(info: ImageInfo, { crop, type, size }: SquareOptions): boolean {
  const { width, height, animated, orientation } = info;
  const { side = width, turns = 0, mirrored = false }: Partial<Crop> = crop ?? {};
  const isSquare = width === height && width > 0 && width <= size && side === width;
  return info.type === type && !animated && isSquare && orientation + turns === 1 && !mirrored;
}

/**
 * Creates a smaller copy of a picture, upright.
 * @param longestSide - maximum length of the longer side, in pixels.
 * @throws DOMException if the browser can't decode the file.
 */
export async function createPreview(
  file: Blob,
  header: ImageInfo,
  longestSide: number,
  signal?: AbortSignal,
): Promise<ImagePreview> {
  return (await runJob({ task: 'preview', file, header, longestSide }, signal)) as ImagePreview;
}
