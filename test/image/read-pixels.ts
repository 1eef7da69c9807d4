export type Rgba = [red: number, green: number, blue: number, alpha: number];

/** The pixels of a decoded picture. */
export interface Pixels {
  width: number;
  height: number;
  /** Returns the pixel at a position: 0 is left or top, 1 is right or bottom. */
  at(x: number, y: number): Rgba;
  data: Uint8ClampedArray<ArrayBuffer>;
}

/** Decodes a picture with the browser's own `<img>`. */
export async function readPixels(blob: Blob): Promise<Pixels> {
  const image = new Image();
  image.src = URL.createObjectURL(blob);
  await image.decode();
  URL.revokeObjectURL(image.src);
  const { naturalWidth: width, naturalHeight: height } = image;
  const context = new OffscreenCanvas(width, height).getContext('2d') as OffscreenCanvasRenderingContext2D;
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const at = (x: number, y: number) => {
    const offset = (Math.floor(y * height) * width + Math.floor(x * width)) * 4;
    return Array.from(data.slice(offset, offset + 4)) as Rgba;
  };
  return { width, height, at, data };
}

/** Returns the mean and the largest difference of two pictures, per channel in levels of 255. */
export function comparePixels(a: ArrayLike<number>, b: ArrayLike<number>): { mean: number; max: number } {
  let [sum, max] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs((a[i] ?? 0) - (b[i] ?? 0));
    sum += difference;
    max = Math.max(max, difference);
  }
  return { mean: sum / a.length, max };
}
