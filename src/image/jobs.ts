import type { Crop } from '../core/crop.js';
import type { ImageInfo } from './inspect-image.js';

/** What the decoder needs to know about a file. */
export type ImageHeader = Pick<ImageInfo, 'type' | 'width' | 'height' | 'start'>;

/** What all jobs have. */
export interface PictureJob {
  /** A file, or the picture that it shows. */
  file: Blob | ImageBitmap;
  header: ImageHeader;
}

/** The job to create a square. */
export interface SquareJob extends PictureJob {
  task: 'square';
  /** Maximum width and height, in pixels. A smaller picture is not enlarged. */
  size: number;
  /** MIME type to encode as. */
  type: string;
  /** 0 to 1. */
  quality: number;
  /** Which square to cut out. What is missing is as for the centered one. */
  crop: Partial<Crop>;
  /** Whether to draw a preview before the square is encoded. */
  isPreviewed?: boolean;
}

/** The job to create a smaller copy. */
export interface PreviewJob extends PictureJob {
  task: 'preview';
  /** Maximum length of the longer side, in pixels. */
  longestSide: number;
}

/** The job to encode the whole picture, at its own size. */
export interface WholeJob extends PictureJob {
  task: 'whole';
  /** MIME type to encode as. */
  type: string;
  /** 0 to 1. */
  quality: number;
}

/** The job to find out whether the browser can decode a picture. */
export interface CheckJob extends PictureJob {
  task: 'check';
}

/** A message to the worker. */
export type ImageJob = SquareJob | PreviewJob | WholeJob | CheckJob;

/** What a job results in: a picture, a smaller copy, or nothing for a check that succeeded. */
export type JobResult = Blob | ImagePreview | undefined;

/** A smaller copy of a picture, and the size of the original. */
export interface ImagePreview {
  /** Upright. The caller has to close it. */
  bitmap: ImageBitmap;
  /** Width of the original once upright, in pixels. */
  width: number;
  /** Height of the original once upright, in pixels. */
  height: number;
}

/** Name of the error that is thrown if the browser's canvas does not return the pixels that were drawn. */
export const CANVAS_BLOCKED = 'CanvasBlockedError';

/** Name of the error that is thrown for a picture with more pixels than can be decoded in seconds. */
export const TOO_MANY_PIXELS = 'TooManyPixelsError';

/** Name of the error that is thrown for a file that only the page can prepare. The message is one of those below. */
export const NEEDS_PAGE = 'NeedsPageError';

/** A picture has no end mark. It may be complete otherwise. */
export const NO_END = 'The end is missing.';

/** A picture has a high dynamic range: in a worker, its colors are wrong. */
export const HDR = 'High dynamic range.';

/** A picture can't be decoded, or seems to have a single color. The part that the back end stores may be intact. */
export const DAMAGED = 'The picture is damaged.';
