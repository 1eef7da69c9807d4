import type { ByteReader } from '../image/index.js';

/** Bytes that are searched for the brands and, where they are, for the size. */
export const HEADER_LENGTH = 64 * 1024;

const HEIC_BRANDS = /^(hei[cxms]|hev[cxms])$/;

/** Brands of HEIC as well as of AVIF. */
const SHARED_BRANDS = /^(mif1|msf1)$/;

/** Whether a file is HEIC, by any of its brands. */
export function isHeic(head: ByteReader): boolean {
  if (head.text(4, 4) !== 'ftyp') return false;
  const brands = head.text(8, Math.min(Math.max(head.u32(0) - 8, 0), 512)).match(/.{4}/gs) ?? [];
  if (brands.some((brand) => HEIC_BRANDS.test(brand))) return true;
  return brands.some((brand) => SHARED_BRANDS.test(brand)) && findText(head, 'av01').length === 0;
}

/** Returns the largest number of pixels of the pictures in a file: thumbnails and tiles have sizes, too. */
export const countPixels = (bytes: ByteReader): number =>
  Math.max(0, ...findText(bytes, 'ispe').map((offset) => bytes.u32(offset + 8) * bytes.u32(offset + 12)));

/** Returns the offsets of four characters. */
function findText(reader: ByteReader, text: string): number[] {
  const offsets: number[] = [];
  const first = text.charCodeAt(0);
  for (let at = reader.bytes.indexOf(first); at >= 0; at = reader.bytes.indexOf(first, at + 1))
    if (reader.text(at, 4) === text) offsets.push(at);
  return offsets;
}
