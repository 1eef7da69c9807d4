/** EXIF 2.3, section 4.6.4: the tag of the orientation, and the type of its value. */
const ORIENTATION = 0x0112;
const SHORT = 3;

/**
 * The orientation in a TIFF structure, 1 to 8, as browsers read it; 1 if it is
 * missing or malformed. Malformed metadata is no reason to refuse a picture:
 * viewers ignore it, too.
 * @param tiff - The structure, from its byte order mark on. It may be truncated.
 * @param countEntry - Called for each directory entry.
 */
export function readOrientation(tiff: Uint8Array, countEntry = () => {}): number {
  try {
    return findOrientation(new DataView(tiff.buffer, tiff.byteOffset, tiff.length), countEntry);
  } catch (error) {
    if (error instanceof RangeError) return 1;
    throw error;
  }
}

function findOrientation(tiff: DataView, countEntry: () => void): number {
  const mark = tiff.getUint32(0);
  // `II*\0` and `MM\0*`.
  const littleEndian = mark === 0x49492a00;
  if (!littleEndian && mark !== 0x4d4d002a) return 1;
  const u16 = (at: number) => tiff.getUint16(at, littleEndian);
  const directory = tiff.getUint32(4, littleEndian);
  for (let i = 0; i < u16(directory); i++) {
    countEntry();
    const entry = directory + 2 + i * 12;
    const isSingleShort = u16(entry + 2) === SHORT && tiff.getUint32(entry + 4, littleEndian) === 1;
    if (u16(entry) !== ORIENTATION || !isSingleShort) continue;
    const value = u16(entry + 8);
    if (value >= 1 && value <= 8) return value;
  }
  return 1;
}

/** Whether an orientation swaps width and height. */
export const swapsSides = (orientation: number): boolean => orientation >= 5;
