/** Rows that are read at a time: a canvas for all of them may be larger than the browser allows. */
const STRIP_HEIGHT = 256;

const HEADER_LENGTH = 54;

/**
 * Encodes a picture as BMP with 24 bits per pixel: fast to write, and every browser decodes it.
 * @returns null if a pixel is transparent.
 */
export function encodeBmp(bitmap: ImageBitmap): Blob | null {
  const { width, height } = bitmap;
  const canvas = new OffscreenCanvas(width, Math.min(height, STRIP_HEIGHT));
  const context = canvas.getContext('2d', { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
  context.globalCompositeOperation = 'copy';
  const strips: BlobPart[] = [];
  for (let y = 0; y < height; y += STRIP_HEIGHT) {
    context.drawImage(bitmap, 0, -y);
    const rows = writeRows(context.getImageData(0, 0, width, Math.min(STRIP_HEIGHT, height - y)));
    if (!rows) return null;
    // The last row is the first one of the file.
    strips.unshift(rows);
  }
  return new Blob([createHeader(width, height), ...strips], { type: 'image/bmp' });
}

/** Length of a row in bytes: a multiple of 4. */
const getRowLength = (width: number): number => Math.ceil((width * 3) / 4) * 4;

/** Returns the rows from the last to the first, or null if a pixel is transparent. */
function writeRows({ data, width, height }: ImageData): Uint8Array<ArrayBuffer> | null {
  const rowLength = getRowLength(width);
  const bytes = new Uint8Array(rowLength * height);
  for (let y = 0, from = 0; y < height; y++) {
    let to = rowLength * (height - 1 - y);
    for (const end = from + width * 4; from < end; from += 4) {
      if (data[from + 3] !== 255) return null;
      bytes[to++] = data[from + 2] as number;
      bytes[to++] = data[from + 1] as number;
      bytes[to++] = data[from] as number;
    }
  }
  return bytes;
}

function createHeader(width: number, height: number): DataView<ArrayBuffer> {
  const header = new DataView(new ArrayBuffer(HEADER_LENGTH));
  const dataLength = getRowLength(width) * height;
  header.setUint16(0, 0x424d);
  header.setUint32(2, HEADER_LENGTH + dataLength, true);
  header.setUint32(10, HEADER_LENGTH, true);
  header.setUint32(14, 40, true);
  header.setInt32(18, width, true);
  header.setInt32(22, height, true);
  header.setUint16(26, 1, true);
  header.setUint16(28, 24, true);
  header.setUint32(34, dataLength, true);
  return header;
}
