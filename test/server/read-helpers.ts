import { expect } from 'vitest';
import { ImageError, type Picture, readPicture } from '../../server/image/index.js';
import { type Bytes, concat } from '../support/bytes.js';

/** Reads a picture as a commit does by default. */
export const read = (bytes: Uint8Array, maxPixels = 50_000_000): Picture =>
  readPicture(bytes, { maxPixels, keepMetadata: false });

export const refuse = (bytes: Uint8Array, maxPixels?: number): void =>
  expect(() => read(bytes, maxPixels)).toThrow(ImageError);

/** Puts other bytes in a place of a picture. */
export function patched(bytes: Uint8Array, at: number, ...values: number[]): Bytes {
  const copy = concat(bytes);
  copy.set(values, at);
  return copy;
}

/** Where a text is in a picture. */
export const at = (bytes: Uint8Array, name: string): number =>
  Array.from(bytes, (byte) => String.fromCharCode(byte))
    .join('')
    .indexOf(name);

/** A row of a table of pictures. */
export const exactly = (name: string, bytes: Uint8Array): [string, Uint8Array] => [name, bytes];
