/** Looks at pictures, pixel by pixel. */

export type Rgba = [red: number, green: number, blue: number, alpha: number];

export interface Look {
  width: number;
  height: number;
  /** At a place, in parts of the sides. */
  at(x: number, y: number): Rgba;
  data: Uint8ClampedArray<ArrayBuffer>;
}

export async function look(blob: Blob): Promise<Look> {
  const image = new Image();
  image.src = URL.createObjectURL(blob);
  await image.decode();
  URL.revokeObjectURL(image.src);
  const { naturalWidth: width, naturalHeight: height } = image;
  const context = new OffscreenCanvas(width, height).getContext('2d') as OffscreenCanvasRenderingContext2D;
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const at = (x: number, y: number) => {
    const from = (Math.floor(y * height) * width + Math.floor(x * width)) * 4;
    return Array.from(data.slice(from, from + 4)) as Rgba;
  };
  return { width, height, at, data };
}

/** How far two pictures are apart: the mean and the largest difference of a channel, in levels of 255. */
export function apart(a: ArrayLike<number>, b: ArrayLike<number>): { mean: number; most: number } {
  let [sum, most] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs((a[i] ?? 0) - (b[i] ?? 0));
    sum += difference;
    most = Math.max(most, difference);
  }
  return { mean: sum / a.length, most };
}
