import { ascii, join, Reader } from './byte-reader.js';

/** Tag of the orientation, and the type SHORT that its value has. */
const ORIENTATION = 0x0112;
const SHORT = 3;

/**
 * The orientation, 1 to 8, in a TIFF structure, as browsers read it; 1 where
 * there is none that can be read. Broken metadata is no reason to refuse a
 * picture: viewers ignore it too.
 */
export function readOrientation(bytes: Uint8Array): number {
  try {
    return findOrientation(new Reader(bytes));
  } catch (error) {
    if (error instanceof RangeError) return 1;
    throw error;
  }
}

function findOrientation(tiff: Reader): number {
  const littleEndian = tiff.is(0, 'II*\0');
  if (!littleEndian && !tiff.is(0, 'MM\0*')) return 1;
  const directory = tiff.u32(4, littleEndian);
  const entries = tiff.u16(directory, littleEndian);
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + i * 12;
    if (tiff.u16(entry, littleEndian) !== ORIENTATION) continue;
    const isOne = tiff.u16(entry + 2, littleEndian) === SHORT && tiff.u32(entry + 4, littleEndian) === 1;
    const value = tiff.u16(entry + 8, littleEndian);
    return isOne && value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

/** Orientations from 5 on swap width and height. */
export const isTurned = (orientation: number): boolean => orientation >= 5;

/** The smallest TIFF structure that says an orientation, and nothing else. */
export function orientationOnly(orientation: number): Uint8Array {
  const entry = [0x01, 0x12, 0, SHORT, 0, 0, 0, 1, 0, orientation, 0, 0];
  return join([ascii('MM\0*'), [0, 0, 0, 8, 0, 1], entry, [0, 0, 0, 0]]);
}
