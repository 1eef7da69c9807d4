import type { Picture } from '../src/image/formats/read-picture.js';

/**
 * Encodes the pictures that are stored, and smaller copies of them. Made by
 * `variants()` of `flare-avatar-upload/server/variants`.
 */
export interface PictureEncoder {
  /** Widths of the copies in pixels, in ascending order. */
  readonly sizes: readonly number[];
  /** Maximum width times height of a picture that is decoded. */
  readonly maxDecodedPixels: number;
  /**
   * Decodes a picture, and encodes it and its copies.
   * @throws ImageError if the picture does not decode, or has too many pixels.
   */
  encodePicture(picture: Picture): Promise<EncodedPicture>;
}

/** A picture as it is stored. */
export interface EncodedPicture {
  picture: Picture;
  /** Smaller copies, in ascending order of their sizes. */
  copies: readonly PictureCopy[];
}

/** A smaller copy of a picture, always a WebP. */
export interface PictureCopy {
  /** Width in pixels. */
  size: number;
  bytes: Uint8Array;
}

/** Stores pictures as they were uploaded and checked, without copies. */
export const WITHOUT_VARIANTS: PictureEncoder = {
  sizes: [],
  maxDecodedPixels: Number.POSITIVE_INFINITY,
  encodePicture: async (picture) => ({ picture, copies: [] }),
};
