import {
  createPreview,
  type ImagePreview,
  inspectImage,
  prepareSquare,
  type SquareOptions,
} from '../../src/image/index.js';

/** Calls `prepareSquare` with what the bytes of the file show, as the element does. */
export const inspectAndPrepare = async (file: Blob, options: SquareOptions): Promise<Blob> =>
  prepareSquare(file, await inspectImage(file), options);

/** Calls `createPreview` with what the bytes of the file show, as the element does. */
export const inspectAndPreview = async (file: Blob, longestSide: number): Promise<ImagePreview> =>
  createPreview(file, await inspectImage(file), longestSide);
