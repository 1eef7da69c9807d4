import { ByteReader, concatBytes, encodeAscii } from './byte-reader.js';

/** EXIF 2.3, section 4.6.4: the tag of the orientation, and the type of its value. */
const ORIENTATION = 0x0112;
const SHORT = 3;

/**
 * The orientation in the TIFF structure of a range, 1 to 8, as browsers read it; 1 if it is
 * missing or malformed. Malformed metadata is no reason to refuse a picture:
 * viewers ignore it too.
 */
export function readOrientation(file: ByteReader, start: number, end: number): number {
  try {
    return findOrientation(new ByteReader(file.bytes.subarray(start, end), file.budget));
  } catch (error) {
    if (error instanceof RangeError) return 1;
    throw error;
  }
}

function findOrientation(tiff: ByteReader): number {
  const littleEndian = tiff.matches(0, 'II*\0');
  if (!littleEndian && !tiff.matches(0, 'MM\0*')) return 1;
  const directory = tiff.u32(4, littleEndian);
  const entries = tiff.u16(directory, littleEndian);
  for (let i = 0; i < entries; i++) {
    tiff.budget.count();
    const entry = directory + 2 + i * 12;
    if (tiff.u16(entry, littleEndian) !== ORIENTATION) continue;
    const isSingleShort = tiff.u16(entry + 2, littleEndian) === SHORT && tiff.u32(entry + 4, littleEndian) === 1;
    const value = tiff.u16(entry + 8, littleEndian);
    return isSingleShort && value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

/** Whether an orientation swaps width and height. */
export const swapsSides = (orientation: number): boolean => orientation >= 5;

/** The smallest TIFF structure with an orientation. */
export function buildOrientation(orientation: number): Uint8Array {
  const entry = [0x01, 0x12, 0, SHORT, 0, 0, 0, 1, 0, orientation, 0, 0];
  return concatBytes([encodeAscii('MM\0*'), [0, 0, 0, 8, 0, 1], entry, [0, 0, 0, 0]]);
}
