/** Reads a picture as the back end does. Loaded for files that keep their own pixels, and for animations. */
import { ImageError, type Picture, readPicture } from './formats/read-picture.js';

/** The default of the back end. A larger picture is converted, which makes it smaller. */
const MAX_PIXELS = 50e6;

/** A picture as the back end stores it. */
interface StoredPicture {
  blob: Blob;
  /** Whether browsers show the file differently. What is stored looks the same in all of them. */
  isAmbiguous: boolean;
}

/**
 * Returns a picture as the back end stores it.
 * @returns null for a file that the back end refuses, or that the browser does not show.
 */
export async function createStoredPicture(file: Blob): Promise<StoredPicture | null> {
  const picture = await readStoredPicture(file);
  if (!picture) return null;
  const blob = new Blob([picture.bytes as Uint8Array<ArrayBuffer>], { type: picture.type });
  return (await isShown(blob)) ? { blob, isAmbiguous: picture.isAmbiguous } : null;
}

/** Of a damaged picture, Firefox's ImageDecoder returns what it can, but an `<img>` shows nothing. */
async function isShown(blob: Blob): Promise<boolean> {
  if (!navigator.userAgent.includes('Firefox')) return true;
  const image = new Image();
  image.src = URL.createObjectURL(blob);
  return image
    .decode()
    .then(
      () => true,
      () => false,
    )
    .finally(() => URL.revokeObjectURL(image.src));
}

/**
 * Reads a picture as the back end does.
 * @returns null for a file that the back end refuses.
 */
export async function readStoredPicture(file: Blob): Promise<Picture | null> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  try {
    return readPicture(bytes, { maxPixels: MAX_PIXELS, keepMetadata: false });
  } catch (error) {
    if (error instanceof ImageError) return null;
    throw error;
  }
}
