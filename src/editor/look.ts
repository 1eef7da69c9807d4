import type { Crop } from '../core/crop.js';

/** Pixels on each side, at most. */
const SIZE = 512;

/**
 * A small picture of a crop, to show until the real one is made.
 * @param picture a smaller copy of the picture.
 * @param ratio pixels of that to one of the picture.
 */
export function drawLook(picture: HTMLCanvasElement, ratio: number, crop: Crop): Promise<Blob | null> {
  const side = crop.side * ratio;
  const size = Math.max(1, Math.min(SIZE, Math.round(side)));
  const canvas = Object.assign(document.createElement('canvas'), { width: size, height: size });
  const context = canvas.getContext('2d');
  if (!context) return Promise.resolve(null);
  context.imageSmoothingQuality = 'high';
  context.translate(size / 2, size / 2);
  if (crop.mirrored) context.scale(-1, 1);
  context.rotate((crop.turns * Math.PI) / 2);
  context.drawImage(picture, crop.x * ratio, crop.y * ratio, side, side, -size / 2, -size / 2, size, size);
  return new Promise((resolve) => canvas.toBlob(resolve));
}
