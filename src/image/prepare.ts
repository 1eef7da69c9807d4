import type { Crop } from '../core/crop.js';

/** The square that is uploaded. */
export interface SquareOptions {
  /** Pixels on each side; a smaller picture is not enlarged. */
  size: number;
  /** A type the browser's canvas can encode; another comes out as PNG. */
  type: string;
  /** 0 to 1. */
  quality: number;
  /** Which square; by default the centred one. */
  crop?: Crop | null;
  /** Ends the work: what it was waited for rejects with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * A square of a picture, upright, scaled down, encoded anew, without metadata.
 * @throws {DOMException} where the browser can't decode the file.
 */
export async function prepareSquare(file: Blob, { size, type, quality, crop, signal }: SquareOptions): Promise<Blob> {
  signal?.throwIfAborted();
  const picture = await createImageBitmap(file);
  const { x, y, side, turns, mirrored } = crop ?? centred(picture);
  const target = Math.max(1, Math.min(size, Math.round(side)));
  const { canvas, context } = canvasOf(target, target);
  if (type === 'image/jpeg') {
    // What is transparent would come out black.
    context.fillStyle = '#fff';
    context.fillRect(0, 0, target, target);
  }
  context.translate(target / 2, target / 2);
  if (mirrored) context.scale(-1, 1);
  context.rotate((turns * Math.PI) / 2);
  context.drawImage(picture, x, y, side, side, -target / 2, -target / 2, target, target);
  picture.close();
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, type, quality));
  if (!blob) throw new DOMException('The browser could not encode the picture.', 'EncodingError');
  return blob;
}

/** A picture to look at, and how large the whole one is. */
export interface Preview {
  /** Upright and scaled down; to be closed by whoever asked for it. */
  bitmap: ImageBitmap;
  /** Pixels of the whole picture, upright. */
  width: number;
  /** Pixels of the whole picture, upright. */
  height: number;
}

/**
 * A smaller copy of a picture, upright, its longer side at most so many pixels.
 * @throws {DOMException} where the browser can't decode the file.
 */
export async function preview(file: Blob, longest: number, signal?: AbortSignal): Promise<Preview> {
  signal?.throwIfAborted();
  const picture = await createImageBitmap(file);
  const { width, height } = picture;
  const scale = Math.min(1, longest / Math.max(width, height));
  const { canvas, context } = canvasOf(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)));
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  return { bitmap: await createImageBitmap(canvas), width, height };
}

function centred({ width, height }: ImageBitmap): Crop {
  const side = Math.min(width, height);
  return { x: (width - side) / 2, y: (height - side) / 2, side, turns: 0, mirrored: false };
}

function canvasOf(width: number, height: number) {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  if (!context) throw new DOMException('The browser has no canvas.', 'EncodingError');
  context.imageSmoothingQuality = 'high';
  return { canvas, context };
}
