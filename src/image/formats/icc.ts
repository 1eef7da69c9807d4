import { ImageError } from './byte-reader.js';

/** Maximum size of a color profile, in bytes: more than those of printers have. */
const MAX_LENGTH = 2 ** 20;

/** ICC.1:2022, section 7.2: the length of the header, and where it has the profile's signature. */
const [HEADER_LENGTH, SIGNATURE_AT, SIGNATURE] = [128, 36, 0x61637370];

/**
 * The length that a color profile says it has; 0 if it is no profile. Browsers ignore such a profile.
 * @throws ImageError if the profile is too large to be kept.
 */
export function readProfileLength(bytes: Uint8Array): number {
  if (bytes.length < HEADER_LENGTH) return 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = view.getUint32(0);
  if (view.getUint32(SIGNATURE_AT) !== SIGNATURE || length < HEADER_LENGTH) return 0;
  if (length > MAX_LENGTH) throw new ImageError('The color profile of the picture is too large.');
  return length;
}

/** The profile without bytes after its end. Empty if it is no profile, or is cut short. */
export function trimProfile(bytes: Uint8Array): Uint8Array {
  const length = readProfileLength(bytes);
  return bytes.subarray(0, length <= bytes.length ? length : 0);
}
