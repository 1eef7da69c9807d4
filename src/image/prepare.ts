/** The square that is uploaded. */
export interface SquareOptions {
  /** Pixels on each side; a smaller picture is not enlarged. */
  size: number;
  /** A type the browser's canvas can encode; another comes out as PNG. */
  type: string;
  /** 0 to 1. */
  quality: number;
}

/**
 * The centred square of a picture, upright, scaled down, encoded anew, without
 * metadata.
 * @throws {DOMException} where the browser can't decode the file.
 */
export async function prepareSquare(file: Blob, { size, type, quality }: SquareOptions): Promise<Blob> {
  const picture = await createImageBitmap(file);
  const side = Math.min(picture.width, picture.height);
  const target = Math.max(1, Math.min(size, side));
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = target;
  const context = canvas.getContext('2d');
  if (!context) throw new DOMException('The browser has no canvas.', 'EncodingError');
  if (type === 'image/jpeg') {
    // What is transparent would come out black.
    context.fillStyle = '#fff';
    context.fillRect(0, 0, target, target);
  }
  context.imageSmoothingQuality = 'high';
  const [x, y] = [(picture.width - side) / 2, (picture.height - side) / 2];
  context.drawImage(picture, x, y, side, side, 0, 0, target, target);
  picture.close();
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, type, quality));
  if (!blob) throw new DOMException('The browser could not encode the picture.', 'EncodingError');
  return blob;
}
