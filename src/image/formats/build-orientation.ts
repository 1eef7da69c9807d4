/** The smallest TIFF structure (EXIF 2.3) with an orientation. */
export const buildOrientation = (orientation: number): Uint8Array =>
  new Uint8Array([...HEADER, ...ENTRY, 0, orientation, 0, 0, 0, 0, 0, 0]);

/** `MM`, 42, and the offset of a directory of one entry. */
const HEADER = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1];

/** The tag of the orientation, and one value of type SHORT. */
const ENTRY = [0x01, 0x12, 0, 3, 0, 0, 0, 1];
