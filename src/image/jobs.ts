import type { Crop } from '../core/crop.js';
import type { ImageInfo } from './inspect-image.js';

/** What is known of a file before it is decoded. */
export type ImageHeader = Pick<ImageInfo, 'type' | 'width' | 'height' | 'start'>;

/** A square to make. */
export interface SquareJob {
  file: Blob;
  facts: ImageHeader;
  /** Pixels on each side; a smaller picture is not enlarged. */
  size: number;
  /** Type to encode as. */
  type: string;
  /** 0 to 1. */
  quality: number;
  /** Which square; what is missing is as for the centred one. */
  crop: Partial<Crop>;
}

/** A smaller copy to make. */
export interface PreviewJob {
  file: Blob;
  facts: ImageHeader;
  /** Pixels of the longer side, at most. */
  longest: number;
}

/** What the worker is asked. */
export type Job = SquareJob | PreviewJob;

/** A picture to look at, and how large the whole one is. */
export interface ImagePreview {
  /** Upright and scaled down; to be closed by whoever asked for it. */
  bitmap: ImageBitmap;
  /** Pixels of the whole picture, upright. */
  width: number;
  /** Pixels of the whole picture, upright. */
  height: number;
}

/** Name of the error where the browser's canvas does not give back what was drawn. */
export const CANVAS_BLOCKED = 'CanvasBlockedError';
