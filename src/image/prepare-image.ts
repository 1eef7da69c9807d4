import type { Crop } from '../core/crop.js';
import { readBytes } from './byte-reader.js';
import type { ImageInfo } from './inspect-image.js';
import type { ImagePreview } from './jobs.js';
import { WorkerPool } from './worker-pool.js';

/** The square that is uploaded. */
export interface SquareOptions {
  /** Pixels on each side; a smaller picture is not enlarged. */
  size: number;
  /** Where the browser can't encode this type: JPEG, or PNG for a picture that is transparent somewhere. */
  type: string;
  /** 0 to 1. */
  quality: number;
  /** Which square; by default the centred one. */
  crop?: Crop | null | undefined;
  /** Ends the work: what it was waited for rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** The workers of all elements of the page. */
const workerPool = new WorkerPool();

/** Starts what a picture that has been picked will need soon. */
export const preloadWorker = (): void => workerPool.preload();

/**
 * A square of a picture, upright, scaled down, encoded anew, without metadata.
 * A picture of which nothing has to be changed is given back as it is, without metadata.
 * @throws {DOMException} where the browser can't decode the file; named `SPOILED` where its canvas can't be trusted.
 */
export async function prepareSquare(file: Blob, facts: ImageInfo, options: SquareOptions): Promise<Blob> {
  const { size, type, quality, crop, signal } = options;
  const blob = (await workerPool.run({ file, facts, size, type, quality, crop: crop ?? {} }, signal)) as Blob;
  // Made all the same: only then is it known that the picture can be decoded.
  return isRight(facts, options) ? stripMetadata(file, facts) : blob;
}

/** The same picture, with its pixels untouched, without metadata. */
export async function stripMetadata(file: Blob, found: ImageInfo): Promise<Blob> {
  const { strip } = await import('./strip-metadata.js');
  return new Blob(strip(await readBytes(file), found), { type: found.type ?? file.type });
}

/** Whether a picture is as it is to be already. */
function isRight(
  { type, animated, width, height, orientation }: ImageInfo,
  { crop, ...wanted }: SquareOptions,
): boolean {
  const { side = width, turns = 0, mirrored = false }: Partial<Crop> = crop ?? {};
  const isSquare = width === height && width > 0 && width <= wanted.size && side === width;
  return type === wanted.type && !animated && isSquare && orientation + turns === 1 && !mirrored;
}

/**
 * A smaller copy of a picture, upright, its longer side at most so many pixels.
 * @throws {DOMException} where the browser can't decode the file.
 */
export async function createPreview(
  file: Blob,
  facts: ImageInfo,
  longest: number,
  signal?: AbortSignal,
): Promise<ImagePreview> {
  return (await workerPool.run({ file, facts, longest }, signal)) as ImagePreview;
}
