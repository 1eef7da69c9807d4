import { expect } from 'vitest';
import { ImageError, type Picture, readPicture } from '../../src/image/formats/read-picture.js';
import { type Bytes, concat } from '../support/bytes.js';

/** Reads a picture with the default options of a commit. */
export const readImage = (bytes: Uint8Array, maxPixels = 50_000_000): Picture =>
  readPicture(bytes, { maxPixels, keepMetadata: false });

export const expectRefusal = (bytes: Uint8Array, maxPixels?: number): void =>
  expect(() => readImage(bytes, maxPixels)).toThrow(ImageError);

/** A copy of a picture with other bytes at an offset. */
export function patchBytes(bytes: Uint8Array, at: number, ...values: number[]): Bytes {
  const copy = concat(bytes);
  copy.set(values, at);
  return copy;
}

/** The offset of a Latin-1 text in a picture. */
export const findText = (bytes: Uint8Array, name: string): number =>
  Array.from(bytes, (byte) => String.fromCharCode(byte))
    .join('')
    .indexOf(name);

/** A row of a table of tests: the title and the picture. */
export const toRow = (name: string, bytes: Uint8Array): [string, Uint8Array] => [name, bytes];
