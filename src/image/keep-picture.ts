/** Reads a picture as the back end does. Loaded for files that keep their own pixels, and for animations. */
import { ImageError, type Picture, readPicture } from './formats/read-picture.js';

/** The default of the back end. A larger picture is converted, which makes it smaller. */
const MAX_PIXELS = 50e6;

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
