/** EXIF 2.3, section 4.6.4: the tag of the orientation, and the type of its value. */
const ORIENTATION = 0x0112;
const SHORT = 3;
const ENTRY_LENGTH = 12;

/** What EXIF metadata say about the orientation of a picture. */
export interface ExifOrientation {
  /** 1 to 8, as Chromium reads it; 0 if it is missing or malformed. */
  orientation: number;
  /** Whether browsers read it differently: it is there several times, or at the very end, cut short. */
  isAmbiguous: boolean;
}

/**
 * Reads the orientation in a TIFF structure. Malformed metadata is no reason to refuse a picture: viewers ignore it,
 * too.
 * @param tiff - The structure, from its byte order mark on. It may be truncated.
 * @param countEntry - Called for each directory entry.
 */
export function readOrientation(tiff: Uint8Array, countEntry = () => {}): ExifOrientation {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.length);
  const mark = tiff.length < 8 ? 0 : view.getUint32(0);
  // `II*\0` and `MM\0*`.
  const isLittleEndian = mark === 0x49492a00;
  const start =
    isLittleEndian || mark === 0x4d4d002a ? view.getUint32(4, isLittleEndian) + 2 : Number.POSITIVE_INFINITY;
  const u16 = (at: number) => view.getUint16(at, isLittleEndian);
  const end = start <= tiff.length ? start + ENTRY_LENGTH * u16(start - 2) : 0;
  let [orientation, entries] = [0, 0];
  for (let at = start; at < end && at + 2 <= tiff.length; at += ENTRY_LENGTH) {
    countEntry();
    if (u16(at) !== ORIENTATION) continue;
    entries++;
    if (at + ENTRY_LENGTH > tiff.length) return { orientation, isAmbiguous: true };
    const value = u16(at + 2) === SHORT && view.getUint32(at + 4, isLittleEndian) === 1 ? u16(at + 8) : 0;
    if (value <= 8) orientation ||= value;
  }
  return { orientation, isAmbiguous: entries > 1 };
}

/** Whether an orientation swaps width and height. */
export const swapsSides = (orientation: number): boolean => orientation >= 5;
